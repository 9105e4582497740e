/**
 * The tree that is being read: its root, what it holds, and how entries get into it.
 *
 * Entries are chained to their directory as they come, and only directories are put into a table, since only they are
 * looked up while reading. When the last one came, `arrange` (children.ts) gives each directory its children in order of
 * their names, and `resolveLinks` (links.ts) each hardlink its node.
 */

import {
  CONTROL_DIGEST_BYTES,
  CONTROL_DIRECTORIES,
  CONTROL_ENTRIES,
  CONTROL_EXTERNAL_BYTES,
  CONTROL_EXTERNAL_FILES,
  CONTROL_HARDLINKS,
  CONTROL_INLINE_FILES,
  CONTROL_INPUT_BYTES,
  CONTROL_SYMLINKS,
  CONTROL_WHITEOUTS,
} from "../abi";
import { allocate } from "../mem/arena";
import { copyAndPad, equal } from "../mem/bytes";
import { setControl } from "../mem/record";
import { compareNames } from "./children";
import { reset as resetDigests } from "./digests";
import { addressAt, clear, first, hashAt, next, put, ready, Table, TABLE_BYTES } from "../mem/table";
import { sipHash } from "../hash/siphash";
import {
  FLAG_INLINE,
  FLAG_UNSORTED,
  Node,
  NODE_BYTES,
  TYPE_DIRECTORY,
  TYPE_HARDLINK,
  TYPE_REGULAR,
  TYPE_SYMLINK,
} from "./node";
import { reset as resetXattrs } from "./xattrs";

const directories = changetype<Table>(memory.data(TABLE_BYTES, 8));

/** Address of the root, 0 before it came. */
let root: usize = 0;

/** Hardlinks, chained through `items` in the order of the input. */
export let firstHardlink: usize = 0;
let lastHardlink: usize = 0;

export let entryCount: u32 = 0;
export let directoryCount: u32 = 0;
export let hardlinkCount: u32 = 0;
export let externalFileCount: u32 = 0;
export let inlineFileCount: u32 = 0;
export let symlinkCount: u32 = 0;
export let whiteoutCount: u32 = 0;
/** Sum of the sizes of external files, modulo 2^64. */
export let externalBytes: u64 = 0;
/** What `Node.origin` is: a line of a dumpfile, the nid of an inode in an image, the number of a layer, from 1. */
export const ORIGIN_LINE: u32 = 0;
export const ORIGIN_NID: u32 = 1;
export const ORIGIN_LAYER: u32 = 2;
export let origin: u32 = ORIGIN_LINE;
/** Bytes of the digests in the tree, 0 as long as there is none. */
export let digestBytes: u32 = 0;

/** Forgets the tree; its memory goes with the arena. */
export function reset(): void {
  clear(directories);
  resetDigests();
  resetXattrs();
  root = 0;
  firstHardlink = 0;
  lastHardlink = 0;
  entryCount = 0;
  directoryCount = 0;
  hardlinkCount = 0;
  externalFileCount = 0;
  inlineFileCount = 0;
  symlinkCount = 0;
  whiteoutCount = 0;
  externalBytes = 0;
  digestBytes = 0;
  origin = ORIGIN_LINE;
}

/** Notes what the tree is read from: an `ORIGIN_*` number. */
export function setOrigin(kind: u32): void {
  origin = kind;
}

/** Corrects the number of hardlink names, of which some turned out to own their inode. */
export function setHardlinkCount(count: u32): void {
  hardlinkCount = count;
}

/** Counts a node whose record is complete. */
export function tally(node: Node): void {
  if (node.type == TYPE_REGULAR) {
    if (node.has(FLAG_INLINE)) inlineFileCount++;
    else if (node.size) {
      externalFileCount++;
      externalBytes += node.size;
    }
  } else if (node.type == TYPE_SYMLINK) symlinkCount++;
  else if (node.isWhiteout) whiteoutCount++;
}

/** Puts what the tree holds into the control record. @param inputBytes length of what it was read from */
export function publishCounts(inputBytes: u64): void {
  setControl(CONTROL_ENTRIES, entryCount);
  setControl(CONTROL_DIRECTORIES, directoryCount);
  setControl(CONTROL_HARDLINKS, hardlinkCount);
  setControl(CONTROL_EXTERNAL_FILES, externalFileCount);
  setControl(CONTROL_INLINE_FILES, inlineFileCount);
  setControl(CONTROL_SYMLINKS, symlinkCount);
  setControl(CONTROL_WHITEOUTS, whiteoutCount);
  setControl(CONTROL_EXTERNAL_BYTES, externalBytes);
  setControl(CONTROL_DIGEST_BYTES, digestBytes);
  setControl(CONTROL_INPUT_BYTES, inputBytes);
}

