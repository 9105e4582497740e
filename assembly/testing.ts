/**
 * Entry of the `testing` build: beside what the engine exports, the inner functions that only tests and benches call.
 *
 * The scalar hashes are in it as the oracle of the lanes. `scratchPtr` gives them memory for messages and results.
 */

import { SHA256_IV, SHA256_STATE_BYTES, sha256Begin, sha256End, sha256Update } from "./hash/sha256";
import { sha256x4, sha256x4Length } from "./hash/sha256x4";
import { sha512x2, sha512x2Length } from "./hash/sha512x2";
import { SHA512_IV, SHA512_STATE_BYTES, sha512Begin, sha512End, sha512Update } from "./hash/sha512";
import { allocate, reset as resetArena } from "./mem/arena";

export * from "./index";
import { sort } from "./mem/sort";

export {
  allocate as arenaAllocate,
  mark as arenaMark,
  release as arenaRelease,
  reset as arenaReset,
  setMemoryLimit as arenaLimit,
  used as arenaUsed,
} from "./mem/arena";
export { compare, comparePadded, copyAndPad, copyPadded, equal, zero } from "./mem/bytes";
export { sha256Begin, sha256Compress, sha256End, sha256Update, sha256Whole } from "./hash/sha256";
export { sha256x4, sha256x4Length } from "./hash/sha256x4";
export { sha512Begin, sha512Compress, sha512End, sha512Update, sha512Whole } from "./hash/sha512";
export { sha512x2, sha512x2Length } from "./hash/sha512x2";
export { setSeed as sipHashSeed, sipHash } from "./hash/siphash";
export { xxh32 } from "./hash/xxh32";
export {
  appendDigests as testVerityAppendDigests,
  blockDigests as testVerityBlockDigests,
  close as testVerityClose,
  isOpen as testVerityIsOpen,
  open as testVerityOpen,
  update as testVerityUpdate,
} from "./verity";
export { setScalarOnly as verityScalarOnly } from "./verity/blocks";

/** Bytes at `scratchPtr`. */
export const SCRATCH_BYTES: u32 = 4 << 20;

const state: usize = memory.data(256, 16);
let scratch: usize = 0;

/**
 * Memory of SCRATCH_BYTES bytes for messages and results of tests, the same at every call. It is the beginning of the
 * arena: an instance that uses it runs no jobs.
 */
export function scratchPtr(): usize {
  if (!scratch) {
    resetArena();
    scratch = allocate(SCRATCH_BYTES);
    assert(scratch);
  }
  return scratch;
}

/** SHA-256 of `len` bytes at `ptr`, scalar, into 32 bytes at `outPtr`. */
export function sha256(ptr: usize, len: usize, outPtr: usize): void {
  assert(SHA256_STATE_BYTES <= 256);
  sha256Begin(state);
  sha256Update(state, ptr, len);
  sha256End(state, outPtr);
}

/** SHA-512 of `len` bytes at `ptr` into 64 bytes at `outPtr`. */
export function sha512(ptr: usize, len: usize, outPtr: usize): void {
  assert(SHA512_STATE_BYTES <= 256);
  sha512Begin(state);
  sha512Update(state, ptr, len);
  sha512End(state, outPtr);
}

/** SHA-256 of four messages of `len` bytes (a multiple of 64, above 0), `stride` bytes apart, into 128 bytes. */
export function sha256Lanes(ptr: usize, stride: usize, len: u32, outPtr: usize): void {
  sha256x4Length(len);
  sha256x4(SHA256_IV, ptr, ptr + stride, ptr + 2 * stride, ptr + 3 * stride, len >> 6, outPtr);
}

/** SHA-512 of two messages of `len` bytes (a multiple of 128, above 0), `stride` bytes apart, into 128 bytes. */
export function sha512Lanes(ptr: usize, stride: usize, len: u32, outPtr: usize): void {
  sha512x2Length(len);
  sha512x2(SHA512_IV, ptr, ptr + stride, len >> 7, outPtr);
}

/** Comparisons of equal keys that `testSort` made since it was called. */
let comparisons: u32 = 0;

function byValue(a: u32, b: u32): i32 {
  comparisons++;
  // The low 8 bits only, so that the test sees whether equal ones keep their order.
  return <i32>(a >> 8) - <i32>(b >> 8);
}

/** Sorts items (mem/sort.ts) by key, then by value / 256. @returns the number of comparisons, -1 when memory is refused */
export function testSort(items: usize, count: u32): i32 {
  comparisons = 0;
  return sort(items, count, byValue) ? comparisons : -1;
}
