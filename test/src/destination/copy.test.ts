/** Images are copied whole, as they are, and named when all is there; what is damaged is not copied. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type CopyReport, copyImage } from "../../../src/destination/copy.ts";
import { DirectoryStore } from "../../../src/destination/directory.node.ts";
import { LayoutDestination } from "../../../src/destination/layout.ts";
import { RegistryDestination } from "../../../src/destination/registry.ts";
import { parseReference } from "../../../src/registry/reference.ts";
import { Registry } from "../../../src/registry/registry.ts";
import { openLayout } from "../../../src/source/container.node.ts";
import { nodesOf, readGraph } from "../../../src/source/graph.ts";
import { RegistryFiles } from "../../../src/source/registry.ts";
import { selectRoot } from "../../../src/source/select.ts";
import {
  add,
  addImage,
  type Files,
  INDEX,
  type Json,
  json,
  layoutOf,
  MANIFEST,
  OCI,
  TAG,
} from "../../support/layout.ts";
import { writeLayout } from "../../support/oci/forms.mjs";
import { FAST, startServer, type TestServer } from "../../support/registry/server.ts";
import { filesOf, readingWith } from "../../support/source.ts";
import { emptyFolder } from "../cli/run.ts";

const SEAL = "application/x.seal";
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(options);
  servers.push(server);
  return { server, registry: new Registry(server.host, { limits: FAST }) };
}

/** An index of two images, one of them with a seal. */
function layout(more: Json = {}) {
  const files: Files = new Map();
  const images = ["amd64", "arm64"].map((architecture) => ({
    ...addImage(files, { config: { architecture }, ...more }),
    platform: { os: "linux", architecture },
  }));
  const { mediaType, digest, size } = images[0] as unknown as { mediaType: string; digest: string; size: number };
  const empty = add(files, json("{}"), "application/vnd.oci.empty.v1+json");
  const seal = { schemaVersion: 2, mediaType: MANIFEST, artifactType: SEAL, config: empty, layers: [empty] };
  const artifact = add(files, json({ ...seal, subject: { mediaType, digest, size } }), MANIFEST);
  const index = add(files, json({ schemaVersion: 2, mediaType: INDEX, manifests: images }), INDEX);
  layoutOf(
    [
      { ...index, annotations: { [TAG]: "v1" } },
      { ...artifact, artifactType: SEAL },
    ],
    files,
  );
  return { files, image: digest, index: index["digest"] as string, seal: artifact["digest"] as string };
}

async function copy(files: ReturnType<typeof filesOf>, to: Parameters<typeof copyImage>[2]): Promise<CopyReport> {
  const reading = readingWith({});
  const graph = await readGraph(files, await selectRoot(files, null, reading), {}, reading);
  return copyImage(files, graph, to, reading).finally(() => to.discard());
}

async function graphAt(files: Parameters<typeof readGraph>[0]) {
  const reading = readingWith({});
  return nodesOf(await readGraph(files, await selectRoot(files, null, reading), {}, reading)).map(
    ({ digest }) => digest,
  );
}

describe.each([
  ["with the API", { referrers: { saysSubject: true } }],
  ["with fallback tags", {}],
])("to a registry %s, from there to another one and back", (_, options) => {
  test("everything stays what it is", async () => {
    const { files, index, image, seal } = layout();
    const [first, second] = [await start(options), await start({ referrers: {} })];
    const at = (server: TestServer, name: string) => parseReference(`${server.host}/${name}:v1`);
    const whole = { manifests: 4, referrers: 1, blobs: 4, skipped: [] };
    const app = at(first.server, "app");
    expect(await copy(filesOf(files), new RegistryDestination(first.registry, app))).toMatchObject({
      ...whole,
      blobsWritten: 4,
    });
    // The name comes last, when the seal is there.
    const puts = first.server.seen.filter(({ method }) => method === "PUT").map(({ url }) => url);
    expect(puts.at(-1)).toBe("/v2/app/manifests/v1");
    expect(puts.indexOf(`/v2/app/manifests/${seal}`)).toBeLessThan(puts.indexOf(`/v2/app/manifests/${image}`));
    const again = await copy(filesOf(files), new RegistryDestination(first.registry, app));
    expect(again).toMatchObject({ ...whole, blobsWritten: 0, bytesWritten: 0 });

    const there = await RegistryFiles.open(first.registry, app, undefined);
    expect(await copy(there, new RegistryDestination(second.registry, at(second.server, "b/c")))).toMatchObject(whole);
    const back = join(emptyFolder(), "back");
    const from = await RegistryFiles.open(second.registry, at(second.server, "b/c"), undefined);
    await copy(from, new LayoutDestination(new DirectoryStore(back), "v2"));
    const opened = await openLayout(`oci:${back}:v2`);
    expect(await graphAt(opened.files)).toEqual(await graphAt(filesOf(files)));
    expect((await graphAt(opened.files)).at(-1)).toBe(index);
  });
});

