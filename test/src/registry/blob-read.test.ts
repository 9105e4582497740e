/** Blobs over connections that break. The whole blob from one unbroken connection is the slow twin. */
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Registry, type RegistryOptions } from "../../../src/registry/registry.ts";
import { FAST, sha256, startServer, type TestServer } from "../../support/registry/server.ts";

const BYTES = randomBytes(3_000_000);
const DESCRIPTOR = { digest: sha256(BYTES), size: BYTES.length };
let server: TestServer;
beforeEach(async () => {
  server = await startServer();
  server.blobs.set(DESCRIPTOR.digest, BYTES);
});
afterEach(() => server.close());

async function read(options: RegistryOptions = {}): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const registry = new Registry(server.host, { limits: FAST, ...options });
  for await (const chunk of registry.blob("a", DESCRIPTOR)) parts.push(chunk);
  return Buffer.concat(parts);
}
const ranges = () => server.seen.map(({ headers }) => headers.range);
const from = (range: string | undefined) => Number(/\d+/.exec(range ?? "0")![0]);

/** Sends a part of the blob, and what `end` does then. */
function send(response: ServerResponse, start: number, length: number, end: () => void, total = BYTES.length): void {
  const left = total - start;
  response.writeHead(start === 0 ? 200 : 206, {
    "content-length": left,
    ...(start > 0 && { "content-range": `bytes ${start}-${total - 1}/${total}` }),
  });
  response.write(BYTES.subarray(start, start + length), end);
}

test("without trouble", async () => {
  expect((await read()).equals(BYTES)).toBe(true);
  expect(ranges()).toEqual([undefined]);
});

test("a connection that is cut is taken up where it was", async () => {
  const lengths = [1, 1000, 1_500_000];
  server.hook = (request, response) => {
    const length = lengths.shift();
    if (length === undefined) return false;
    send(response, from(request.headers.range), length, () => setTimeout(() => response.destroy(), 20));
  };
  expect((await read()).equals(BYTES)).toBe(true);
  expect(ranges()).toEqual([undefined, "bytes=1-", "bytes=1001-", "bytes=1501001-"]);
});

test("a connection that stalls is, too", async () => {
  let first = true;
  server.hook = (_, response) => {
    if (!first) return false;
    first = false;
    send(response, 0, 70_000, () => {});
  };
  expect((await read()).equals(BYTES)).toBe(true);
  expect(ranges()).toEqual([undefined, "bytes=70000-"]);
});

test("a registry that knows no ranges gives the whole blob again", async () => {
  let first = true;
  server.hook = (_, response) => {
    if (first) send(response, 0, 123_456, () => setTimeout(() => response.destroy(), 20));
    else response.writeHead(200).end(BYTES);
    first = false;
  };
  expect((await read()).equals(BYTES)).toBe(true);
  expect(ranges()).toEqual([undefined, "bytes=123456-"]);
});

test("the rest of another blob is found out by the digest", async () => {
  let first = true;
  server.hook = (_, response) => {
    if (first) send(response, 0, 1000, () => setTimeout(() => response.destroy(), 20));
    else {
      const headers = { "content-range": `bytes 1000-${BYTES.length - 1}/${BYTES.length}` };
      response.writeHead(206, headers).end(Buffer.alloc(BYTES.length - 1000));
    }
    first = false;
  };
  await expect(read()).rejects.toMatchObject({ code: "BLOB_DIGEST" });
});

describe("an answer that is none", () => {
  test.each([
    ["another range", { "content-range": `bytes 999-${BYTES.length - 1}/${BYTES.length}` }, "REGISTRY_RESPONSE"],
    ["another size", { "content-range": `bytes 1000-${BYTES.length}/${BYTES.length + 1}` }, "BLOB_SIZE"],
    ["no range", {}, "REGISTRY_RESPONSE"],
    ["a broken range", { "content-range": "bytes x-y/z" }, "REGISTRY_RESPONSE"],
  ])("%s", async (_, headers, code) => {
    let first = true;
    server.hook = (_, response) => {
      if (first) send(response, 0, 1000, () => setTimeout(() => response.destroy(), 20));
      else response.writeHead(206, headers).end(BYTES.subarray(1000));
      first = false;
    };
    await expect(read()).rejects.toMatchObject({ code });
  });
});

test("more bytes than there should be end it at once", async () => {
  server.hook = (_, response) => {
    response.writeHead(200);
    response.on("close", () => clearInterval(timer));
    const timer = setInterval(() => response.write(BYTES), 1);
  };
  await expect(read()).rejects.toMatchObject({ code: "BLOB_SIZE", data: { limit: BYTES.length } });
  expect(server.seen).toHaveLength(1);
});

test("fewer bytes, and a proper end, are a blob of another size", async () => {
  server.hook = (request, response) => {
    if (request.headers.range !== undefined) return response.writeHead(416).end();
    return response.writeHead(200).end(BYTES.subarray(0, 1000));
  };
  await expect(read()).rejects.toMatchObject({ code: "BLOB_SIZE", data: { actual: 1000 } });
});

describe("a registry that breaks every connection", () => {
  test("after a byte is given up soon", async () => {
    server.hook = (request, response) =>
      send(response, from(request.headers.range), 1, () => setTimeout(() => response.destroy(), 5));
    await expect(read({ limits: { ...FAST, resumes: 3 } })).rejects.toMatchObject({ code: "REGISTRY_CONNECT" });
    expect(server.seen).toHaveLength(4);
  });

  test("after a mebibyte is borne with", async () => {
    server.hook = (request, response) =>
      send(response, from(request.headers.range), (1 << 20) + 1, () => setTimeout(() => response.destroy(), 50));
    expect((await read({ limits: { ...FAST, resumes: 1 } })).equals(BYTES)).toBe(true);
  });
});

test("what a mirror began the registry ends", async () => {
  const mirror = await startServer();
  try {
    mirror.hook = (request, response) => {
      if (request.headers.range !== undefined) return response.writeHead(404).end();
      return send(response, 0, 500_000, () => setTimeout(() => response.destroy(), 30));
    };
    expect((await read({ mirrors: [{ host: mirror.host }] })).equals(BYTES)).toBe(true);
    expect(ranges()).toEqual(["bytes=500000-"]);
  } finally {
    await mirror.close();
  }
});
