/**
 * The content of a regular file while it passes: kept when it is short enough to be stored in the image, else hashed.
 */

import { HASH_SHA256, HASH_SHA512, LAYER_INLINE_MAX_BYTES, LAYER_SHA256, LAYER_SHA512 } from "../abi";
import * as verity from "../verity";

/** Verity slots of the two digests: a layer has them to itself while it is read. */
const SLOT_SHA256: u32 = 0;
const SLOT_SHA512: u32 = 1;
/** Objects have blocks of 4096 bytes, whatever the image's own digest has. */
const OBJECT_BLOCK_BITS: u32 = 12;

export const inline = memory.data(LAYER_INLINE_MAX_BYTES + 16, 16);
export let inlineBytes: u32 = 0;
export const sha256 = memory.data(64, 16);
export let sha256Bytes: u32 = 0;
export const sha512 = memory.data(64, 16);
export let sha512Bytes: u32 = 0;

let hashes: u32 = 0;
let isInline: bool = false;

/** Chooses the digests: LAYER_SHA256, LAYER_SHA512, or both. */
export function setHashes(flags: u32): void {
  hashes = flags & (LAYER_SHA256 | LAYER_SHA512);
}

/** Begins the content of a file of `size` bytes. */
export function beginContent(size: u64): void {
  inlineBytes = 0;
  sha256Bytes = 0;
  sha512Bytes = 0;
  isInline = size <= <u64>LAYER_INLINE_MAX_BYTES;
  if (isInline) return;
  if (hashes & LAYER_SHA256) verity.open(SLOT_SHA256, HASH_SHA256, OBJECT_BLOCK_BITS, 0, 0);
  if (hashes & LAYER_SHA512) verity.open(SLOT_SHA512, HASH_SHA512, OBJECT_BLOCK_BITS, 0, 0);
}

/** Takes the next bytes. */
export function takeContent(at: usize, len: u32): void {
  if (isInline) {
    memory.copy(inline + inlineBytes, at, len);
    inlineBytes += len;
    return;
  }
  if (hashes & LAYER_SHA256) verity.update(SLOT_SHA256, at, len);
  if (hashes & LAYER_SHA512) verity.update(SLOT_SHA512, at, len);
}

/** Ends it: the digests are there. */
export function endContent(): void {
  if (isInline) return;
  if (hashes & LAYER_SHA256) sha256Bytes = verity.close(SLOT_SHA256, sha256);
  if (hashes & LAYER_SHA512) sha512Bytes = verity.close(SLOT_SHA512, sha512);
}
