/**
 * A layer record, as `../abi.ts` lays it out. Records may come from a cache, so each is checked before it is believed.
 */

import {
  EXTERNAL_MAX_BYTES,
  LAYER_INLINE_MAX_BYTES,
  NAME_MAX_BYTES,
  PATH_MAX_BYTES,
  PAYLOAD_MAX_BYTES,
  RECORD_BYTES,
  RECORD_CONTENT_BYTES,
  RECORD_FLAG_CONTIGUOUS,
  RECORD_FLAG_FILE_SLASH,
  RECORD_FLAG_GLOBAL_PAX,
  RECORD_FLAG_LITERAL,
  RECORD_FLAGS,
  RECORD_HEADER_BYTES,
  RECORD_KIND,
  RECORD_KIND_ENTRY,
  RECORD_LINK_BYTES,
  RECORD_MAX_BYTES,
  RECORD_MODE,
  RECORD_NANOSECONDS,
  RECORD_PATH_BYTES,
  RECORD_SHA256_BYTES,
  RECORD_SHA512_BYTES,
  RECORD_SIZE,
  RECORD_TYPE,
  RECORD_XATTR_COUNT,
  XATTR_BUDGET_BYTES,
  XATTR_KEY_MAX_BYTES,
} from "../abi";
import { TYPE_DIRECTORY, TYPE_HARDLINK, TYPE_REGULAR, TYPE_SOCKET, TYPE_SYMLINK } from "../tree/node";

const SLASH: u32 = 0x2f;
const DOT: u32 = 0x2e;
const NANOSECONDS_MAX: u32 = 999999999;
const ALL_FLAGS: u32 = RECORD_FLAG_GLOBAL_PAX | RECORD_FLAG_FILE_SLASH | RECORD_FLAG_CONTIGUOUS | RECORD_FLAG_LITERAL;

/** The record that was read, and where its parts lie. */
export let at: usize = 0;
export let bytes: u32 = 0;
export let type: u32 = 0;
export let size: u64 = 0;
export let path: usize = 0;
export let pathLen: u32 = 0;
export let link: usize = 0;
export let linkLen: u32 = 0;
export let content: usize = 0;
export let contentLen: u32 = 0;
export let sha256: usize = 0;
export let sha512: usize = 0;
export let xattrs: usize = 0;
export let xattrCount: u32 = 0;

/** Whether the entry is not of a tar (RECORD_FLAG_LITERAL). */
export function isLiteral(): bool {
  return (load<u32>(at + RECORD_FLAGS) & RECORD_FLAG_LITERAL) != 0;
}

/** Whether a path is of the form that the tar reader writes; the root's is empty. */
function isPath(text: usize, len: u32): bool {
  if (len >= <u32>PATH_MAX_BYTES) return false;
  let start: u32 = 0;
  for (let i: u32 = 0; i <= len; i++) {
    const byte = i < len ? <u32>load<u8>(text + i) : SLASH;
    if (byte == 0) return false;
    if (byte != SLASH) continue;
    const part = i - start;
    if (part == 0 ? len > 0 : part > <u32>NAME_MAX_BYTES) return false;
    const isDot = part > 0 && <u32>load<u8>(text + start) == DOT;
    if (isDot && (part == 1 || (part == 2 && <u32>load<u8>(text + start + 1) == DOT))) return false;
    start = i + 1;
  }
  return true;
}

function hasZero(text: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) if (!load<u8>(text + i)) return true;
  return false;
}

/** Finds the parts behind the header. @returns false when they do not fill the record */
function findParts(): bool {
  let left = bytes - RECORD_HEADER_BYTES;
  let next = at + RECORD_HEADER_BYTES;
  for (let field: usize = RECORD_PATH_BYTES; field <= <usize>RECORD_SHA512_BYTES; field += 4) {
    const len = load<u32>(at + field);
    if (len > left) return false;
    if (field == RECORD_PATH_BYTES) path = next;
    else if (field == RECORD_LINK_BYTES) link = next;
    else if (field == RECORD_CONTENT_BYTES) content = next;
    else if (field == RECORD_SHA256_BYTES) sha256 = len ? next : 0;
    else sha512 = len ? next : 0;
    next += len;
    left -= len;
  }
  pathLen = load<u32>(at + RECORD_PATH_BYTES);
  linkLen = load<u32>(at + RECORD_LINK_BYTES);
  contentLen = load<u32>(at + RECORD_CONTENT_BYTES);
  xattrs = next;
  xattrCount = load<u32>(at + RECORD_XATTR_COUNT);
  let budget: u32 = 12;
  for (let i: u32 = 0; i < xattrCount; i++) {
    if (left < 4) return false;
    const keyLen = <u32>load<u16>(next);
    const valueLen = <u32>load<u16>(next, 2);
    if (keyLen == 0 || keyLen > <u32>XATTR_KEY_MAX_BYTES || keyLen + valueLen > left - 4) return false;
    if (hasZero(next + 4, keyLen)) return false;
    budget += 7 + keyLen + valueLen;
    if (budget > <u32>XATTR_BUDGET_BYTES) return false;
    next += 4 + keyLen + valueLen;
    left -= 4 + keyLen + valueLen;
  }
  return left < 8;
}

/** Whether what the record says goes with its type. */
function isConsistent(): bool {
  const sha256Len = load<u32>(at + RECORD_SHA256_BYTES);
  const sha512Len = load<u32>(at + RECORD_SHA512_BYTES);
  if ((sha256Len && sha256Len != 32) || (sha512Len && sha512Len != 64)) return false;
  if (load<u32>(at + RECORD_FLAGS) & ~ALL_FLAGS) return false;
  if (!isPath(path, pathLen) || load<u32>(at + RECORD_NANOSECONDS) > NANOSECONDS_MAX) return false;
  if (load<u16>(at + RECORD_MODE) >> 12) return false;
  if (!pathLen && type != TYPE_DIRECTORY) return false;
  if (type == TYPE_REGULAR) {
    if (linkLen || size > <u64>EXTERNAL_MAX_BYTES) return false;
    if (size > <u64>LAYER_INLINE_MAX_BYTES) return !contentLen && (sha256Len | sha512Len) != 0;
    return <u64>contentLen == size && !(sha256Len | sha512Len);
  }
  if (size || contentLen || sha256Len | sha512Len) return false;
  if (type == TYPE_HARDLINK) return isPath(link, linkLen);
  if (type != TYPE_SYMLINK) return !linkLen;
  return linkLen > 0 && linkLen <= <u32>PAYLOAD_MAX_BYTES && !hasZero(link, linkLen);
}

/**
 * Reads the record at `from`.
 *
 * @param left bytes that there are
 * @returns whether it is a whole record of an entry
 */
export function readRecord(from: usize, left: u32): bool {
  if (left < <u32>RECORD_HEADER_BYTES) return false;
  at = from;
  bytes = load<u32>(at + RECORD_BYTES);
  if (bytes < <u32>RECORD_HEADER_BYTES || bytes > <u32>RECORD_MAX_BYTES || bytes & 7 || bytes > left) return false;
  if (<u32>load<u8>(at + RECORD_KIND) != RECORD_KIND_ENTRY) return false;
  type = load<u8>(at + RECORD_TYPE);
  size = load<u64>(at + RECORD_SIZE);
  if (type == 0 || type > TYPE_HARDLINK || (type == TYPE_SOCKET && !isLiteral())) return false;
  return findParts() && isConsistent();
}
