/**
 * Where chunk pointers are. No reader looks at them, so nothing says so but the rules by which writers place them.
 */

import { FORMAT_V2 } from "../abi";
import { Node } from "../tree/node";
import { BLOCK, BLOCK_BITS, LAYOUT_CHUNK_BASED, NULL_ADDR } from "./format";
import { addressOf, imageVersion, isWithin } from "./input";
import { layout, size, tailAt, union } from "./read-inode";

/** EROFS_CHUNK_FORMAT_BLKBITS_MASK of fs/erofs/erofs_fs.h: log2 of the chunk size less that of the block size. */
const CHUNK_BLKBITS_MASK: u32 = 0x1f;
/** Bytes of a pointer. */
const POINTER_BYTES: u64 = 4;

/** Bytes of the pointers that V0 and V1 write for the inode that was read (erofs-v1.md 6.1). */
function pointersBytes(): u64 {
  const bits = BLOCK_BITS + (union & CHUNK_BLKBITS_MASK);
  return max<u64>((size + ((<u64>1) << bits) - 1) >> bits, 1) * POINTER_BYTES;
}

/**
 * Whether the pointers of the inode that was read are in a block, since behind the inode they would have crossed into
 * the next one (erofs-v1.md 6.3).
 */
export function hasMovedChunks(): bool {
  if (layout != LAYOUT_CHUNK_BASED || imageVersion == FORMAT_V2) return false;
  return (tailAt() % BLOCK) + pointersBytes() > BLOCK;
}

/** Bytes of the pointers behind the inode that was read; 0 when there are none, or something else. */
export function chunksBytes(node: Node): u64 {
  let bytes: u64 = 0;
  // V2: one for a file with a digest, none for another (erofs-v1.md 12.5).
  if (imageVersion == FORMAT_V2) bytes = node.data ? POINTER_BYTES : 0;
  else if (!hasMovedChunks()) bytes = pointersBytes();
  return bytes && isWithin(tailAt(), bytes) && load<u32>(addressOf(tailAt())) == NULL_ADDR ? bytes : 0;
}

/** Whether a block is one of pointers: C fills it up with ones whatever their number (erofs-v1.md 7.6). */
export function isPointerBlock(offset: u64): bool {
  const at = addressOf(offset);
  for (let i: usize = 0; i < <usize>BLOCK; i += 8) {
    if (load<u64>(at + i) != u64.MAX_VALUE) return false;
  }
  return true;
}
