/**
 * One line of a dumpfile becomes one entry of the tree (composefs-dump(5); dumpfile.md 1, 3, 5 and 6).
 *
 *   path size mode nlink uid gid rdev mtime payload content digest [key=value ...]
 *
 * What is refused beyond the grammar follows the column "ours" of dumpfile.md 5: everything that one of the two
 * reference parsers refuses or that they read differently, unless only a limit of one of them is in the way.
 */

import {
  DUMP_STRICT,
  FIELD_GID,
  FIELD_DIGEST,
  FIELD_MODE,
  FIELD_NONE,
  FIELD_NLINK,
  FIELD_PATH,
  FIELD_PAYLOAD,
  FIELD_RDEV,
  FIELD_SIZE,
  FIELD_UID,
  LIMIT_LINE_BYTES_DEFAULT,
  STATUS_DUMP_CR_LINE_END,
  STATUS_DUMP_EMPTY_LINE,
  STATUS_DUMP_LINK_MODE_TYPE,
  STATUS_DUMP_LINK_TYPE,
  STATUS_DUMP_LINK_WITHOUT_TARGET,
  STATUS_DUMP_MODE_TYPE,
  STATUS_DUMP_PATH_TWICE,
  STATUS_DUMP_RDEV_TYPE,
  STATUS_DUMP_ROOT_FIRST,
  STATUS_DUMP_ROOT_TWICE,
  STATUS_DUMP_ROOT_TYPE,
  STATUS_DUMP_TOO_MANY_ENTRIES,
  STATUS_DUMP_WHITEOUT_LINKED,
  STATUS_OK,
} from "../abi";
import { keep } from "../mem/arena";
import { failMemory } from "../mem/record";
import { Node, TYPE_BLOCK, TYPE_CHARACTER, TYPE_DIRECTORY, TYPE_HARDLINK, typeOfMode } from "../tree/node";
import { entryCount, hasRoot, insert, insertRoot, INSERT_TWICE, tally } from "../tree/tree";
import { fieldText, takeData } from "./data";
import {
  fieldAt,
  fieldEnd,
  fieldEscaped,
  isAbsent,
  endNumber,
  nanoseconds,
  passField,
  seconds,
  seek,
  takeMtime,
  takeText,
  takeUnsigned,
  wantFields,
  text,
  textLen,
} from "./fields";
import { after, readOctal, value } from "./numbers";
import { checkTarget, enter, locate, nameAt, parent } from "./path";
import { beginField, failHere, line } from "./place";
import { list, readXattrs } from "./xattrs";

const AT_SIGN: u32 = 0x40;
const CR: u32 = 0x0d;

/** Unescaped path; unescaping never makes longer. */
const pathText = memory.data(LIMIT_LINE_BYTES_DEFAULT + 64, 16);

/** Most entries of a tree; see LIMIT_ENTRIES. */
let entryLimit: u32 = 0;
let strict: bool = false;

/** Sets what the next lines are held to. */
export function configure(flags: u32, entries: u32): void {
  strict = (flags & DUMP_STRICT) != 0;
  entryLimit = entries;
}

/**
 * Reads a line into the tree.
 *
 * @param at first byte
 * @param end byte after the last one, which must hold LF
 * @returns a status
 */
