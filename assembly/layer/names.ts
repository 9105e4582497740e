/**
 * Names of the tree that is being merged: a table of all entries by directory and name.
 *
 * A directory's entries are keyed by the serial number of its *body*. Emptying a directory gives it a new one, and
 * removing an entry takes its own number away: what was below is then never found again, however much it was.
 */

import { sipHash } from "../hash/siphash";
import { equal } from "../mem/bytes";
import { addressAt, clear, first, hashAt, next, put, ready, replace, Table, TABLE_BYTES } from "../mem/table";
import { Node, TYPE_DIRECTORY } from "../tree/node";

const SLASH: u32 = 0x2f;

/** In place of a body's serial, which counts from 1. */
const REMOVED: u32 = 0;

const names = changetype<Table>(memory.data(TABLE_BYTES, 8));
let lastSerial: u32 = 0;

export function resetNames(): void {
  clear(names);
  lastSerial = 0;
}

// Fields that are the writer's later: `blocks` of a directory is the serial of its body, `tailEntry` of an entry the one
// of the body that it is in.

/** Serial of a directory's body. */
export function bodyOf(directory: Node): u32 {
  return directory.blocks;
}

/** Gives a directory a new, empty body. */
export function empty(directory: Node): void {
  lastSerial++;
  directory.blocks = lastSerial;
}

/** Whether an entry is still where it was put; its directory may be gone itself. */
export function isInPlace(node: Node): bool {
  return node.tailEntry == bodyOf(changetype<Node>(node.parent));
}

/** Takes an entry out of its directory. */
export function remove(node: Node): void {
  node.tailEntry = REMOVED;
}

/** The slot of an entry, or the free one where it would go. */
function slotOf(body: u32, name: usize, len: u32, hash: u32): usize {
  let slot = first(names, hash);
  for (; addressAt(slot); slot = next(names, slot)) {
    if (hashAt(slot) != hash) continue;
    const node = changetype<Node>(addressAt(slot));
    if (node.tailEntry == body && node.nameLen == len && equal(node.name, name, len)) break;
  }
  return slot;
}

/** The entry of a directory by its name, 0 when there is none. */
export function find(directory: Node, name: usize, len: u32): usize {
  if (!names.slots || len > 255) return 0;
  const body = bodyOf(directory);
  return addressAt(slotOf(body, name, len, <u32>sipHash(name, len, body)));
}

/** Puts a new entry into its directory, which has none of its name. @returns false when memory is refused */
export function add(node: Node): bool {
  if (!ready(names)) return false;
  const body = bodyOf(changetype<Node>(node.parent));
  node.tailEntry = body;
  const hash = <u32>sipHash(node.name, node.nameLen, body);
  let slot = first(names, hash);
  for (; addressAt(slot); slot = next(names, slot)) {
    // A removed entry is never found again: its slot is free for the next one of that name, however often it changes.
    if (hashAt(slot) != hash || changetype<Node>(addressAt(slot)).tailEntry != REMOVED) continue;
    replace(slot, changetype<usize>(node));
    return true;
  }
  return put(names, slot, hash, changetype<usize>(node));
}

/** Where `descend` stopped: bytes of the path that lead to the node it gave. */
export let reached: u32 = 0;

/**
 * Follows a path from a directory as far as there are entries.
 *
 * @param path parts with single slashes between them
 * @returns the last node found; `reached` is `len` when it is the one at the path
 */
export function descend(from: Node, path: usize, len: u32): Node {
  let node = from;
  reached = 0;
  let at: u32 = 0;
  while (at < len && node.type == TYPE_DIRECTORY) {
    let end = at;
    while (end < len && <u32>load<u8>(path + end) != SLASH) end++;
    const child = find(node, path + at, end - at);
    if (!child) break;
    node = changetype<Node>(child);
    reached = end;
    at = end + 1;
  }
  return node;
}
