/**
 * SipHash-1-3: the keyed hash of the engine's hash tables.
 *
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012, sections 2.1 to 2.4, with one
 * compression and three finalisation rounds (the variant that Rust's and Python's hash tables use). The names that
 * go into the tables come from whoever wrote the dump or the layer; with a key that they do not know they cannot
 * make an insertion quadratic. The key is given by the host for each job. Nothing of it may reach the output: who
 * walks over a table must sort what he finds.
 *
 * The message is one leading 64-bit word (the caller's `extra`: a parent index, a length) followed by the bytes, so
 * that tables keyed by a pair need no buffer to join its halves.
 */

// Section 2.1: "somepseudorandomlygeneratedbytes" in four big-endian words.
const INIT_0: u64 = 0x736f6d6570736575;
const INIT_1: u64 = 0x646f72616e646f6d;
const INIT_2: u64 = 0x6c7967656e657261;
const INIT_3: u64 = 0x7465646279746573;

/** Bytes of the leading word, part of the message length. */
const EXTRA_BYTES: u32 = 8;

let start0: u64 = INIT_0;
let start1: u64 = INIT_1;
let start2: u64 = INIT_2;
let start3: u64 = INIT_3;

/**
 * Sets the key of all later hashes. Tables that were filled under another key are lost by it.
 *
 * @param k0 low half of the 128-bit key (its first eight bytes, little-endian)
 * @param k1 high half
 */
export function setSeed(k0: u64, k1: u64): void {
  start0 = k0 ^ INIT_0;
  start1 = k1 ^ INIT_1;
  start2 = k0 ^ INIT_2;
  start3 = k1 ^ INIT_3;
}

class Tail {
  /** The last, incomplete word: up to seven bytes, little-endian, zeros above. Reads nothing outside the message. */
  @inline static load(end: usize, len: u32): u64 {
    const rest = len & 7;
    if (rest == 0) return 0;
    // A message of a whole word or more lends its last eight bytes: one load instead of three.
    if (len >= 8) return load<u64>(end - 8) >> ((8 - rest) << 3);
    let ptr = end - rest;
    let word: u64 = 0;
    let shift: u64 = 0;
    if (rest & 4) {
      word = <u64>load<u32>(ptr);
      ptr += 4;
      shift = 32;
    }
    if (rest & 2) {
      word |= (<u64>load<u16>(ptr)) << shift;
      ptr += 2;
      shift += 16;
    }
    if (rest & 1) word |= (<u64>load<u8>(ptr)) << shift;
    return word;
  }
}

/**
 * SipHash-1-3 of the eight little-endian bytes of `extra` followed by `len` bytes at `ptr`, under the key of
 * `setSeed`.
 *
 * @param ptr address of the bytes; not read when `len` is 0
 * @param len bytes, any number
 * @param extra leading word of the message
 * @returns all 64 bits of the hash; every bit is as good as any other
 */
export function sipHash(ptr: usize, len: u32, extra: u64): u64 {
  let v0 = start0;
  let v1 = start1;
  let v2 = start2;
  let v3 = start3;
  const end = ptr + len;
  const wordsEnd = ptr + (len & ~7);
  let word = extra;
  // Section 2.3. The round stands twice because a static method cannot change four locals of its caller.
  while (true) {
    v3 ^= word;
    v0 += v1;
    v2 += v3;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 = rotl<u64>(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 = rotl<u64>(v2, 32);
    v0 ^= word;
    if (ptr == wordsEnd) break;
    word = load<u64>(ptr);
    ptr += 8;
  }
  // The last word carries the message length modulo 256 in its top byte; three rounds over nothing follow it.
  word = Tail.load(end, len) | ((<u64>(len + EXTRA_BYTES)) << 56);
  for (let round = 0; round < 4; round++) {
    v3 ^= word;
    v0 += v1;
    v2 += v3;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 = rotl<u64>(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 = rotl<u64>(v2, 32);
    v0 ^= word;
    if (round == 0) v2 ^= 0xff;
    word = 0;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}
