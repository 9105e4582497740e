/** What hangs on an image: all of it, each once, within limits, and only what really refers to it. */
import { describe, expect, test } from "vitest";
import { type GraphNode, nodesOf, readGraph } from "../../../src/source/graph.ts";
import { Referrers } from "../../../src/source/referrers.ts";
import { selectAll, selectRoot } from "../../../src/source/select.ts";
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
import { filesOf, readingWith } from "../../support/source.ts";

const EMPTY = "application/vnd.oci.empty.v1+json";

/** Adds an artifact about a manifest. */
function addReferrer(files: Files, subject: Json, artifactType: string | null, more: Json = {}): Json {
  const config = add(files, json("{}"), EMPTY);
  const typed =
    artifactType === null ? { config: { ...config, mediaType: "application/x.old" } } : { artifactType, config };
  return add(
    files,
    json({ schemaVersion: 2, mediaType: MANIFEST, ...typed, layers: [config], subject, ...more }),
    MANIFEST,
  );
}

async function graphOf(
  files: Files,
  { tag = null as string | null, options = {}, limits = {} } = {},
): Promise<GraphNode> {
  const reading = readingWith(limits);
  return readGraph(filesOf(files), await selectRoot(filesOf(files), tag, reading), options, reading);
}

/** A layout with an index of two images, seals of one of them and of the index, and a signature of a seal. */
function layout() {
  const files: Files = new Map();
  const [amd64, arm64] = ["amd64", "arm64"].map((architecture) => ({
    ...addImage(files, { config: { architecture } }),
    platform: { os: "linux", architecture },
  }));
  const index = add(files, json({ schemaVersion: 2, mediaType: INDEX, manifests: [amd64, arm64] }), INDEX);
  const bare = ({ mediaType, digest, size }: Json) => ({ mediaType, digest, size });
  const seal = addReferrer(files, bare(arm64!), "application/x.seal", { annotations: { by: "us" } });
  const signature = addReferrer(files, bare(seal), null);
  const bill = addReferrer(files, bare(index), "application/x.bill");
  const entries = [
    { ...index, annotations: { [TAG]: "v1" } },
    { ...seal, artifactType: "application/x.seal" },
    signature,
    bill,
  ];
  return { files: layoutOf(entries, files), index, arm64: arm64!, seal, signature, bill };
}

