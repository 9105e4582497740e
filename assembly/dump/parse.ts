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
  EXTERNAL_MAX_BYTES,
  FIELD_CONTENT,
  FIELD_DIGEST,
  FIELD_GID,
  FIELD_MODE,
  FIELD_MTIME,
  FIELD_NLINK,
  FIELD_PATH,
  FIELD_PAYLOAD,
  FIELD_RDEV,
  FIELD_SIZE,
  FIELD_UID,
  INLINE_MAX_BYTES,
  LIMIT_LINE_BYTES_DEFAULT,
  PAYLOAD_MAX_BYTES,
  STATUS_DUMP_CONTENT_DIGEST,
  STATUS_DUMP_CONTENT_PAYLOAD,
  STATUS_DUMP_CONTENT_SIZE,
  STATUS_DUMP_CONTENT_TOO_LONG,
  STATUS_DUMP_CONTENT_TYPE,
  STATUS_DUMP_CR_LINE_END,
  STATUS_DUMP_DIGEST,
  STATUS_DUMP_DIGEST_MIXED,
  STATUS_DUMP_DIGEST_TYPE,
  STATUS_DUMP_EMPTY_LINE,
  STATUS_DUMP_ESCAPE,
  STATUS_DUMP_FIELD_MISSING,
  STATUS_DUMP_LINK_TYPE,
  STATUS_DUMP_LINK_WITHOUT_TARGET,
  STATUS_DUMP_MODE_TYPE,
  STATUS_DUMP_MTIME,
  STATUS_DUMP_NSEC_RANGE,
  STATUS_DUMP_NUL_ESCAPE,
  STATUS_DUMP_NUMBER,
  STATUS_DUMP_NUMBER_RANGE,
  STATUS_DUMP_PATH_TWICE,
  STATUS_DUMP_PAYLOAD_EMPTY,
  STATUS_DUMP_PAYLOAD_TOO_LONG,
  STATUS_DUMP_RDEV_TYPE,
  STATUS_DUMP_ROOT_FIRST,
  STATUS_DUMP_ROOT_TWICE,
  STATUS_DUMP_ROOT_TYPE,
  STATUS_DUMP_SIZE_TOO_LARGE,
  STATUS_DUMP_STRICT_SYMLINK_SIZE,
  STATUS_DUMP_SYMLINK_TARGET,
  STATUS_DUMP_SYMLINK_TOO_LONG,
  STATUS_DUMP_TOO_MANY_ENTRIES,
  STATUS_DUMP_WHITEOUT_LINKED,
  STATUS_OK,
} from "../abi";
import { keep } from "../mem/bytes";
import { failMemory } from "../mem/record";
import { internDigest, TAG_REDIRECT } from "../tree/digests";
import {
  FLAG_INLINE,
  Node,
  TYPE_BLOCK,
  TYPE_CHARACTER,
  TYPE_DIRECTORY,
  TYPE_FIFO,
  TYPE_HARDLINK,
  TYPE_REGULAR,
  TYPE_SOCKET,
  TYPE_SYMLINK,
} from "../tree/node";
import { redirectPair } from "../tree/overlay";
import {
  digestBytes,
  entryCount,
  hasRoot,
  insert,
  insertRoot,
  INSERT_TWICE,
  setDigestBytes,
  tally,
} from "../tree/tree";
import { hasZero, unescape, UNESCAPE_BAD } from "./escapes";
import { fieldEnd, fieldEscaped, isAbsent } from "./fields";
import { decodeHex, decodeObjectPath, HEX_BAD, HEX_OK, objectPathLen } from "../mem/hex";
import { after, NUMBER_BAD, NUMBER_OK, readOctal, readSigned, readUnsigned, value } from "./numbers";
import { checkTarget, enter, locate, nameAt, parent } from "./path";
import { beginField, failHere, line } from "./place";
import { list, readXattrs } from "./xattrs";

const SPACE: u32 = 0x20;
const AT_SIGN: u32 = 0x40;
const CR: u32 = 0x0d;

/** File type bits of st_mode: S_IFMT and its values of include/uapi/linux/stat.h. */
const S_IFMT: u32 = 0o170000;

/** Unescaped path; payload, target or content of the line. Unescaping never makes longer. */
const pathText = memory.data(LIMIT_LINE_BYTES_DEFAULT + 64, 16);
const fieldText = memory.data(LIMIT_LINE_BYTES_DEFAULT + 64, 16);
const digestText = memory.data(128, 16);
const digestValue = memory.data(64, 16);

/** Most entries of a tree; see LIMIT_ENTRIES. */
let entryLimit: u32 = 0;
let strict: bool = false;

