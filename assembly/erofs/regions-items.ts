/**
 * The structures of the image that was read, sorted by their offsets: what `regions.ts` turns into regions.
 *
 *   item   key: offset << 8 | REGION_KIND_* of its first region    value: entry, or name of a stub
 *
 * An inode is one item with its xattrs and its tail, the blocks of an inode are one item. Inodes are found through the
 * nodes of the tree; stubs, which are none, through the root's directory entries; shared xattrs through references, each
 * of which sets a bit in a map of the image's words.
 */

import {
  REGION_KIND_COMPACT_INODE,
  REGION_KIND_CONTENT_BLOCKS,
  REGION_KIND_DIRENT_BLOCK,
  REGION_KIND_HEADER,
  REGION_KIND_SHARED_XATTR,
  REGION_KIND_STUB,
  REGION_KIND_SUPERBLOCK,
  STATUS_OK,
} from "../abi";
import { allocate } from "../mem/arena";
import { failMemory } from "../mem/record";
import { ITEM_BYTES, itemValue, setItem, sort } from "../mem/sort";
import { Node, TYPE_CHARACTER, TYPE_DIRECTORY, TYPE_HARDLINK } from "../tree/node";
import { depthFirst } from "../tree/order";
import { entryCount, rootNode } from "../tree/tree";
import { BLOCK, BLOCK_BITS, DIRENT_BYTES, hasOverlayPreparation, SB_OFF, SLOT, XATTR_HEADER_BYTES } from "./format";
import { addressOf, imageBytes, imageVersion, xattrBase } from "./input";
import { blocks, readInode, size, tailAt, tailBytes, type, union, xattrAt, xattrBytes } from "./read-inode";
import { hasMovedChunks } from "./regions-chunks";

const KIND_BITS = 8;

/** Entries in cursor order, u32 addresses. */
let list: usize = 0;

/** The items and their number. */
let items: usize = 0;
export let itemCount: u32 = 0;
/** Inodes whose chunk pointers are in a block, by position: key nid, value entry. */
let moved: usize = 0;
export let movedCount: u32 = 0;

/** A bit for each word of the image at which a reference points, and the number of them. */
let referred: usize = 0;
let referredCount: u32 = 0;

/** Whether a pass over the structures fills the lists; the first one only counts. */
let isFilling: bool = false;

/** Offset of an item's first region. */
export function itemOffset(index: u32): u64 {
  return load<u64>(items + <usize>index * ITEM_BYTES) >> KIND_BITS;
}

/** REGION_KIND_* of its first region; REGION_KIND_COMPACT_INODE for any inode. */
export function itemKind(index: u32): i32 {
  return <i32>load<u8>(items + <usize>index * ITEM_BYTES);
}

/** Its entry, or the name of a stub. */
export function itemEntry(index: u32): u32 {
  return itemValue(items + <usize>index * ITEM_BYTES);
}

/** Entry of the `index`-th inode whose chunk pointers are in a block. */
export function movedEntry(index: u32): u32 {
  return itemValue(moved + <usize>index * ITEM_BYTES);
}

/** The node of an entry. */
export function entryNode(entry: u32): Node {
  return changetype<Node>(<usize>load<u32>(list + ((<usize>entry) << 2)));
}

function compareValues(a: u32, b: u32): i32 {
  return a < b ? -1 : a > b ? 1 : 0;
}

function addItem(offset: u64, kind: i32, value: u32): void {
  if (isFilling) setItem(items + <usize>itemCount * ITEM_BYTES, (offset << KIND_BITS) | <u64>kind, value);
  itemCount++;
}

/** Marks what the inode that was read refers to. */
function markReferences(): void {
  if (isFilling || !xattrBytes) return;
  const part = addressOf(xattrAt());
  const end = part + XATTR_HEADER_BYTES + ((<usize>load<u8>(part, 4)) << 2);
  for (let at = part + XATTR_HEADER_BYTES; at < end; at += 4) {
    const word = <usize>((xattrBase >> 2) + load<u32>(at));
    const byte = referred + (word >> 3);
    const bit = 1 << (<u32>word & 7);
    const bits = <u32>load<u8>(byte);
    if (!(bits & bit)) referredCount++;
    store<u8>(byte, bits | bit);
  }
}