describe("a graph", () => {
  test("has what an index names, what refers to that, and what refers to the referrers", async () => {
    const { files, index, seal, signature, bill } = layout();
    const graph = await graphOf(files, { tag: "v1" });
    expect(graph).toMatchObject({ digest: index["digest"], platform: null, artifactType: null, subject: null });
    expect(graph.manifests.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
    expect(graph.referrers.map(({ digest }) => digest)).toEqual([bill["digest"]]);
    const [found] = graph.manifests[1]!.referrers;
    expect(found).toMatchObject({
      digest: seal["digest"],
      artifactType: "application/x.seal",
      annotations: { by: "us" },
    });
    // Without a type of its own it is what its config is.
    expect(found!.referrers).toMatchObject([{ digest: signature["digest"], artifactType: "application/x.old" }]);
    const order = nodesOf(graph).map(({ digest }) => digest);
    expect(order).toHaveLength(6);
    expect(order.at(-1)).toBe(index["digest"]);
    expect(order.indexOf(signature["digest"] as string)).toBeLessThan(order.indexOf(seal["digest"] as string));
  });

  test("without referrers, and with those of one type", async () => {
    const { files } = layout();
    expect(nodesOf(await graphOf(files, { tag: "v1", options: { referrers: false } }))).toHaveLength(3);
    expect(nodesOf(await graphOf(files, { tag: "v1", options: { artifactType: "application/x.seal" } }))).toHaveLength(
      4,
    );
  });

  test("is refused one manifest and one level beyond its limits", async () => {
    const { files } = layout();
    const at = (limits: Json) => graphOf(files, { tag: "v1", limits }).then((graph) => nodesOf(graph).length);
    expect(await at({ graphManifests: 6 })).toBe(6);
    await expect(at({ graphManifests: 5 })).rejects.toMatchObject({ code: "SOURCE_LIMIT", message: /graphManifests/ });
    expect(await at({ graphDepth: 3 })).toBe(6);
    await expect(at({ graphDepth: 2 })).rejects.toMatchObject({ code: "SOURCE_LIMIT", message: /graphDepth/ });
  });

  test("takes no word of a registry for it that something refers to an image", async () => {
    const { files, index, arm64, seal } = layout();
    const table = filesOf(files);
    const descriptorOf = ({ mediaType, digest, size }: Json) => ({ mediaType, digest, size }) as never;
    const missing = { mediaType: MANIFEST, digest: `sha256:${"0".repeat(64)}`, size: 2 };
    // The seal of another image, the image itself, what was deleted.
    const lying = Object.assign(table, { referrers: async () => [descriptorOf(seal), descriptorOf(arm64), missing] });
    const reading = readingWith({});
    const root = { ...(descriptorOf(index) as object), annotations: {}, where: "here" } as never;
    const graph = await readGraph(lying, root, {}, reading);
    expect(graph.referrers).toEqual([]);
    expect(graph.manifests.map(({ referrers }) => referrers.length)).toEqual([0, 1]);
  });
});

describe("referrers in a layout", () => {
  test("are listed in index.json, or in an index under the fallback tag", async () => {
    const files: Files = new Map();
    const image = addImage(files);
    const seal = addReferrer(files, image, "application/x.seal");
    const list = add(files, json({ schemaVersion: 2, mediaType: INDEX, manifests: [seal] }), INDEX);
    const tag = (image["digest"] as string).replace(":", "-");
    layoutOf([image, { ...list, annotations: { [TAG]: tag } }], files);
    const referrers = new Referrers(filesOf(files), readingWith({}));
    expect(await referrers.of(image["digest"] as string)).toMatchObject([{ digest: seal["digest"] }]);
    expect(await referrers.of(image["digest"] as string, "application/x.other")).toEqual([]);
    expect(await referrers.of(seal["digest"] as string)).toEqual([]);
    // A list of referrers is no image that could be meant.
    expect((await selectRoot(filesOf(files), null, readingWith({}))).digest).toBe(image["digest"]);
  });
});

describe("what is named", () => {
  test("is one thing, or has to be said", async () => {
    const files: Files = new Map();
    const [a, b] = ["a", "b"].map((name) => ({
      ...addImage(files, { manifest: { annotations: { name } } }),
      annotations: { [TAG]: name },
    }));
    layoutOf([a, b], files);
    const reading = readingWith({});
    expect((await selectRoot(filesOf(files), "b", reading)).digest).toBe(b!["digest" as never]);
    await expect(selectRoot(filesOf(files), null, reading)).rejects.toMatchObject({
      code: "SOURCE_SEVERAL",
      message: /tag "a", tag "b"/,
    });
    await expect(selectRoot(filesOf(files), "c", reading)).rejects.toMatchObject({ code: "SOURCE_TAG" });
    layoutOf([], files);
    await expect(selectRoot(filesOf(files), null, reading)).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
  });

  test("has platforms, each of which chooses one image", async () => {
    const { files } = layout();
    const reading = readingWith({});
    expect(await selectAll(filesOf(files), "v1", reading)).toEqual(["linux/amd64", "linux/arm64"]);
    const one: Files = new Map();
    layoutOf([addImage(one)], one);
    expect(await selectAll(filesOf(one), null, reading)).toEqual([null]);
    const same = addImage(one, { manifest: { annotations: { other: "1" } } });
    layoutOf([addImage(one), same], one);
    await expect(selectAll(filesOf(one), null, reading)).rejects.toMatchObject({ code: "SOURCE_PLATFORM" });
    const platform = { os: "linux", architecture: "amd64" };
    layoutOf(
      [
        { ...addImage(one), platform },
        { ...same, platform },
      ],
      one,
    );
    await expect(selectAll(filesOf(one), null, reading)).rejects.toMatchObject({
      code: "SOURCE_PLATFORM",
      message: /of another image/,
    });
    layoutOf([], one);
    await expect(selectAll(filesOf(one), null, reading)).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
  });
});

test("an entry of an index that is no manifest is a blob of it", async () => {
  const files: Files = new Map();
  const other = add(files, Buffer.from("text"), "text/plain");
  const index = add(files, json({ schemaVersion: 2, manifests: [addImage(files), other] }), INDEX);
  layoutOf([index], files);
  const graph = await graphOf(files);
  expect(graph.blobs).toMatchObject([other]);
  expect(graph.manifests[0]!.blobs.map(({ mediaType }) => mediaType)).toEqual([
    `${OCI}config.v1+json`,
    `${OCI}layer.v1.tar`,
  ]);
});
