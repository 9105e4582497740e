/**
 * What extension headers say of the next entry: GNU long names, PAX records (oci-to-tree.md 2.3 and 2.4).
 *
 * The data of all extensions of an entry is collected in one buffer, and what it means stays there until the entry
 * came.
 */

import {
  STATUS_OK,
  STATUS_TAR_EXTENSION_TOO_LARGE,
  STATUS_TAR_EXTENSION_TWICE,
  STATUS_TAR_MTIME_RANGE,
  STATUS_TAR_PAX_EQUALS,
  STATUS_TAR_PAX_KEY_UTF8,
  STATUS_TAR_PAX_LENGTH,
  STATUS_TAR_PAX_NEWLINE,
  STATUS_TAR_PAX_NUMBER,
  STATUS_TAR_SIZE_RANGE,
  STATUS_TAR_SPARSE,
  TAR_EXTENSIONS_MAX_BYTES,
} from "../abi";
import { isText, startsWith } from "../mem/text";
import { NUMBER_LARGE, NUMBER_OK, readDecimal, value } from "./numbers";
import { failTar } from "./place";
import { isUtf8 } from "./utf8";
import { addXattr, resetXattrs } from "./xattrs";

const SPACE: u32 = 0x20;
const EQUALS: u32 = 0x3d;
const LF: u32 = 0x0a;
const POINT: u32 = 0x2e;

const KIND_LONG_NAME: u32 = 0x4c;
const KIND_LONG_LINK: u32 = 0x4b;
const KIND_PAX: u32 = 0x78;

/** Sizes above this overflow when they are rounded up to whole blocks (oci-to-tree.md 2.4). */
const SIZE_MAX: u64 = u64.MAX_VALUE - 511;

const buffer = memory.data(TAR_EXTENSIONS_MAX_BYTES + 64, 16);
let filled: u32 = 0;

/** Extension that is being collected, where its data begins, bytes that are still to come. */
let kind: u32 = 0;
let start: u32 = 0;
let left: u32 = 0;

/** Bits of the kinds that came. */
let seen: u32 = 0;
const SEEN_LONG_NAME: u32 = 1;
const SEEN_LONG_LINK: u32 = 2;
const SEEN_PAX: u32 = 4;

/** What PAX records set, as bits of `given`. */
export let given: u32 = 0;
export const GIVEN_PATH: u32 = 1;
export const GIVEN_LINK: u32 = 2;
export const GIVEN_SIZE: u32 = 4;
export const GIVEN_UID: u32 = 8;
export const GIVEN_GID: u32 = 16;
export const GIVEN_MTIME: u32 = 32;

/** Name and link target, from PAX or GNU; good when the bit is set. */
export let nameAt: usize = 0;
export let nameLen: u32 = 0;
export let linkAt: usize = 0;
export let linkLen: u32 = 0;
export let size: u64 = 0;
export let uid: u32 = 0;
export let gid: u32 = 0;
export let seconds: u64 = 0;
export let nanoseconds: u32 = 0;

/** Forgets the extensions of the entry that came. */
export function resetExtensions(): void {
  filled = 0;
  seen = 0;
  given = 0;
  nanoseconds = 0;
  resetXattrs();
}

/** Whether extensions came for an entry that has not. */
export function isPending(): bool {
  return seen != 0;
}

/** Begins an extension of `bytes` of data. @param typeByte `L`, `K` or `x` @returns a status */
export function beginExtension(typeByte: u32, bytes: u64): i32 {
  const bit = typeByte == KIND_LONG_NAME ? SEEN_LONG_NAME : typeByte == KIND_LONG_LINK ? SEEN_LONG_LINK : SEEN_PAX;
  if (seen & bit) return failTar(STATUS_TAR_EXTENSION_TWICE, typeByte, 0);
  seen |= bit;
  if (bytes > <u64>TAR_EXTENSIONS_MAX_BYTES - filled) {
    return failTar(STATUS_TAR_EXTENSION_TOO_LARGE, filled + bytes, TAR_EXTENSIONS_MAX_BYTES);
  }
  kind = typeByte;
  start = filled;
  left = <u32>bytes;
  return STATUS_OK;
}

/** Takes bytes of the extension, at most as many as are missing. */
export function collect(at: usize, len: u32): void {
  memory.copy(buffer + filled, at, len);
  filled += len;
  left -= len;
}

/** Reads the extension that was collected. @returns a status */
export function endExtension(): i32 {
  const at = buffer + start;
  let len = filled - start;
  if (kind == KIND_PAX) return readRecords(at, len);
  if (len && !load<u8>(at + len - 1)) len--;
  // PAX wins whatever comes first.
  if (kind == KIND_LONG_NAME && !(given & GIVEN_PATH)) {
    nameAt = at;
    nameLen = len;
  } else if (kind == KIND_LONG_LINK && !(given & GIVEN_LINK)) {
    linkAt = at;
    linkLen = len;
  }
  return STATUS_OK;
}

