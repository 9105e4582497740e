/** Artifacts: written in the form of the specification, read without trust. */
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/registry/digest.ts";
import type { Seal } from "../../../src/seal/annotations.ts";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR, makeArtifact, readArtifact } from "../../../src/seal/artifact.ts";
import type { SealRole } from "../../../src/seal/keys.ts";

const SUBJECT = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${"ab".repeat(32)}`,
  size: 7682,
};
const DIGEST = "cd".repeat(32);

function seal(role: SealRole, signature: Uint8Array | null = null, algorithm: Seal["algorithm"] = "sha256-12"): Seal {
  return { role, algorithm, digest: algorithm.startsWith("sha256") ? DIGEST : DIGEST + DIGEST, signature };
}

const signature = Uint8Array.of(48, 3, 2, 1, 5);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

test("the empty blob has its digest", async () => {
  expect(await digestOf(EMPTY_BLOB)).toBe(EMPTY_DESCRIPTOR.digest);
  expect(EMPTY_BLOB).toHaveLength(EMPTY_DESCRIPTOR.size);
});

test("a signed artifact, member by member", async () => {
  const seals = [
    seal("bootable", signature),
    seal("merged", signature),
    seal("config", signature),
    seal("manifest", signature),
  ];
  const { manifest, descriptor, blobs } = await makeArtifact(SUBJECT, seals);
  const blob = await digestOf(signature);
  const layer = (key: string) => ({
    mediaType: "application/vnd.composefs.signature.v1+pkcs7",
    digest: blob,
    size: 5,
    annotations: { [`${key}.fsverity-sha256-12`]: DIGEST },
  });
  expect(JSON.parse(text(manifest))).toEqual({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.composefs.metadata.v1",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: EMPTY_DESCRIPTOR.digest, size: 2 },
    layers: [
      layer("composefs.manifest"),
      layer("composefs.config"),
      layer("composefs.merged.erofs.v1"),
      layer("composefs.merged.bootable.erofs.v1"),
    ],
    subject: SUBJECT,
  });
  expect(descriptor).toEqual({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: await digestOf(manifest),
    size: manifest.length,
    artifactType: "application/vnd.composefs.metadata.v1",
  });
  expect([...blobs.keys()]).toEqual([EMPTY_DESCRIPTOR.digest, blob]);
  const read = readArtifact(manifest, "artifact");
  expect(read.subject).toEqual(SUBJECT);
  expect(read.violations).toEqual([]);
  expect(read.entries.map(({ seal, signatureBlob }) => [seal.role, signatureBlob?.digest])).toEqual(
    ["manifest", "config", "merged", "bootable"].map((role) => [role, blob]),
  );
});

test("digests alone have the empty blob, and the same digests give the same bytes in any order", async () => {
  const a = await makeArtifact(SUBJECT, [seal("merged"), seal("config")]);
  const b = await makeArtifact(SUBJECT, [seal("config"), seal("merged")]);
  expect(text(a.manifest)).toBe(text(b.manifest));
  expect(readArtifact(a.manifest, "x").entries.map(({ signatureBlob }) => signatureBlob)).toEqual([null, null]);
});

describe("is not written", () => {
  test.each<[string, Seal[], RegExp]>([
    ["no merged digest", [seal("config")], /merged/],
    ["two algorithms", [seal("config"), seal("merged", null, "sha512-12")], /several algorithms/],
    ["a role twice", [seal("merged"), seal("merged")], /2 digests of the role merged/],
    ["signed without a digest of the manifest", [seal("config", signature), seal("merged", signature)], /manifest/],
  ])("%s", async (_, seals, message) => {
    await expect(makeArtifact(SUBJECT, seals)).rejects.toMatchObject({ code: "SEAL_ARTIFACT", message });
  });
});

describe("reading", () => {
  const valid = async () =>
    JSON.parse(
      text(
        (
          await makeArtifact(SUBJECT, [
            seal("config", signature),
            seal("manifest", signature),
            seal("merged", signature),
          ])
        ).manifest,
      ),
    );
  // biome-ignore lint/suspicious/noExplicitAny: documents that are changed at will
  type Document = any;
  const read = async (change: (document: Document) => void) => {
    const document = await valid();
    change(document);
    return readArtifact(Buffer.from(JSON.stringify(document)), "artifact");
  };

  test.each<[string, (document: Document) => void, RegExp]>([
    ["another order", (d) => d.layers.reverse(), /order/],
    ["another config", (d) => Object.assign(d.config, { digest: `sha256:${"00".repeat(32)}` }), /config/],
    ["no digest of the manifest", (d) => d.layers.shift(), /signed, and there is no digest of the manifest/],
    ["two merged digests", (d) => d.layers.push(d.layers[2]), /2 digests/],
    ["no merged digest", (d) => d.layers.pop(), /no digest of the merged tree/],
  ])("violations: %s", async (_, change, message) => {
    expect((await read(change)).violations).toEqual(expect.arrayContaining([expect.stringMatching(message)]));
  });

  test.each<[string, (document: Document) => void, string]>([
    ["another type", (d) => Object.assign(d, { artifactType: "x" }), "SEAL_ARTIFACT"],
    ["no type", (d) => delete d.artifactType, "SEAL_ARTIFACT"],
    ["no subject", (d) => delete d.subject, "SEAL_ARTIFACT"],
    ["a layer that says nothing", (d) => delete d.layers[0].annotations, "SEAL_ARTIFACT"],
    [
      "a layer that says two things",
      (d) => Object.assign(d.layers[0].annotations, d.layers[1].annotations),
      "SEAL_ARTIFACT",
    ],
    ["an empty signature", (d) => Object.assign(d.layers[0], { size: 0 }), "SEAL_ARTIFACT"],
    [
      "a digest that is none",
      (d) => Object.assign(d.layers[0].annotations, { "composefs.manifest.fsverity-sha256-12": "x" }),
      "SEAL_DIGEST",
    ],
    ["a subject without digest", (d) => delete d.subject.digest, "SOURCE_JSON"],
    ["layers that are none", (d) => Object.assign(d, { layers: {} }), "SOURCE_JSON"],
  ])("refused: %s", async (_, change, code) => {
    await expect(read(change)).rejects.toMatchObject({ code });
  });

  test("a role that is read and not written: layers", async () => {
    const { entries, violations } = await read((d) =>
      d.layers.push({ ...d.layers[2], annotations: { "composefs.layer.erofs.v1.fsverity-sha256-12": DIGEST } }),
    );
    expect(entries.at(-1)!.seal.role).toBe("layer");
    expect(violations).toEqual([]);
  });
});
