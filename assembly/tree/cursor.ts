/**
 * The cursor: entries of the tree as records in the output window, by pages.
 *
 * Whoever lists, compares or checks a tree reads it through here and never parses a dumpfile. Entries are numbered in
 * depth-first order; opening the cursor lists them. The layout of a record is in `../abi.ts`; strings are as the input
 * meant them (unescaped, and without the `overlay.` that an image inserts into keys).
 */

import {
  CONTROL_CURSOR_BYTES,
  CONTROL_CURSOR_COUNT,
  CURSOR_CONTENT_BYTES,
  CURSOR_DIGEST_BYTES,
  CURSOR_GID,
  CURSOR_HEADER_BYTES,
  CURSOR_INDEX,
  CURSOR_ORIGIN,
  CURSOR_LINK,
  CURSOR_MODE,
  CURSOR_NAME_BYTES,
  CURSOR_NAMES,
  CURSOR_NANOSECONDS,
  CURSOR_NLINK,
  CURSOR_PARENT,
  CURSOR_PAYLOAD_BYTES,
  CURSOR_RDEV,
  CURSOR_RECORD_BYTES,
  CURSOR_SECONDS,
  CURSOR_SIZE,
  CURSOR_TYPE,
  CURSOR_UID,
  CURSOR_XATTR_COUNT,
  OUTPUT_WINDOW_BYTES,
  STATUS_OK,
} from "../abi";
import { encodeObjectPath, objectPathLen } from "../mem/hex";
import { failArgument, failMemory, setControl } from "../mem/record";
import { OUTPUT } from "../mem/windows";
import { Digest, itemDigest, itemTag, TAG_REDIRECT } from "./digests";
import { findPath } from "./links";
import { FLAG_INLINE, Node, TYPE_DIRECTORY, TYPE_HARDLINK, TYPE_REGULAR, TYPE_SYMLINK } from "./node";
import { depthFirst } from "./order";
import { entryCount, rootNode } from "./tree";
import { copyKey, keyBytes, listCount, listItem, Pair } from "./xattrs";

const SLASH: u8 = 0x2f;

/** `cursorFind` found nothing. */
const NOT_FOUND: i32 = -1;

let list: usize = 0;

function entryAt(index: u32): Node {
  return changetype<Node>(<usize>load<u32>(list + ((<usize>index) << 2)));
}

/** Lists the entries. @returns a status */
export function openCursor(): i32 {
  list = depthFirst(rootNode(), entryCount);
  if (!list) return failMemory();
  for (let i: u32 = 0; i < entryCount; i++) entryAt(i).next = i;
  return STATUS_OK;
}

/** Writes the object path or the free payload of a regular file. @returns its length */
function writePayload(node: Node, to: usize): u32 {
  if (node.type == TYPE_SYMLINK) {
    memory.copy(to, node.data, node.dataLen);
    return node.dataLen;
  }
  if (node.type != TYPE_REGULAR || !node.extra) return 0;
  if (itemTag(node.extra) == TAG_REDIRECT) {
    const digest = itemDigest(node.extra);
    encodeObjectPath(digest.bytes, digest.len, to);
    return objectPathLen(digest.len);
  }
  // The pair's value is the redirect: the payload behind a slash.
  const pair = changetype<Pair>(node.extra);
  const len = <u32>pair.valueLen - 1;
  memory.copy(to, pair.value + 1, len);
  return len;
}

function linkOf(node: Node): u32 {
  if (node.type == TYPE_DIRECTORY) return node.dataLen;
  return node.type == TYPE_HARDLINK ? node.owner.next : 0;
}

