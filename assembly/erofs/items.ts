/**
 * Items: the xattrs of an inode as they reach the image.
 *
 * An item is the address of a `Pair`, or of a `Digest` with a tag that says which of its two xattrs is meant; which
 * of the two it is matters to this file alone; others only add a tag or ask for one. Values of digests exist only where they are written.
 */

import { FORMAT_V2 } from "../abi";
import { encodeObjectPath } from "../mem/hex";
import { compare, copyPadded } from "../mem/bytes";
import { itemDigest, itemTag, TAG_METACOPY, TAG_PAIR } from "../tree/digests";
import { metacopyKey, redirectKey } from "../tree/overlay";
import { compareKeys, Key, Pair } from "../tree/xattrs";
import { XATTR_ENTRY_BYTES } from "./format";
import { version } from "./plan";

/** fs-verity algorithm numbers in the metacopy header: struct ovl_metacopy of fs/overlayfs/overlayfs.h. */
const METACOPY_SHA256: u8 = 1;
const METACOPY_SHA512: u8 = 2;
const METACOPY_HEADER_BYTES: u32 = 4;

export function itemKeyOf(item: usize): Key {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) return changetype<Pair>(item).key;
  return changetype<Key>(tag == TAG_METACOPY ? metacopyKey : redirectKey);
}

/** Bytes of the value. */
export function valueLen(item: usize): u32 {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) return changetype<Pair>(item).valueLen;
  const len = itemDigest(item).len;
  return tag == TAG_METACOPY ? METACOPY_HEADER_BYTES + len : 2 + (len << 1);
}

/** Writes the value; whole words, so up to 7 bytes after it change. */
function writeValue(item: usize, to: usize): void {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) {
    const pair = changetype<Pair>(item);
    copyPadded(to, pair.value, pair.valueLen);
    return;
  }
  const digest = itemDigest(item);
  if (tag == TAG_METACOPY) {
    store<u8>(to, 0);
    store<u8>(to, METACOPY_HEADER_BYTES + digest.len, 1);
    store<u8>(to, 0, 2);
    store<u8>(to, digest.len == 32 ? METACOPY_SHA256 : METACOPY_SHA512, 3);
    copyPadded(to + METACOPY_HEADER_BYTES, digest.bytes, digest.len);
    return;
  }
  store<u8>(to, 0x2f);
  encodeObjectPath(digest.bytes, digest.len, to + 1);
}

// ---- how often, and where in the shared area ------------------------------------------------------------------------

/** Counts one more node that carries the item. */
export function countItem(item: usize): void {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) changetype<Pair>(item).count++;
  else if (tag == TAG_METACOPY) itemDigest(item).metacopyCount++;
  else itemDigest(item).redirectCount++;
}

/** Whether more than one node carries it (erofs-v1.md 5). */
export function isShared(item: usize): bool {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) return changetype<Pair>(item).count > 1;
  if (tag == TAG_METACOPY) return itemDigest(item).metacopyCount > 1;
  return itemDigest(item).redirectCount > 1;
}

/** Offset in the shared area. */
export function sharedOffset(item: usize): u32 {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) return changetype<Pair>(item).shared;
  if (tag == TAG_METACOPY) return itemDigest(item).metacopyShared;
  return itemDigest(item).redirectShared;
}

export function setSharedOffset(item: usize, offset: u32): void {
  const tag = itemTag(item);
  if (tag == TAG_PAIR) changetype<Pair>(item).shared = offset;
  else if (tag == TAG_METACOPY) itemDigest(item).metacopyShared = offset;
  else itemDigest(item).redirectShared = offset;
}

// ---- entries ----------------------------------------------------------------------------------------------------------

function nameIndex(key: Key): u8 {
  return version == FORMAT_V2 ? key.indexV2 : key.index;
}

function prefixLen(key: Key): u32 {
  return version == FORMAT_V2 ? key.prefixLenV2 : key.prefixLen;
}

/** Bit of the name filter. */
export function filterBitOf(item: usize): u32 {
  const key = itemKeyOf(item);
  return 1 << (version == FORMAT_V2 ? key.filterBitV2 : key.filterBit);
}

/** Bytes of the item's entry, a multiple of 4. */
export function entryBytes(item: usize): u32 {
  const key = itemKeyOf(item);
  return (XATTR_ENTRY_BYTES + key.len - prefixLen(key) + valueLen(item) + 3) & ~3;
}

/**
 * Writes the item's entry: suffix length, name index, value length, suffix, value, zeros to a multiple of 4. Some more
 * bytes after it change.
 *
 * @returns the address after it
 */
export function writeEntry(item: usize, to: usize): usize {
  const key = itemKeyOf(item);
  const cut = prefixLen(key);
  const suffixLen = <u32>key.len - cut;
  const len = valueLen(item);
  store<u8>(to, suffixLen);
  store<u8>(to, nameIndex(key), 1);
  store<u16>(to, len, 2);
  let at = to + XATTR_ENTRY_BYTES;
  copyPadded(at, key.bytes + cut, suffixLen);
  at += suffixLen;
  writeValue(item, at);
  at += len;
  store<u32>(at, 0);
  return (at + 3) & ~3;
}

// ---- order of the shared area -------------------------------------------------------------------------------------------

const valueA = memory.data(256, 8);
const valueB = memory.data(256, 8);

/** Address of the value's bytes; those of a digest are written to `scratch`. */
function valueBytes(item: usize, scratch: usize): usize {
  if (itemTag(item) == TAG_PAIR) return changetype<Pair>(item).value;
  writeValue(item, scratch);
  return scratch;
}

function compareValues(a: usize, b: usize): i32 {
  const tag = itemTag(a);
  if (tag != TAG_PAIR && tag == itemTag(b)) {
    // Both xattrs of a digest order as the digest does: their fixed parts are equal, hexadecimal keeps the order.
    return compare(itemDigest(a).bytes, itemDigest(a).len, itemDigest(b).bytes, itemDigest(b).len);
  }
  return compare(valueBytes(a, valueA), valueLen(a), valueBytes(b, valueB), valueLen(b));
}

/** Order of V0 and V1, turned round: by key, then longer values last, then by value. */
export function compareByLength(a: u32, b: u32): i32 {
  const order = compareKeys(itemKeyOf(a), itemKeyOf(b));
  if (order) return order;
  const lenA = valueLen(a);
  const lenB = valueLen(b);
  if (lenA != lenB) return lenA < lenB ? -1 : 1;
  return compareValues(a, b);
}

/** Order of V2: by name index, then suffix, then value as bytes. */
export function compareBySuffix(a: u32, b: u32): i32 {
  const keyA = itemKeyOf(a);
  const keyB = itemKeyOf(b);
  const index = <i32>nameIndex(keyA) - <i32>nameIndex(keyB);
  if (index) return index;
  const cutA = prefixLen(keyA);
  const cutB = prefixLen(keyB);
  const order = compare(keyA.bytes + cutA, <u32>keyA.len - cutA, keyB.bytes + cutB, <u32>keyB.len - cutB);
  return order ? order : compareValues(a, b);
}
