/**
 * From the root of an image to the tree: depth first, in order of names, so that the first name of an inode is the one
 * that owns it (erofs-reader.md 2, 2.2, 2.3, 4.3).
 */

import {
  CONTROL_STUBS,
  EXTERNAL_MAX_BYTES,
  FORMAT_V1,
  FORMAT_V2,
  INLINE_MAX_BYTES,
  PATH_MAX_BYTES,
  PAYLOAD_MAX_BYTES,
  STATUS_IMAGE_DIRECTORY_NLINK,
  STATUS_IMAGE_DIRECTORY_TWICE,
  STATUS_IMAGE_FILE_TOO_LARGE,
  STATUS_IMAGE_FILE_TYPE,
  STATUS_IMAGE_INLINE_TOO_LONG,
  STATUS_IMAGE_NATIVE_WHITEOUT,
  STATUS_IMAGE_PATH_TOO_LONG,
  STATUS_IMAGE_ROOT_TYPE,
  STATUS_IMAGE_STRICT_EMPTY_OBJECT,
  STATUS_IMAGE_STRICT_STUBS,
  STATUS_IMAGE_STRICT_SYMLINK_BLOCK,
  STATUS_IMAGE_STRICT_V2_WHITEOUT,
  STATUS_IMAGE_SYMLINK_LENGTH,
  STATUS_IMAGE_SYMLINK_NUL,
  STATUS_IMAGE_TOO_MANY_ENTRIES,
  STATUS_IMAGE_WHITEOUT_LINKED,
  STATUS_OK,
  V2_INLINE_MAX_BYTES,
  V2_SYMLINK_MAX_BYTES,
} from "../abi";
import { allocate } from "../mem/arena";
import { failMemory, setControl } from "../mem/record";
import {
  FLAG_HAS_WHITEOUTS,
  FLAG_INLINE,
  FLAG_RESOLVED,
  Node,
  TYPE_BLOCK,
  TYPE_CHARACTER,
  TYPE_DIRECTORY,
  TYPE_HARDLINK,
  TYPE_REGULAR,
  TYPE_SYMLINK,
} from "../tree/node";
import { isParentMarker, isWhiteoutMarker } from "../tree/overlay";
import { append, entryCount, insertRoot, newNode, rootNode, tally } from "../tree/tree";
import { listCount, listItem, newList, Pair, setListItem } from "../tree/xattrs";
import { BLOCK, LAYOUT_CHUNK_BASED, PERMISSIONS, S_IFCHR, SLOT } from "./format";
import { claim, failImage, imageAddress, imageBytes, imageVersion, setPlace } from "./input";
import {
  direntAt,
  ENTRY_END,
  ENTRY_FAULT,
  entryStatus,
  fileType,
  Level,
  levelAt,
  name,
  nameLen,
  nextEntry,
  nid,
  openLevel,
} from "./read-dirents";
import * as inode from "./read-inode";
import * as xattrs from "./read-xattrs";

/** Where the superblock has the root's nid. */
const ROOT_NID_AT = 1024 + 14;
/** Names of stubs: `00` to `ff`. */
const STUBS: u32 = 256;

/** By nid: the node that owns the inode, u32 each; 0 = not met yet. */
let owners: usize = 0;

let strict: bool = false;
let entryLimit: u32 = 0;
let stubs: u32 = 0;
/** Names `00` to `ff` in the root, stubs or not. */
let stubNames: u32 = 0;

function ownerSlot(nodeNid: u32): usize {
  return owners + ((<usize>nodeNid) << 2);
}

function isLowerHex(byte: u32): bool {
  return byte - 0x30 < 10 || byte - 0x61 < 6;
}

/** Whether the entry is called as a stub is. */
function isStubName(level: Level): bool {
  if (level.directory != changetype<usize>(rootNode()) || nameLen != 2) return false;
  return isLowerHex(load<u8>(name)) && isLowerHex(load<u8>(name + 1));
}

// ---- what nodes hold ------------------------------------------------------------------------------------------------

