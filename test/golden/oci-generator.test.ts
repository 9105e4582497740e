/** The generator makes the very layers that the golden images are made of, and every form holds them. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { COMPRESSION_NAMES, compressLayer } from "../support/oci/compress.mjs";
import { makeForm, makeLayout, makeMultiLayout } from "../support/oci/forms.mjs";
import { golden, layersOf, sha256, titleOf } from "../support/oci/golden.ts";
import { FAMILIES, makeImage, makeLayers } from "../support/oci/images.mjs";
import { REFUSED, REFUSED_OURS } from "../support/oci/refused.mjs";
import { layerPieces } from "../support/oci/tar.mjs";

test.each(golden.images.map((image) => [titleOf(image), image] as const))("%s has its diff_ids", (_, image) => {
  const { layers, options } = makeImage(image.image, image);
  const diffIds = layers.map((entries) => {
    const hash = createHash("sha256");
    for (const piece of layerPieces(entries, options)) hash.update(piece);
    return `sha256:${hash.digest("hex")}`;
  });
  expect(diffIds).toEqual(image.diff_ids);
});

test("every family has a golden image", () => {
  expect(Object.keys(FAMILIES).sort()).toEqual([...new Set(golden.images.map(({ image }) => image))].sort());
});

test("every refusal is byte for byte the one of the generator's Python original", () => {
  const names = [...golden.refused, ...golden["refused-ours"]];
  expect(names.sort()).toEqual([...Object.keys(REFUSED), ...Object.keys(REFUSED_OURS)].sort());
  const layers = [...golden.refused, ...golden["refused-ours"]].flatMap((name) => makeLayers(name));
  expect(sha256(Buffer.concat(layers))).toBe("7c193f57ca1b535d397c078bbb3a4977f3a44ef515b10cda0a72e9be517a34ef");
});

describe("forms", () => {
  test.each(golden.images.filter(({ seal }) => seal).map((image) => [titleOf(image), image] as const))(
    "manifest and config of %s",
    (_, image) => {
      const files = makeLayout(layersOf(image), { compression: image.seal!.compress });
      for (const { digest, size } of [image.seal!.config, image.seal!.manifest]) {
        const blob = files.get(digest.replace("sha256:", "blobs/sha256/"));
        expect(blob).toHaveLength(size);
        expect(`sha256:${sha256(blob!)}`).toBe(digest);
      }
    },
  );

  // SHA-256 of the archives that the Python original of this generator writes.
  test.each([
    ["oci-archive", "1c74166e61d960e90a75e78607d7670861709135b1c8c752f4c04559be40c803"],
    ["docker-archive", "54e6f20aac51ee13c71004f21d5c747a2a88e9ae0479b9218bf55fb428a2c79d"],
    ["docker-archive-legacy", "f4f6a4e7b928ce7dca7f5a57f2036e62fd5aa6c4ba18be087774bee09b34cd69"],
  ])("%s", (form, digest) => {
    expect(sha256(makeForm(form, makeLayers("repeat"), { compression: "zstd-frames" }))).toBe(digest);
  });

  test("a layout with two platforms and an attestation", () => {
    const files = makeMultiLayout();
    const read = (path: string) => JSON.parse(Buffer.from(files.get(path)!).toString());
    const [index] = read("index.json").manifests;
    const { manifests } = read(index.digest.replace("sha256:", "blobs/sha256/"));
    expect(manifests.map((one: { platform: { architecture: string } }) => one.platform.architecture)).toEqual([
      "amd64",
      "arm64",
      "unknown",
    ]);
  });

  test("the same bytes are in every gzip", () => {
    const [layer] = makeLayers("base");
    for (const how of COMPRESSION_NAMES.filter((name) => name.startsWith("gzip"))) {
      expect(gunzipSync(compressLayer(layer!, how, 0).blob).equals(layer!)).toBe(true);
    }
  });
});
