/**
 * Layer records, as `../abi.ts` lays them out: one for each entry of the tar, in its order.
 */

import {
  RECORD_BYTES,
  RECORD_CONTENT_BYTES,
  RECORD_DATA_OFFSET,
  RECORD_FLAGS,
  RECORD_GID,
  RECORD_HEADER_BYTES,
  RECORD_KIND,
  RECORD_KIND_BEGIN,
  RECORD_KIND_DATA,
  RECORD_KIND_ENTRY,
  RECORD_LINK_BYTES,
  RECORD_MODE,
  RECORD_NANOSECONDS,
  RECORD_PATH_BYTES,
  RECORD_RDEV,
  RECORD_SECONDS,
  RECORD_SHA256_BYTES,
  RECORD_SHA512_BYTES,
  RECORD_SIZE,
  RECORD_TYPE,
  RECORD_UID,
  RECORD_XATTR_COUNT,
} from "../abi";
import * as content from "./content";
import * as entry from "./entry";
import { keyAt, keyLen, valueAt, valueLen, xattrCount } from "./xattrs";

/** Zeroes the header of a record of a kind. */
function begin(to: usize, kind: u32): void {
  memory.fill(to, 0, RECORD_HEADER_BYTES);
  store<u8>(to, kind, RECORD_KIND);
}

/** Pads a record to a multiple of 8 and says how long it is. @returns the address after it */
function end(to: usize, at: usize): usize {
  const stop = (at + 7) & ~7;
  memory.fill(at, 0, stop - at);
  store<u32>(to, <u32>(stop - to), RECORD_BYTES);
  return stop;
}

function copy(to: usize, from: usize, len: u32): usize {
  memory.copy(to, from, len);
  return to + len;
}

/** Writes path, type and sizes. */
function writeHead(to: usize, dataOffset: u64): usize {
  store<u8>(to, entry.type, RECORD_TYPE);
  store<u64>(to, entry.size, RECORD_SIZE);
  store<u64>(to, dataOffset, RECORD_DATA_OFFSET);
  store<u32>(to, entry.pathBytes, RECORD_PATH_BYTES);
  return copy(to + RECORD_HEADER_BYTES, entry.path, entry.pathBytes);
}

/** Writes that the content of the entry begins. @returns the address after the record */
export function emitBegin(to: usize, dataOffset: u64): usize {
  begin(to, RECORD_KIND_BEGIN);
  return end(to, writeHead(to, dataOffset));
}

/** Writes that `len` bytes of it lie at an offset of the input window. @returns the address after the record */
export function emitData(to: usize, windowOffset: u64, len: u64): usize {
  begin(to, RECORD_KIND_DATA);
  store<u64>(to, len, RECORD_SIZE);
  store<u64>(to, windowOffset, RECORD_DATA_OFFSET);
  return end(to, to + RECORD_HEADER_BYTES);
}

/** Writes the entry. @returns the address after its record */
export function emitEntry(to: usize, dataOffset: u64): usize {
  begin(to, RECORD_KIND_ENTRY);
  let at = writeHead(to, dataOffset);
  store<u16>(to, entry.mode, RECORD_MODE);
  store<u32>(to, entry.uid, RECORD_UID);
  store<u32>(to, entry.gid, RECORD_GID);
  store<u32>(to, entry.rdev, RECORD_RDEV);
  store<u32>(to, entry.nanoseconds, RECORD_NANOSECONDS);
  store<i64>(to, entry.seconds, RECORD_SECONDS);
  store<u32>(to, entry.linkBytes, RECORD_LINK_BYTES);
  at = copy(at, entry.link, entry.linkBytes);
  store<u32>(to, content.inlineBytes, RECORD_CONTENT_BYTES);
  at = copy(at, content.inline, content.inlineBytes);
  store<u32>(to, content.sha256Bytes, RECORD_SHA256_BYTES);
  at = copy(at, content.sha256, content.sha256Bytes);
  store<u32>(to, content.sha512Bytes, RECORD_SHA512_BYTES);
  at = copy(at, content.sha512, content.sha512Bytes);
  store<u32>(to, xattrCount, RECORD_XATTR_COUNT);
  store<u32>(to, entry.recordFlags, RECORD_FLAGS);
  for (let i: u32 = 0; i < xattrCount; i++) {
    store<u16>(at, keyLen(i));
    store<u16>(at, valueLen(i), 2);
    at = copy(at + 4, keyAt(i), keyLen(i));
    at = copy(at, valueAt(i), valueLen(i));
  }
  return end(to, at);
}