/** Copies what the inode says of itself. */
function takeMetadata(node: Node): void {
  node.mode = <u16>inode.mode;
  node.nlink = inode.nlink;
  node.uid = inode.uid;
  node.gid = inode.gid;
  node.seconds = inode.seconds;
  node.nanoseconds = inode.nanoseconds;
  node.origin = <u32>(inode.inodeAt / SLOT);
  node.xattrs = xattrs.list;
}

/** Copies the data of the inode into the arena; claims bound what all copies take. */
function keepData(node: Node): i32 {
  const at = allocate(inode.size);
  if (!at) return failMemory();
  inode.copyData(at);
  node.data = at;
  node.dataLen = <u32>inode.size;
  node.size = inode.size;
  return STATUS_OK;
}

function takeRegular(node: Node): i32 {
  if (inode.layout == LAYOUT_CHUNK_BASED) {
    if (inode.size > <u64>EXTERNAL_MAX_BYTES) {
      return failImage(STATUS_IMAGE_FILE_TOO_LARGE, inode.inodeAt, inode.size, EXTERNAL_MAX_BYTES);
    }
    if (strict && inode.size == 0 && imageVersion != FORMAT_V2) {
      return failImage(STATUS_IMAGE_STRICT_EMPTY_OBJECT, inode.inodeAt, 0, 1);
    }
    node.size = inode.size;
    node.data = xattrs.metacopy;
    node.extra = <u32>xattrs.redirect;
    return STATUS_OK;
  }
  const most: u64 = imageVersion == FORMAT_V2 ? V2_INLINE_MAX_BYTES : INLINE_MAX_BYTES;
  if (inode.size > most) return failImage(STATUS_IMAGE_INLINE_TOO_LONG, inode.inodeAt, inode.size, most);
  if (!inode.size) return STATUS_OK;
  node.set(FLAG_INLINE);
  return keepData(node);
}

function takeSymlink(node: Node): i32 {
  const most: u64 = imageVersion == FORMAT_V2 ? V2_SYMLINK_MAX_BYTES : PAYLOAD_MAX_BYTES;
  if (inode.size == 0 || inode.size > most) {
    return failImage(STATUS_IMAGE_SYMLINK_LENGTH, inode.inodeAt, inode.size, most);
  }
  // The kernel wants a target behind its inode in one block with all of the inode (erofs-reader.md 3, no. 28).
  const end = (inode.inodeAt & (BLOCK - 1)) + inode.headerBytes + inode.xattrBytes + inode.tailBytes;
  if (strict && imageVersion != FORMAT_V2 && inode.tailBytes && end > BLOCK) {
    return failImage(STATUS_IMAGE_STRICT_SYMLINK_BLOCK, inode.inodeAt, end, BLOCK);
  }
  const status = keepData(node);
  if (status != STATUS_OK) return status;
  for (let i: u32 = 0; i < node.dataLen; i++) {
    if (!load<u8>(node.data + i)) return failImage(STATUS_IMAGE_SYMLINK_NUL, inode.inodeAt, i, node.dataLen);
  }
  return STATUS_OK;
}

/** The list without the pairs that the writer added; null when memory is refused. */
function withoutMarkers(from: usize, ofParent: bool): usize {
  const count = listCount(from);
  const list = newList(count);
  if (!list) return 0;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const pair = changetype<Pair>(listItem(from, i));
    const isMarker = ofParent ? isParentMarker(pair, imageVersion == FORMAT_V1) : isWhiteoutMarker(pair);
    if (!isMarker) setListItem(list, kept++, listItem(from, i));
  }
  store<u32>(list, kept);
  return list;
}

/** Notes a whiteout at its directory; an escaped one becomes what it stands for. */
function takeWhiteout(node: Node, isEscaped: bool): i32 {
  if (inode.nlink > 1) return failImage(STATUS_IMAGE_WHITEOUT_LINKED, inode.inodeAt, inode.nlink, 1);
  if (!isEscaped) return STATUS_OK;
  node.mode = <u16>(S_IFCHR | (inode.mode & PERMISSIONS));
  node.xattrs = withoutMarkers(node.xattrs, false);
  changetype<Node>(node.parent).set(FLAG_HAS_WHITEOUTS);
  return node.xattrs ? xattrs.checkBudget(node.xattrs, inode.inodeAt) : failMemory();
}