/** Notes the width of the digests; a tree has one. */
export function setDigestBytes(bytes: u32): void {
  digestBytes = bytes;
}

export function hasRoot(): bool {
  return root != 0;
}

export function rootNode(): Node {
  return changetype<Node>(root);
}

/** The slot of the directory called `name` in `parent`, or the free one where it would go. The table must be ready. */
function directorySlot(parent: usize, name: usize, nameLen: u32, hash: u32): usize {
  let slot = first(directories, hash);
  for (; addressAt(slot); slot = next(directories, slot)) {
    if (hashAt(slot) != hash) continue;
    const node = changetype<Node>(addressAt(slot));
    if (node.parent == parent && node.nameLen == nameLen && equal(node.name, name, nameLen)) break;
  }
  return slot;
}

/**
 * The directory called `name` in `parent`.
 *
 * @returns its address, 0 when there is none
 */
export function findDirectory(parent: usize, name: usize, nameLen: u32): usize {
  if (!directories.slots) return 0;
  return addressAt(directorySlot(parent, name, nameLen, <u32>sipHash(name, nameLen, parent)));
}

/** Whether `parent` has an entry called `name` so far. Slow: for the words of an error. */
export function hasChild(parent: Node, name: usize, nameLen: u32): bool {
  for (let at: usize = parent.data; at; at = <usize>changetype<Node>(at).next) {
    const child = changetype<Node>(at);
    if (child.nameLen == nameLen && equal(child.name, name, nameLen)) return true;
  }
  return false;
}

/** A record that belongs to no directory yet. @returns 0 when memory is refused */
export function newNode(parent: usize, name: usize, nameLen: u32, type: u32): usize {
  const at = allocate(<u64>NODE_BYTES + nameLen);
  if (!at) return 0;
  const node = changetype<Node>(at);
  node.parent = parent;
  node.type = <u8>type;
  node.names = 1;
  node.nameLen = <u8>nameLen;
  copyAndPad(node.name, name, nameLen);
  return at;
}

/** Makes the root: a directory without name that is its own parent. @returns 0 when memory is refused */
export function insertRoot(): usize {
  root = newNode(0, 0, 0, TYPE_DIRECTORY);
  if (root) rootNode().parent = root;
  entryCount = 1;
  directoryCount = 1;
  return root;
}

/** Makes a node the last entry of a directory and counts it, whatever its name. */
export function append(directory: Node, node: Node): void {
  const at = changetype<usize>(node);
  if (directory.lastChild) changetype<Node>(directory.lastChild).next = <u32>at;
  else directory.data = at;
  directory.lastChild = at;
  directory.dataLen++;
  entryCount++;
  if (node.type == TYPE_DIRECTORY) {
    directory.extra++;
    directoryCount++;
  } else if (node.type == TYPE_HARDLINK) {
    hardlinkCount++;
  }
}

/** `insert` found an entry of that name. Never an address. */
export const INSERT_TWICE: usize = 1;

/**
 * Adds an entry to a directory.
 *
 * An entry that comes in order is compared with its predecessor only; one that does not marks the directory, and a
 * name that occurs twice there is found when the directory is sorted.
 *
 * @param parent address of a directory
 * @param name with 7 readable bytes after it; `nameLen` 1 to 255 bytes
 * @param type a `TYPE_*` number
 * @returns address of the zeroed record, `INSERT_TWICE`, or 0 when memory is refused
 */
export function insert(parent: usize, name: usize, nameLen: u32, type: u32): usize {
  const at = newNode(parent, name, nameLen, type);
  if (!at) return 0;
  const node = changetype<Node>(at);
  const directory = changetype<Node>(parent);
  const last = directory.lastChild;
  if (last) {
    const order = compareNames(changetype<Node>(last), node);
    if (order == 0) return INSERT_TWICE;
    if (order > 0) directory.set(FLAG_UNSORTED);
  }
  append(directory, node);
  if (type == TYPE_DIRECTORY) return insertDirectory(parent, node);
  if (type == TYPE_HARDLINK) {
    if (lastHardlink) changetype<Node>(lastHardlink).items = at;
    else firstHardlink = at;
    lastHardlink = at;
  }
  return at;
}

function insertDirectory(parent: usize, node: Node): usize {
  if (!ready(directories)) return 0;
  const hash = <u32>sipHash(node.name, node.nameLen, parent);
  const slot = directorySlot(parent, node.name, node.nameLen, hash);
  if (addressAt(slot)) return INSERT_TWICE;
  return put(directories, slot, hash, changetype<usize>(node)) ? changetype<usize>(node) : 0;
}
