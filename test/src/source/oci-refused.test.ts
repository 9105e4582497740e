/** OCI layouts from hostile hands. */
import { expect, test } from "vitest";
import {
  add,
  addImage,
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
import { digestOf } from "../../support/source.ts";

const files: Files = new Map();
const nested = add(files, json({ manifests: [add(files, json({ manifests: [] }), INDEX)] }), INDEX);
const text = add(files, json({ manifests: [add(files, json("x"), "text/plain")] }), INDEX);
const other = digestOf(Buffer.from("other"));
const fakeIndex = add(files, json({ manifests: [], layers: [] }), INDEX);

test.each<[string, string, () => Files]>([
  ["an empty index", "SOURCE_EMPTY", () => layoutOf([], new Map())],
  ["no manifests", "SOURCE_JSON", () => layoutOf(undefined, new Map())],
  ["manifests that are an object", "SOURCE_JSON", () => layoutOf({}, new Map())],
  ["a number for a manifest", "SOURCE_JSON", () => layoutOf([1], new Map())],
  ["an index in an index in an index", "SOURCE_NESTED", () => layoutOf([nested], new Map(files))],
  ["text in an index", "SOURCE_MEDIA_TYPE", () => layoutOf([text], new Map(files))],
  ["an index that is a manifest, too", "SOURCE_AMBIGUOUS", () => layoutOf([fakeIndex], new Map(files))],
  ["index.json that is a manifest, too", "SOURCE_AMBIGUOUS", () => layoutOf([], new Map(), { config: {} })],
  ["index.json of another type", "SOURCE_MEDIA_TYPE", () => layoutOf([], new Map(), { mediaType: MANIFEST })],
  ["a manifest that is an index, too", "SOURCE_AMBIGUOUS", () => layoutWith({ manifest: { manifests: [] } })],
  ["a manifest of docker's first kind", "SOURCE_AMBIGUOUS", () => layoutWith({ manifest: { fsLayers: [] } })],
  ["a manifest of another type", "SOURCE_MEDIA_TYPE", () => layoutWith({ manifest: { mediaType: INDEX } })],
  ["an artifact", "SOURCE_ARTIFACT", () => layoutWith({ configType: "application/vnd.oci.empty.v1+json" })],
  ["a layer of another type", "SOURCE_MEDIA_TYPE", () => layoutWith({ layer: { mediaType: "text/plain" } })],
  [
    "a layer of the right type with a parameter",
    "SOURCE_MEDIA_TYPE",
    () => layoutWith({ layer: { mediaType: `${OCI}layer.v1.tar; x=y` } }),
  ],
  ["no layers", "SOURCE_JSON", () => layoutWith({ manifest: { layers: undefined } })],
  ["fewer layers than diff_ids", "SOURCE_LAYERS", () => layoutWith({ layers: [] })],
  ["fewer diff_ids than layers", "SOURCE_LAYERS", () => layoutWith({ config: { rootfs: { diff_ids: [] } } })],
  ["no diff_ids", "SOURCE_LAYERS", () => layoutWith({ config: { rootfs: {} } })],
  ["no rootfs", "SOURCE_JSON", () => layoutWith({ config: { rootfs: undefined } })],
  ["a config that is a list", "SOURCE_JSON", () => layoutWith({ config: "[]" })],
  ["a config that is no JSON", "SOURCE_JSON", () => layoutWith({ config: "{" })],
  ["an os that is a number", "SOURCE_JSON", () => layoutWith({ config: { os: 1 } })],
  [
    "a diff_id of another hash",
    "SOURCE_DIGEST",
    () => layoutWith({ config: { rootfs: { diff_ids: [`sha512:${"0".repeat(128)}`] } } }),
  ],
  ["a digest that leads elsewhere", "SOURCE_DIGEST", () => layoutWith({ layer: { digest: "sha256:../../x" } })],
  ["a size that is text", "SOURCE_JSON", () => layoutWith({ layer: { size: "1024" } })],
  ["a negative size", "SOURCE_JSON", () => layoutWith({ layer: { size: -1 } })],
  ["a wrong size", "BLOB_SIZE", () => layoutWith({ layer: { size: 1023 } })],
  ["a wrong size of the config", "BLOB_SIZE", () => layoutWith({ configDescriptor: { size: 1 } })],
  ["a blob that is missing", "SOURCE_MISSING", () => layoutWith({ layer: { digest: other } })],
  ["annotations that are a list", "SOURCE_JSON", () => layoutWith({ layer: { annotations: [] } })],
  ["an annotation that is a number", "SOURCE_JSON", () => layoutWith({ layer: { annotations: { a: 1 } } })],
  [
    "a platform that is text",
    "SOURCE_JSON",
    () => {
      const files: Files = new Map();
      return layoutOf(descriptors(files, { platform: "linux/amd64" }), files);
    },
  ],
  [
    "a platform without os",
    "SOURCE_JSON",
    () => {
      const files: Files = new Map();
      return layoutOf(descriptors(files, { platform: { architecture: "amd64" } }), files);
    },
  ],
  [
    "a changed manifest",
    "BLOB_DIGEST",
    () => {
      const files: Files = new Map();
      const descriptor = addImage(files);
      const path = `blobs/${String(descriptor["digest"]).replace(":", "/")}`;
      files.set(path, Buffer.from(files.get(path)!.map((byte, i) => (i === 20 ? byte ^ 1 : byte))));
      return layoutOf([descriptor], files);
    },
  ],
  [
    "a layout of version 2",
    "SOURCE_LAYOUT_VERSION",
    () => layoutWith({}).set("oci-layout", json({ imageLayoutVersion: "2.0.0" })),
  ],
  ["a layout without a version", "SOURCE_JSON", () => layoutWith({}).set("oci-layout", json({}))],
  ["a tag that is a number", "SOURCE_JSON", () => layoutOf([{ annotations: { [TAG]: 1 } }], new Map())],
])("%s: %s", async (_, code, make) => {
  await expect(open(make())).rejects.toMatchObject({ name: "ComposefsError", code });
});

test.each(["oci-layout", "index.json"])("a layout without %s", async (name) => {
  const files = layoutWith({});
  files.delete(name);
  await expect(open(files)).rejects.toMatchObject({ code: "SOURCE_MISSING", message: expect.stringContaining(name) });
});

test("a document of one byte more than the limit", async () => {
  const files = layoutWith({});
  const sizes = [...files].filter(([, bytes]) => bytes !== LAYER).map(([, bytes]) => bytes.length);
  const jsonBytes = Math.max(...sizes);
  await open(files, { limits: { jsonBytes } });
  await expect(open(files, { limits: { jsonBytes: jsonBytes - 1 } })).rejects.toMatchObject({
    code: "SOURCE_LIMIT",
    data: { actual: jsonBytes, limit: jsonBytes - 1 },
  });
});
