/**
 * Xattrs: every key and every (key, value) pair is kept once.
 *
 * EROFS stores a pair that several inodes carry only once, so the pairs must be recognised anyway; interning them when
 * they are read makes "shared" a count, and leaves each node with a list of addresses:
 *
 *   list   +0 u32 count   +4 u32 item …        an item is the address of a Pair, or of a Digest with a tag (digests.ts)
 *
 * Keys are kept as they reach the image: `trusted.overlay.X` with `overlay.` inserted (erofs-v1.md 3.3a), which keeps
 * their order. So a key that the writer adds itself (`trusted.overlay.metacopy`) can never meet one of the input.
 */

import { allocate, mark, release } from "../mem/arena";
import { comparePadded, copyAndPad, equal, sortKey } from "../mem/bytes";
import { ITEM_BYTES, itemValue, setItem, sort } from "../mem/sort";
import { startsWith, writeText } from "../mem/text";
import { addressAt, clear, first, hashAt, next, put, ready, Table, TABLE_BYTES } from "../mem/table";
import { sipHash } from "../hash/siphash";
import { xxh32 } from "../hash/xxh32";

@unmanaged
export class Key {
  /** Bytes of the key as it stands in the image. */
  len: u16;
  /** EROFS name index and length of the prefix that it stands for, formats V0 and V1 (erofs-v1.md 4.3). */
  index: u8;
  prefixLen: u8;
  /** The bit of the name filter. */
  filterBit: u8;
  /** The same three in format V2, which knows `lustre.` too (12.2). */
  indexV2: u8;
  prefixLenV2: u8;
  filterBitV2: u8;
  /** Whether `overlay.` was inserted. */
  escaped: u8;
  /** Whether it is one of the two POSIX ACL keys. */
  isAcl: u8;
  /** Line where the key was seen last, and its place in that line's list: finds a key given twice. */
  seenLine: u32;
  seenAt: u32;

  get bytes(): usize {
    return changetype<usize>(this) + KEY_BYTES;
  }
}
const KEY_BYTES: usize = 24;

@unmanaged
export class Pair {
  key: Key;
  valueLen: u16;
  /** Nodes of the image that carry the pair; the writer counts. */
  count: u32;
  /** Offset in the shared area; the writer's. */
  shared: u32;

  get value(): usize {
    return changetype<usize>(this) + PAIR_BYTES;
  }
}
const PAIR_BYTES: usize = 16;

/** Xattrs of one list that were kept last: neighbours often carry the same. */
let lastList: usize = 0;

const keys = changetype<Table>(memory.data(TABLE_BYTES, 8));
const pairs = changetype<Table>(memory.data(TABLE_BYTES, 8));

/** `trusted.` and `overlay.` as little-endian words; the second one is what gets inserted behind the two. */
const TRUSTED_WORD: u64 = 0x2e64657473757274;
const OVERLAY_WORD: u64 = 0x2e79616c7265766f;
const OVERLAY_PREFIX_LEN: u32 = 16;
const INSERTED_LEN: u32 = 8;

/** Seed base of the xattr name filter: EROFS_XATTR_FILTER_SEED of fs/erofs/erofs_fs.h. Format break if changed. */
const FILTER_SEED: u32 = 0x25bbe08f;

/** Forgets all keys and pairs. */
export function reset(): void {
  clear(keys);
  clear(pairs);
  lastList = 0;
}

// ---- prefixes: EROFS_XATTR_INDEX_* of fs/erofs/erofs_fs.h ----------------------------------------------------------

function setPrefix(key: Key, text: string, index: u8): bool {
  if (!startsWith(key.bytes, key.len, text)) return false;
  key.index = index;
  key.prefixLen = <u8>text.length;
  return true;
}

function filterBit(key: Key, index: u32, prefixLen: u32): u8 {
  return <u8>(xxh32(key.bytes + prefixLen, <u32>key.len - prefixLen, FILTER_SEED + index) & 31);
}

