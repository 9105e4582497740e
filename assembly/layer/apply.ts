/**
 * Layer records are applied to the tree, in the order of the tar (oci-to-tree.md 4): whiteouts, replacement, hard links.
 *
 * A later record sees everything before it, in its own layer and in lower ones.
 */

import {
  CONTROL_MERGE_ENTRIES,
  FIELD_NONE,
  MERGE_IMPLY_PARENTS,
  MERGE_SHA512,
  PATH_MAX_BYTES,
  RECORD_GID,
  RECORD_MODE,
  RECORD_NANOSECONDS,
  RECORD_RDEV,
  RECORD_SECONDS,
  RECORD_UID,
  STATUS_LAYER_DIGEST_MISSING,
  STATUS_LAYER_LINK_MISSING,
  STATUS_LAYER_LINK_TO_DIRECTORY,
  STATUS_LAYER_PARENT_MISSING,
  STATUS_LAYER_PARENT_TYPE,
  STATUS_LAYER_RECORD,
  STATUS_LAYER_TOO_MANY_ENTRIES,
  STATUS_OK,
} from "../abi";
import { keep } from "../mem/arena";
import { equal } from "../mem/bytes";
import { failAt, failMemory, setControl, setErrorText } from "../mem/record";
import { startsWith } from "../mem/text";
import { internDigest, TAG_REDIRECT } from "../tree/digests";
import {
  FLAG_INLINE,
  FLAG_RESOLVED,
  modeOfType,
  Node,
  TYPE_DIRECTORY,
  TYPE_HARDLINK,
  TYPE_REGULAR,
  TYPE_SYMLINK,
} from "../tree/node";
import { begin as beginOverlay } from "../tree/overlay";
import { insertRoot, newNode, ORIGIN_LAYER, rootNode, setDigestBytes, setOrigin } from "../tree/tree";
import { add, descend, empty, find, reached, remove, resetNames } from "./names";
import * as record from "./record";
import { list, readXattrs, setXattrMode } from "./xattrs";

const SLASH: u32 = 0x2f;
/** `.wh.` */
const WHITEOUT_LEN: u32 = 4;
const OPAQUE_LEN: u32 = 12;

export let flags: u32 = 0;
let entryLimit: u32 = 0;
let created: u32 = 0;

/** Layer, from 1, and record of the layer, from 0: for errors, and as the origin of nodes. */
let layer: u32 = 0;
let index: u32 = 0;

/** Entries in the order in which they were made, chained through `items`. */
export let firstMade: usize = 0;
let lastMade: usize = 0;

/** Directory of the entry before, and its path: neighbours share it. */
let lastParent: usize = 0;
const lastParentPath = memory.data(PATH_MAX_BYTES + 16, 16);
let lastParentLen: u32 = 0;

/** Begins a tree: a root with mode 0 and all zero. @returns a status */
export function beginMerge(newFlags: u32, limit: u32): i32 {
  flags = newFlags;
  entryLimit = limit;
  created = 1;
  layer = 0;
  index = 0;
  firstMade = 0;
  lastMade = 0;
  lastParent = 0;
  resetNames();
  setOrigin(ORIGIN_LAYER);
  setXattrMode(newFlags);
  if (!beginOverlay() || !insertRoot()) return failMemory();
  const root = rootNode();
  root.mode = modeOfType(TYPE_DIRECTORY);
  empty(root);
  return STATUS_OK;
}

/** Begins the next layer. */
export function beginLayer(): void {
  layer++;
  index = 0;
}

/** Fails at the record that is being applied. @returns `status` */
function failRecord(status: i32): i32 {
  failAt(status, FIELD_NONE, index, layer, 0, 0);
  setErrorText(record.path, record.pathLen);
  return status;
}

/** Makes an entry of a directory. @returns its address, 0 when memory is refused */
function make(parent: Node, name: usize, len: u32, type: u32): usize {
  const address = newNode(changetype<usize>(parent), name, len, type);
  if (!address) return 0;
  const node = changetype<Node>(address);
  node.origin = layer;
  if (type == TYPE_DIRECTORY) empty(node);
  if (!add(node)) return 0;
  if (lastMade) changetype<Node>(lastMade).items = address;
  else firstMade = address;
  lastMade = address;
  created++;
  return address;
}

/** Gives a node the metadata of the record. */
function takeMetadata(node: Node): i32 {
  node.mode = modeOfType(node.type) | load<u16>(record.at + RECORD_MODE);
  node.uid = load<u32>(record.at + RECORD_UID);
  node.gid = load<u32>(record.at + RECORD_GID);
  node.rdev = load<u32>(record.at + RECORD_RDEV);
  node.seconds = load<i64>(record.at + RECORD_SECONDS);
  node.nanoseconds = load<u32>(record.at + RECORD_NANOSECONDS);
  node.origin = layer;
  const status = readXattrs();
  node.xattrs = list;
  return status;
}

/** Gives a new leaf its content, digest or target. */
function takeData(node: Node): i32 {
  if (node.type == TYPE_SYMLINK) {
    node.size = record.linkLen;
    node.dataLen = record.linkLen;
    node.data = keep(record.link, record.linkLen);
    return node.data ? STATUS_OK : failMemory();
  }
  if (node.type != TYPE_REGULAR || !record.size) return STATUS_OK;
  node.size = record.size;
  if (record.contentLen) {
    node.set(FLAG_INLINE);
    node.dataLen = record.contentLen;
    node.data = keep(record.content, record.contentLen);
    return node.data ? STATUS_OK : failMemory();
  }
  const isLong = (flags & MERGE_SHA512) != 0;
  const digest = isLong ? record.sha512 : record.sha256;
  if (!digest) return failRecord(STATUS_LAYER_DIGEST_MISSING);
  const len: u32 = isLong ? 64 : 32;
  setDigestBytes(len);
  node.data = internDigest(digest, len);
  // The object lies where its digest says.
  node.extra = <u32>(node.data | TAG_REDIRECT);
  return node.data ? STATUS_OK : failMemory();
}

