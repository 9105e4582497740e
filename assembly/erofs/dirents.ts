/**
 * Directory entries: `.` and `..` among the children, cut into groups of at most a block (erofs-v1.md 3.5, 6.1, 7.4).
 *
 *   group   +0 header (nid u64, nameoff u16, file type u8, reserved u8) …   then the names, one after the other
 */

import { copyPadded, sortKey } from "../mem/bytes";
import { Node } from "../tree/node";
import { BLOCK, DIRENT_BYTES, TAIL_MAX } from "./format";
import { childAt, childCount, typeOf } from "./plan";

/** `.` and `..` as sort keys of padded names; a name that shares all eight bytes with one of them is that name. */
const DOT_KEY: u64 = 0x2e00000000000000;
const DOTDOT_KEY: u64 = 0x2e2e000000000000;
const DOTS = memory.data<u8>([0x2e, 0x2e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** The directory whose entries are being read, and where the dots stand among them. */
let directory: Node = changetype<Node>(0);
let children: u32 = 0;
let dotAt: u32 = 0;
let dotdotAt: u32 = 0;

/** What `readEntry` found. */
let entryName: usize = 0;
let entryLen: u32 = 0;
let entryNode: Node = changetype<Node>(0);

/** Number of children whose names sort before a name of at most eight bytes. */
function countBefore(key: u64): u32 {
  let low: u32 = 0;
  let high = children;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sortKey(childAt(directory, middle).name) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Turns to the entries of a directory. */
function open(node: Node): void {
  directory = node;
  children = childCount(node);
  dotAt = countBefore(DOT_KEY);
  dotdotAt = countBefore(DOTDOT_KEY) + 1;
}

function readEntry(index: u32): void {
  if (index == dotAt) {
    entryName = DOTS;
    entryLen = 1;
    entryNode = directory;
    return;
  }
  if (index == dotdotAt) {
    entryName = DOTS;
    entryLen = 2;
    entryNode = changetype<Node>(directory.parent);
    return;
  }
  const child = childAt(directory, index - (index > dotAt ? 1 : 0) - (index > dotdotAt ? 1 : 0));
  entryName = child.name;
  entryLen = child.nameLen;
  entryNode = child.owner;
}

/**
 * Cuts a directory into groups: sets its `blocks`, `tail` and `tailEntry`.
 */
export function layoutDirents(node: Node): void {
  open(node);
  const count = children + 2;
  let blocks: u32 = 0;
  let size: u32 = 0;
  let first: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    readEntry(i);
    const len = DIRENT_BYTES + entryLen;
    if (size + len > <u32>BLOCK) {
      blocks++;
      size = 0;
      first = i;
    }
    size += len;
  }
  if (size > TAIL_MAX) {
    blocks++;
    size = 0;
  }
  node.blocks = blocks;
  node.tail = <u16>size;
  node.tailEntry = first;
}

/** Entry after the last one that `writeGroup` wrote. */
export let groupEnd: u32 = 0;

/**
 * Writes the group that begins with entry `first`.
 *
 * @returns the address after the last name; some more bytes change
 */
export function writeGroup(node: Node, first: u32, to: usize): usize {
  open(node);
  const count = children + 2;
  let size: u32 = 0;
  let end = first;
  for (; end < count; end++) {
    readEntry(end);
    if (size + DIRENT_BYTES + entryLen > <u32>BLOCK) break;
    size += DIRENT_BYTES + entryLen;
  }
  let nameOff = DIRENT_BYTES * (end - first);
  let header = to;
  for (let i = first; i < end; i++) {
    readEntry(i);
    store<u64>(header, entryNode.nid);
    store<u16>(header, nameOff, 8);
    store<u16>(header, typeOf(entryNode), 10);
    header += DIRENT_BYTES;
    copyPadded(to + nameOff, entryName, entryLen);
    nameOff += entryLen;
  }
  groupEnd = end;
  return to + nameOff;
}
