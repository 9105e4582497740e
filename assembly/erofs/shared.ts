/**
 * The shared area: the xattrs that more than one inode carries, stored once (erofs-v1.md 5 and 12.4).
 *
 * They are found by walking over hash tables, whose order depends on a seed; sorting by all that tells two xattrs apart
 * makes the order the same whatever the seed was.
 */

import { FORMAT_V2, STATUS_OK } from "../abi";
import { allocate, mark, release } from "../mem/arena";
import { failMemory } from "../mem/record";
import { ITEM_BYTES, itemValue, setItem, sort } from "../mem/sort";
import { capacity, recordAt } from "../mem/table";
import { allDigests, TAG_METACOPY, TAG_REDIRECT } from "../tree/digests";
import { emptyMetacopy } from "../tree/overlay";
import { allPairs } from "../tree/xattrs";
import { compareByLength, compareBySuffix, entryBytes, isShared, setSharedOffset } from "./items";
import { setShared, version } from "./plan";

/** Calls for each shared item: counts it, or stores it in `items` when that is not 0. */
function collect(items: usize): u32 {
  let count: u32 = 0;
  const pairs = allPairs();
  for (let i: u32 = 0; i < capacity(pairs); i++) {
    const at = recordAt(pairs, i);
    if (at) count += take(items, count, at);
  }
  const digests = allDigests();
  for (let i: u32 = 0; i < capacity(digests); i++) {
    const at = recordAt(digests, i);
    if (!at) continue;
    count += take(items, count, at | TAG_METACOPY);
    count += take(items, count, at | TAG_REDIRECT);
  }
  return count + take(items, count, emptyMetacopy);
}

function take(items: usize, at: u32, item: usize): u32 {
  if (!isShared(item)) return 0;
  // The comparison decides alone: all keys of the sort are equal.
  if (items) setItem(items + <usize>at * ITEM_BYTES, 0, <u32>item);
  return 1;
}

/**
 * Orders the shared xattrs and gives each its offset.
 *
 * @returns a status
 */
export function planShared(): i32 {
  const count = collect(0);
  const list = allocate(((<u64>count) << 2) + 4);
  if (!list) return failMemory();
  const point = mark();
  const items = allocate(<u64>count * ITEM_BYTES + 1);
  if (!items) return failMemory();
  collect(items);
  const isV2 = version == FORMAT_V2;
  if (count && !sort(items, count, isV2 ? compareBySuffix : compareByLength)) return failMemory();
  let offset: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    // V0 and V1 store the greatest first.
    const item = <usize>itemValue(items + <usize>(isV2 ? i : count - 1 - i) * ITEM_BYTES);
    store<u32>(list + ((<usize>i) << 2), <u32>item);
    setSharedOffset(item, <u32>offset);
    offset += entryBytes(item);
  }
  release(point);
  setShared(list, count, offset);
  return STATUS_OK;
}
