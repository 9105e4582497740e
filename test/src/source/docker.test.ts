/** docker-save archives: which image is meant, links, and what is refused. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openContainerBlob } from "../../../src/source/container.web.ts";
import { makeArchive, makeForm } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { file, tarball } from "../../support/oci/tar.mjs";
import { blobOf, digestOf } from "../../support/source.ts";

type Members = [string, Uint8Array | { link: string }][];

const LAYER = tarball([file("usr/", "")]);
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const CONFIG = json({ os: "linux", architecture: "arm64", rootfs: { type: "layers", diff_ids: [digestOf(LAYER)] } });
const HEX = digestOf(CONFIG).slice(7);

/** An archive of one image, which is right apart from the changes. */
function archive(changes: { image?: object; images?: unknown; members?: Members; config?: Uint8Array } = {}): Buffer {
  const image = { Config: `${HEX}.json`, RepoTags: ["a:1", "b:2"], Layers: ["x/layer.tar"], ...changes.image };
  return makeArchive([
    ...(changes.members ?? [["x/layer.tar", LAYER]]),
    [`${HEX}.json`, changes.config ?? CONFIG],
    ["manifest.json", json(changes.images ?? [image])],
  ]);
}

function open(bytes: Uint8Array, options: { reference?: string; platform?: string } = {}) {
  return openContainerBlob(blobOf(bytes), { ...options, kind: "docker-archive", name: "x.tar" });
}

describe("an image", () => {
  test.each(["docker-archive", "docker-archive-legacy"])("in the form %s", async (form) => {
    const tars = makeLayers("repeat");
    const image = await open(makeForm(form, tars));
    expect(image).toMatchObject({ kind: "docker-archive", name: "x.tar", reference: "test:latest", manifest: null });
    expect(image.platform).toBe("linux/amd64");
    expect(image.layers.map(({ diffId }) => diffId)).toEqual(tars.map(digestOf));
    const blobs = await Promise.all(image.layers.map(({ place }) => (place as { blob: Blob }).blob.arrayBuffer()));
    expect(blobs.map((bytes) => digestOf(new Uint8Array(bytes)))).toEqual(tars.map(digestOf));
    expect(image.layers.every(({ digest, size, compression }) => !digest && !size && compression === "none")).toBe(
      true,
    );
  });

  test("by name", async () => {
    const other = { Config: `${HEX}.json`, RepoTags: null, Layers: ["x/layer.tar"] };
    const named = { ...other, RepoTags: ["a:1"] };
    const images = [other, named, { ...named, RepoTags: ["b:2", "c:3"] }];
    expect((await open(archive({ images }), { reference: "c:3" })).reference).toBe("c:3");
    await expect(open(archive({ images }), { reference: "c" })).rejects.toMatchObject({
      code: "SOURCE_TAG",
      data: { text: '"a:1", "b:2", "c:3"' },
    });
    await expect(open(archive({ images }))).rejects.toMatchObject({ code: "SOURCE_SEVERAL" });
    expect((await open(archive({ images: [other] }))).reference).toBeNull();
    await expect(open(archive({ images: [] }))).rejects.toMatchObject({ code: "SOURCE_EMPTY" });
  });

  test("for a platform", async () => {
    expect((await open(archive(), { platform: "linux/arm64" })).platform).toBe("linux/arm64");
    const wrong = open(archive(), { platform: "linux/amd64" });
    await expect(wrong).rejects.toMatchObject({ code: "SOURCE_PLATFORM", data: { text: "linux/arm64" } });
  });

  test("with a layer in gzip, which only its first bytes tell", async () => {
    const image = await open(archive({ members: [["x/layer.tar", gzipSync(LAYER)]] }));
    expect(image.layers[0]).toMatchObject({ compression: "gzip", mediaType: expect.stringMatching(/\.tar\.gzip$/) });
  });

  test("without layers", async () => {
    const config = json({ rootfs: { type: "layers", diff_ids: null } });
    const image = await open(
      archive({ image: { Layers: null, Config: "config.json" }, members: [["config.json", config]] }),
    );
    expect(image).toMatchObject({ layers: [], platform: null });
  });
});

describe("a layer that is a symbolic link", () => {
  const linked = (link: string, more: Members = []) =>
    archive({ members: [["x/layer.tar", { link }], ["y/layer.tar", LAYER], ["layer.tar", LAYER], ...more] });

  test.each(["../y/layer.tar", "..//y/./layer.tar", "../layer.tar", "../x/../y/layer.tar"])("to %s", async (link) => {
    expect((await open(linked(link))).layers[0]!.diffId).toBe(digestOf(LAYER));
  });

  test.each([
    ["/y/layer.tar", "SOURCE_LINK", "out of the archive"],
    ["../../y/layer.tar", "SOURCE_LINK", "out of the archive"],
    ["layer.tar", "SOURCE_LINK", "another one"],
    ["../x/layer.tar", "SOURCE_LINK", "another one"],
    ["../z/layer.tar", "SOURCE_LINK", "another one"],
    ["../w/layer.tar", "SOURCE_MISSING", "no such file"],
    ["../y", "SOURCE_FILE", "not a regular file"],
    ["..", "SOURCE_MISSING", "no such file"],
    ["", "SOURCE_FILE", "not a regular file"],
  ])("to %j: %s", async (link, code, what) => {
    const opening = open(linked(link, [["z/layer.tar", { link: "../x/layer.tar" }]]));
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(what) });
  });
});

describe("refused", () => {
  test.each<[string, string, () => Buffer]>([
    ["no manifest.json", "SOURCE_MISSING", () => tarball([file("a", "")])],
    ["manifest.json that is an object", "SOURCE_JSON", () => archive({ images: {} })],
    ["a number for an image", "SOURCE_JSON", () => archive({ images: [1] })],
    ["no Config", "SOURCE_JSON", () => archive({ image: { Config: undefined } })],
    ["a Config that is missing", "SOURCE_MISSING", () => archive({ image: { Config: "../../etc/passwd" } })],
    ["a Config of another digest", "BLOB_DIGEST", () => archive({ config: json({}) })],
    ["a Config that is a directory", "SOURCE_FILE", () => archive({ image: { Config: "x" } })],
    ["RepoTags that are text", "SOURCE_JSON", () => archive({ image: { RepoTags: "a" } })],
    ["Layers that are text", "SOURCE_JSON", () => archive({ image: { Layers: "x/layer.tar" } })],
    ["a number for a layer", "SOURCE_JSON", () => archive({ image: { Layers: [1] } })],
    ["a layer too many", "SOURCE_LAYERS", () => archive({ image: { Layers: ["x/layer.tar", "x/layer.tar"] } })],
    ["a layer that is missing", "SOURCE_MISSING", () => archive({ image: { Layers: ["y/layer.tar"] } })],
    ["manifest.json twice", "SOURCE_FILE", () => archive({ members: [["manifest.json", json([])]] })],
  ])("%s: %s", async (_, code, make) => {
    await expect(open(make())).rejects.toMatchObject({ name: "ComposefsError", code });
  });
});
