/**
 * Inodes on disk: header, xattr part and tail (erofs-v1.md 7.3 and 12.5).
 *
 *   +---------------------+--------------------------------------+-------------------------------+
 *   | compact or extended | filter, references, local xattrs     | dirents, target, content or   |
 *   | header              | (when there are any)                 | chunk pointers, in one block  |
 *   +---------------------+--------------------------------------+-------------------------------+
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
import { writeGroup } from "./dirents";
import {
  BLOCK,
  BLOCK_BITS,
  CHUNK_FORMAT_V2,
  COMPACT_BYTES,
  EXTENDED_BYTES,
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
  XATTR_HEADER_BYTES,
} from "./format";
import { filterBitOf, isShared, sharedOffset, writeEntry } from "./items";
import { chunkBits, headerBytes, linkCount, referenceCap, xattrBytes } from "./layout";
import { inodesEnd, isEscaped, isExternal, typeOf, version } from "./plan";

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
function unionOf(node: Node, blockAddress: u64): u32 {
  const type = typeOf(node);
  if (type == TYPE_CHARACTER || type == TYPE_BLOCK) return node.rdev;
  const address = node.blocks ? <u32>blockAddress : 0;
  if (!isExternal(node)) return address;
  if (version == FORMAT_V2) return CHUNK_FORMAT_V2;
  // C overwrites the low half only (erofs-v1.md 7.3).
  return (address & 0xffff0000) | (chunkBits(node.size) - BLOCK_BITS);
}

function writeCompact(to: usize, node: Node, index: u32, blockAddress: u64): void {
  zero(to, COMPACT_BYTES);
  store<u16>(to + I_FORMAT, formatOf(node));
  store<u16>(to + I_XATTR_ICOUNT, node.icount);
  store<u16>(to + I_MODE, modeOf(node));
  store<u16>(to + IC_NLINK, linkCount(node));
  store<u32>(to + IC_SIZE, <u32>sizeOf(node));
  store<u32>(to + IC_U, unionOf(node, blockAddress));
  store<u32>(to + IC_INO, index);
  store<u16>(to + IC_UID, node.uid);
  store<u16>(to + IC_GID, node.gid);
}

function writeExtended(to: usize, node: Node, index: u32, blockAddress: u64): void {
  zero(to, EXTENDED_BYTES);
  store<u16>(to + I_FORMAT, formatOf(node));
  store<u16>(to + I_XATTR_ICOUNT, node.icount);
  store<u16>(to + I_MODE, modeOf(node));
  store<u64>(to + IE_SIZE, sizeOf(node));
  store<u32>(to + IE_U, unionOf(node, blockAddress));
  store<u32>(to + IE_INO, version == FORMAT_V2 ? node.nid : index);
  store<u32>(to + IE_UID, node.uid);
  store<u32>(to + IE_GID, node.gid);
  store<i64>(to + IE_MTIME, node.seconds);
  if (version != FORMAT_V2) store<u32>(to + IE_MTIME_NSEC, node.nanoseconds);
  store<u32>(to + IE_NLINK, linkCount(node));
}

/** Writes the xattr part: filter and count, references, local entries. */
function writeXattrs(to: usize, node: Node): usize {
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

function writeTail(to: usize, node: Node): void {
  const type = typeOf(node);
  const len = <u32>node.tail;
  if (type == TYPE_DIRECTORY) {
    const end = writeGroup(node, node.tailEntry, to);
    assert(end == to + len);
  } else if (type == TYPE_SYMLINK) {
    copyPadded(to, node.data, len);
  } else if (node.has(FLAG_INLINE)) {
    memory.copy(to, node.data + (node.dataLen - len), len);
  } else {
    for (let at: u32 = 0; at < len; at += 4) store<u32>(to + at, NULL_ADDR);
  }
}

/**
 * Writes an inode: header, xattrs, tail.
 *
 * @param index position in the list of inodes: i_ino of V0 and V1
 * @param blockAddress of its first data block, if it has any
 * @returns the address after it
 */
export function writeInode(to: usize, node: Node, index: u32, blockAddress: u64): usize {
  if (node.has(FLAG_EXTENDED)) writeExtended(to, node, index, blockAddress);
  else writeCompact(to, node, index, blockAddress);
  const xattrs = to + headerBytes(node);
  const tail = xattrs + xattrBytes(node.icount);
  if (node.icount) {
    const end = writeXattrs(xattrs, node);
    assert(end == tail);
  }
  if (node.tail) writeTail(tail, node);
  return tail + node.tail;
}
