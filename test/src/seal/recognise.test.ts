/** A digest that is wrong, and is that of another tree or layout of the image, is said to be that; at what cost. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import type { Profile } from "../../../src/image/profile.ts";
import { LayeredImage } from "../../../src/image/view.ts";
import { type ContainerDigestOptions, containerDigests } from "../../../src/node.ts";
import { verifySeals } from "../../../src/seal/in-memory.ts";
import { verifyText } from "../../../src/seal/verify-text.ts";
import { bytesOf, imageOf, looseImage, parse, type StoredImage, store } from "../../support/sealed-image.ts";
import { digestOf } from "../../support/source.ts";

const IMAGE = looseImage();
const STORED = store(IMAGE);
const folder = mkdtempSync(join(tmpdir(), "composefs-recognise-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => void vi.restoreAllMocks());

/** Writes an image as a layout, for those who compute its digests from files. */
function writeLayout({ manifest, blobs }: StoredImage): string {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const digest = digestOf(manifest);
  for (const [name, bytes] of [...blobs, [digest, manifest] as const]) {
    writeFileSync(join(folder, "blobs", name.replace(":", "/")), bytes);
  }
  const { mediaType } = parse(manifest);
  const manifests = [{ mediaType, digest, size: manifest.length }];
  writeFileSync(join(folder, "index.json"), bytesOf({ schemaVersion: 2, manifests }));
  writeFileSync(join(folder, "oci-layout"), bytesOf({ imageLayoutVersion: "1.0.0" }));
  return `oci:${folder}`;
}

/** The image with these digests stated of its merged tree or of its layers, from the first on. */
function stating(image: StoredImage, merged: string | null, layers: readonly string[] = []): StoredImage {
  const manifest = parse(image.manifest);
  const key = (role: string, digest: string) =>
    `composefs.${role}.erofs.v1.fsverity-${digest.length === 64 ? "sha256" : "sha512"}-12`;
  if (merged !== null) manifest.annotations = { [key("merged", merged)]: merged };
  for (const [i, digest] of layers.entries()) manifest.layers[i].annotations = { [key("layer", digest)]: digest };
  return { ...image, manifest: bytesOf(manifest) };
}

describe("of the merged tree", async () => {
  const operand = writeLayout(STORED);
  const profiles = ["v0", "v1", "v2"].flatMap((format) =>
    ["sha256-12", "sha256-16", "sha512-12", "sha512-16"].map((algorithm) => `${format}-${algorithm}` as Profile),
  );
  const rows: Array<{ profile: Profile; digest: string; tree: string }> = [];
  const add = async (options: ContainerDigestOptions, trees: Record<string, string>) => {
    const { images, layers } = await containerDigests(operand, { profiles, ...options });
    for (const { role, profile, digest } of images) rows.push({ profile, digest, tree: trees[role]! });
    for (const { layer, images: own } of layers) {
      for (const { profile, digest } of own) rows.push({ profile, digest, tree: `layer ${layer} alone` });
    }
  };
  await add(
    { roles: ["merged", "bootable", "layer"] },
    {
      merged: "OCI transform, xattrs allowlist-only",
      bootable: "bootable, xattrs allowlist-only, boot transform revision 1",
    },
  );
  await add({ transform: false }, { merged: "no transform" });

  test("there are three trees of twelve profiles and two layers of two hashes, and all differ", () => {
    expect(rows).toHaveLength(40);
    expect(new Set(rows.map(({ digest }) => digest)).size).toBe(40);
  });

  test.each(rows)("$profile, $tree", async ({ profile, digest, tree }) => {
    const report = await verifySeals(imageOf(stating(STORED, digest)));
    const [object] = report.objects;
    const isRight = tree.startsWith("OCI transform") && /^v1-sha(256|512)-12$/.test(profile);
    expect(report.verdict).toBe(isRight ? "verified" : "failed");
    expect(object!.recognised).toEqual(isRight ? null : { profile, tree });
    const text = verifyText(report, operand);
    if (isRight) return expect(text).not.toContain("recognised");
    expect(text).toContain(`${digest.slice(0, 16)}… is ${profile} of this image: ${tree}\n`);
    expect(text).toContain(`composefs identify --expected ${digest} ${operand}\n`);
  });

  test("one of no tree is not", async () => {
    const { verdict, objects } = await verifySeals(imageOf(stating(STORED, "0".repeat(64))));
    expect([verdict, objects[0]!.recognised]).toEqual(["failed", null]);
  });
});

test("as many trees are made for a wrong digest of each layer as for one of them", async () => {
  const image = { ...looseImage(), tars: Array.from({ length: 12 }, () => IMAGE.tars[1]!) };
  const stored = store(image);
  const treesFor = async (count: number) => {
    const made = vi.spyOn(LayeredImage.prototype, "tree");
    const wrong = Array.from({ length: count }, (_, i) => i.toString(16).padStart(64, "0"));
    const { objects } = await verifySeals(imageOf(stating(stored, null, wrong)));
    expect(objects.map(({ isEqual }) => isEqual)).toEqual(wrong.map(() => false));
    const calls = made.mock.calls.length;
    made.mockRestore();
    return calls - count;
  };
  const one = await treesFor(1);
  expect(one).toBeGreaterThan(12);
  expect(await treesFor(12)).toBe(one);
});