// ---- entries ----------------------------------------------------------------------------------------------------------

/** One more name of an inode that was met before. */
function readHardlink(level: Level, owner: Node): i32 {
  if (owner.type == TYPE_DIRECTORY) return failImage(STATUS_IMAGE_DIRECTORY_TWICE, direntAt, nid, 0);
  const isEscaped = owner.isWhiteout && imageVersion != FORMAT_V2;
  const stored = isEscaped ? TYPE_REGULAR : <u32>owner.type;
  if (fileType != stored) return failImage(STATUS_IMAGE_FILE_TYPE, direntAt + 10, fileType, stored);
  if (owner.isWhiteout) return failImage(STATUS_IMAGE_WHITEOUT_LINKED, direntAt, 2, 1);
  const at = newNode(level.directory, name, nameLen, TYPE_HARDLINK);
  if (!at) return failMemory();
  const node = changetype<Node>(at);
  node.data = changetype<usize>(owner);
  node.origin = owner.origin;
  node.set(FLAG_RESOLVED);
  owner.names++;
  append(changetype<Node>(level.directory), node);
  return STATUS_OK;
}

/** Makes the node of the inode that was read, and of its xattrs. @returns a status; the node is `made` */
function makeNode(level: Level): i32 {
  const isEscaped = inode.type == TYPE_REGULAR && xattrs.hasWhiteout && imageVersion != FORMAT_V2;
  if (strict && imageVersion == FORMAT_V2 && inode.type == TYPE_REGULAR && xattrs.hasWhiteout) {
    return failImage(STATUS_IMAGE_STRICT_V2_WHITEOUT, inode.inodeAt, 0, 0);
  }
  const type = isEscaped ? TYPE_CHARACTER : inode.type;
  made = newNode(level.directory, name, nameLen, type);
  if (!made) return failMemory();
  const node = changetype<Node>(made);
  takeMetadata(node);
  if (type == TYPE_CHARACTER || type == TYPE_BLOCK) node.rdev = isEscaped ? 0 : inode.union;
  if (node.isWhiteout) return takeWhiteout(node, isEscaped);
  if (type != TYPE_DIRECTORY && xattrs.hasMarkers) {
    const status = xattrs.checkBudget(node.xattrs, inode.inodeAt);
    if (status != STATUS_OK) return status;
  }
  if (type == TYPE_REGULAR) return takeRegular(node);
  return type == TYPE_SYMLINK ? takeSymlink(node) : STATUS_OK;
}
let made: usize = 0;

/** Reads the inode that the entry names, for the first time. */
function readNode(level: Level): i32 {
  let status = inode.readInode(nid, direntAt, strict);
  if (status != STATUS_OK) return status;
  if (inode.type != fileType) return failImage(STATUS_IMAGE_FILE_TYPE, direntAt + 10, fileType, inode.type);
  status = claim(inode.inodeAt, inode.extent());
  if (status != STATUS_OK) return status;
  status = xattrs.readXattrs(strict);
  if (status != STATUS_OK) return status;
  if (inode.type == TYPE_CHARACTER && inode.union == 0 && imageVersion != FORMAT_V2) {
    if (!isStubName(level)) return failImage(STATUS_IMAGE_NATIVE_WHITEOUT, inode.inodeAt, 0, 0);
    if (inode.nlink > 1) return failImage(STATUS_IMAGE_WHITEOUT_LINKED, inode.inodeAt, inode.nlink, 1);
    stubs++;
    return STATUS_OK;
  }
  if (entryCount >= entryLimit) return failImage(STATUS_IMAGE_TOO_MANY_ENTRIES, direntAt, entryCount + 1, entryLimit);
  status = makeNode(level);
  if (status != STATUS_OK) return status;
  const node = changetype<Node>(made);
  append(changetype<Node>(level.directory), node);
  tally(node);
  store<u32>(ownerSlot(<u32>nid), <u32>made);
  return STATUS_OK;
}