/** Makes the directories that a layer alone lacks. @returns the last of them, 0 when memory is refused */
function implyParents(from: Node, path: usize, start: u32, len: u32): usize {
  let node = from;
  let at = start ? start + 1 : 0;
  while (at < len) {
    let end = at;
    while (end < len && <u32>load<u8>(path + end) != SLASH) end++;
    const address = make(node, path + at, end - at, TYPE_DIRECTORY);
    if (!address) return 0;
    node = changetype<Node>(address);
    node.mode = modeOfType(TYPE_DIRECTORY) | 0o755;
    at = end + 1;
  }
  return changetype<usize>(node);
}

/** The directory that holds the entry of the record, whose name begins at `nameAt`; 0 with `parentStatus` set. */
function findParent(nameAt: u32, isWhiteout: bool): usize {
  parentStatus = STATUS_OK;
  if (!nameAt) return changetype<usize>(rootNode());
  const len = nameAt - 1;
  if (lastParent && len == lastParentLen && equal(record.path, lastParentPath, len)) return lastParent;
  const node = descend(rootNode(), record.path, len);
  let address = changetype<usize>(node);
  if (node.type != TYPE_DIRECTORY) {
    parentStatus = failRecord(STATUS_LAYER_PARENT_TYPE);
    return 0;
  }
  if (reached < len) {
    if (!(flags & MERGE_IMPLY_PARENTS)) {
      parentStatus = failRecord(STATUS_LAYER_PARENT_MISSING);
      return 0;
    }
    // Nothing can be removed from a directory that is not there.
    if (isWhiteout) return 0;
    address = implyParents(node, record.path, reached, len);
    if (!address) {
      parentStatus = failMemory();
      return 0;
    }
  }
  memory.copy(lastParentPath, record.path, len);
  lastParentLen = len;
  lastParent = address;
  return address;
}
let parentStatus: i32 = STATUS_OK;

/** Removes what a whiteout names. */
function applyWhiteout(parent: Node, name: usize, len: u32): void {
  lastParent = 0;
  if (len == OPAQUE_LEN && startsWith(name, len, ".wh..wh..opq")) {
    empty(parent);
    return;
  }
  const address = find(parent, name + WHITEOUT_LEN, len - WHITEOUT_LEN);
  if (address) remove(changetype<Node>(address));
}

/** The leaf that a hardlink names. @returns its address, 0 with `parentStatus` set */
function findTarget(): usize {
  const node = descend(rootNode(), record.link, record.linkLen);
  if (reached < record.linkLen) {
    parentStatus = failRecord(STATUS_LAYER_LINK_MISSING);
    return 0;
  }
  if (node.type == TYPE_DIRECTORY) {
    parentStatus = failRecord(STATUS_LAYER_LINK_TO_DIRECTORY);
    return 0;
  }
  return changetype<usize>(node.owner);
}

/** Applies the record that was read. @returns a status */
function applyRecord(): i32 {
  if (!record.pathLen) return takeMetadata(rootNode());
  let target: usize = 0;
  if (record.type == TYPE_HARDLINK) {
    target = findTarget();
    if (!target) return parentStatus;
  }
  let nameAt = record.pathLen;
  while (nameAt && <u32>load<u8>(record.path + nameAt - 1) != SLASH) nameAt--;
  const name = record.path + nameAt;
  const len = record.pathLen - nameAt;
  const isWhiteout = startsWith(name, len, ".wh.") && !record.isLiteral();
  const parentAddress = findParent(nameAt, isWhiteout);
  if (!parentAddress) return parentStatus;
  const parent = changetype<Node>(parentAddress);
  if (isWhiteout) {
    applyWhiteout(parent, name, len);
    return STATUS_OK;
  }
  const present = find(parent, name, len);
  if (present) {
    const node = changetype<Node>(present);
    if (node.type == TYPE_DIRECTORY && record.type == TYPE_DIRECTORY) return takeMetadata(node);
    remove(node);
    lastParent = 0;
  }
  if (created >= entryLimit) return failRecord(STATUS_LAYER_TOO_MANY_ENTRIES);
  const address = make(parent, name, len, record.type);
  if (!address) return failMemory();
  const node = changetype<Node>(address);
  if (target) {
    node.data = target;
    node.set(FLAG_RESOLVED);
    return STATUS_OK;
  }
  const status = takeMetadata(node);
  return status == STATUS_OK ? takeData(node) : status;
}

/**
 * Applies records.
 *
 * @param from the records, whole ones
 * @param length bytes of them
 * @returns a status
 */
export function writeRecords(from: usize, length: u32): i32 {
  let left = length;
  while (left) {
    if (!record.readRecord(from, left)) {
      failAt(STATUS_LAYER_RECORD, FIELD_NONE, index, layer, 0, 0);
      return STATUS_LAYER_RECORD;
    }
    const status = applyRecord();
    if (status != STATUS_OK) return status;
    index++;
    from += record.bytes;
    left -= record.bytes;
  }
  setControl(CONTROL_MERGE_ENTRIES, index);
  return STATUS_OK;
}