/** Whether an extension gives the name. */
export function hasName(): bool {
  return (given & GIVEN_PATH) != 0 || (seen & SEEN_LONG_NAME) != 0;
}

export function hasLink(): bool {
  return (given & GIVEN_LINK) != 0 || (seen & SEEN_LONG_LINK) != 0;
}

/** Reads PAX records until the data is used up, or something comes that is no record. @returns a status */
function readRecords(at: usize, len: u32): i32 {
  let from: u32 = 0;
  while (from < len) {
    let digits: u32 = 0;
    while (from + digits < len && <u32>load<u8>(at + from + digits) != SPACE) digits++;
    if (from + digits == len || !isDecimal(at + from, digits)) return STATUS_OK;
    const total = value;
    if (total <= <u64>digits + 1 || total > <u64>(len - from)) {
      return failTar(STATUS_TAR_PAX_LENGTH, total, len - from);
    }
    const end = from + <u32>total;
    if (<u32>load<u8>(at + end - 1) != LF) return failTar(STATUS_TAR_PAX_NEWLINE, end, 0);
    const keyAt = from + digits + 1;
    let equals = keyAt;
    while (equals < end - 1 && <u32>load<u8>(at + equals) != EQUALS) equals++;
    if (equals == end - 1) return failTar(STATUS_TAR_PAX_EQUALS, from, 0);
    if (!isUtf8(at + keyAt, equals - keyAt)) return failTar(STATUS_TAR_PAX_KEY_UTF8, from, 0);
    const status = takeRecord(at + keyAt, equals - keyAt, at + equals + 1, end - equals - 2);
    if (status != STATUS_OK) return status;
    from = end;
  }
  return STATUS_OK;
}

/** Whether bytes are a decimal number that fits 64 bits, and nothing else; the reference allows a `+` before it. */
function isDecimal(at: usize, len: u32): bool {
  return len > 0 && readDecimal(at, len) == NUMBER_OK;
}

function takeRecord(key: usize, keyLen: u32, at: usize, len: u32): i32 {
  if (isText(key, keyLen, "path")) {
    nameAt = at;
    nameLen = len;
    given |= GIVEN_PATH;
  } else if (isText(key, keyLen, "linkpath")) {
    linkAt = at;
    linkLen = len;
    given |= GIVEN_LINK;
  } else if (isText(key, keyLen, "size")) {
    const status = takeNumber(at, len);
    if (status != STATUS_OK) return status;
    if (value >= SIZE_MAX) return failTar(STATUS_TAR_SIZE_RANGE, value, SIZE_MAX);
    size = value;
    given |= GIVEN_SIZE;
  } else if (isText(key, keyLen, "uid")) {
    const status = takeNumber(at, len);
    if (status != STATUS_OK) return status;
    uid = <u32>value;
    given |= GIVEN_UID;
  } else if (isText(key, keyLen, "gid")) {
    const status = takeNumber(at, len);
    if (status != STATUS_OK) return status;
    gid = <u32>value;
    given |= GIVEN_GID;
  } else if (isText(key, keyLen, "mtime")) {
    return takeMtime(at, len);
  } else if (startsWith(key, keyLen, "SCHILY.xattr.")) {
    return addXattr(key + 13, keyLen - 13, at, len);
  } else if (startsWith(key, keyLen, "GNU.sparse.")) {
    return failTar(STATUS_TAR_SPARSE, 0, 0);
  }
  return STATUS_OK;
}

function takeNumber(at: usize, len: u32): i32 {
  const outcome = readDecimal(at, len);
  if (outcome == NUMBER_OK) return STATUS_OK;
  return failTar(STATUS_TAR_PAX_NUMBER, outcome == NUMBER_LARGE ? 1 : 0, 0);
}

/** Seconds of the last record, fraction of the first. */
function takeMtime(at: usize, len: u32): i32 {
  let point: u32 = 0;
  while (point < len && <u32>load<u8>(at + point) != POINT) point++;
  const status = takeNumber(at, point);
  if (status != STATUS_OK) return status;
  if (value > <u64>i64.MAX_VALUE) return failTar(STATUS_TAR_MTIME_RANGE, value, i64.MAX_VALUE);
  seconds = value;
  if (!(given & GIVEN_MTIME)) nanoseconds = point < len ? readFraction(at + point + 1, len - point - 1) : 0;
  given |= GIVEN_MTIME;
  return STATUS_OK;
}

/** Nine digits of a fraction, filled up with zeros; 0 for anything else. */
function readFraction(at: usize, len: u32): u32 {
  let fraction: u32 = 0;
  const digits = min<u32>(len, 9);
  for (let i: u32 = 0; i < 9; i++) {
    const digit = i < digits ? <u32>load<u8>(at + i) - 0x30 : 0;
    if (digit > 9) return 0;
    fraction = fraction * 10 + digit;
  }
  return fraction;
}
