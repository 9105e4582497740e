/**
 * The entries of a directory of an image, in order: every block and the tail are groups of their own
 * (erofs-reader.md 1.2 and 4.3).
 *
 * Directories are read depth first, so each level keeps where it stands in a record of its own.
 */

import {
  NAME_MAX_BYTES,
  PATH_MAX_BYTES,
  STATUS_IMAGE_DOT,
  STATUS_IMAGE_DOTDOT,
  STATUS_IMAGE_FILE_TYPE,
  STATUS_IMAGE_NAME_BYTE,
  STATUS_IMAGE_NAME_LENGTH,
  STATUS_IMAGE_NAME_ORDER,
  STATUS_IMAGE_NAME_TWICE,
  STATUS_IMAGE_NAMEOFF,
  STATUS_IMAGE_STRICT_RESERVED,
  STATUS_OK,
} from "../abi";
import { compare } from "../mem/bytes";
import { TYPE_DIRECTORY } from "../tree/node";
import { BLOCK, BLOCK_BITS, DIRENT_BYTES, SLOT } from "./format";
import { addressOf, failImage } from "./input";
import { blocks, size, tailAt, tailBytes, union } from "./read-inode";

const SLASH: u32 = 0x2f;
const DOT: u32 = 0x2e;

/** Where a directory stands. */
@unmanaged
export class Level {
  /** Its node. */
  directory: usize;
  nid: u32;
  /** nid of the directory that holds it; the root's own. */
  parentNid: u32;
  /** Link count as the inode has it. */
  nlink: u32;
  /** Bytes of its path; 0 of the root. */
  pathLen: u32;
  /** Its blocks: offset of the first one, number, bytes in all of them. */
  blocksAt: u64;
  blockCount: u32;
  blockBytes: u32;
  tailAt: u64;
  tailBytes: u32;
  /** Groups that were opened. */
  groups: u32;
  /** The group that is being read, its entries, and the next of them. */
  groupAt: u64;
  groupBytes: u32;
  count: u32;
  index: u32;
  /** The name before the next one, where it lies in the image; 0 = none yet. */
  lastName: usize;
  lastNameLen: u32;
  hasDot: bool;
  hasDotdot: bool;
}

/** A path has at most PATH_MAX_BYTES / 2 components; the root and one more. */
const LEVELS: u32 = PATH_MAX_BYTES / 2 + 2;
const LEVEL_BYTES: u32 = (offsetof<Level>() + 7) & ~7;
const levels = memory.data(LEVELS * LEVEL_BYTES, 8);

export function levelAt(depth: u32): Level {
  return changetype<Level>(levels + depth * LEVEL_BYTES);
}

/** The entry that `nextEntry` read. */
export let name: usize = 0;
export let nameLen: u32 = 0;
export let nid: u64 = 0;
export let fileType: u32 = 0;
/** Offset of its dirent. */
export let direntAt: u64 = 0;

/** What `nextEntry` found: an entry, the end of the directory, or a fault, whose status is in `entryStatus`. */
export const ENTRY_FOUND: u32 = 0;
export const ENTRY_END: u32 = 1;
export const ENTRY_FAULT: u32 = 2;
export let entryStatus: i32 = 0;

function fault(status: i32): u32 {
  entryStatus = status;
  return ENTRY_FAULT;
}

/** Turns a level to the directory that `readInode` read last. */
export function openLevel(level: Level, directory: usize, ownNid: u32, parentNid: u32, links: u32, path: u32): void {
  level.directory = directory;
  level.nid = ownNid;
  level.parentNid = parentNid;
  level.nlink = links;
  level.pathLen = path;
  level.blocksAt = (<u64>union) << BLOCK_BITS;
  level.blockCount = <u32>blocks;
  level.blockBytes = <u32>min<u64>(size, blocks * BLOCK);
  level.tailAt = tailAt();
  level.tailBytes = tailBytes;
  level.groups = 0;
  level.count = 0;
  level.index = 0;
  // What an entry is missed from, as long as there is no group.
  level.groupAt = <u64>ownNid * SLOT;
  level.lastName = 0;
  level.lastNameLen = 0;
  level.hasDot = false;
  level.hasDotdot = false;
}

/** Opens the next group, if there is one. */
function nextGroup(level: Level): u32 {
  const group = level.groups++;
  if (group < level.blockCount) {
    level.groupAt = level.blocksAt + ((<u64>group) << BLOCK_BITS);
    level.groupBytes = min<u32>(<u32>BLOCK, level.blockBytes - (group << BLOCK_BITS));
  } else if (group == level.blockCount && level.tailBytes) {
    level.groupAt = level.tailAt;
    level.groupBytes = level.tailBytes;
  } else {
    return ENTRY_END;
  }
  const bytes = level.groupBytes;
  if (bytes < DIRENT_BYTES) return fault(failImage(STATUS_IMAGE_NAMEOFF, level.groupAt, bytes, DIRENT_BYTES));
  const headers = nameOff(level, 0);
  if (headers == 0 || headers % DIRENT_BYTES || headers > bytes) {
    return fault(failImage(STATUS_IMAGE_NAMEOFF, level.groupAt + 8, headers, bytes));
  }
  level.count = headers / DIRENT_BYTES;
  level.index = 0;
  return ENTRY_FOUND;
}