/** Fills in what follows from the bytes of a key. */
function classify(key: Key): void {
  // The order does not matter: no prefix begins another one.
  const known =
    setPrefix(key, "user.", 1) ||
    setPrefix(key, "system.posix_acl_access", 2) ||
    setPrefix(key, "system.posix_acl_default", 3) ||
    setPrefix(key, "trusted.", 4) ||
    setPrefix(key, "security.", 6);
  key.isAcl = (key.index == 2 || key.index == 3) && <u32>key.prefixLen == <u32>key.len ? 1 : 0;
  key.indexV2 = key.index;
  key.prefixLenV2 = key.prefixLen;
  key.filterBit = filterBit(key, key.index, key.prefixLen);
  key.filterBitV2 = key.filterBit;
  if (!known && startsWith(key.bytes, key.len, "lustre.")) {
    key.indexV2 = 5;
    key.prefixLenV2 = 7;
    key.filterBitV2 = filterBit(key, 5, 7);
  }
}

// ---- interning ------------------------------------------------------------------------------------------------------

function startsWithOverlay(bytes: usize, len: u32): bool {
  return len >= OVERLAY_PREFIX_LEN && load<u64>(bytes) == TRUSTED_WORD && load<u64>(bytes, 8) == OVERLAY_WORD;
}

/** Whether `key` is what the input's key of `len` bytes becomes. */
function isKey(key: Key, bytes: usize, len: u32): bool {
  if (!key.escaped) return key.len == len && equal(key.bytes, bytes, len);
  return (
    key.len == len + INSERTED_LEN &&
    startsWithOverlay(bytes, len) &&
    equal(key.bytes + OVERLAY_PREFIX_LEN + INSERTED_LEN, bytes + OVERLAY_PREFIX_LEN, len - OVERLAY_PREFIX_LEN)
  );
}

/**
 * A key that the writer adds: kept as it is, never equal to one of the input.
 *
 * @returns 0 when memory is refused
 */
export function writerKey(text: string): usize {
  const at = allocate(<u64>KEY_BYTES + text.length);
  if (!at) return 0;
  const key = changetype<Key>(at);
  key.len = <u16>writeText(key.bytes, text);
  classify(key);
  return at;
}

/**
 * The key record of an xattr key of the input.
 *
 * @param len 1 to 255 bytes
 * @returns its address, 0 when memory is refused
 */
export function internKey(bytes: usize, len: u32): usize {
  if (!ready(keys)) return 0;
  const hash = <u32>sipHash(bytes, len, 0);
  let slot = first(keys, hash);
  for (; addressAt(slot); slot = next(keys, slot)) {
    if (hashAt(slot) == hash && isKey(changetype<Key>(addressAt(slot)), bytes, len)) return addressAt(slot);
  }
  const escaped = startsWithOverlay(bytes, len);
  const at = allocate(<u64>KEY_BYTES + len + INSERTED_LEN);
  if (!at) return 0;
  const key = changetype<Key>(at);
  if (escaped) {
    key.escaped = 1;
    key.len = <u16>(len + INSERTED_LEN);
    store<u64>(key.bytes, TRUSTED_WORD);
    store<u64>(key.bytes, OVERLAY_WORD, 8);
    store<u64>(key.bytes, OVERLAY_WORD, 16);
    memory.copy(key.bytes + OVERLAY_PREFIX_LEN + INSERTED_LEN, bytes + OVERLAY_PREFIX_LEN, len - OVERLAY_PREFIX_LEN);
  } else {
    key.len = <u16>len;
    memory.copy(key.bytes, bytes, len);
  }
  classify(key);
  return put(keys, slot, hash, at) ? at : 0;
}

/** A pair that is not looked up: of a writer's key. @returns 0 when memory is refused */
export function newPair(key: Key, value: usize, valueLen: u32): usize {
  const at = allocate(<u64>PAIR_BYTES + valueLen);
  if (!at) return 0;
  const pair = changetype<Pair>(at);
  pair.key = key;
  pair.valueLen = <u16>valueLen;
  copyAndPad(pair.value, value, valueLen);
  return at;
}

/**
 * The pair record of a key and a value.
 *
 * @param valueLen at most 65535 bytes
 * @returns its address, 0 when memory is refused
 */