/** Sets what the next lines are held to. */
export function configure(flags: u32, entries: u32): void {
  strict = (flags & DUMP_STRICT) != 0;
  entryLimit = entries;
}

/** Type of a mode, 0 for none. */
function typeOfMode(mode: u32): u32 {
  switch (mode & S_IFMT) {
    case 0o100000:
      return TYPE_REGULAR;
    case 0o040000:
      return TYPE_DIRECTORY;
    case 0o120000:
      return TYPE_SYMLINK;
    case 0o020000:
      return TYPE_CHARACTER;
    case 0o060000:
      return TYPE_BLOCK;
    case 0o010000:
      return TYPE_FIFO;
    case 0o140000:
      return TYPE_SOCKET;
    default:
      return 0;
  }
}

/** Address of the unescaped field and its length, as `takeText` found them. */
let text: usize = 0;
let textLen: u32 = 0;

/** Unescapes a field that may have escapes. @returns a status */
function takeText(at: usize, end: usize, escaped: bool, scratch: usize, field: u32): i32 {
  text = at;
  textLen = <u32>(end - at);
  if (!escaped) return STATUS_OK;
  const len = unescape(at, end, scratch);
  if (len == UNESCAPE_BAD) return failHere(STATUS_DUMP_ESCAPE, field, 0, 0);
  text = scratch;
  textLen = <u32>len;
  return STATUS_OK;
}

/** Address after the field that `endField` ended, which is where the next one begins. */
let fieldAt: usize = 0;

/** Requires that a number, whose reader returned `outcome`, fills its field and that another field follows. */
function endNumber(outcome: u32, field: u32, limit: u64): i32 {
  const ends = <u32>load<u8>(after);
  if (outcome == NUMBER_BAD || (ends != SPACE && ends != 0x0a)) return failHere(STATUS_DUMP_NUMBER, field, 0, 0);
  if (outcome != NUMBER_OK) return failHere(STATUS_DUMP_NUMBER_RANGE, field, value, limit);
  if (ends != SPACE) return failHere(STATUS_DUMP_FIELD_MISSING, field + 1, field, FIELD_DIGEST);
  fieldAt = after + 1;
  beginField(fieldAt);
  return STATUS_OK;
}

function takeUnsigned(field: u32, limit: u64): i32 {
  return endNumber(readUnsigned(fieldAt, limit), field, limit);
}

/** Passes a field that is not a number; another must follow. */
function passField(field: u32, end: usize): i32 {
  if (<u32>load<u8>(end) != SPACE) return failHere(STATUS_DUMP_FIELD_MISSING, field + 1, field, FIELD_DIGEST);
  fieldAt = end + 1;
  beginField(fieldAt);
  return STATUS_OK;
}

let seconds: i64 = 0;
let nanoseconds: u32 = 0;

/** Reads `sec.nsec`: two numbers, not a fraction. */
function takeMtime(): i32 {
  const outcome = readSigned(fieldAt);
  if (outcome == NUMBER_BAD || <u32>load<u8>(after) != 0x2e) return failHere(STATUS_DUMP_MTIME, FIELD_MTIME, 0, 0);
  if (outcome != NUMBER_OK) return failHere(STATUS_DUMP_NUMBER_RANGE, FIELD_MTIME, value, <u64>i64.MAX_VALUE);
  seconds = <i64>value;
  const fraction = readUnsigned(after + 1, 999999999);
  const ends = <u32>load<u8>(after);
  if (fraction == NUMBER_BAD || (ends != SPACE && ends != 0x0a)) return failHere(STATUS_DUMP_MTIME, FIELD_MTIME, 0, 0);
  if (fraction != NUMBER_OK) return failHere(STATUS_DUMP_NSEC_RANGE, FIELD_MTIME, value, 999999999);
  nanoseconds = <u32>value;
  return passField(FIELD_MTIME, after);
}

/**
 * Reads a line into the tree.
 *
 * @param at first byte
 * @param end byte after the last one, which must hold LF
 * @returns a status
 */
