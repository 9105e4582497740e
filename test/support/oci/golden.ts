/** The golden container images and how they are made; `test/fixtures/README.md` says where the expected values come from. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { View } from "../naive/oci-tree.ts";
import { makeLayers } from "./images.mjs";
import { dir, file, tarball } from "./tar.mjs";

/** What the tree of an image must be; digests by `FORMAT-HASH`, fs-verity with 4096-byte blocks. */
export interface ExpectedTree {
  /** SHA-256 of the canonical dumpfile with SHA-256 object digests, and its lines. */
  dump_sha256: string;
  lines: number;
  "v0-sha256": string;
  "v0-sha512": string;
  "v1-sha256": string;
  "v1-sha512": string;
}

/** What the tree of one layer alone must be; class `none` has no tree. */
export interface ExpectedLayer {
  class: "draft" | "ours" | "none";
  "v1-sha256"?: string;
  "v1-sha512"?: string;
}

export interface SealedBlob {
  digest: string;
  size: number;
}

export interface GoldenImage {
  image: string;
  seed: number;
  scale: number;
  diff_ids: string[];
  "allowlist-only"?: ExpectedTree;
  /** Absent when it is the same. */
  "keep-user-xattrs"?: ExpectedTree;
  untransformed?: ExpectedTree;
  layers: ExpectedLayer[];
  seal?: { compress: string; config: SealedBlob; manifest: SealedBlob };
}

/** Layers of one or a few entries each; `paths` are all paths of the tree after the step. */
export interface Sequence {
  note: string;
  steps: { apply: string[]; paths: string[] }[];
}

interface Golden {
  images: GoldenImage[];
  refused: string[];
  "refused-ours": string[];
  sequences: Sequence[];
}

const FOLDER = new URL("../../fixtures/oci/", import.meta.url);

export const golden = JSON.parse(readFileSync(new URL("oci-golden.json", FOLDER), "utf8")) as Golden;

/** `NAME SEED` or `NAME SEED xSCALE`, for the names of tests. */
export function titleOf({ image, seed, scale }: GoldenImage): string {
  return scale === 1 ? `${image} ${seed}` : `${image} ${seed} x${scale}`;
}

/** The uncompressed layers of a golden image, base first. */
export function layersOf({ image, seed, scale }: GoldenImage): Buffer[] {
  return makeLayers(image, { seed, scale });
}

/** Whether the folder of fixtures has the canonical dumpfile of an image. */
export function hasDump({ image, seed, scale }: GoldenImage): boolean {
  return scale === 1 && existsSync(new URL(`${image}-${seed}.dump`, FOLDER));
}

/** The canonical dumpfile of an image in the view allowlist-only, as a byte string. */
export function dumpOf({ image, seed }: GoldenImage): string {
  return readFileSync(new URL(`${image}-${seed}.dump`, FOLDER), "latin1");
}

/** The trees of an image by view; none when it is no complete image. */
export function expectedTrees(image: GoldenImage): [View, ExpectedTree][] {
  const transformed = image["allowlist-only"];
  if (transformed === undefined) return [];
  return [
    ["allowlist-only", transformed],
    ["keep-user-xattrs", image["keep-user-xattrs"] ?? transformed],
    ["untransformed", image.untransformed!],
  ];
}

/** A layer for each step of a sequence: `d PATH` is a directory, `f PATH` an empty file. */
export function sequenceLayers({ steps }: Sequence): Buffer[] {
  return steps.map(({ apply }) =>
    tarball(apply.map((line) => (line.startsWith("d ") ? dir(line.slice(2)) : file(line.slice(2), "")))),
  );
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
