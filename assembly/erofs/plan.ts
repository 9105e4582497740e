/**
 * The plan of the image that is being made: what the passes before `emit` decide and it then follows.
 *
 * The tree itself stays as it was read, so that images of several formats can be made of it one after the other; what
 * a pass notes at a node goes into the fields that belong to the writer.
 */

import { Node, TYPE_CHARACTER, TYPE_REGULAR, FLAG_INLINE } from "../tree/node";
import { rootNode } from "../tree/tree";
import { hasOverlayPreparation } from "./format";

/** composefs_version. */
export let version: u32 = 0;

/** Node addresses in the order of their inodes, u32 each. */
export let list: usize = 0;
export let inodeCount: u32 = 0;

/** The root's children with the stubs among them. */
let rootChildren: usize = 0;
let rootChildCount: u32 = 0;

/** Smallest mtime, which the superblock holds for all compact inodes. */
export let minSeconds: i64 = 0;
export let minNanoseconds: u32 = 0;
export let hasAcl: bool = false;

/** Shared xattrs in their order, u32 items, and the bytes they take. */
export let sharedList: usize = 0;
export let sharedCount: u32 = 0;
export let sharedBytes: u64 = 0;

/** End of the inode area, begin of the data blocks, number of data blocks. */
export let inodesEnd: u64 = 0;
export let dataStart: u64 = 0;
export let dataBlocks: u64 = 0;

export function beginPlan(newVersion: u32): void {
  version = newVersion;
  const root = rootNode();
  rootChildren = root.data;
  rootChildCount = root.dataLen;
}

export function setRootChildren(array: usize, count: u32): void {
  rootChildren = array;
  rootChildCount = count;
}

export function setList(address: usize, count: u32): void {
  list = address;
  inodeCount = count;
}

export function setMtime(seconds: i64, nanoseconds: u32): void {
  minSeconds = seconds;
  minNanoseconds = nanoseconds;
}

export function setAcl(present: bool): void {
  hasAcl = present;
}

export function setShared(address: usize, count: u32, bytes: u64): void {
  sharedList = address;
  sharedCount = count;
  sharedBytes = bytes;
}

export function setRegions(newInodesEnd: u64, newDataStart: u64, newDataBlocks: u64): void {
  inodesEnd = newInodesEnd;
  dataStart = newDataStart;
  dataBlocks = newDataBlocks;
}

export function nodeAt(index: u32): Node {
  return changetype<Node>(<usize>load<u32>(list + ((<usize>index) << 2)));
}

// ---- the tree as the image shows it --------------------------------------------------------------------------------

export function childCount(directory: Node): u32 {
  return directory.parent == changetype<usize>(directory) ? rootChildCount : directory.dataLen;
}

export function childAt(directory: Node, index: u32): Node {
  const array = directory.parent == changetype<usize>(directory) ? rootChildren : directory.data;
  return changetype<Node>(<usize>load<u32>(array + ((<usize>index) << 2)));
}

/** Whether a node is written as an escaped whiteout: an empty regular file. */
export function isEscaped(node: Node): bool {
  return node.type == TYPE_CHARACTER && node.isWhiteout && hasOverlayPreparation(version);
}

/** Type of the inode. */
export function typeOf(node: Node): u32 {
  return isEscaped(node) ? TYPE_REGULAR : node.type;
}

/** Whether a node is a regular file whose content lies in an object. */
export function isExternal(node: Node): bool {
  if (node.type != TYPE_REGULAR || node.has(FLAG_INLINE)) return false;
  // V2 keeps an object of an empty file too (erofs-v1.md 12.1).
  return node.size > 0 || (!hasOverlayPreparation(version) && node.extra != 0);
}
