/** OCI layouts: what an image is, and which one is meant. */
import { describe, expect, test } from "vitest";
import {
  add,
  addImage,
  DOCKER,
  descriptors,
  type Files,
  INDEX,
  json,
  LAYER,
  layoutOf,
  layoutWith,
  MANIFEST,
  OCI,
  openLayout as open,
  TAG,
} from "../../support/layout.ts";
import { makeLayout, makeMultiLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { digestOf } from "../../support/source.ts";

const on = (os: string, architecture: string, variant?: string) => ({ platform: { os, architecture, variant } });
const tagged = (name: string) => ({ annotations: { [TAG]: name } });
const numberOf = (image: Awaited<ReturnType<typeof open>>) => image.manifest?.annotations["i"];

describe("an image", () => {
  test.each(["none", "gzip", "gzip-multi", "zstd-raw", "zstd-frames", "mixed"])(
    "with layers: %s",
    async (compression) => {
      const tars = makeLayers("repeat");
      const image = await open(makeLayout(tars, { compression, tag: "x" }));
      expect(image).toMatchObject({ kind: "oci", name: "image", reference: "x", platform: "linux/amd64" });
      expect(image.layers.map(({ diffId }) => diffId)).toEqual(tars.map(digestOf));
      const expected = ["none", "gzip", "zstd", "gzip", "zstd"];
      const same = Array(5).fill(compression.split("-")[0]);
      expect(image.layers.map((layer) => layer.compression)).toEqual(compression === "mixed" ? expected : same);
    },
  );

  test("has its documents as they are", async () => {
    const annotations = { a: "b" };
    const files = layoutWith({ manifest: { annotations }, layer: { annotations: { c: "d" } } });
    const image = await open(files);
    expect(image.manifest).toMatchObject({ mediaType: MANIFEST, annotations });
    for (const document of [image.manifest!, image.config!]) {
      expect(digestOf(document.bytes)).toBe(document.digest);
      expect(JSON.parse(Buffer.from(document.bytes).toString())).toEqual(document.json);
    }
    expect(image.layers[0]).toMatchObject({ size: 1024, annotations: { c: "d" }, mediaType: `${OCI}layer.v1.tar` });
    expect(image.layers[0]!.name).toBe(`"image", blobs/sha256/${digestOf(LAYER).slice(7)}`);
  });

  test.each([
    [`${OCI}layer.v1.tar`, "none"],
    [`${OCI}layer.nondistributable.v1.tar`, "none"],
    [`${OCI}layer.nondistributable.v1.tar+gzip`, "gzip"],
    [`${OCI}layer.nondistributable.v1.tar+zstd`, "zstd"],
    [`${DOCKER}image.rootfs.diff.tar`, "none"],
    [`${DOCKER}image.rootfs.diff.tar.gzip`, "gzip"],
    [`${DOCKER}image.rootfs.diff.tar.zstd`, "zstd"],
    [`${DOCKER}image.rootfs.foreign.diff.tar.gzip`, "gzip"],
  ])("with layers of type %s", async (mediaType, compression) => {
    const image = await open(layoutWith({ layer: { mediaType } }));
    expect(image.layers[0]!.compression).toBe(compression);
  });

  test("in the words of docker", async () => {
    const files: Files = new Map();
    const manifestType = `${DOCKER}distribution.manifest.v2+json`;
    const inner = addImage(files, { manifestType, configType: `${DOCKER}container.image.v1+json` });
    const listType = `${DOCKER}distribution.manifest.list.v2+json`;
    const list = add(
      files,
      json({ mediaType: listType, manifests: [{ ...inner, ...on("linux", "amd64") }] }),
      listType,
    );
    expect((await open(layoutOf([list], files))).manifest?.mediaType).toBe(manifestType);
  });
});

describe("which one", () => {
  test("of several tags", async () => {
    const files: Files = new Map();
    layoutOf(descriptors(files, tagged("a"), tagged("b"), tagged("a:b")), files);
    expect(numberOf(await open(files, { tag: "b" }))).toBe("1");
    expect(numberOf(await open(files, { tag: "a:b" }))).toBe("2");
    await expect(open(files, { tag: "c" })).rejects.toMatchObject({
      code: "SOURCE_TAG",
      message: '"image", index.json: there is no tag "c"; tags: "a", "b", "a:b"',
    });
    await expect(open(files)).rejects.toMatchObject({
      code: "SOURCE_SEVERAL",
      data: { actual: 3, text: 'tag "a" without a platform, tag "b" without a platform, tag "a:b" without a platform' },
    });
  });

  test("of several tags for one platform", async () => {
    const files: Files = new Map();
    const both = on("linux", "amd64");
    layoutOf(descriptors(files, { ...both, ...tagged("a") }, { ...both, ...tagged("b") }), files);
    const text = 'linux/amd64 (tag "a"), linux/amd64 (tag "b")';
    await expect(open(files)).rejects.toMatchObject({ code: "SOURCE_SEVERAL", data: { text } });
    expect(numberOf(await open(files, { platform: "linux/amd64" }))).toBe("0");
  });

  test("of several tags of one manifest: that one", async () => {
    const files: Files = new Map();
    const descriptor = addImage(files);
    layoutOf(
      [
        { ...descriptor, ...tagged("a") },
        { ...descriptor, ...tagged("b") },
      ],
      files,
    );
    expect((await open(files)).reference).toBe("a");
    expect((await open(files, { tag: "b" })).reference).toBe("b");
  });

  test("of several platforms: the first that fits, variants compared only when wanted", async () => {
    const files: Files = new Map();
    const platforms = [
      on("linux", "amd64"),
      on("linux", "arm", "v6"),
      on("linux", "arm", "v7"),
      on("windows", "amd64"),
    ];
    layoutOf(descriptors(files, ...platforms), files);
    const choice = async (platform: string) => numberOf(await open(files, { platform }));
    expect(await choice("linux/amd64")).toBe("0");
    expect(await choice("linux/arm")).toBe("1");
    expect(await choice("linux/arm/v7")).toBe("2");
    expect(await choice("windows/amd64")).toBe("3");
    const text = "linux/amd64, linux/arm/v6, linux/arm/v7, windows/amd64";
    await expect(open(files)).rejects.toMatchObject({ code: "SOURCE_SEVERAL", data: { text } });
    for (const platform of ["linux/arm64", "linux/arm/v8"]) {
      await expect(open(files, { platform })).rejects.toMatchObject({ code: "SOURCE_PLATFORM", data: { text } });
    }
  });

  test("an index is opened once, and attestations are never meant", async () => {
    const files = makeMultiLayout();
    expect((await open(files, { platform: "linux/arm64" })).platform).toBe("linux/arm64");
    expect((await open(files, { platform: "linux/amd64", tag: "multi" })).platform).toBe("linux/amd64");
    await expect(open(files, { platform: "unknown/unknown" })).rejects.toMatchObject({ code: "SOURCE_PLATFORM" });
    await expect(open(files)).rejects.toMatchObject({ data: { text: "linux/amd64, linux/arm64" } });
  });

  test("an index with one image and its attestation needs no platform", async () => {
    const files: Files = new Map();
    const marked = { annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
    const inner = descriptors(files, on("unknown", "unknown"), marked, on("linux", "s390x"));
    const index = add(files, json({ manifests: inner }), INDEX);
    expect(numberOf(await open(layoutOf([index], files)))).toBe("2");
    const attestations = add(files, json({ manifests: inner.slice(0, 2) }), INDEX);
    await expect(open(layoutOf([attestations], files))).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
  });

  test("seals and other artifacts beside an image are never meant, unless a tag names one", async () => {
    const files: Files = new Map();
    const image = { ...addImage(files), ...tagged("a") };
    const empty = add(files, Buffer.from("{}"), "application/vnd.oci.empty.v1+json");
    const artifact = { artifactType: "application/vnd.composefs.metadata.v1" };
    const manifest = { schemaVersion: 2, ...artifact, config: empty, layers: [], subject: image };
    const seal = { ...add(files, json(manifest), MANIFEST), ...artifact };
    layoutOf([seal, image, seal], files);
    expect((await open(files)).reference).toBe("a");
    layoutOf([image, { ...seal, ...tagged("b") }], files);
    await expect(open(files, { tag: "b" })).rejects.toMatchObject({ code: "SOURCE_ARTIFACT" });
    layoutOf([seal], files);
    await expect(open(files)).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
  });

  test("the only one without a platform: its config has to say, when one is wanted", async () => {
    const files = layoutWith({ config: { architecture: "arm64", variant: "v8" } });
    expect((await open(files)).platform).toBe("linux/arm64/v8");
    expect((await open(files, { platform: "linux/arm64" })).platform).toBe("linux/arm64/v8");
    const error = { code: "SOURCE_PLATFORM", data: { text: "linux/arm64/v8" } };
    await expect(open(files, { platform: "linux/amd64" })).rejects.toMatchObject(error);
    const silent = layoutWith({ config: { architecture: undefined } });
    expect((await open(silent)).platform).toBeNull();
    await expect(open(silent, { platform: "linux/amd64" })).rejects.toMatchObject({ code: "SOURCE_PLATFORM" });
  });

  test("the only one with a platform: it counts", async () => {
    const files: Files = new Map();
    layoutOf(descriptors(files, on("linux", "arm64")), files);
    expect((await open(files)).platform).toBe("linux/arm64");
    await expect(open(files, { platform: "linux/amd64" })).rejects.toMatchObject({ code: "SOURCE_PLATFORM" });
  });

  test("what comes before the one that fits has to be in order, what comes behind it does not", async () => {
    const files: Files = new Map();
    const [fitting] = descriptors(files, on("linux", "amd64"));
    const odd = add(files, json({}), "text/plain");
    expect(numberOf(await open(layoutOf([fitting, odd], files), { platform: "linux/amd64" }))).toBe("0");
    const first = open(layoutOf([odd, fitting], files), { platform: "linux/amd64" });
    await expect(first).rejects.toMatchObject({ code: "SOURCE_MEDIA_TYPE" });
  });

  test("a long list is cut", async () => {
    const files: Files = new Map();
    layoutOf(descriptors(files, ...Array.from({ length: 25 }, (_, i) => on("linux", `a${i}`))), files);
    await expect(open(files)).rejects.toThrowError(/there are 25 images.*linux\/a19, and 5 more$/);
  });
});
