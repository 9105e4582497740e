/** Images in registries: the same as in the layout that they came from. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { containerDigests as Digests } from "../../../src/node.ts";
import { openContainer } from "../../../src/source/container.node.ts";
import type { BlobPlace } from "../../../src/source/container.ts";
import { firstBytes } from "../../../src/source/container.ts";
import { openLayer } from "../../../src/source/layer-stream.ts";
import { openInput, openSource } from "../../../src/source/resolve.node.ts";
import { makeLayout, makeMultiLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { sendJson, sha256, startServer, type TestServer } from "../../support/registry/server.ts";
import { HOSTS } from "../../support/source.ts";

/** From the build, whose workers can be started. */
const built = new URL("../../../build/src/node.js", import.meta.url).href;
const { containerDigests }: { containerDigests: typeof Digests } = await import(built);

const TARS = makeLayers("repeat");
const LAYOUT = makeLayout(TARS, { tag: "v1" });
let server: TestServer;
beforeEach(async () => {
  server = await startServer();
});
afterEach(() => server.close());

/** Puts what a layout holds into the registry, its tags included. */
function put(files: ReadonlyMap<string, Uint8Array>, name = "a/b"): void {
  const text = (path: string) => Buffer.from(files.get(path)!).toString();
  for (const [path, bytes] of files) {
    if (path.startsWith("blobs/")) server.blobs.set(path.slice(6).replace("/", ":"), Buffer.from(bytes));
  }
  const add = (descriptor: { digest: string; mediaType: string }, tag?: string) => {
    const bytes = server.blobs.get(descriptor.digest)!;
    const manifest = { bytes, type: descriptor.mediaType };
    server.manifests.set(`${name}@${descriptor.digest}`, manifest);
    if (tag !== undefined) server.manifests.set(`${name}:${tag}`, manifest);
    for (const inner of JSON.parse(bytes.toString()).manifests ?? []) add(inner);
  };
  for (const one of JSON.parse(text("index.json")).manifests)
    add(one, one.annotations["org.opencontainers.image.ref.name"]);
}

test("an image by tag and by digest", async () => {
  put(LAYOUT);
  const operand = `docker://${server.host}/a/b:v1`;
  const image = await openContainer(operand);
  expect(image).toMatchObject({ kind: "registry", name: operand, reference: "v1", platform: "linux/amd64" });
  const layout = JSON.parse(Buffer.from(LAYOUT.get("index.json")!).toString());
  expect(image.manifest!.digest).toBe(layout.manifests[0].digest);
  const byDigest = await openContainer(`docker://${server.host}/a/b@${image.manifest!.digest}`);
  expect(byDigest).toMatchObject({ reference: null, platform: "linux/amd64" });
  expect(byDigest.layers.map(({ digest }) => digest)).toEqual(image.layers.map(({ digest }) => digest));
  for (const [name, host] of HOSTS) {
    for (const [i, layer] of image.layers.entries()) {
      const stream = openLayer(layer, {}, undefined, host);
      for await (const _ of stream);
      expect([name, stream.totals!.diffId]).toEqual([name, sha256(TARS[i]!)]);
    }
  }
});

test("the beginning of a layer", async () => {
  put(LAYOUT);
  const { layers } = await openContainer(`docker://${server.host}/a/b:v1`);
  const stored = server.blobs.get(layers[0]!.digest!)!;
  const [, host] = HOSTS[0]!;
  for (const length of [0, 1, 10, stored.length]) {
    const place: BlobPlace = firstBytes(layers[0]!.place, length);
    const chunks: Uint8Array[] = [];
    for await (const chunk of host.readPlace(place)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(stored.subarray(0, length))).toBe(true);
  }
});

test("an image for several platforms", async () => {
  put(makeMultiLayout());
  const operand = `docker://${server.host}/a/b:multi`;
  await expect(openContainer(operand)).rejects.toMatchObject({ code: "SOURCE_SEVERAL" });
  await expect(openContainer(operand, { platform: "linux/s390x" })).rejects.toMatchObject({ code: "SOURCE_PLATFORM" });
  const image = await openContainer(operand, { platform: "linux/arm64" });
  expect(image).toMatchObject({ platform: "linux/arm64", reference: "multi" });
});