export function internPair(key: Key, value: usize, valueLen: u32): usize {
  if (!ready(pairs)) return 0;
  const hash = <u32>sipHash(value, valueLen, changetype<usize>(key));
  let slot = first(pairs, hash);
  for (; addressAt(slot); slot = next(pairs, slot)) {
    if (hashAt(slot) != hash) continue;
    const pair = changetype<Pair>(addressAt(slot));
    if (pair.key == key && pair.valueLen == valueLen && equal(pair.value, value, valueLen)) return addressAt(slot);
  }
  const at = newPair(key, value, valueLen);
  if (!at) return 0;
  return put(pairs, slot, hash, at) ? at : 0;
}

/** Bytes of a key as the input gave it. */
export function keyBytes(key: Key): u32 {
  return <u32>key.len - (key.escaped ? INSERTED_LEN : 0);
}

/** Writes a key as the input gave it. @returns its length */
export function copyKey(key: Key, to: usize): u32 {
  if (!key.escaped) {
    memory.copy(to, key.bytes, key.len);
    return key.len;
  }
  const rest = <u32>key.len - OVERLAY_PREFIX_LEN - INSERTED_LEN;
  memory.copy(to, key.bytes, OVERLAY_PREFIX_LEN);
  memory.copy(to + OVERLAY_PREFIX_LEN, key.bytes + OVERLAY_PREFIX_LEN + INSERTED_LEN, rest);
  return OVERLAY_PREFIX_LEN + rest;
}

/** All pairs of the input: the table's slots, some of them free. */
export function allPairs(): Table {
  return pairs;
}

/** Order of two keys by their bytes. */
export function compareKeys(a: Key, b: Key): i32 {
  return comparePadded(a.bytes, a.len, b.bytes, b.len);
}

// ---- lists ------------------------------------------------------------------------------------------------------------

export function listCount(list: usize): u32 {
  return list ? load<u32>(list) : 0;
}

export function listItem(list: usize, index: u32): usize {
  return <usize>load<u32>(list + 4 + ((<usize>index) << 2));
}

/** Makes room for a list of `count` items. @returns 0 when memory is refused */
export function newList(count: u32): usize {
  const list = allocate(4 + ((<u64>count) << 2));
  if (list) store<u32>(list, count);
  return list;
}

export function setListItem(list: usize, index: u32, item: usize): void {
  store<u32>(list + 4 + ((<usize>index) << 2), <u32>item);
}

function keyAt(pairs: usize, index: u32): Key {
  return changetype<Pair>(<usize>load<u32>(pairs + ((<usize>index) << 2))).key;
}

function comparePairs(a: u32, b: u32): i32 {
  return compareKeys(changetype<Pair>(<usize>a).key, changetype<Pair>(<usize>b).key);
}

/** Brings pairs into the order of their keys, if they are not in it. @returns false when memory is refused */
function sortPairs(pairs: usize, count: u32): bool {
  let sorted: u32 = 1;
  while (sorted < count && compareKeys(keyAt(pairs, sorted - 1), keyAt(pairs, sorted)) < 0) sorted++;
  if (sorted >= count) return true;
  const point = mark();
  const items = allocate(<u64>count * ITEM_BYTES);
  if (!items) return false;
  for (let i: u32 = 0; i < count; i++) {
    setItem(items + <usize>i * ITEM_BYTES, sortKey(keyAt(pairs, i).bytes), load<u32>(pairs + ((<usize>i) << 2)));
  }
  if (!sort(items, count, comparePairs)) return false;
  for (let i: u32 = 0; i < count; i++) store<u32>(pairs + ((<usize>i) << 2), itemValue(items + <usize>i * ITEM_BYTES));
  release(point);
  return true;
}

/**
 * Keeps the xattrs of a node as a list in the order of their keys; a list like the one before is not kept twice.
 *
 * @param pairs u32 addresses of pairs with different keys; they are put into order where they are
 * @param count at least 1
 * @returns 0 when memory is refused
 */
export function keepPairs(pairs: usize, count: u32): usize {
  if (!sortPairs(pairs, count)) return 0;
  if (listCount(lastList) == count && equal(lastList + 4, pairs, (<usize>count) << 2)) return lastList;
  const list = newList(count);
  if (!list) return 0;
  memory.copy(list + 4, pairs, (<usize>count) << 2);
  lastList = list;
  return list;
}
