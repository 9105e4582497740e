/**
 * The xattrs of an inode: references and local entries become the list that the tree keeps, and what overlayfs is told
 * by them (erofs-reader.md 1.3, 2.1, 2.2, 4.2).
 *
 * An entry of the shared area is read when the first inode refers to it; after that a reference costs one lookup.
 */

import {
  FORMAT_V2,
  PAYLOAD_MAX_BYTES,
  STATUS_IMAGE_DIGEST_MIXED,
  STATUS_IMAGE_METACOPY,
  STATUS_IMAGE_REDIRECT,
  STATUS_IMAGE_STRICT_RESERVED,
  STATUS_IMAGE_XATTR_BUDGET,
  STATUS_IMAGE_XATTR_ENTRY,
  STATUS_IMAGE_XATTR_INDEX,
  STATUS_IMAGE_XATTR_KEY,
  STATUS_IMAGE_XATTR_KEY_NUL,
  STATUS_IMAGE_XATTR_REFERENCE,
  STATUS_IMAGE_XATTR_REFERENCES,
  STATUS_IMAGE_XATTR_SHARED,
  STATUS_IMAGE_XATTR_TWICE,
  STATUS_OK,
  XATTR_BUDGET_BYTES,
  XATTR_KEY_MAX_BYTES,
} from "../abi";
import { sipHash } from "../hash/siphash";
import { allocate } from "../mem/arena";
import { failMemory } from "../mem/record";
import { addressAt, clear, first, hashAt, next, put, ready, Table, TABLE_BYTES } from "../mem/table";
import { isText, startsWith, writeText } from "../mem/text";
import { internDigest } from "../tree/digests";
import { isParentMarker, isWhiteoutKey, isWhiteoutMarker, redirectItem } from "../tree/overlay";
import { digestBytes, setDigestBytes } from "../tree/tree";
import { internKey, internPair, keepPairs, Key, keyBytes, listCount, listItem, Pair } from "../tree/xattrs";
import { NAME_INDEX_MAX, prefixOf, SHARED_MAX, XATTR_ENTRY_BYTES, XATTR_HEADER_BYTES } from "./format";
import { addressOf, claim, failImage, imageBytes, imageVersion, isWithin, xattrBase } from "./input";
import { xattrAt, xattrBytes } from "./read-inode";

/** What an entry turned out to be. */
const KIND_PAIR: u32 = 1;
const KIND_METACOPY: u32 = 2;
const KIND_REDIRECT: u32 = 3;
/** A marker of the writer that says nothing of the tree. */
const KIND_DROPPED: u32 = 4;

/** An entry of the shared area that was read. */
@unmanaged
class SharedEntry {
  offset: u32;
  kind: u32;
  /** Pair, digest (0 = none), item of the redirect, or key of what is dropped. */
  item: usize;
}
const SHARED_ENTRY_BYTES = 16;

const entries = changetype<Table>(memory.data(TABLE_BYTES, 8));
/** Key of that table: the offset as eight bytes. */
const offsetText = memory.data(8, 8);

/** Bytes of a pair that count beside key and value, and of a node, as C counts them: lcfs_node_set_xattr. */
const PAIR_OVERHEAD: u32 = 7;
const NODE_OVERHEAD: u32 = 12;
/** More pairs than the budget lets through. */
const PAIRS_MAX = XATTR_BUDGET_BYTES / 8 + 6;

const found = memory.data((PAIRS_MAX + 1) * 4, 8);
let foundCount: u32 = 0;
let budget: u32 = 0;

/** Of the inode whose xattrs were read last. The list; 0 = none. */
export let list: usize = 0;
export let hasMetacopy: bool = false;
/** Digest of metacopy, 0 = empty. */
export let metacopy: usize = 0;
/** Item of the redirect, 0 = none. */
export let redirect: usize = 0;
/** Whether it carries `trusted.overlay.overlay.whiteout`. */
export let hasWhiteout: bool = false;
/** Whether something in the list could be the writer's, which the budget has not counted. */
export let hasMarkers: bool = false;

/** Goes up with every inode: tells which keys it had. */
let serial: u32 = 0;

/** Key as it stands in the image: prefix and suffix; then without the inserted part. */
const key = memory.data(24 + 256 + 16, 8);

/** What `readEntry` found. */
let kind: u32 = 0;
let item: usize = 0;
let entryBytes: u32 = 0;

export function resetXattrs(): void {
  clear(entries);
  serial = 0;
}

/** Reads the value of metacopy: struct ovl_metacopy of fs/overlayfs/overlayfs.h. */
function readMetacopy(at: u64, len: u32): i32 {
  kind = KIND_METACOPY;
  item = 0;
  if (!len) return STATUS_OK;
  const value = addressOf(at);
  const isSha256 = len == 36;
  if (!isSha256 && len != 68) return failImage(STATUS_IMAGE_METACOPY, at, len, 36);
  const algorithm: u32 = isSha256 ? 1 : 2;
  // version 0, total length, no flags, algorithm
  const wanted = (len << 8) | (algorithm << 24);
  if (load<u32>(value) != wanted) return failImage(STATUS_IMAGE_METACOPY, at, load<u32>(value), wanted);
  const bytes = len - 4;
  if (!digestBytes) setDigestBytes(bytes);
  else if (digestBytes != bytes) return failImage(STATUS_IMAGE_DIGEST_MIXED, at, bytes, digestBytes);
  item = internDigest(value + 4, bytes);
  return item ? STATUS_OK : failMemory();
}