export function parseLine(at: usize, end: usize): i32 {
  if (at == end) return failHere(STATUS_DUMP_EMPTY_LINE, FIELD_NONE, 0, 0);
  if (<u32>load<u8>(end - 1) == CR) {
    beginField(end - 1);
    return failHere(STATUS_DUMP_CR_LINE_END, FIELD_NONE, 0, 0);
  }
  if (entryCount >= entryLimit)
    return failHere(STATUS_DUMP_TOO_MANY_ENTRIES, FIELD_NONE, <u64>entryCount + 1, entryLimit);

  // path
  wantFields(FIELD_DIGEST);
  const pathEnd = fieldEnd(at);
  let status = takeText(at, pathEnd, fieldEscaped, pathText, FIELD_PATH);
  if (status != STATUS_OK) return status;
  const path = text;
  const pathLen = textLen;
  const isRoot = pathLen == 1 && <u32>load<u8>(path) == 0x2f;
  if (isRoot) {
    if (hasRoot()) return failHere(STATUS_DUMP_ROOT_TWICE, FIELD_PATH, 0, 0);
  } else {
    if (!hasRoot()) return failHere(STATUS_DUMP_ROOT_FIRST, FIELD_PATH, 0, 0);
    status = locate(path, pathLen);
    if (status != STATUS_OK) return status;
  }
  status = passField(FIELD_PATH, pathEnd);
  if (status != STATUS_OK) return status;

  // size and mode; what a hardlink line says in the other fields is ignored, however it looks
  const sizeAt = fieldAt;
  const sizeEnd = fieldEnd(sizeAt);
  status = passField(FIELD_SIZE, sizeEnd);
  if (status != STATUS_OK) return status;
  const isLink = <u32>load<u8>(fieldAt) == AT_SIGN;
  const modeAt = fieldAt + (isLink ? 1 : 0);
  const modeOutcome = readOctal(modeAt);
  status = endNumber(modeOutcome, FIELD_MODE, u32.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const mode = <u32>value;
  const type = typeOfMode(mode);
  if (!type) {
    beginField(modeAt);
    return failHere(isLink ? STATUS_DUMP_LINK_MODE_TYPE : STATUS_DUMP_MODE_TYPE, FIELD_MODE, mode, 0);
  }
  if (isLink) {
    if (type == TYPE_DIRECTORY || isRoot) {
      beginField(modeAt);
      return isRoot
        ? failHere(STATUS_DUMP_ROOT_TYPE, FIELD_MODE, mode, 0o040000)
        : failHere(STATUS_DUMP_LINK_TYPE, FIELD_MODE, mode, 0);
    }
    return parseHardlink(at, path, pathLen);
  }
  if (isRoot && type != TYPE_DIRECTORY) {
    beginField(modeAt);
    return failHere(STATUS_DUMP_ROOT_TYPE, FIELD_MODE, mode, 0o040000);
  }
  const afterMode = fieldAt;

  seek(sizeAt);
  status = takeUnsigned(FIELD_SIZE, u64.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const size = value;

  seek(afterMode);
  status = takeUnsigned(FIELD_NLINK, u32.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const nlink = <u32>value;
  const nlinkAt = afterMode;
  status = takeUnsigned(FIELD_UID, u32.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const uid = <u32>value;
  status = takeUnsigned(FIELD_GID, u32.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const gid = <u32>value;
  const rdevAt = fieldAt;
  status = takeUnsigned(FIELD_RDEV, u32.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const rdev = <u32>value;
  const isDevice = type == TYPE_CHARACTER || type == TYPE_BLOCK;
  if (rdev && !isDevice) {
    beginField(rdevAt);
    return failHere(STATUS_DUMP_RDEV_TYPE, FIELD_RDEV, rdev, 0);
  }
  if (type == TYPE_CHARACTER && rdev == 0 && nlink > 1) {
    beginField(nlinkAt);
    return failHere(STATUS_DUMP_WHITEOUT_LINKED, FIELD_NLINK, nlink, 1);
  }
  status = takeMtime();
  if (status != STATUS_OK) return status;

  // The entry itself; an error after this ends the job, so a half-filled record is never seen.
  const address = isRoot ? insertRoot() : insert(parent, path + nameAt, pathLen - nameAt, type);
  if (!address) return failMemory();
  if (address == INSERT_TWICE) {
    beginField(at);
    return failHere(STATUS_DUMP_PATH_TWICE, FIELD_PATH, 0, 0);
  }
  const node = changetype<Node>(address);
  node.mode = <u16>mode;
  node.nlink = nlink;
  node.uid = uid;
  node.gid = gid;
  node.rdev = rdev;
  node.size = size;
  node.seconds = seconds;
  node.nanoseconds = nanoseconds;
  node.origin = <u32>line;
  if (type == TYPE_DIRECTORY && !isRoot) enter(pathLen, address);

  status = takeData(node, sizeAt, strict);
  if (status != STATUS_OK) return status;
  tally(node);
  // takeData stops at the end of the digest
  if (fieldAt == end) return STATUS_OK;
  status = readXattrs(fieldAt + 1, end, strict);
  node.xattrs = list;
  return status;
}

/** Reads the rest of the hardlink line at `at`: only its payload counts. */
function parseHardlink(at: usize, path: usize, pathLen: u32): i32 {
  wantFields(FIELD_PAYLOAD);
  for (let field: u32 = FIELD_NLINK; field < <u32>FIELD_PAYLOAD; field++) {
    const status = passField(field, fieldEnd(fieldAt));
    if (status != STATUS_OK) return status;
  }
  const stop = fieldEnd(fieldAt);
  const escaped = fieldEscaped;
  if (stop == fieldAt || isAbsent(fieldAt, stop)) return failHere(STATUS_DUMP_LINK_WITHOUT_TARGET, FIELD_PAYLOAD, 0, 0);
  let status = takeText(fieldAt, stop, escaped, fieldText, FIELD_PAYLOAD);
  if (status != STATUS_OK) return status;
  status = checkTarget(text, textLen);
  if (status != STATUS_OK) return status;

  const address = insert(parent, path + nameAt, pathLen - nameAt, TYPE_HARDLINK);
  if (!address) return failMemory();
  if (address == INSERT_TWICE) {
    beginField(at);
    return failHere(STATUS_DUMP_PATH_TWICE, FIELD_PATH, 0, 0);
  }
  const node = changetype<Node>(address);
  node.origin = <u32>line;
  node.data = keep(text, textLen);
  node.dataLen = textLen;
  return node.data ? STATUS_OK : failMemory();
}
