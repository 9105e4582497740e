/**
 * Emission, the second of two passes: the image as a stream of bytes (erofs-v1.md 7 and 12.6).
 *
 * The stream is made of units (a header, an inode, a shared entry, a block); between two of them it can stop at any
 * time and go on later. Nothing is decided here: each position is checked against the layout, and a difference is a
 * trap, never a wrong image.
 */

import { FORMAT_V2 } from "../abi";
import { zero } from "../mem/bytes";
import { FLAG_INLINE, Node, TYPE_DIRECTORY, TYPE_SYMLINK } from "../tree/node";
import { groupEnd, writeGroup } from "./dirents";
import {
  BLOCK,
  BLOCK_BITS,
  CFS_FLAG_HAS_ACL,
  CFS_HEADER_VERSION,
  CFS_MAGIC,
  EROFS_MAGIC,
  FEATURE_COMPAT,
  FIRST_INODE,
  H_COMPOSEFS_VERSION,
  H_FLAGS,
  H_MAGIC,
  H_VERSION,
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
} from "./format";
import { writeInode } from "./inode";
import { writeEntry } from "./items";
import {
  dataBlocks,
  dataStart,
  hasAcl,
  inodeCount,
  inodesEnd,
  minNanoseconds,
  minSeconds,
  nodeAt,
  sharedCount,
  sharedList,
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
  const end = writeInode(start, node, index - 1, blockAddress);
  blockAddress += node.blocks;
  return end;
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
