/**
 * The xattrs of the next entry: `SCHILY.xattr.NAME` records, the last one of a name counts (oci-to-tree.md 2.4).
 *
 * Places of names and values in the extension's buffer are kept; a small table finds a name that came before.
 */

import {
  STATUS_OK,
  STATUS_TAR_XATTR_BUDGET,
  STATUS_TAR_XATTR_KEY,
  XATTR_BUDGET_BYTES,
  XATTR_KEY_MAX_BYTES,
} from "../abi";
import { sipHash } from "../hash/siphash";
import { equal } from "../mem/bytes";
import { failTar } from "./place";

/** lcfs_node_set_xattr counts 7 bytes for each beside key and value, and 12 for all. */
const PAIR_OVERHEAD: u32 = 7;
const NODE_OVERHEAD: u32 = 12;
/** As many as the budget allows: a key has a byte at least. */
const XATTRS_MAX = XATTR_BUDGET_BYTES / 8 + 1;
/** Slots of the table, a power of two and more than twice as many. */
const SLOTS = 16384;

/** Key address, key bytes, value address, value bytes: u32 each. */
const ITEM_BYTES = 16;
const items = memory.data(XATTRS_MAX * ITEM_BYTES, 16);
const slots = memory.data(SLOTS * 2, 16);

export let xattrCount: u32 = 0;
let budget: u32 = NODE_OVERHEAD;

export function resetXattrs(): void {
  if (xattrCount) memory.fill(slots, 0, SLOTS * 2);
  xattrCount = 0;
  budget = NODE_OVERHEAD;
}

function itemAt(index: u32): usize {
  return items + index * ITEM_BYTES;
}

export function keyAt(index: u32): usize {
  return load<u32>(itemAt(index));
}
export function keyLen(index: u32): u32 {
  return load<u32>(itemAt(index), 4);
}
export function valueAt(index: u32): usize {
  return load<u32>(itemAt(index), 8);
}
export function valueLen(index: u32): u32 {
  return load<u32>(itemAt(index), 12);
}

/** Adds an xattr, or gives one that came before another value. The bytes must stay. @returns a status */
export function addXattr(key: usize, len: u32, value: usize, valueBytes: u32): i32 {
  if (len == 0 || len > <u32>XATTR_KEY_MAX_BYTES) return failTar(STATUS_TAR_XATTR_KEY, len, XATTR_KEY_MAX_BYTES);
  for (let i: u32 = 0; i < len; i++) {
    if (!load<u8>(key + i)) return failTar(STATUS_TAR_XATTR_KEY, len, XATTR_KEY_MAX_BYTES);
  }
  if (valueBytes > <u32>XATTR_BUDGET_BYTES) return failTar(STATUS_TAR_XATTR_BUDGET, valueBytes, XATTR_BUDGET_BYTES);
  let slot = <u32>sipHash(key, len, 3) & (SLOTS - 1);
  let index: u32 = 0;
  while (true) {
    index = load<u16>(slots + (slot << 1));
    if (!index) break;
    if (keyLen(index - 1) == len && equal(keyAt(index - 1), key, len)) break;
    slot = (slot + 1) & (SLOTS - 1);
  }
  const before = index ? PAIR_OVERHEAD + len + valueLen(index - 1) : 0;
  const now = budget - before + PAIR_OVERHEAD + len + valueBytes;
  if (now > <u32>XATTR_BUDGET_BYTES) return failTar(STATUS_TAR_XATTR_BUDGET, now, XATTR_BUDGET_BYTES);
  budget = now;
  if (!index) {
    xattrCount++;
    index = xattrCount;
    store<u16>(slots + (slot << 1), index);
  }
  const item = itemAt(index - 1);
  store<u32>(item, <u32>key);
  store<u32>(item, len, 4);
  store<u32>(item, <u32>value, 8);
  store<u32>(item, valueBytes, 12);
  return STATUS_OK;
}
