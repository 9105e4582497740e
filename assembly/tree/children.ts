/**
 * Directories in order: each gets an array of its children's addresses, sorted by name.
 *
 * Names are compared as bytes. The first eight of them, as a big-endian number, are the sort key; the rest is looked at
 * only when they are equal. A directory whose entries came in order is not sorted at all.
 */

import { allocate, mark, release } from "../mem/arena";
import { comparePadded, sortKey } from "../mem/bytes";
import { ITEM_BYTES, itemValue, setItem, sort } from "../mem/sort";
import { FLAG_UNSORTED, Node, TYPE_DIRECTORY } from "./node";

/** Order of two nodes by name. */
export function compareNames(a: Node, b: Node): i32 {
  return comparePadded(a.name, a.nameLen, b.name, b.nameLen);
}

function compareAddresses(a: u32, b: u32): i32 {
  return compareNames(changetype<Node>(<usize>a), changetype<Node>(<usize>b));
}

/** What `arrange` answers: done, memory refused, or two entries of one name. */
export const ARRANGE_OK: u32 = 0;
export const ARRANGE_MEMORY: u32 = 1;
export const ARRANGE_TWICE: u32 = 2;

/** The later one of the two entries of which `arrange` found a name twice. */
export let twice: usize = 0;

/** Turns the chain of a directory's children into its array. */
function arrangeDirectory(directory: Node): u32 {
  const count = directory.dataLen;
  const chain = directory.data;
  directory.lastChild = 0;
  if (!count) return ARRANGE_OK;
  const array = allocate((<u64>count) << 2);
  if (!array) return ARRANGE_MEMORY;
  directory.data = array;
  if (!directory.has(FLAG_UNSORTED)) {
    let at = chain;
    for (let i: u32 = 0; i < count; i++, at = <usize>changetype<Node>(at).next) {
      store<u32>(array + ((<usize>i) << 2), <u32>at);
    }
    return ARRANGE_OK;
  }
  const point = mark();
  const items = allocate(<u64>count * ITEM_BYTES);
  if (!items) return ARRANGE_MEMORY;
  let at = chain;
  for (let i: u32 = 0; i < count; i++, at = <usize>changetype<Node>(at).next) {
    setItem(items + <usize>i * ITEM_BYTES, sortKey(changetype<Node>(at).name), <u32>at);
  }
  if (!sort(items, count, compareAddresses)) return ARRANGE_MEMORY;
  for (let i: u32 = 0; i < count; i++) {
    const node = itemValue(items + <usize>i * ITEM_BYTES);
    if (i && compareAddresses(load<u32>(array + ((<usize>(i - 1)) << 2)), node) == 0) {
      // The sort is stable: the later one is the one that came later.
      twice = <usize>node;
      return ARRANGE_TWICE;
    }
    store<u32>(array + ((<usize>i) << 2), node);
  }
  release(point);
  return ARRANGE_OK;
}

/**
 * Arranges every directory of the tree. Afterwards `Node.next` is free for other uses.
 *
 * @param root the root
 * @param directoryCount directories of the tree
 * @returns `ARRANGE_OK`, `ARRANGE_MEMORY`, or `ARRANGE_TWICE` with `twice` set
 */
export function arrange(root: Node, directoryCount: u32): u32 {
  // A queue of directories in place of recursion: depth is the input's choice.
  const queue = allocate((<u64>directoryCount) << 2);
  if (!queue) return ARRANGE_MEMORY;
  store<u32>(queue, <u32>changetype<usize>(root));
  let tail: u32 = 1;
  for (let head: u32 = 0; head < tail; head++) {
    const directory = changetype<Node>(<usize>load<u32>(queue + ((<usize>head) << 2)));
    const outcome = arrangeDirectory(directory);
    if (outcome != ARRANGE_OK) return outcome;
    if (!directory.extra) continue;
    for (let i: u32 = 0; i < directory.dataLen; i++) {
      const child = directory.child(i);
      if (child.type != TYPE_DIRECTORY) continue;
      store<u32>(queue + ((<usize>tail) << 2), <u32>changetype<usize>(child));
      tail++;
    }
  }
  return ARRANGE_OK;
}

/**
 * The child of an arranged directory that is called `name`, by binary search.
 *
 * @param name padded
 * @returns its address, 0 when there is none
 */
export function findChild(directory: Node, name: usize, nameLen: u32): usize {
  let low: u32 = 0;
  let high = directory.dataLen;
  while (low < high) {
    const middle = (low + high) >> 1;
    const child = directory.child(middle);
    const order = comparePadded(child.name, child.nameLen, name, nameLen);
    if (order == 0) return changetype<usize>(child);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return 0;
}
