/**
 * The arena: one bump allocator over linear memory, from the end of the static data to the memory limit.
 *
 * Nothing is freed singly. `mark` and `release` drop everything that was allocated after a point, `reset` drops all.
 * Memory is zero when it is handed out: fresh pages are, and what an earlier job dirtied is cleared here.
 * An allocation that would pass the limit, or that the machine refuses, returns 0 and leaves the arena as it was;
 * callers turn that into STATUS_ENGINE_MEMORY. The stub runtime's own allocator is not used: it wraps at 4 GiB and
 * hands out dirty memory.
 */

import { LIMIT_MEMORY_BYTES_DEFAULT } from "../abi";
import { copyAndPad, zero } from "./bytes";

const PAGE_BITS = 16;
/** Allocations are aligned to this, so that the low three bits of an address can carry a tag. */
const ALIGN_MASK: usize = 7;
/** Memory grows by at least this many bytes at a time, to keep grow calls rare without reserving much. */
const GROW_STEP_BYTES: u64 = 1 << 20;
/** Readable bytes that always follow the last allocation: word-wise copies may overshoot. */
const SLACK_BYTES: u64 = 64;

let top: usize = 0;
/** Everything from here on was never handed out since the instance began, hence is still zero. */
let cleanFrom: usize = 0;
let limitBytes: u64 = LIMIT_MEMORY_BYTES_DEFAULT;

/** Sets the ceiling of linear memory in bytes, windows included; memory comes in whole pages, so it is rounded down. */
export function setMemoryLimit(bytes: u64): void {
  limitBytes = bytes & ~(<u64>0xffff);
}

export function memoryLimit(): u64 {
  return limitBytes;
}

/** Drops everything. */
export function reset(): void {
  top = (__heap_base + ALIGN_MASK) & ~ALIGN_MASK;
  if (cleanFrom < top) cleanFrom = top;
}

/** Bytes in use. */
export function used(): u64 {
  return <u64>(top - ((__heap_base + ALIGN_MASK) & ~ALIGN_MASK));
}

/** The point to which `release` returns. */
export function mark(): usize {
  return top;
}

/** Drops everything that was allocated since `point`. */
export function release(point: usize): void {
  top = point;
}

/**
 * Hands out `size` zeroed bytes at an address that is a multiple of 8.
 *
 * @returns the address, or 0 when the memory limit or the machine refuses
 */
export function allocate(size: u64): usize {
  const end = (<u64>top + size + <u64>ALIGN_MASK) & ~(<u64>ALIGN_MASK);
  const have = (<u64>memory.size()) << PAGE_BITS;
  const wanted = end + SLACK_BYTES;
  if (wanted > limitBytes || (wanted > have && !grow(wanted, have))) return 0;
  const at = top;
  top = <usize>end;
  if (at < cleanFrom) zero(at, <u32>(min(top, cleanFrom) - at));
  if (top > cleanFrom) cleanFrom = top;
  return at;
}

/**
 * Makes the allocation that was made last longer, where it lies; the new bytes are zero.
 *
 * @param at its address
 * @param size bytes that it is to have, not fewer than before
 * @returns false when the memory limit or the machine refuses
 */
export function extend(at: usize, size: u64): bool {
  const before = top;
  top = at;
  const have = cleanFrom;
  // Nothing below the old end may be zeroed again.
  cleanFrom = at;
  const done = allocate(size) != 0;
  cleanFrom = max(have, cleanFrom);
  if (!done) top = before;
  else if (before < have) zero(before, <u32>(min(top, have) - before));
  return done;
}

function grow(end: u64, have: u64): bool {
  // A quarter more at a time bounds the number of grow calls by the logarithm of the final size.
  let wanted = max(end, min(have + max(have >> 2, GROW_STEP_BYTES), limitBytes));
  wanted = (wanted + 0xffff) & ~(<u64>0xffff);
  if (memory.grow(<i32>((wanted - have) >> PAGE_BITS)) >= 0) return true;
  const least = (end + 0xffff) & ~(<u64>0xffff);
  return memory.grow(<i32>((least - have) >> PAGE_BITS)) >= 0;
}

/**
 * Copies `len` bytes into the arena, padded; up to 7 bytes after them are read.
 *
 * @returns the address, or 0 when memory is refused; a copy of nothing still has an address
 */
export function keep(from: usize, len: u32): usize {
  const to = allocate(<u64>max<u32>(len, 1));
  if (to) copyAndPad(to, from, len);
  return to;
}
