/**
 * Names of image formats, of fs-verity algorithms, and of profiles, which are one of each.
 *
 *   v1-sha256-12
 *   |  |      +-- log2 of the Merkle tree block size: 12 (4096 bytes) or 16 (65536)
 *   |  +--------- hash, of the image's digest and of the object digests in the image
 *   +------------ format of the image: composefs_version of its header
 *
 * It is the form of the kernel argument `composefs.digest=v1-sha256-12:<hex>`. The hash binds both sides: an image
 * that names its objects by SHA-256 and the image of the same tree that names them by SHA-512 are two files, not two
 * digests of one. The block size concerns the image's own digest alone; objects keep 4096 bytes.
 */

import { FORMAT_AUTO, FORMAT_V0, FORMAT_V1, FORMAT_V2 } from "../../assembly/abi.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";

/** Format of an image: composefs_version 0, 1 or 2. */
export type ImageFormat = "v0" | "v1" | "v2";

/** fs-verity algorithm: hash and log2 of the block size, no salt. */
export type VerityAlgorithm = "sha256-12" | "sha512-12" | "sha256-16" | "sha512-16";

/** Format and algorithm. */
export type Profile = `${ImageFormat}-${VerityAlgorithm}`;

/** Names by composefs_version. */
export const FORMAT_NAMES: readonly ImageFormat[] = ["v0", "v1", "v2"];

/** FORMAT_* numbers by name. `auto`: v1 when the tree holds a whiteout, else v0, as C mkcomposefs does. */
const FORMAT_NUMBERS = { v0: FORMAT_V0, v1: FORMAT_V1, v2: FORMAT_V2, auto: FORMAT_AUTO } as const;

const ALGORITHMS: Record<VerityAlgorithm, { hash: HashName; blockBits: number }> = {
  "sha256-12": { hash: "sha256", blockBits: 12 },
  "sha512-12": { hash: "sha512", blockBits: 12 },
  "sha256-16": { hash: "sha256", blockBits: 16 },
  "sha512-16": { hash: "sha512", blockBits: 16 },
};

/** The FORMAT_* number of a format. @throws {RangeError} for another name */
export function formatNumber(format: ImageFormat | "auto"): number {
  if (Object.hasOwn(FORMAT_NUMBERS, format)) return FORMAT_NUMBERS[format];
  throw new RangeError(`format: expected one of ${Object.keys(FORMAT_NUMBERS).join(", ")}, got ${String(format)}`);
}

/** Hash and log2 of the block size of an algorithm. @throws {RangeError} for another name */
export function algorithmParameters(algorithm: VerityAlgorithm): { hash: HashName; blockBits: number } {
  const parameters = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (parameters === undefined) {
    throw new RangeError(`expected an algorithm of ${Object.keys(ALGORITHMS).join(", ")}, got ${String(algorithm)}`);
  }
  return parameters;
}

/**
 * Takes the name of a profile apart.
 *
 * @param name such as `v1-sha256-12`
 * @throws {ComposefsError} PROFILE_NAME
 * @throws {TypeError} when `name` is not a string
 * @example
 * parseProfile('v1-sha512-16') // { format: 'v1', algorithm: 'sha512-16' }
 */
export function parseProfile(name: string): { format: ImageFormat; algorithm: VerityAlgorithm } {
  if (typeof name !== "string") throw new TypeError(`profile: expected a string, got ${typeof name}`);
  const format = name.slice(0, 2);
  const algorithm = name.slice(3);
  if (!/^v[012]-/.test(name) || !Object.hasOwn(ALGORITHMS, algorithm)) {
    const wanted = "v0, v1 or v2, then -sha256 or -sha512, then -12 or -16, such as v1-sha256-12";
    throw new ComposefsError("PROFILE_NAME", `profile ${JSON.stringify(name)}: expected ${wanted}`);
  }
  return { format: format as ImageFormat, algorithm: algorithm as VerityAlgorithm };
}

/** Refuses what is no array: a string would be taken for a list of its letters. @throws {TypeError} */
export function checkArray(name: string, value: unknown): void {
  if (!Array.isArray(value))
    throw new TypeError(`${name}: expected an array, got ${value === null ? "null" : typeof value}`);
}

/** The algorithm that a dumpfile's own digests call for: their hash, SHA-256 where it has none; blocks of 4096. */
export function ownAlgorithm(objectHash: HashName | null): VerityAlgorithm {
  return `${objectHash ?? "sha256"}-12`;
}

/**
 * Refuses an algorithm whose hash is not that of the object digests. A dumpfile without digests allows both.
 *
 * @throws {ComposefsError} PROFILE_HASH
 */
export function checkAlgorithm(algorithm: VerityAlgorithm, objectHash: HashName | null): void {
  const { hash } = algorithmParameters(algorithm);
  if (objectHash === null || objectHash === hash) return;
  throw new ComposefsError(
    "PROFILE_HASH",
    `profile with ${algorithm}: the dumpfile names its objects by ${objectHash} digests, and those stand in the image; ` +
      `a ${hash} profile needs the image of a dumpfile with ${hash} digests`,
  );
}

/** Groups profiles by format, each once. */
export function byFormat(profiles: readonly string[]): Map<ImageFormat, VerityAlgorithm[]> {
  const groups = new Map<ImageFormat, VerityAlgorithm[]>();
  for (const name of new Set(profiles)) {
    const { format, algorithm } = parseProfile(name);
    groups.set(format, [...(groups.get(format) ?? []), algorithm]);
  }
  return groups;
}