function addInode(entry: u32, nid: u64): void {
  readInode(nid, 0, false);
  addItem(nid * SLOT, REGION_KIND_COMPACT_INODE, entry);
  if (blocks) {
    const kind = type == TYPE_DIRECTORY ? REGION_KIND_DIRENT_BLOCK : REGION_KIND_CONTENT_BLOCKS;
    addItem((<u64>union) << BLOCK_BITS, kind, entry);
  }
  if (hasMovedChunks()) {
    if (isFilling) setItem(moved + <usize>movedCount * ITEM_BYTES, nid, entry);
    movedCount++;
  }
  markReferences();
}

/** 0 to 15 for a lower-case hexadecimal digit, else 16. */
function digitOf(char: u32): u32 {
  if (char - 0x30 < 10) return char - 0x30;
  return char - 0x61 < 6 ? char - 0x61 + 10 : 16;
}

/** Adds the stubs among the directory entries of a group of the root. */
function addStubsOf(group: usize, bytes: u32): void {
  const end = <u32>load<u16>(group, 8);
  for (let at: u32 = 0; at < end; at += DIRENT_BYTES) {
    const nameOff = <u32>load<u16>(group + at, 8);
    const isLast = at + DIRENT_BYTES == end;
    if (load<u8>(group + at, 10) != TYPE_CHARACTER || nameOff + 2 > bytes) continue;
    if (!isLast && <u32>load<u16>(group + at + DIRENT_BYTES, 8) != nameOff + 2) continue;
    if (isLast && nameOff + 2 < bytes && load<u8>(group + nameOff + 2)) continue;
    const high = digitOf(load<u8>(group + nameOff));
    const low = digitOf(load<u8>(group + nameOff, 1));
    if (high > 15 || low > 15) continue;
    const nid = load<u64>(group + at);
    readInode(nid, 0, false);
    if (type != TYPE_CHARACTER || union) continue;
    addItem(nid * SLOT, REGION_KIND_STUB, (high << 4) | low);
    markReferences();
  }
}

function addStubs(): void {
  readInode(rootNode().origin, 0, false);
  // Reading a stub forgets the root.
  let rest = size;
  const blockCount = blocks;
  const tail = addressOf(tailAt());
  const tailLen = tailBytes;
  let block = addressOf((<u64>union) << BLOCK_BITS);
  for (let i: u64 = 0; i < blockCount; i++) {
    addStubsOf(block, <u32>min(rest, BLOCK));
    block += <usize>BLOCK;
    rest -= min(rest, BLOCK);
  }
  if (tailLen) addStubsOf(tail, tailLen);
}

function addShared(): void {
  for (let byte: u32 = 0; byte <= imageBytes >> 5; byte++) {
    let bits = <u32>load<u8>(referred + byte);
    for (; bits; bits &= bits - 1) addItem((<u64>((byte << 3) + ctz(bits))) << 2, REGION_KIND_SHARED_XATTR, 0);
  }
}

/** Goes through all structures once. */
function pass(): void {
  itemCount = 0;
  movedCount = 0;
  addItem(0, REGION_KIND_HEADER, 0);
  addItem(SB_OFF, REGION_KIND_SUPERBLOCK, 0);
  for (let entry: u32 = 0; entry < entryCount; entry++) {
    const node = entryNode(entry);
    if (node.type != TYPE_HARDLINK) addInode(entry, node.origin);
  }
  if (hasOverlayPreparation(imageVersion)) addStubs();
}

/**
 * Lists the structures of the image.
 *
 * @returns a status
 */
export function listItems(): i32 {
  list = depthFirst(rootNode(), entryCount);
  referred = allocate((<u64>imageBytes >> 5) + 1);
  if (!list || !referred) return failMemory();
  referredCount = 0;
  isFilling = false;
  pass();
  items = allocate((<u64>itemCount + referredCount) * ITEM_BYTES);
  moved = allocate(<u64>movedCount * ITEM_BYTES);
  if (!items || !moved) return failMemory();
  isFilling = true;
  pass();
  addShared();
  if (!sort(items, itemCount, compareValues)) return failMemory();
  if (movedCount && !sort(moved, movedCount, compareValues)) return failMemory();
  return STATUS_OK;
}
