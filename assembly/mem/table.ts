/**
 * Hash tables of addresses: open addressing with linear probing over slots of (hash, address).
 *
 *   slot   +0 u32 hash   +4 u32 address of the record, 0 = free
 *
 * A table knows nothing of its records: whoever looks one up walks the slots from `first` by `next` and compares.
 * Nothing is ever removed, at most replaced. Hashes come from SipHash with a seed of the host, so that no input can choose collisions;
 * nothing of the order of slots may reach an output.
 */

import { allocate } from "./arena";

const FIRST_CAPACITY: u32 = 256;

@unmanaged
export class Table {
  slots: usize;
  /** Capacity - 1; the capacity is a power of two. */
  mask: u32;
  count: u32;
}

/** Bytes of a `Table`, for its static memory. */
export const TABLE_BYTES = 12;

/** Forgets everything; the slots went with the arena. */
export function clear(table: Table): void {
  table.slots = 0;
  table.mask = 0;
  table.count = 0;
}

/** Gives an empty table its slots. @returns false when memory is refused */
export function ready(table: Table): bool {
  if (table.slots) return true;
  table.slots = allocate((<u64>FIRST_CAPACITY) << 3);
  table.mask = FIRST_CAPACITY - 1;
  return table.slots != 0;
}

/** The slot where a search for `hash` begins. */
export function first(table: Table, hash: u32): usize {
  return table.slots + ((<usize>(hash & table.mask)) << 3);
}

/** The slot after `slot`. */
export function next(table: Table, slot: usize): usize {
  const at = slot + 8;
  return at == table.slots + ((<usize>table.mask + 1) << 3) ? table.slots : at;
}

export function hashAt(slot: usize): u32 {
  return load<u32>(slot);
}

export function addressAt(slot: usize): usize {
  return load<u32>(slot, 4);
}

/**
 * Puts a record into the free slot where a search for it ended; grows the table when it gets full.
 *
 * @returns false when memory is refused
 */
export function put(table: Table, slot: usize, hash: u32, address: usize): bool {
  store<u32>(slot, hash);
  store<u32>(slot, address, 4);
  table.count++;
  // Linear probing stays short up to about two thirds.
  return table.count <= (table.mask >> 3) * 5 || grow(table);
}

/** Gives the slot of a record that is no longer wanted to another one of the same hash. */
export function replace(slot: usize, address: usize): void {
  store<u32>(slot, address, 4);
}

function grow(table: Table): bool {
  const old = table.slots;
  const capacity = table.mask + 1;
  const slots = allocate((<u64>capacity) << 4);
  if (!slots) return false;
  table.slots = slots;
  table.mask = (capacity << 1) - 1;
  for (let i: u32 = 0; i < capacity; i++) {
    const from = old + ((<usize>i) << 3);
    const address = addressAt(from);
    if (!address) continue;
    const hash = hashAt(from);
    let to = first(table, hash);
    while (addressAt(to)) to = next(table, to);
    store<u32>(to, hash);
    store<u32>(to, address, 4);
  }
  return true;
}

/** Number of slots, for walking over all of them with `recordAt`. */
export function capacity(table: Table): u32 {
  return table.slots ? table.mask + 1 : 0;
}

/** Address of the record in a slot by its number, 0 when the slot is free. */
export function recordAt(table: Table, index: u32): usize {
  return addressAt(table.slots + ((<usize>index) << 3));
}