/** Writes the record of an entry. @returns the address after it */
function writeRecord(node: Node, to: usize): usize {
  store<u32>(to + CURSOR_INDEX, node.next);
  store<u32>(to + CURSOR_PARENT, changetype<Node>(node.parent).next);
  store<u32>(to + CURSOR_TYPE, node.type);
  store<u32>(to + CURSOR_MODE, node.mode);
  store<u32>(to + CURSOR_NLINK, node.nlink);
  store<u32>(to + CURSOR_UID, node.uid);
  store<u32>(to + CURSOR_GID, node.gid);
  store<u32>(to + CURSOR_RDEV, node.rdev);
  store<u32>(to + CURSOR_NANOSECONDS, node.nanoseconds);
  store<i64>(to + CURSOR_SECONDS, node.seconds);
  store<u64>(to + CURSOR_SIZE, node.size);
  store<u32>(to + CURSOR_NAMES, node.owner.names);
  store<u32>(to + CURSOR_LINK, linkOf(node));
  store<u32>(to + CURSOR_ORIGIN, node.origin);

  let at = to + CURSOR_HEADER_BYTES;
  store<u32>(to + CURSOR_NAME_BYTES, node.nameLen);
  memory.copy(at, node.name, node.nameLen);
  at += node.nameLen;
  const payloadLen = writePayload(node, at);
  store<u32>(to + CURSOR_PAYLOAD_BYTES, payloadLen);
  at += payloadLen;
  const isInline = node.type == TYPE_REGULAR && node.has(FLAG_INLINE);
  store<u32>(to + CURSOR_CONTENT_BYTES, isInline ? node.dataLen : 0);
  store<u32>(to + CURSOR_DIGEST_BYTES, 0);
  if (isInline) {
    memory.copy(at, node.data, node.dataLen);
    at += node.dataLen;
  } else if (node.type == TYPE_REGULAR && node.data) {
    const digest = changetype<Digest>(node.data);
    store<u32>(to + CURSOR_DIGEST_BYTES, digest.len);
    memory.copy(at, digest.bytes, digest.len);
    at += digest.len;
  }
  const count = listCount(node.xattrs);
  store<u32>(to + CURSOR_XATTR_COUNT, count);
  for (let i: u32 = 0; i < count; i++) {
    const pair = changetype<Pair>(listItem(node.xattrs, i));
    store<u16>(at, keyBytes(pair.key));
    store<u16>(at, pair.valueLen, 2);
    at += 4;
    at += copyKey(pair.key, at);
    memory.copy(at, pair.value, pair.valueLen);
    at += pair.valueLen;
  }
  const end = (at + 7) & ~7;
  memory.fill(at, 0, end - at);
  store<u32>(to + CURSOR_RECORD_BYTES, <u32>(end - to));
  return end;
}

function endPage(count: u32, end: usize): i32 {
  setControl(CONTROL_CURSOR_COUNT, count);
  setControl(CONTROL_CURSOR_BYTES, <u64>(end - OUTPUT));
  return STATUS_OK;
}

/** A page ends in the middle of the window: the longest record, some 50 KiB, always fits behind it. */
function isFull(to: usize): bool {
  return to >= OUTPUT + OUTPUT_WINDOW_BYTES / 2;
}

/**
 * Writes the entries from `first` on in depth-first order, as many as make a page.
 *
 * @param first index of an entry, or their number (an empty page)
 * @returns a status; count and bytes in the control record
 */
export function readEntries(first: u32): i32 {
  if (first > entryCount) return failArgument(first, entryCount);
  let to = OUTPUT;
  let index = first;
  for (; index < entryCount && !isFull(to); index++) to = writeRecord(entryAt(index), to);
  return endPage(index - first, to);
}

/**
 * Writes the children of a directory from the `from`-th on, in order of their names, as many as make a page.
 *
 * @param index of a directory
 * @param from 0 to the number of children (an empty page)
 * @returns a status; count and bytes in the control record
 */
export function readChildren(index: u32, from: u32): i32 {
  if (index >= entryCount) return failArgument(index, entryCount - 1);
  const directory = entryAt(index);
  if (directory.type != TYPE_DIRECTORY) return failArgument(directory.type, TYPE_DIRECTORY);
  if (from > directory.dataLen) return failArgument(from, directory.dataLen);
  let to = OUTPUT;
  let at = from;
  for (; at < directory.dataLen && !isFull(to); at++) to = writeRecord(directory.child(at), to);
  return endPage(at - from, to);
}

/**
 * Finds an entry by its path.
 *
 * @param path canonical absolute path: `/`, or components behind single slashes
 * @returns its index, or -1
 */
export function findEntry(path: usize, len: u32): i32 {
  if (!len || load<u8>(path) != SLASH) return NOT_FOUND;
  if (len > 1 && load<u8>(path + len - 1) == SLASH) return NOT_FOUND;
  const node = findPath(path, len);
  return node ? changetype<Node>(node).next : NOT_FOUND;
}
