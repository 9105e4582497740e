/**
 * Emission, the second of two passes: the image as a stream of bytes (erofs-v1.md 7 and 12.6).
 *
 * The stream is made of units (a header, an inode, a shared entry, a block); between two of them it can stop at any
 * time and go on later. Nothing is decided here: each position is checked against the layout, and a difference is a
 * trap, never a wrong image.
 */

import { FORMAT_V2 } from "../abi";
import { copyPadded, zero } from "../mem/bytes";
import {
  FLAG_EXTENDED,
  FLAG_INLINE,
  Node,
  TYPE_BLOCK,
  TYPE_CHARACTER,
  TYPE_DIRECTORY,
  TYPE_REGULAR,
  TYPE_SYMLINK,
} from "../tree/node";
import { listCount, listItem } from "../tree/xattrs";
import { groupEnd, writeGroup } from "./dirents";
import {
  BLOCK,
  BLOCK_BITS,
  CFS_FLAG_HAS_ACL,
  CFS_HEADER_VERSION,
  CFS_MAGIC,
  CHUNK_FORMAT_V2,
  COMPACT_BYTES,
  EROFS_MAGIC,
  EXTENDED_BYTES,
  FEATURE_COMPAT,
  FIRST_INODE,
  H_COMPOSEFS_VERSION,
  H_FLAGS,
  H_MAGIC,
  H_VERSION,
  I_FORMAT,
  I_MODE,
  I_XATTR_ICOUNT,
  IC_GID,
  IC_INO,
  IC_NLINK,
  IC_SIZE,
  IC_U,
  IC_UID,
  IE_GID,
  IE_INO,
  IE_MTIME,
  IE_MTIME_NSEC,
  IE_NLINK,
  IE_SIZE,
  IE_U,
  IE_UID,
  LAYOUT_CHUNK_BASED,
  LAYOUT_FLAT_INLINE,
  LAYOUT_FLAT_PLAIN,
  NULL_ADDR,
  PERMISSIONS,
  S_IFREG,
  SB_BLKSZBITS,
  SB_BLOCKS,
  SB_BUILD_TIME,
  SB_BUILD_TIME_NSEC,
  SB_FEATURE_COMPAT,
  SB_INOS,
  SB_MAGIC,
  SB_OFF,
  SB_ROOT_NID,
  SB_XATTR_BLKADDR,
  SLOT,
  XATTR_HEADER_BYTES,
} from "./format";
import { filterBitOf, isShared, sharedOffset, writeEntry } from "./items";
import { chunkBits, headerBytes, linkCount, referenceCap, xattrBytes } from "./layout";
import {
  dataBlocks,
  dataStart,
  hasAcl,
  inodeCount,
  inodesEnd,
  isEscaped,
  isExternal,
  minNanoseconds,
  minSeconds,
  nodeAt,
  sharedCount,
  sharedList,
  typeOf,
  version,
} from "./plan";

const PHASE_HEADERS: u32 = 0;
const PHASE_INODES: u32 = 1;
const PHASE_SHARED: u32 = 2;
const PHASE_BLOCKS: u32 = 3;
const PHASE_DONE: u32 = 4;

let phase: u32 = PHASE_HEADERS;
/** Inode or shared entry that comes next in its phase. */
let index: u32 = 0;
/** Position in the image of what comes next. */
let pos: u64 = 0;
/** Block address of the next inode that has blocks. */
let blockAddress: u64 = 0;
/** Of the inode whose blocks are being written: blocks written, and the next directory entry. */
let blocksDone: u32 = 0;
let nextEntry: u32 = 0;

/** Turns to the beginning of the planned image. */
export function beginEmit(): void {
  phase = PHASE_HEADERS;
  index = 0;
  pos = 0;
  blockAddress = dataStart / BLOCK;
  blocksDone = 0;
  nextEntry = 0;
}

/** Whether the whole image was written. */
export function isDone(): bool {
  return phase == PHASE_DONE;
}

/**
 * Writes the next unit.
 *
 * @param to room for UNIT_MAX_BYTES and some to overshoot
 * @returns the address after it
 */
export function emitUnit(to: usize): usize {
  const end = nextUnit(to);
  pos += <u64>(end - to);
  return end;
}