test("blobs of one registry are mounted, not sent", async () => {
  const { files } = layout();
  const { server, registry } = await start();
  const reference = (name: string) => parseReference(`${server.host}/${name}:v1`);
  await copy(filesOf(files), new RegistryDestination(registry, reference("a")));
  // This server has all blobs in one place; it says so when they are mounted, not before.
  server.hook = ({ method, url }, response) =>
    method === "HEAD" && url!.startsWith("/v2/b/") ? response.writeHead(404).end() : false;
  server.seen.length = 0;
  const there = await RegistryFiles.open(registry, reference("a"), undefined);
  await copy(there, new RegistryDestination(registry, reference("b"), { from: "a" }));
  const sent = server.seen.filter(({ method, url }) => method === "PUT" && url.includes("/blobs/"));
  expect(sent).toEqual([]);
  expect(server.seen.some(({ url }) => url.includes("mount=sha256") && url.includes("from=a"))).toBe(true);
});

test("a layer that may not be given away is left where it is", async () => {
  const files: Files = new Map();
  const other = add(files, Buffer.alloc(2048), `${OCI}layer.nondistributable.v1.tar`);
  const layers = [{ ...add(files, Buffer.alloc(1024), `${OCI}layer.v1.tar`) }, other];
  layoutOf([addImage(files, { layers })], files);
  const target = join(emptyFolder(), "to");
  const report = await copy(filesOf(files), new LayoutDestination(new DirectoryStore(target), null));
  expect(report).toMatchObject({ blobs: 2, skipped: [other["digest"]] });
});

test.each(["changed", "shorter", "missing"])(
  "a blob that is %s is an error, and nothing gets a name",
  async (damage) => {
    const { files } = layout();
    const folder = emptyFolder();
    const layer = [...files].find(([, bytes]) => bytes.length === 1024)![0];
    if (damage === "missing") files.delete(layer);
    else files.set(layer, Buffer.alloc(damage === "changed" ? 1024 : 1000, 1));
    mkdirSync(join(folder, "from"));
    writeLayout(files, join(folder, "from"));
    const { server, registry } = await start();
    const code = { changed: "BLOB_DIGEST", shorter: "BLOB_SIZE", missing: "SOURCE_MISSING" }[damage];
    const opened = await openLayout(`oci:${join(folder, "from")}`);
    const targets = [
      new LayoutDestination(new DirectoryStore(join(folder, "to")), "v1"),
      new RegistryDestination(registry, parseReference(`${server.host}/app:v1`)),
    ];
    for (const target of targets) await expect(copy(opened.files, target)).rejects.toMatchObject({ code });
    await expect(
      openLayout(`oci:${join(folder, "to")}`).then(({ files }) => selectRoot(files, null, readingWith({}))),
    ).rejects.toThrow();
    expect(server.manifests.has("app:v1")).toBe(false);
  },
);

describe("a tag", () => {
  test("that was moved meanwhile is not moved back", async () => {
    const { files, index } = layout();
    const { server, registry } = await start();
    const reference = parseReference(`${server.host}/app:v1`);
    await copy(filesOf(files), new RegistryDestination(registry, reference));
    const bytes = json({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
    const after = {
      bytes,
      mediaType: INDEX,
      digest: (await registry.pushManifest("app", "other", bytes, INDEX)).digest,
    };
    const destination = new RegistryDestination(registry, reference);
    await destination.replace(new Map([[index, after]]));
    await registry.pushManifest("app", "v1", bytes, INDEX);
    await expect(destination.commit()).rejects.toMatchObject({ code: "REGISTRY_MOVED" });
    // Named by its digest alone it is there under its new one, and no tag is looked for.
    const pinned = new RegistryDestination(registry, parseReference(`${server.host}/app@${index}`));
    await pinned.replace(new Map([[index, after]]));
    await pinned.commit();
  });

  test("with a digest is not written over by what has another one", async () => {
    const { server, registry } = await start();
    const reference = parseReference(`${server.host}/app:v1@sha256:${"0".repeat(64)}`);
    await expect(copy(filesOf(layout().files), new RegistryDestination(registry, reference))).rejects.toMatchObject({
      code: "REGISTRY_REFERENCE",
    });
  });
});
