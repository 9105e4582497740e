/**
 * A stable merge sort that only sorts what is unsorted.
 *
 *   item   +0 u64 key   +8 u32 value   +12 u32 unused
 *
 * Items are ordered by key; values with equal keys are ordered by the given function. Runs that already ascend are
 * taken as they are and runs that strictly descend are turned round, so sorted and reversed inputs cost one pass.
 * The worst case is n log n whatever the input.
 */

import { allocate, mark, release } from "./arena";

export const ITEM_BYTES = 16;

/** Orders the values of two items with equal keys: negative, 0 or positive. */
export type Compare = (a: u32, b: u32) => i32;

function itemKey(item: usize): u64 {
  return load<u64>(item);
}

export function itemValue(item: usize): u32 {
  return load<u32>(item, 8);
}

export function setItem(item: usize, key: u64, value: u32): void {
  store<u64>(item, key);
  store<u32>(item, value, 8);
}

function order(a: usize, b: usize, compare: Compare): i32 {
  const x = itemKey(a);
  const y = itemKey(b);
  if (x != y) return x < y ? -1 : 1;
  return compare(itemValue(a), itemValue(b));
}

function move(to: usize, from: usize): void {
  v128.store(to, v128.load(from));
}

/** End of the run that begins at `from`; a descending run is reversed on the way. */
function takeRun(from: usize, end: usize, compare: Compare): usize {
  let at = from + ITEM_BYTES;
  if (at >= end) return end;
  if (order(from, at, compare) <= 0) {
    do at += ITEM_BYTES;
    while (at < end && order(at - ITEM_BYTES, at, compare) <= 0);
    return at;
  }
  do at += ITEM_BYTES;
  while (at < end && order(at - ITEM_BYTES, at, compare) > 0);
  let low = from;
  let high = at - ITEM_BYTES;
  while (low < high) {
    const held = v128.load(low);
    move(low, high);
    v128.store(high, held);
    low += ITEM_BYTES;
    high -= ITEM_BYTES;
  }
  return at;
}

/** Merges the neighbours [a, b) and [b, end) into `to`. */
function merge(a: usize, b: usize, end: usize, to: usize, compare: Compare): void {
  let right = b;
  while (a < b && right < end) {
    if (order(a, right, compare) <= 0) {
      move(to, a);
      a += ITEM_BYTES;
    } else {
      move(to, right);
      right += ITEM_BYTES;
    }
    to += ITEM_BYTES;
  }
  if (a < b) memory.copy(to, a, b - a);
  else if (right < end) memory.copy(to, right, end - right);
}

/**
 * Sorts `count` items in place.
 *
 * @returns false when memory for the merge is refused (16 bytes an item, given back before return)
 */
export function sort(items: usize, count: u32, compare: Compare): bool {
  const end = items + <usize>count * ITEM_BYTES;
  let runEnd = takeRun(items, end, compare);
  if (runEnd == end) return true;

  const point = mark();
  const spare = allocate(<u64>count * ITEM_BYTES);
  // Ends of the runs, as item numbers; short runs are merged by rounds, so their number does not matter.
  const ends = allocate(<u64>count * 4 + 4);
  if (!spare || !ends) {
    release(point);
    return false;
  }
  let runs: u32 = 0;
  for (;;) {
    store<u32>(ends + (runs << 2), <u32>((runEnd - items) / ITEM_BYTES));
    runs++;
    if (runEnd == end) break;
    runEnd = takeRun(runEnd, end, compare);
  }

  let from = items;
  let to = spare;
  while (runs > 1) {
    let out: u32 = 0;
    let start: u32 = 0;
    for (let i: u32 = 0; i < runs; i += 2) {
      const middle = load<u32>(ends + (i << 2));
      const stop = i + 1 < runs ? load<u32>(ends + ((i + 1) << 2)) : middle;
      merge(
        from + <usize>start * ITEM_BYTES,
        from + <usize>middle * ITEM_BYTES,
        from + <usize>stop * ITEM_BYTES,
        to + <usize>start * ITEM_BYTES,
        compare,
      );
      store<u32>(ends + (out << 2), stop);
      out++;
      start = stop;
    }
    runs = out;
    const held = from;
    from = to;
    to = held;
  }
  if (from != items) memory.copy(items, from, end - items);
  release(point);
  return true;
}