function nextUnit(to: usize): usize {
  if (phase == PHASE_HEADERS) {
    phase = PHASE_INODES;
    return emitHeaders(to);
  }
  if (phase == PHASE_INODES) {
    if (index < inodeCount) return emitInode(to, nodeAt(index++));
    phase = PHASE_SHARED;
    index = 0;
    return emitPad(to, inodesEnd);
  }
  if (phase == PHASE_SHARED) {
    if (index < sharedCount) {
      const item = <usize>load<u32>(sharedList + ((<usize>index) << 2));
      index++;
      return writeEntry(item, to);
    }
    phase = PHASE_BLOCKS;
    index = 0;
    return emitPad(to, dataStart);
  }
  while (index < inodeCount) {
    const node = nodeAt(index);
    if (blocksDone < node.blocks) return emitBlock(to, node);
    index++;
    blocksDone = 0;
    nextEntry = 0;
  }
  assert(pos == dataStart + dataBlocks * BLOCK);
  phase = PHASE_DONE;
  return to;
}

/** Zeroes up to a position of the image that is less than a block away. */
function emitPad(to: usize, until: u64): usize {
  assert(until - pos < BLOCK);
  const len = <u32>(until - pos);
  zero(to, len);
  return to + len;
}

function emitHeaders(to: usize): usize {
  memory.fill(to, 0, <usize>FIRST_INODE);
  store<u32>(to + H_MAGIC, CFS_MAGIC);
  store<u32>(to + H_VERSION, CFS_HEADER_VERSION);
  store<u32>(to + H_FLAGS, hasAcl ? CFS_FLAG_HAS_ACL : 0);
  store<u32>(to + H_COMPOSEFS_VERSION, version);
  const sb = to + SB_OFF;
  store<u32>(sb + SB_MAGIC, EROFS_MAGIC);
  store<u32>(sb + SB_FEATURE_COMPAT, FEATURE_COMPAT);
  store<u8>(sb + SB_BLKSZBITS, BLOCK_BITS);
  // The root starts within a block of the first slot, so its nid fits 16 bits.
  store<u16>(sb + SB_ROOT_NID, nodeAt(0).nid);
  store<u64>(sb + SB_INOS, inodeCount);
  if (version != FORMAT_V2) {
    store<i64>(sb + SB_BUILD_TIME, minSeconds);
    store<u32>(sb + SB_BUILD_TIME_NSEC, minNanoseconds);
    store<u32>(sb + SB_XATTR_BLKADDR, <u32>(inodesEnd / BLOCK));
  }
  store<u32>(sb + SB_BLOCKS, <u32>(dataStart / BLOCK + dataBlocks));
  return to + <usize>FIRST_INODE;
}

function emitInode(to: usize, node: Node): usize {
  const start = emitPad(to, <u64>node.nid * SLOT);
  const xattrs = start + headerBytes(node);
  if (node.has(FLAG_EXTENDED)) emitExtended(start, node);
  else emitCompact(start, node);
  const tail = xattrs + xattrBytes(node.icount);
  if (node.icount) assert(emitXattrs(xattrs, node) == tail);
  if (node.tail) emitTail(tail, node);
  blockAddress += node.blocks;
  return tail + node.tail;
}

function formatOf(node: Node): u32 {
  const isInline = node.tail > 0 || (version == FORMAT_V2 && node.type == TYPE_SYMLINK);
  const layout = isExternal(node) ? LAYOUT_CHUNK_BASED : isInline ? LAYOUT_FLAT_INLINE : LAYOUT_FLAT_PLAIN;
  return layout * 2 + (node.has(FLAG_EXTENDED) ? 1 : 0);
}

function modeOf(node: Node): u32 {
  return isEscaped(node) ? S_IFREG | (<u32>node.mode & PERMISSIONS) : node.mode;
}

/** i_size. */
function sizeOf(node: Node): u64 {
  const type = typeOf(node);
  if (type == TYPE_DIRECTORY) return <u64>node.blocks * BLOCK + node.tail;
  if (type == TYPE_SYMLINK || (type == TYPE_REGULAR && !isEscaped(node))) return node.size;
  return 0;
}