describe("digests", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "registry-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each([1, 3])("are those of the layout, with %d threads", async (workers) => {
    writeLayout(LAYOUT, join(folder, "layout"));
    put(LAYOUT);
    const options = { profiles: ["v1-sha512-12", "v1-sha256-12"] as const, transform: false, workers };
    const fromLayout = await containerDigests(`oci:${folder}/layout:v1`, options);
    const fromRegistry = await containerDigests(`docker://${server.host}/a/b:v1`, options);
    expect(fromRegistry.images).toEqual(fromLayout.images);
    expect(fromRegistry.source.manifest).toBe(fromLayout.source.manifest);
  });

  test("come with the tokens that the manifest was read with, and never show credentials", async () => {
    put(LAYOUT);
    const { REGISTRY_AUTH_FILE } = process.env;
    const auth = Buffer.from("robot:secret-word").toString("base64");
    const file = join(folder, "auth.json");
    writeFileSync(file, JSON.stringify({ auths: { [server.host]: { auth } } }));
    process.env["REGISTRY_AUTH_FILE"] = file;
    let tokens = 0;
    server.hook = (request, response) => {
      if (request.url!.startsWith("/token")) {
        tokens++;
        expect(request.headers.authorization).toBe(`Basic ${auth}`);
        return sendJson(response, 200, { token: "secret-token" });
      }
      if (request.headers.authorization === "Bearer secret-token") return false;
      const challenge = `Bearer realm="http://${server.host}/token",service="s"`;
      return sendJson(response, 401, {}, { "www-authenticate": challenge });
    };
    try {
      const operand = `docker://${server.host}/a/b:v1`;
      const result = await containerDigests(operand, { transform: false, workers: 2 });
      expect(tokens).toBe(1);
      expect(JSON.stringify(result)).not.toMatch(/secret/);
    } finally {
      if (REGISTRY_AUTH_FILE === undefined) delete process.env["REGISTRY_AUTH_FILE"];
      else process.env["REGISTRY_AUTH_FILE"] = REGISTRY_AUTH_FILE;
    }
  });
});

describe("what is wrong", () => {
  const layerOf = async () => (await openContainer(`docker://${server.host}/a/b:v1`)).layers[0]!;
  const read = async (layer: Awaited<ReturnType<typeof layerOf>>) => {
    for await (const _ of openLayer(layer));
  };

  test("a layer of another digest or size", async () => {
    put(LAYOUT);
    const layer = await layerOf();
    const stored = server.blobs.get(layer.digest!)!;
    const changed = Buffer.from(stored);
    changed[changed.length - 1]! ^= 1;
    server.blobs.set(layer.digest!, changed);
    await expect(read(layer)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    server.blobs.set(layer.digest!, stored.subarray(1));
    await expect(read(layer)).rejects.toMatchObject({ code: "BLOB_SIZE" });
    server.blobs.delete(layer.digest!);
    await expect(read(layer)).rejects.toMatchObject({ code: "REGISTRY_MISSING" });
  });

  test("a manifest of another digest, and a config", async () => {
    put(LAYOUT);
    const image = await openContainer(`docker://${server.host}/a/b:v1`);
    server.manifests.set(`a/b@${image.manifest!.digest}`, {
      bytes: Buffer.from("{}"),
      type: image.manifest!.mediaType,
    });
    const operand = `docker://${server.host}/a/b@${image.manifest!.digest}`;
    await expect(openContainer(operand)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    const { length } = server.blobs.get(image.config!.digest)!;
    server.blobs.set(image.config!.digest, Buffer.alloc(length, 0x20));
    const byTag = openContainer(`docker://${server.host}/a/b:v1`);
    await expect(byTag).rejects.toMatchObject({ code: "BLOB_DIGEST" });
  });

  test("an operand", async () => {
    for (const operand of ["docker://", "docker://A/B", "docker://h.io/a:b:c"]) {
      await expect(openContainer(operand)).rejects.toMatchObject({ code: "REGISTRY_REFERENCE" });
    }
    await expect(openContainer(`docker://${server.host}/none`)).rejects.toMatchObject({ code: "REGISTRY_MISSING" });
    expect(openInput("docker://x")).toMatchObject({ kind: "container", name: "docker://x" });
    expect(() => openSource("docker://x")).toThrow(/container image/);
  });
});