function nameOff(level: Level, index: u32): u32 {
  return load<u16>(addressOf(level.groupAt + index * DIRENT_BYTES), 8);
}

/** Finds the name of the next entry and holds it to what names must be. */
function takeName(level: Level, strict: bool): i32 {
  const start = nameOff(level, level.index);
  const isLast = level.index + 1 == level.count;
  let end = isLast ? level.groupBytes : nameOff(level, level.index + 1);
  if (start > end || end > level.groupBytes) return failImage(STATUS_IMAGE_NAMEOFF, direntAt + 8, start, end);
  name = addressOf(level.groupAt + start);
  if (isLast) {
    const bytes = end;
    end = start;
    while (end < bytes && load<u8>(addressOf(level.groupAt + end))) end++;
    for (let at = end; strict && at < bytes; at++) {
      const byte = load<u8>(addressOf(level.groupAt + at));
      if (byte) return failImage(STATUS_IMAGE_STRICT_RESERVED, level.groupAt + at, byte, 0);
    }
  }
  nameLen = end - start;
  if (nameLen == 0 || nameLen > <u32>NAME_MAX_BYTES) {
    const len = nameLen;
    nameLen = 0;
    return failImage(STATUS_IMAGE_NAME_LENGTH, level.groupAt + start, len, NAME_MAX_BYTES);
  }
  for (let i: u32 = 0; i < nameLen; i++) {
    const byte = <u32>load<u8>(name + i);
    if (byte == 0 || byte == SLASH) return failImage(STATUS_IMAGE_NAME_BYTE, level.groupAt + start + i, byte, 0);
  }
  if (level.lastName) {
    const order = compare(level.lastName, level.lastNameLen, name, nameLen);
    if (order >= 0) return failImage(order ? STATUS_IMAGE_NAME_ORDER : STATUS_IMAGE_NAME_TWICE, direntAt, 0, 0);
  }
  level.lastName = name;
  level.lastNameLen = nameLen;
  return STATUS_OK;
}

/** Checks `.` and `..`. @returns a status */
function takeDot(level: Level): i32 {
  const isSelf = nameLen == 1;
  const wanted = isSelf ? level.nid : level.parentNid;
  if (nid != <u64>wanted) return failImage(isSelf ? STATUS_IMAGE_DOT : STATUS_IMAGE_DOTDOT, direntAt, nid, wanted);
  if (fileType != TYPE_DIRECTORY) return failImage(STATUS_IMAGE_FILE_TYPE, direntAt + 10, fileType, TYPE_DIRECTORY);
  if (isSelf) level.hasDot = true;
  else level.hasDotdot = true;
  return STATUS_OK;
}

function isDot(): bool {
  if (<u32>load<u8>(name) != DOT) return false;
  return nameLen == 1 || (nameLen == 2 && <u32>load<u8>(name + 1) == DOT);
}

/**
 * Reads the next entry of a directory that is neither `.` nor `..`.
 *
 * @param strict whether what no reader looks at must be zero
 * @returns an `ENTRY_*` number
 */
export function nextEntry(level: Level, strict: bool): u32 {
  while (true) {
    if (level.index == level.count) {
      const outcome = nextGroup(level);
      if (outcome == ENTRY_END) return endOf(level);
      if (outcome != ENTRY_FOUND) return outcome;
    }
    direntAt = level.groupAt + level.index * DIRENT_BYTES;
    const dirent = addressOf(direntAt);
    nid = load<u64>(dirent);
    fileType = load<u8>(dirent, 10);
    if (strict && load<u8>(dirent, 11)) {
      return fault(failImage(STATUS_IMAGE_STRICT_RESERVED, direntAt + 11, load<u8>(dirent, 11), 0));
    }
    let status = takeName(level, strict);
    if (status != STATUS_OK) return fault(status);
    level.index++;
    if (!isDot()) return ENTRY_FOUND;
    status = takeDot(level);
    if (status != STATUS_OK) return fault(status);
  }
}

/** The directory is at its end: both dots must have come. */
function endOf(level: Level): u32 {
  if (!level.hasDot) return fault(failImage(STATUS_IMAGE_DOT, level.groupAt, 0, level.nid));
  if (!level.hasDotdot) return fault(failImage(STATUS_IMAGE_DOTDOT, level.groupAt, 0, level.parentNid));
  return ENTRY_END;
}