/** Reads the value of redirect: a slash and the path of the object. */
function readRedirect(at: u64, len: u32): i32 {
  kind = KIND_REDIRECT;
  let value = addressOf(at);
  let payloadLen = len;
  if (len && <u32>load<u8>(value) == 0x2f) {
    value++;
    payloadLen--;
  }
  if (payloadLen == 0 || payloadLen > <u32>PAYLOAD_MAX_BYTES) {
    return failImage(STATUS_IMAGE_REDIRECT, at, payloadLen, PAYLOAD_MAX_BYTES);
  }
  for (let i: u32 = 0; i < payloadLen; i++) {
    if (!load<u8>(value + i)) return failImage(STATUS_IMAGE_REDIRECT, at, i, payloadLen);
  }
  item = redirectItem(value, payloadLen);
  return item ? STATUS_OK : failMemory();
}

/**
 * Drops an entry, and keeps its key so that a second one of it is noticed: behind a zero byte, which no other key has,
 * since an escaped key is interned as what this one is.
 */
function dropKey(keyLen: u32): i32 {
  memory.copy(key + 1, key, keyLen);
  store<u8>(key, 0);
  kind = KIND_DROPPED;
  item = internKey(key, keyLen + 1);
  return item ? STATUS_OK : failMemory();
}

/**
 * Reads the entry at `at`, all of which must lie before `end`.
 *
 * @param status what is wrong when it does not
 */
function readEntry(at: u64, end: u64, status: i32): i32 {
  if (at + XATTR_ENTRY_BYTES > end) return failImage(status, at, at + XATTR_ENTRY_BYTES, end);
  const entry = addressOf(at);
  const suffixLen = <u32>load<u8>(entry);
  const index = <u32>load<u8>(entry, 1);
  const valueLen = <u32>load<u16>(entry, 2);
  entryBytes = XATTR_ENTRY_BYTES + suffixLen + valueLen;
  if (at + entryBytes > end) return failImage(status, at, at + entryBytes, end);
  if (index > NAME_INDEX_MAX) return failImage(STATUS_IMAGE_XATTR_INDEX, at + 1, index, NAME_INDEX_MAX);
  const prefixLen = writeText(key, prefixOf(index));
  memory.copy(key + prefixLen, entry + XATTR_ENTRY_BYTES, suffixLen);
  let keyLen = prefixLen + suffixLen;
  const valueAt = at + XATTR_ENTRY_BYTES + suffixLen;
  for (let i: u32 = 0; i < suffixLen; i++) {
    if (!load<u8>(entry + XATTR_ENTRY_BYTES + i)) return failImage(STATUS_IMAGE_XATTR_KEY_NUL, at, i, suffixLen);
  }
  // By the whole key, wherever its prefix is cut.
  if (startsWith(key, keyLen, "trusted.overlay.")) {
    const rest = key + 16;
    const restLen = keyLen - 16;
    if (isText(rest, restLen, "metacopy")) return readMetacopy(valueAt, valueLen);
    if (isText(rest, restLen, "redirect")) return readRedirect(valueAt, valueLen);
    if (!startsWith(rest, restLen, "overlay.")) return dropKey(keyLen);
    // As an input would have it; interning it inserts the part again.
    keyLen -= 8;
    memory.copy(key + 16, key + 24, keyLen - 16);
  }
  if (keyLen == 0 || keyLen > <u32>XATTR_KEY_MAX_BYTES) {
    return failImage(STATUS_IMAGE_XATTR_KEY, at, keyLen, XATTR_KEY_MAX_BYTES);
  }
  const keyRecord = internKey(key, keyLen);
  if (!keyRecord) return failMemory();
  kind = KIND_PAIR;
  item = internPair(changetype<Key>(keyRecord), addressOf(valueAt), valueLen);
  return item ? STATUS_OK : failMemory();
}

/** Reads the entry of the shared area that a reference at `from` names. */
function readReference(reference: u32, from: u64): i32 {
  const at = xattrBase + ((<u64>reference) << 2);
  if (!isWithin(at, XATTR_ENTRY_BYTES)) return failImage(STATUS_IMAGE_XATTR_REFERENCE, from, at, imageBytes);
  if (!ready(entries)) return failMemory();
  store<u64>(offsetText, at);
  const hash = <u32>sipHash(offsetText, 8, 2);
  let slot = first(entries, hash);
  for (; addressAt(slot); slot = next(entries, slot)) {
    const known = changetype<SharedEntry>(addressAt(slot));
    if (hashAt(slot) != hash || known.offset != <u32>at) continue;
    kind = known.kind;
    item = known.item;
    return STATUS_OK;
  }
  let status = readEntry(at, imageBytes, STATUS_IMAGE_XATTR_REFERENCE);
  if (status != STATUS_OK) return status;
  status = claim(at, entryBytes);
  if (status != STATUS_OK) return status;
  const record = allocate(SHARED_ENTRY_BYTES);
  if (!record) return failMemory();
  const entry = changetype<SharedEntry>(record);
  entry.offset = <u32>at;
  entry.kind = kind;
  entry.item = item;
  return put(entries, slot, hash, record) ? STATUS_OK : failMemory();
}