/** i_u: device number, block address or chunk format. */
function unionOf(node: Node): u32 {
  const type = typeOf(node);
  if (type == TYPE_CHARACTER || type == TYPE_BLOCK) return node.rdev;
  const address = node.blocks ? <u32>blockAddress : 0;
  if (!isExternal(node)) return address;
  if (version == FORMAT_V2) return CHUNK_FORMAT_V2;
  // C overwrites the low half only (erofs-v1.md 7.3).
  return (address & 0xffff0000) | (chunkBits(node.size) - BLOCK_BITS);
}

function emitCompact(to: usize, node: Node): void {
  zero(to, COMPACT_BYTES);
  store<u16>(to + I_FORMAT, formatOf(node));
  store<u16>(to + I_XATTR_ICOUNT, node.icount);
  store<u16>(to + I_MODE, modeOf(node));
  store<u16>(to + IC_NLINK, linkCount(node));
  store<u32>(to + IC_SIZE, <u32>sizeOf(node));
  store<u32>(to + IC_U, unionOf(node));
  store<u32>(to + IC_INO, index - 1);
  store<u16>(to + IC_UID, node.uid);
  store<u16>(to + IC_GID, node.gid);
}

function emitExtended(to: usize, node: Node): void {
  zero(to, EXTENDED_BYTES);
  store<u16>(to + I_FORMAT, formatOf(node));
  store<u16>(to + I_XATTR_ICOUNT, node.icount);
  store<u16>(to + I_MODE, modeOf(node));
  store<u64>(to + IE_SIZE, sizeOf(node));
  store<u32>(to + IE_U, unionOf(node));
  store<u32>(to + IE_INO, version == FORMAT_V2 ? node.nid : index - 1);
  store<u32>(to + IE_UID, node.uid);
  store<u32>(to + IE_GID, node.gid);
  store<i64>(to + IE_MTIME, node.seconds);
  if (version != FORMAT_V2) store<u32>(to + IE_MTIME_NSEC, node.nanoseconds);
  store<u32>(to + IE_NLINK, linkCount(node));
}

/** Writes the xattr part: filter and count, references, local entries. */
function emitXattrs(to: usize, node: Node): usize {
  const count = listCount(node.items);
  const references = <u32>node.references;
  // A reference counts words from the start of its block; V2 counts them from the start of the image.
  const base = version == FORMAT_V2 ? inodesEnd : inodesEnd % BLOCK;
  let filter: u32 = 0;
  let at = to + XATTR_HEADER_BYTES;
  let local = at + (references << 2);
  let referred: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const item = listItem(node.items, i);
    filter |= filterBitOf(item);
    if (referred < references && isShared(item)) {
      store<u32>(at, <u32>((base + sharedOffset(item)) >> 2));
      at += 4;
      referred++;
    } else {
      local = writeEntry(item, local);
    }
  }
  assert(referred == references && references <= referenceCap());
  store<u64>(to, <u64>~filter | ((<u64>references) << 32));
  store<u32>(to, 0, 8);
  return local;
}

function emitTail(to: usize, node: Node): void {
  const type = typeOf(node);
  const len = <u32>node.tail;
  if (type == TYPE_DIRECTORY) {
    assert(writeGroup(node, node.tailEntry, to) == to + len);
  } else if (type == TYPE_SYMLINK) {
    copyPadded(to, node.data, len);
  } else if (node.has(FLAG_INLINE)) {
    memory.copy(to, node.data + (node.dataLen - len), len);
  } else {
    for (let at: u32 = 0; at < len; at += 4) store<u32>(to + at, NULL_ADDR);
  }
}

/** Writes the next block of an inode's data. */
function emitBlock(to: usize, node: Node): usize {
  blocksDone++;
  const end = to + <usize>BLOCK;
  const type = <u32>node.type;
  let filled = to;
  if (type == TYPE_DIRECTORY) {
    filled = writeGroup(node, nextEntry, to);
    nextEntry = groupEnd;
  } else if (type == TYPE_SYMLINK || node.has(FLAG_INLINE)) {
    const len = min<u32>(node.dataLen, <u32>BLOCK);
    memory.copy(to, node.data, len);
    filled += len;
  } else {
    memory.fill(to, 0xff, <usize>BLOCK);
    return end;
  }
  memory.fill(filled, 0, end - filled);
  return end;
}
