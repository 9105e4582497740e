/**
 * The parts of a structure of the image that was read: an inode's header, xattrs and tail, the blocks of a directory.
 */

import {
  REGION_KIND_CHUNKS,
  REGION_KIND_COMPACT_INODE,
  REGION_KIND_CONTENT_BLOCKS,
  REGION_KIND_CONTENT_TAIL,
  REGION_KIND_DIRENT_BLOCK,
  REGION_KIND_DIRENT_TAIL,
  REGION_KIND_EXTENDED_INODE,
  REGION_KIND_HEADER,
  REGION_KIND_SHARED_XATTR,
  REGION_KIND_STUB,
  REGION_KIND_SUPERBLOCK,
  REGION_KIND_XATTRS,
} from "../abi";
import { TYPE_DIRECTORY } from "../tree/node";
import {
  BLOCK,
  BLOCK_BITS,
  EXTENDED_BYTES,
  LAYOUT_CHUNK_BASED,
  LAYOUT_FLAT_INLINE,
  SB_BYTES,
  SLOT,
  XATTR_ENTRY_BYTES,
} from "./format";
import { addressOf } from "./input";
import {
  blocks,
  extent,
  headerBytes,
  inodeAt,
  layout,
  readInode,
  size,
  tailAt,
  tailBytes,
  type,
  union,
  xattrAt,
  xattrBytes,
} from "./read-inode";
import { chunksBytes } from "./regions-chunks";
import { entryNode, itemEntry, itemKind, itemOffset } from "./regions-items";

/** struct lcfs_erofs_header_s of lcfs-erofs.h. */
const CFS_HEADER_BYTES: u64 = 32;

/** The part that `readPart` read. */
export let partOffset: u64 = 0;
export let partBytes: u64 = 0;
export let partKind: i32 = 0;

/** Takes a part. @returns true */
function found(offset: u64, bytes: u64, kind: i32): bool {
  partOffset = offset;
  partBytes = bytes;
  partKind = kind;
  return true;
}

/** Header, xattrs, tail. */
function inodePart(entry: u32, part: u32): bool {
  readInode(entryNode(entry).origin, 0, false);
  if (part == 0) {
    const kind = headerBytes == EXTENDED_BYTES ? REGION_KIND_EXTENDED_INODE : REGION_KIND_COMPACT_INODE;
    return found(inodeAt, headerBytes, kind);
  }
  if (part == 1) return found(xattrAt(), xattrBytes, REGION_KIND_XATTRS);
  if (part > 2) return false;
  if (layout == LAYOUT_CHUNK_BASED) return found(tailAt(), chunksBytes(entryNode(entry)), REGION_KIND_CHUNKS);
  return found(tailAt(), tailBytes, type == TYPE_DIRECTORY ? REGION_KIND_DIRENT_TAIL : REGION_KIND_CONTENT_TAIL);
}

/** Bytes of the blocks of the inode that was read; what is behind them in the last one is padding. */
function blocksBytes(): u64 {
  return layout == LAYOUT_FLAT_INLINE ? blocks * BLOCK : size;
}

/** The blocks of a directory one by one, those of content together. */
function blocksPart(entry: u32, part: u32, kind: i32): bool {
  readInode(entryNode(entry).origin, 0, false);
  const offset = (<u64>union) << BLOCK_BITS;
  if (kind != REGION_KIND_DIRENT_BLOCK) return part == 0 && found(offset, blocksBytes(), kind);
  const before = <u64>part * BLOCK;
  return before < blocksBytes() && found(offset + before, min<u64>(blocksBytes() - before, BLOCK), kind);
}

/** Bytes of an xattr entry with its pad. */
export function xattrEntryBytes(at: usize): u32 {
  return (XATTR_ENTRY_BYTES + <u32>load<u8>(at) + <u32>load<u16>(at, 2) + 3) & ~3;
}

/**
 * Reads a part of an item; it may be empty.
 *
 * @param index of the item
 * @param part from 0
 * @returns false when the item has no such part
 */
export function readPart(index: u32, part: u32): bool {
  const kind = itemKind(index);
  const offset = itemOffset(index);
  if (kind == REGION_KIND_COMPACT_INODE) return inodePart(itemEntry(index), part);
  if (kind == REGION_KIND_DIRENT_BLOCK || kind == REGION_KIND_CONTENT_BLOCKS) {
    return blocksPart(itemEntry(index), part, kind);
  }
  if (part) return false;
  if (kind == REGION_KIND_HEADER) return found(offset, CFS_HEADER_BYTES, kind);
  if (kind == REGION_KIND_SUPERBLOCK) return found(offset, SB_BYTES, kind);
  if (kind == REGION_KIND_SHARED_XATTR) return found(offset, xattrEntryBytes(addressOf(offset)), kind);
  assert(kind == REGION_KIND_STUB);
  readInode(offset / SLOT, 0, false);
  return found(offset, extent(), kind);
}