/** Reads one entry; `made` is its node when it is a directory to go into, else 0. */
function readEntry(level: Level): i32 {
  setPlace(level.directory, name, nameLen);
  const pathLen = level.pathLen + 1 + nameLen;
  if (pathLen > <u32>PATH_MAX_BYTES) return failImage(STATUS_IMAGE_PATH_TOO_LONG, direntAt, pathLen, PATH_MAX_BYTES);
  if (isStubName(level)) stubNames++;
  made = 0;
  const owner = nid < <u64>imageBytes / SLOT ? load<u32>(ownerSlot(<u32>nid)) : 0;
  if (owner) {
    if (entryCount >= entryLimit) return failImage(STATUS_IMAGE_TOO_MANY_ENTRIES, direntAt, entryCount + 1, entryLimit);
    return readHardlink(level, changetype<Node>(<usize>owner));
  }
  return readNode(level);
}

/** Ends a directory: its link count, and what the writer added to it. */
function closeLevel(level: Level): i32 {
  const directory = changetype<Node>(level.directory);
  setPlace(directory.parent == level.directory ? 0 : directory.parent, directory.name, directory.nameLen);
  const links = 2 + directory.extra;
  if (level.nlink != links) {
    return failImage(STATUS_IMAGE_DIRECTORY_NLINK, <u64>level.nid * SLOT, level.nlink, links);
  }
  if (!directory.xattrs) return STATUS_OK;
  if (directory.has(FLAG_HAS_WHITEOUTS)) {
    directory.xattrs = withoutMarkers(directory.xattrs, true);
    if (!directory.xattrs) return failMemory();
  }
  return xattrs.checkBudget(directory.xattrs, <u64>level.nid * SLOT);
}

/** Reads the root and opens its level. */
function readRoot(): i32 {
  const rootNid = <u32>load<u16>(imageAddress, ROOT_NID_AT);
  let status = inode.readInode(rootNid, ROOT_NID_AT, strict);
  if (status != STATUS_OK) return status;
  if (inode.type != TYPE_DIRECTORY) return failImage(STATUS_IMAGE_ROOT_TYPE, inode.inodeAt, inode.mode, 0o040000);
  status = claim(inode.inodeAt, inode.extent());
  if (status != STATUS_OK) return status;
  status = xattrs.readXattrs(strict);
  if (status != STATUS_OK) return status;
  const root = insertRoot();
  if (!root) return failMemory();
  takeMetadata(changetype<Node>(root));
  store<u32>(ownerSlot(rootNid), <u32>root);
  openLevel(levelAt(0), root, rootNid, rootNid, inode.nlink, 0);
  return STATUS_OK;
}

/**
 * Reads all entries of the image into the tree, and chains them to their directories.
 *
 * @param isStrict see SCAN_STRICT
 * @param limit most entries
 * @returns a status
 */
export function readEntries(isStrict: bool, limit: u32): i32 {
  strict = isStrict;
  entryLimit = limit;
  stubs = 0;
  stubNames = 0;
  xattrs.resetXattrs();
  owners = allocate(((<u64>imageBytes / SLOT) << 2) + 8);
  if (!owners) return failMemory();
  let status = readRoot();
  if (status != STATUS_OK) return status;
  let depth: u32 = 0;
  while (true) {
    const level = levelAt(depth);
    const outcome = nextEntry(level, strict);
    if (outcome == ENTRY_FAULT) return entryStatus;
    if (outcome == ENTRY_END) {
      status = closeLevel(level);
      if (status != STATUS_OK) return status;
      if (!depth) break;
      depth--;
      continue;
    }
    status = readEntry(level);
    if (status != STATUS_OK) return status;
    if (!made || changetype<Node>(made).type != TYPE_DIRECTORY) continue;
    depth++;
    openLevel(levelAt(depth), made, <u32>nid, level.nid, inode.nlink, level.pathLen + 1 + nameLen);
  }
  setControl(CONTROL_STUBS, stubs);
  if (strict && imageVersion != FORMAT_V2 && stubNames != STUBS) {
    setPlace(0, 0, 0);
    return failImage(STATUS_IMAGE_STRICT_STUBS, ROOT_NID_AT, stubNames, STUBS);
  }
  return STATUS_OK;
}