export function parseLine(at: usize, end: usize): i32 {
  if (at == end) return failHere(STATUS_DUMP_EMPTY_LINE, 0, 0, 0);
  if (<u32>load<u8>(end - 1) == CR) return failHere(STATUS_DUMP_CR_LINE_END, 0, 0, 0);
  if (entryCount >= entryLimit) return failHere(STATUS_DUMP_TOO_MANY_ENTRIES, 0, <u64>entryCount + 1, entryLimit);

  // path
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
    return failHere(STATUS_DUMP_MODE_TYPE, FIELD_MODE, mode, 0);
  }
  if (isLink) {
    if (type == TYPE_DIRECTORY || isRoot) {
      beginField(modeAt);
      return isRoot
        ? failHere(STATUS_DUMP_ROOT_TYPE, FIELD_MODE, mode, 0o040000)
        : failHere(STATUS_DUMP_LINK_TYPE, FIELD_MODE, mode, 0);
    }
    return parseHardlink(path, pathLen);
  }
  if (isRoot && type != TYPE_DIRECTORY) {
    beginField(modeAt);
    return failHere(STATUS_DUMP_ROOT_TYPE, FIELD_MODE, mode, 0o040000);
  }
  const afterMode = fieldAt;

  fieldAt = sizeAt;
  beginField(sizeAt);
  status = takeUnsigned(FIELD_SIZE, u64.MAX_VALUE);
  if (status != STATUS_OK) return status;
  const size = value;

  fieldAt = afterMode;
  beginField(afterMode);
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
  node.line = <u32>line;
  if (type == TYPE_DIRECTORY && !isRoot) enter(pathLen, address);

  status = takeData(node);
  if (status != STATUS_OK) return status;
  tally(node);
  // takeData stops at the end of the digest
  if (fieldAt == end) return STATUS_OK;
  status = readXattrs(fieldAt + 1, end, strict);
  node.xattrs = list;
  return status;
}

/** Reads the rest of a hardlink line: only its payload counts. */
function parseHardlink(path: usize, pathLen: u32): i32 {
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
  if (address == INSERT_TWICE) return failHere(STATUS_DUMP_PATH_TWICE, FIELD_PATH, 0, 0);
  const node = changetype<Node>(address);
  node.line = <u32>line;
  node.data = keep(text, textLen);
  node.dataLen = textLen;
  return node.data ? STATUS_OK : failMemory();
}

/** Reads payload, content and digest; leaves `fieldAt` at the end of the digest. */
function takeData(node: Node): i32 {
  const payloadAt = fieldAt;
  const payloadEnd = fieldEnd(payloadAt);
  const payloadEscaped = fieldEscaped;
  let status = passField(FIELD_PAYLOAD, payloadEnd);
  if (status != STATUS_OK) return status;
  const contentAt = fieldAt;
  const contentEnd = fieldEnd(contentAt);
  const contentEscaped = fieldEscaped;
  status = passField(FIELD_CONTENT, contentEnd);
  if (status != STATUS_OK) return status;
  const digestAt = fieldAt;
  const digestEnd = fieldEnd(digestAt);

  const type = <u32>node.type;
  const hasPayload = !isAbsent(payloadAt, payloadEnd);
  const hasContent = !isAbsent(contentAt, contentEnd);
  const hasDigest = !isAbsent(digestAt, digestEnd);

  if (hasContent) {
    beginField(contentAt);
    if (type != TYPE_REGULAR) return failHere(STATUS_DUMP_CONTENT_TYPE, FIELD_CONTENT, 0, 0);
    if (hasPayload) return failHere(STATUS_DUMP_CONTENT_PAYLOAD, FIELD_CONTENT, 0, 0);
    if (hasDigest) return failHere(STATUS_DUMP_CONTENT_DIGEST, FIELD_CONTENT, 0, 0);
    status = takeText(contentAt, contentEnd, contentEscaped, fieldText, FIELD_CONTENT);
    if (status != STATUS_OK) return status;
    if (textLen > <u32>INLINE_MAX_BYTES) {
      return failHere(STATUS_DUMP_CONTENT_TOO_LONG, FIELD_CONTENT, textLen, INLINE_MAX_BYTES);
    }
    if (<u64>textLen != node.size) return failHere(STATUS_DUMP_CONTENT_SIZE, FIELD_CONTENT, textLen, node.size);
    if (textLen) {
      node.set(FLAG_INLINE);
      node.data = keep(text, textLen);
      node.dataLen = textLen;
      if (!node.data) return failMemory();
    }
  }
  if (hasDigest) {
    beginField(digestAt);
    if (type != TYPE_REGULAR) return failHere(STATUS_DUMP_DIGEST_TYPE, FIELD_DIGEST, 0, 0);
    status = takeDigest(node, digestAt, digestEnd);
    if (status != STATUS_OK) return status;
  }
  beginField(payloadAt);
  if (type == TYPE_REGULAR) {
    if (hasPayload) status = takePayload(node, payloadAt, payloadEnd, payloadEscaped, hasDigest ? digestAt : 0);
    if (status == STATUS_OK && !hasContent && node.size > <u64>EXTERNAL_MAX_BYTES) {
      return failHere(STATUS_DUMP_SIZE_TOO_LARGE, FIELD_SIZE, node.size, EXTERNAL_MAX_BYTES);
    }
  } else if (type == TYPE_SYMLINK) {
    if (!hasPayload) return failHere(STATUS_DUMP_SYMLINK_TARGET, FIELD_PAYLOAD, 0, 0);
    status = takeSymlinkTarget(node, payloadAt, payloadEnd, payloadEscaped);
  } else if (hasPayload) {
    // Ignored, but it must be well formed.
    status = takeText(payloadAt, payloadEnd, payloadEscaped, fieldText, FIELD_PAYLOAD);
    if (status == STATUS_OK && hasZero(text, textLen)) status = failHere(STATUS_DUMP_NUL_ESCAPE, FIELD_PAYLOAD, 0, 0);
  }
  fieldAt = digestEnd;
  return status;
}

