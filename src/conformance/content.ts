/**
 * Inputs that are made: contents by formula, and files with patches.
 */

import { ComposefsError } from "../error.ts";
import type { ContentName, Patch } from "./cases.ts";

/** Byte i of a content, and after how many bytes it begins again. */
const FORMULAS: Readonly<Record<ContentName, { period: number; byte: (i: number) => number }>> = {
  lin251: { period: 251, byte: (i) => (7 * i + 3) % 251 },
  zero: { period: 1, byte: () => 0 },
  ff: { period: 1, byte: () => 0xff },
  quad: { period: 256, byte: (i) => (i * i + 13 * i + 5) % 256 },
};

/** The bytes of a content. */
export function makeContent(name: ContentName, sizeBytes: number): Uint8Array {
  const { period, byte } = FORMULAS[name];
  const content = new Uint8Array(sizeBytes);
  let filled = Math.min(period, sizeBytes);
  for (let i = 0; i < filled; i++) content[i] = byte(i);
  // What is filled is a multiple of the period, until all is.
  for (; filled < sizeBytes; filled *= 2) content.copyWithin(filled, 0, Math.min(filled, sizeBytes - filled));
  return content;
}

/**
 * A file with patches.
 *
 * @param where for messages: the case
 * @throws {ComposefsError} VECTORS_FORM when the file does not have the bytes that are patched or left
 */
export function patchFile(
  bytes: Uint8Array,
  patches: readonly Patch[],
  truncate = bytes.length,
  where = "",
): Uint8Array {
  const patched = bytes.slice();
  const end = Math.max(truncate, ...patches.map((patch) => patch.offset + patch.bytes.length));
  if (end > patched.length) {
    throw new ComposefsError("VECTORS_FORM", `${where}: patches reach byte ${end} of a file of ${patched.length}`);
  }
  for (const patch of patches) patched.set(patch.bytes, patch.offset);
  return patched.subarray(0, truncate);
}