/** What a pair counts, as C counts. */
function costOf(pair: Pair): u32 {
  return PAIR_OVERHEAD + keyBytes(pair.key) + pair.valueLen;
}

/** Holds the list of a node, of which nothing is the writer's any more, to the budget. @returns a status */
export function checkBudget(pairs: usize, at: u64): i32 {
  let sum = NODE_OVERHEAD;
  for (let i: u32 = 0; i < listCount(pairs); i++) sum += costOf(changetype<Pair>(listItem(pairs, i)));
  return sum <= <u32>XATTR_BUDGET_BYTES ? STATUS_OK : failImage(STATUS_IMAGE_XATTR_BUDGET, at, sum, XATTR_BUDGET_BYTES);
}

/** Gives the entry that was read to the inode. @param at offset at fault when it must not */
function take(at: u64): i32 {
  if (kind == KIND_METACOPY) {
    if (hasMetacopy) return failImage(STATUS_IMAGE_XATTR_TWICE, at, 0, 0);
    hasMetacopy = true;
    metacopy = item;
    return STATUS_OK;
  }
  if (kind == KIND_REDIRECT) {
    if (redirect) return failImage(STATUS_IMAGE_XATTR_TWICE, at, 0, 0);
    redirect = item;
    return STATUS_OK;
  }
  const keyRecord = kind == KIND_DROPPED ? changetype<Key>(item) : changetype<Pair>(item).key;
  if (keyRecord.seenLine == serial) return failImage(STATUS_IMAGE_XATTR_TWICE, at, 0, 0);
  keyRecord.seenLine = serial;
  if (kind == KIND_DROPPED) return STATUS_OK;
  const pair = changetype<Pair>(item);
  // What the writer added was not counted when it was added; whether it did is known when the node is.
  const isMarker = isWhiteoutMarker(pair) || isParentMarker(pair, true);
  if (isMarker) hasMarkers = true;
  if (!isMarker || pair.valueLen > 1) budget += costOf(pair);
  if (budget > <u32>XATTR_BUDGET_BYTES) {
    return failImage(STATUS_IMAGE_XATTR_BUDGET, at, budget, XATTR_BUDGET_BYTES);
  }
  if (isWhiteoutKey(pair.key)) hasWhiteout = true;
  store<u32>(found + (foundCount << 2), <u32>item);
  foundCount++;
  return STATUS_OK;
}

/** Keeps the pairs that were found. */
function keepFound(): i32 {
  if (!foundCount) return STATUS_OK;
  list = keepPairs(found, foundCount);
  return list ? STATUS_OK : failMemory();
}

/** References, then local entries. */
function readPart(at: u64, strict: bool): i32 {
  const end = at + xattrBytes;
  const header = addressOf(at);
  const references = <u32>load<u8>(header, 4);
  if (strict && (load<u32>(header, 4) >> 8 || load<u32>(header, 8))) {
    return failImage(STATUS_IMAGE_STRICT_RESERVED, at + 5, 0, 0);
  }
  let from = at + XATTR_HEADER_BYTES;
  if (references << 2 > xattrBytes - XATTR_HEADER_BYTES) {
    return failImage(STATUS_IMAGE_XATTR_REFERENCES, at + 4, references, (xattrBytes - XATTR_HEADER_BYTES) >> 2);
  }
  if (imageVersion != FORMAT_V2 && references > SHARED_MAX) {
    return failImage(STATUS_IMAGE_XATTR_SHARED, at + 4, references, SHARED_MAX);
  }
  for (let i: u32 = 0; i < references; i++, from += 4) {
    let status = readReference(load<u32>(addressOf(from)), from);
    if (status == STATUS_OK) status = take(from);
    if (status != STATUS_OK) return status;
  }
  while (from < end) {
    let status = readEntry(from, end, STATUS_IMAGE_XATTR_ENTRY);
    if (status == STATUS_OK) status = take(from);
    if (status != STATUS_OK) return status;
    from += (entryBytes + 3) & ~3;
  }
  return STATUS_OK;
}

/**
 * Reads the xattrs of the inode that `readInode` read.
 *
 * @returns a status
 */
export function readXattrs(strict: bool): i32 {
  foundCount = 0;
  budget = NODE_OVERHEAD;
  hasMetacopy = false;
  metacopy = 0;
  redirect = 0;
  hasWhiteout = false;
  hasMarkers = false;
  list = 0;
  if (!xattrBytes) return STATUS_OK;
  serial++;
  const status = readPart(xattrAt(), strict);
  return status == STATUS_OK ? keepFound() : status;
}