/** Reads the digest of a regular file. */
function takeDigest(node: Node, at: usize, end: usize): i32 {
  const digits = <u32>(end - at);
  if ((digits != 64 && digits != 128) || decodeHex(at, digits, digestValue) == HEX_BAD) {
    return failHere(STATUS_DUMP_DIGEST, FIELD_DIGEST, digits, 64);
  }
  const len = digits >> 1;
  if (!digestBytes) setDigestBytes(len);
  else if (digestBytes != len) return failHere(STATUS_DUMP_DIGEST_MIXED, FIELD_DIGEST, len, digestBytes);
  node.data = internDigest(digestValue, len);
  return node.data ? STATUS_OK : failMemory();
}

/** Whether a payload is the object path of the digest whose text is at `digest`, both in lower case. */
function isPathOf(payload: usize, len: u32, digest: usize): bool {
  const digits = len - 1;
  if (load<u16>(payload) != load<u16>(digest) || <u32>load<u8>(payload + 2) != 0x2f) return false;
  // 62 or 126 digits: whole words, and six bytes that overlap
  let at: u32 = 2;
  for (; at + 8 <= digits; at += 8) {
    if (load<u64>(payload + at + 1) != load<u64>(digest + at)) return false;
  }
  return load<u64>(payload + len - 8) == load<u64>(digest + digits - 8);
}

/** Reads the payload of a regular file: the path of its object. */
function takePayload(node: Node, at: usize, end: usize, escaped: bool, digestAt: usize): i32 {
  if (at == end) return failHere(STATUS_DUMP_PAYLOAD_EMPTY, FIELD_PAYLOAD, 0, 0);
  let status = takeText(at, end, escaped, fieldText, FIELD_PAYLOAD);
  if (status != STATUS_OK) return status;
  if (textLen > <u32>PAYLOAD_MAX_BYTES)
    return failHere(STATUS_DUMP_PAYLOAD_TOO_LONG, FIELD_PAYLOAD, textLen, PAYLOAD_MAX_BYTES);
  if (hasZero(text, textLen)) return failHere(STATUS_DUMP_NUL_ESCAPE, FIELD_PAYLOAD, 0, 0);
  for (let len: u32 = 32; len <= 64; len += 32) {
    if (textLen != objectPathLen(len) || !decodeObjectPath(text, len, digestText, digestValue)) continue;
    // As a rule it is the path of the very digest of the line, which has its record already.
    const isOwn = digestAt != 0 && digestBytes == len && isPathOf(text, textLen, digestAt);
    const record = isOwn ? node.data : internDigest(digestValue, len);
    if (!record) return failMemory();
    node.extra = <u32>(record | TAG_REDIRECT);
    return STATUS_OK;
  }
  const pair = redirectPair(text, textLen);
  node.extra = <u32>pair;
  return pair ? STATUS_OK : failMemory();
}

/** Reads the target of a symlink, whose length becomes its size. */
function takeSymlinkTarget(node: Node, at: usize, end: usize, escaped: bool): i32 {
  let status = takeText(at, end, escaped, fieldText, FIELD_PAYLOAD);
  if (status != STATUS_OK) return status;
  if (!textLen) return failHere(STATUS_DUMP_SYMLINK_TARGET, FIELD_PAYLOAD, 0, 0);
  if (textLen > <u32>PAYLOAD_MAX_BYTES)
    return failHere(STATUS_DUMP_SYMLINK_TOO_LONG, FIELD_PAYLOAD, textLen, PAYLOAD_MAX_BYTES);
  if (hasZero(text, textLen)) return failHere(STATUS_DUMP_NUL_ESCAPE, FIELD_PAYLOAD, 0, 0);
  if (strict && node.size != <u64>textLen) {
    return failHere(STATUS_DUMP_STRICT_SYMLINK_SIZE, FIELD_SIZE, node.size, textLen);
  }
  node.size = textLen;
  node.data = keep(text, textLen);
  node.dataLen = textLen;
  return node.data ? STATUS_OK : failMemory();
}
