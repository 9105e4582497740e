/**
 * xxHash, 32 bits (XXH32), of one message in memory.
 *
 * Source: xxHash fast digest algorithm, doc/xxhash_spec.md of github.com/Cyan4973/xxHash, version 0.1.1, chapter
 * "XXH32 algorithm description". EROFS hashes xattr names with it for the name filter of an inode (linux
 * fs/erofs/xattr.h), so its inputs are a few to 255 bytes long.
 *
 * Not a cryptographic hash, and not used for hash tables either: an attacker who picks the names can make them
 * collide. `siphash.ts` is for tables.
 */

// xxhash_spec.md, "XXH32 algorithm description", the five prime constants.
const PRIME32_1: u32 = 0x9e3779b1;
const PRIME32_2: u32 = 0x85ebca77;
const PRIME32_3: u32 = 0xc2b2ae3d;
const PRIME32_4: u32 = 0x27d4eb2f;
const PRIME32_5: u32 = 0x165667b1;

/** Bytes of one stripe: four accumulators of four bytes. */
const STRIPE_BYTES: usize = 16;

class Lane {
  /** Step 2 of the specification: one accumulator takes up one little-endian word. */
  @inline static round(acc: u32, word: u32): u32 {
    return rotl<u32>(acc + word * PRIME32_2, 13) * PRIME32_1;
  }
}

/**
 * XXH32 of `len` bytes at `ptr`.
 *
 * @param ptr address of the message; not read when `len` is 0
 * @param len bytes, any number
 * @param seed any 32-bit number
 * @returns the hash as a number (its canonical form is big-endian, which nobody here needs)
 */
export function xxh32(ptr: usize, len: u32, seed: u32): u32 {
  const end = ptr + len;
  let hash: u32;
  if (len >= <u32>STRIPE_BYTES) {
    let a = seed + PRIME32_1 + PRIME32_2;
    let b = seed + PRIME32_2;
    let c = seed;
    let d = seed - PRIME32_1;
    const lastStripe = end - STRIPE_BYTES;
    do {
      a = Lane.round(a, load<u32>(ptr, 0));
      b = Lane.round(b, load<u32>(ptr, 4));
      c = Lane.round(c, load<u32>(ptr, 8));
      d = Lane.round(d, load<u32>(ptr, 12));
      ptr += STRIPE_BYTES;
    } while (ptr <= lastStripe);
    hash = rotl<u32>(a, 1) + rotl<u32>(b, 7) + rotl<u32>(c, 12) + rotl<u32>(d, 18);
  } else {
    hash = seed + PRIME32_5;
  }
  hash += len;
  while (ptr + 4 <= end) {
    hash = rotl<u32>(hash + load<u32>(ptr) * PRIME32_3, 17) * PRIME32_4;
    ptr += 4;
  }
  while (ptr < end) {
    hash = rotl<u32>(hash + <u32>load<u8>(ptr) * PRIME32_5, 11) * PRIME32_1;
    ptr += 1;
  }
  hash = (hash ^ (hash >> 15)) * PRIME32_2;
  hash = (hash ^ (hash >> 13)) * PRIME32_3;
  return hash ^ (hash >> 16);
}
