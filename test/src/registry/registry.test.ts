/** The client against a registry in memory: what it asks, and what it takes for an answer. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Registry, type RegistryOptions } from "../../../src/registry/registry.ts";
import { FAST, sendJson, sha256, startServer, type TestServer } from "../../support/registry/server.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
let server: TestServer;
beforeEach(async () => {
  server = await startServer();
});
afterEach(() => server.close());

const client = (options: RegistryOptions = {}) => new Registry(server.host, { limits: FAST, ...options });
const upload = (bytes: Buffer) => ({ digest: sha256(bytes), size: bytes.length, open: () => bytes });
const taken = async (chunks: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
};
const asked = () => server.seen.map(({ method, url }) => `${method} ${url}`);
const code = (code: string) => expect.objectContaining({ code });

describe("manifests", () => {
  const bytes = Buffer.from(`{"schemaVersion":2,"mediaType":"${MANIFEST}"}`);

  test("are what was pushed, by tag and by digest", async () => {
    const pushed = await client().pushManifest("a/b", "v1", bytes, MANIFEST);
    expect(pushed).toEqual({ digest: sha256(bytes), subject: null, listedBy: null });
    const expected = { bytes: new Uint8Array(bytes), digest: sha256(bytes), mediaType: MANIFEST };
    expect(await client().manifest("a/b", "v1")).toEqual(expected);
    expect(await client().manifest("a/b", sha256(bytes))).toEqual(expected);
    await expect(client().manifest("a/b", "v2")).rejects.toThrow(code("REGISTRY_MISSING"));
  });

  test("must have the digest by which they are asked for, and that which the registry names", async () => {
    const reply = (headers: object) => {
      server.hook = (_, response) => response.writeHead(200, { "content-type": MANIFEST, ...headers }).end(bytes);
    };
    const wrong = `sha256:${"0".repeat(64)}`;
    reply({});
    await expect(client().manifest("a", wrong)).rejects.toThrow(code("BLOB_DIGEST"));
    expect((await client().manifest("a", "latest")).digest).toBe(sha256(bytes));
    reply({ "docker-content-digest": wrong });
    await expect(client().manifest("a", "latest")).rejects.toThrow(code("BLOB_DIGEST"));
  });

  test("have a media type: that of the answer, else their own", async () => {
    const reply = (type: string, body: Buffer | string = bytes) => {
      server.hook = (_, response) => response.writeHead(200, { "content-type": type }).end(body);
    };
    reply(`${MANIFEST}; charset=utf-8`);
    expect((await client().manifest("a", "b")).mediaType).toBe(MANIFEST);
    reply("text/plain");
    expect((await client().manifest("a", "b")).mediaType).toBe(MANIFEST);
    for (const body of ["{}", "", "[]", "<html>", '{"mediaType":"text/plain"}', '{"mediaType":1}']) {
      reply("text/plain", body);
      await expect(client().manifest("a", "b")).rejects.toThrow(code("REGISTRY_RESPONSE"));
    }
  });

  test("are refused beyond a limit of size, whether they say so or not", async () => {
    const body = Buffer.concat([bytes, Buffer.alloc(100 - bytes.length, 0x20)]);
    for (const hasLength of [true, false]) {
      server.hook = (_, response) => {
        response.writeHead(200, { "content-type": MANIFEST, ...(hasLength && { "content-length": body.length }) });
        response.end(body);
      };
      const within = (manifestBytes: number) => client({ limits: { ...FAST, manifestBytes } }).manifest("a", "b");
      expect((await within(100)).bytes).toHaveLength(100);
      await expect(within(99)).rejects.toMatchObject({ code: "REGISTRY_LIMIT", data: { limit: 99 } });
    }
  });

  test("without end are refused, and so are those that never come", async () => {
    server.hook = (_, response) => {
      response.writeHead(200, { "content-type": MANIFEST });
      const timer = setInterval(() => response.write(Buffer.alloc(65536)), 1);
      response.on("close", () => clearInterval(timer));
    };
    await expect(client().manifest("a", "b")).rejects.toThrow(code("REGISTRY_LIMIT"));
    server.hook = (_, response) => response.writeHead(200, { "content-type": MANIFEST }).write("{");
    await expect(client().manifest("a", "b")).rejects.toThrow(code("REGISTRY_TIMEOUT"));
    server.hook = () => true;
    await expect(client().manifest("a", "b")).rejects.toThrow(code("REGISTRY_TIMEOUT"));
    // A byte now and then keeps no answer alive for ever.
    server.hook = (_, response) => {
      response.writeHead(200, { "content-type": MANIFEST });
      const timer = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(timer));
    };
    await expect(client().manifest("a", "b")).rejects.toThrow(code("REGISTRY_TIMEOUT"));
  });

  test("are pushed under their own digest only", async () => {
    const wrong = `sha256:${"0".repeat(64)}`;
    await expect(client().pushManifest("a", wrong, bytes, MANIFEST)).rejects.toThrow(code("BLOB_DIGEST"));
    await expect(client().pushManifest("a", "v1", Buffer.from("no"), MANIFEST)).rejects.toThrow(
      code("REGISTRY_RESPONSE"),
    );
    expect(server.seen).toEqual([]);
  });

  test("have names that lead nowhere else", async () => {
    for (const [repository, reference] of [
      ["../a", "b"],
      ["a/../b", "c"],
      ["a", "../b"],
      ["a", "b?c"],
      ["A", "b"],
      ["a", `${sha256(bytes)}0`],
    ] as const) {
      await expect(client().manifest(repository, reference)).rejects.toThrow(code("REGISTRY_REFERENCE"));
    }
    for (const host of ["a/b", "u@h", "", "h:99999"]) expect(() => new Registry(host)).toThrow(RangeError);
  });
});

describe("blobs", () => {
  const bytes = Buffer.from("the content of a blob");
  const descriptor = { digest: sha256(bytes), size: bytes.length };

  test("are uploaded once, and read back", async () => {
    expect(await client().pushBlob("a/b", upload(bytes))).toBe("uploaded");
    expect(await client().pushBlob("a/b", upload(bytes))).toBe("present");
    expect(await client().hasBlob("a/b", descriptor.digest)).toBe(true);
    expect(await taken(client().blob("a/b", descriptor))).toEqual(bytes);
  });

  test("come in pieces, too, with their length", async () => {
    const large = Buffer.alloc(3_000_000, "x");
    async function* pieces() {
      for (let start = 0; start < large.length; start += 65536) yield large.subarray(start, start + 65536);
    }
    expect(await client().pushBlob("a", { ...upload(large), open: pieces })).toBe("uploaded");
    const put = server.seen.find(({ method }) => method === "PUT")!;
    expect(put.headers["content-length"]).toBe("3000000");
    expect(put.headers["transfer-encoding"]).toBeUndefined();
    const read = await taken(client().blob("a", { digest: sha256(large), size: large.length }));
    expect(read.equals(large)).toBe(true);
  });

  test("are mounted from another repository where that can be", async () => {
    server.hook = (request, response) => {
      // Of this repository nothing is said to be there.
      if (request.method === "HEAD") return response.writeHead(404).end();
      return false;
    };
    server.blobs.set(descriptor.digest, bytes);
    expect(await client().pushBlob("a", upload(bytes), { from: "c/d" })).toBe("mounted");
    expect(asked()[1]).toBe(`POST /v2/a/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=c%2Fd`);
    server.blobs.clear();
    expect(await client().pushBlob("a", upload(bytes), { from: "c/d" })).toBe("uploaded");
  });

  test("are begun anew when the upload is gone", async () => {
    let puts = 0;
    server.hook = (request, response) => {
      if (request.method !== "PUT" || puts++ > 0) return false;
      return response.writeHead(404).end();
    };
    expect(await client().pushBlob("a", upload(bytes))).toBe("uploaded");
    expect(asked().filter((line) => line.startsWith("POST"))).toHaveLength(2);
  });

  test("are not taken by a registry that stores something else", async () => {
    server.hook = (request, response) => {
      if (request.method !== "PUT") return false;
      return response.writeHead(201, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end();
    };
    await expect(client().pushBlob("a", upload(bytes))).rejects.toThrow(code("REGISTRY_RESPONSE"));
  });

  test("must have size and digest", async () => {
    server.blobs.set(descriptor.digest, Buffer.from("the content of a blub"));
    await expect(taken(client().blob("a", descriptor))).rejects.toThrow(code("BLOB_DIGEST"));
    server.blobs.set(descriptor.digest, bytes);
    for (const size of [bytes.length - 1, bytes.length + 1, 0]) {
      const reading = taken(client().blob("a", { ...descriptor, size }));
      await expect(reading).rejects.toThrow(code(size === 0 ? "BLOB_DIGEST" : "BLOB_SIZE"));
    }
    await expect(taken(client().blob("a", { ...descriptor, digest: sha256(Buffer.from("")) }))).rejects.toThrow(
      code("REGISTRY_MISSING"),
    );
  });
});

describe("mirrors", () => {
  const bytes = Buffer.from("{}");
  const descriptor = { digest: sha256(bytes), size: 2 };
  let mirror: TestServer;
  beforeEach(async () => {
    mirror = await startServer();
    server.blobs.set(descriptor.digest, bytes);
    server.manifests.set("a:b", { bytes, type: MANIFEST });
  });
  afterEach(() => mirror.close());
  const both = () => client({ mirrors: [{ host: mirror.host, prefix: "copies/" }] });

  test("are asked first, and do not matter when they have nothing or fail", async () => {
    mirror.manifests.set("copies/a:b", { bytes, type: MANIFEST });
    mirror.blobs.set(descriptor.digest, bytes);
    await both().manifest("a", "b");
    await taken(both().blob("a", descriptor));
    expect(server.seen).toEqual([]);
    mirror.manifests.clear();
    mirror.blobs.clear();
    for (const status of [404, 403, 503]) {
      mirror.hook = (_, response) => response.writeHead(status).end();
      expect((await both().manifest("a", "b")).digest).toBe(descriptor.digest);
      expect(await taken(both().blob("a", descriptor))).toEqual(bytes);
    }
    const gone = client({ mirrors: [{ host: "127.0.0.1:1" }] });
    expect((await gone.manifest("a", "b")).digest).toBe(descriptor.digest);
  });

  test("that give something else are passed over", async () => {
    mirror.hook = (_, response) => response.writeHead(200, { "content-type": MANIFEST }).end("{ }");
    server.manifests.set(`a@${descriptor.digest}`, { bytes, type: MANIFEST });
    expect((await both().manifest("a", descriptor.digest)).digest).toBe(descriptor.digest);
  });

  test("are not written to", async () => {
    await both().pushBlob("a", upload(Buffer.from("new")));
    await both().pushManifest("a", "c", Buffer.from("{}"), MANIFEST);
    await both().referrers("a", descriptor.digest);
    expect(mirror.seen).toEqual([]);
  });
});

test("an abort ends a call, with its reason", async () => {
  server.hook = (_, response) => response.writeHead(200, { "content-type": MANIFEST }).write("{");
  const control = new AbortController();
  const reading = client().manifest("a", "b", { signal: control.signal });
  setTimeout(() => control.abort(new Error("enough")), 20);
  await expect(reading).rejects.toThrow("enough");
  await expect(client().manifest("a", "b", { signal: control.signal })).rejects.toThrow("enough");
});

test("the first words of a refusal are in the message, harmless", async () => {
  server.hook = (_, response) =>
    sendJson(response, 403, { errors: [{ code: "DENIED", message: `no\u001b[31m\u009b ${"x".repeat(10_000)}` }] });
  const error = await client()
    .manifest("a", "b")
    .catch((error) => error);
  expect(error.code).toBe("REGISTRY_DENIED");
  expect(error.message).toMatch(
    /^"http:\/\/127\.0\.0\.1:\d+\/v2\/a\/manifests\/b": status 403: "DENIED: no\\u001b\[31m\\u009b x{50,}"…$/,
  );
});
