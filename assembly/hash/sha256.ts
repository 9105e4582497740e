/**
 * SHA-256, scalar: the compression function, and a running state for messages that come in pieces.
 *
 * Source: FIPS 180-4, Secure Hash Standard, 2015. Section numbers below are its own.
 * It hashes streams, fs-verity descriptors, and the odd block that is left over when four lanes (`sha256x4.ts`) have
 * taken theirs; in the tests it is what the lanes are held against.
 *
 * A chain value is eight u32 in native order, as the compression leaves them. A running state lies in memory that the
 * caller provides:
 *
 *   +-------------+------------------+--------------------+
 *   | chain value | bytes so far u64 | incomplete block   |
 *   |  32 bytes   |      8 bytes     |  64 bytes          |
 *   +-------------+------------------+--------------------+
 *
 * Nothing here allocates. The message schedule is static, so a compression must not be interrupted by another.
 */

/** Section 1, figure 1: bytes of a message block. */
export const SHA256_BLOCK_BYTES: usize = 64;
/** Section 1, figure 1: bytes of a digest. */
export const SHA256_DIGEST_BYTES: usize = 32;

const COUNT: usize = 32;
const PENDING: usize = 40;
/** Bytes of a running state. It wants an address that is a multiple of 8. */
export const SHA256_STATE_BYTES: usize = PENDING + SHA256_BLOCK_BYTES;

const BLOCK_MASK: usize = SHA256_BLOCK_BYTES - 1;
/** Section 5.1.1: the message length in bits stands in the last 8 bytes of the last block. */
const LENGTH_BYTES: usize = 8;

/** Section 4.2.2: fractional parts of the cube roots of the first 64 primes. */
// biome-ignore format: a table
export const SHA256_K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);

/** Section 5.3.3: the initial chain value, fractional parts of the square roots of the first eight primes. */
// biome-ignore format: a table
export const SHA256_IV: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

/** The message schedule of one block, section 6.2.2 step 1. */
const schedule: usize = memory.data(256, 16);
const SCHEDULE_BYTES: usize = 256;

/** The functions of section 4.1.2, and the two sums of section 6.2.2 step 3. */
class Step {
  @inline static sigma0(x: u32): u32 {
    return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3);
  }

  @inline static sigma1(x: u32): u32 {
    return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
  }

  @inline static t1(e: u32, f: u32, g: u32, h: u32, word: u32, k: u32): u32 {
    return h + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + (g ^ (e & (f ^ g))) + k + word;
  }

  @inline static t2(a: u32, b: u32, c: u32): u32 {
    return (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) | (c & (a | b)));
  }
}

/**
 * Compresses whole message blocks into a chain value, section 6.2.2.
 *
 * @param chainPtr chain value, replaced by its successor
 * @param ptr the blocks, one after another, at any address
 * @param blockCount blocks of 64 bytes; 0 changes nothing
 */
export function sha256Compress(chainPtr: usize, ptr: usize, blockCount: usize): void {
  let a = load<u32>(chainPtr, 0);
  let b = load<u32>(chainPtr, 4);
  let c = load<u32>(chainPtr, 8);
  let d = load<u32>(chainPtr, 12);
  let e = load<u32>(chainPtr, 16);
  let f = load<u32>(chainPtr, 20);
  let g = load<u32>(chainPtr, 24);
  let h = load<u32>(chainPtr, 28);
  for (const end = ptr + blockCount * SHA256_BLOCK_BYTES; ptr != end; ptr += SHA256_BLOCK_BYTES) {
    for (let i: usize = 0; i < SHA256_BLOCK_BYTES; i += 4) {
      store<u32>(schedule + i, bswap<u32>(load<u32>(ptr + i)));
    }
    for (let at = schedule; at < schedule + SCHEDULE_BYTES - SHA256_BLOCK_BYTES; at += 4) {
      const word = load<u32>(at) + Step.sigma0(load<u32>(at, 4)) + load<u32>(at, 36) + Step.sigma1(load<u32>(at, 56));
      store<u32>(at, word, SHA256_BLOCK_BYTES);
    }
    // After eight rounds every variable has its own name again, so no value is ever moved.
    for (let word = schedule, k = SHA256_K; word < schedule + SCHEDULE_BYTES; word += 32, k += 32) {
      h = Step.t1(e, f, g, h, load<u32>(word, 0), load<u32>(k, 0));
      d += h;
      h += Step.t2(a, b, c);
      g = Step.t1(d, e, f, g, load<u32>(word, 4), load<u32>(k, 4));
      c += g;
      g += Step.t2(h, a, b);
      f = Step.t1(c, d, e, f, load<u32>(word, 8), load<u32>(k, 8));
      b += f;
      f += Step.t2(g, h, a);
      e = Step.t1(b, c, d, e, load<u32>(word, 12), load<u32>(k, 12));
      a += e;
      e += Step.t2(f, g, h);
      d = Step.t1(a, b, c, d, load<u32>(word, 16), load<u32>(k, 16));
      h += d;
      d += Step.t2(e, f, g);
      c = Step.t1(h, a, b, c, load<u32>(word, 20), load<u32>(k, 20));
      g += c;
      c += Step.t2(d, e, f);
      b = Step.t1(g, h, a, b, load<u32>(word, 24), load<u32>(k, 24));
      f += b;
      b += Step.t2(c, d, e);
      a = Step.t1(f, g, h, a, load<u32>(word, 28), load<u32>(k, 28));
      e += a;
      a += Step.t2(b, c, d);
    }
    a += load<u32>(chainPtr, 0);
    store<u32>(chainPtr, a, 0);
    b += load<u32>(chainPtr, 4);
    store<u32>(chainPtr, b, 4);
    c += load<u32>(chainPtr, 8);
    store<u32>(chainPtr, c, 8);
    d += load<u32>(chainPtr, 12);
    store<u32>(chainPtr, d, 12);
    e += load<u32>(chainPtr, 16);
    store<u32>(chainPtr, e, 16);
    f += load<u32>(chainPtr, 20);
    store<u32>(chainPtr, f, 20);
    g += load<u32>(chainPtr, 24);
    store<u32>(chainPtr, g, 24);
    h += load<u32>(chainPtr, 28);
    store<u32>(chainPtr, h, 28);
  }
}

class Digest {
  /** Writes a chain value as a digest: big-endian words, section 6. */
  @inline static store(outPtr: usize, chainPtr: usize): void {
    for (let i: usize = 0; i < SHA256_DIGEST_BYTES; i += 4) {
      store<u32>(outPtr + i, bswap<u32>(load<u32>(chainPtr + i)));
    }
  }
}

/**
 * Begins a running state for an empty message.
 *
 * @param statePtr SHA256_STATE_BYTES bytes, contents of no matter
 */
export function sha256Begin(statePtr: usize): void {
  memory.copy(statePtr, SHA256_IV, SHA256_DIGEST_BYTES);
  store<u64>(statePtr, 0, COUNT);
}

/**
 * Appends bytes to the message of a running state.
 *
 * @param statePtr a state that `sha256Begin` began
 * @param ptr the bytes; not read when `len` is 0
 * @param len bytes, any number
 */
export function sha256Update(statePtr: usize, ptr: usize, len: usize): void {
  const count = load<u64>(statePtr, COUNT);
  store<u64>(statePtr, count + len, COUNT);
  const pending = <usize>count & BLOCK_MASK;
  if (pending) {
    const taken = min(SHA256_BLOCK_BYTES - pending, len);
    memory.copy(statePtr + PENDING + pending, ptr, taken);
    if (pending + taken < SHA256_BLOCK_BYTES) return;
    sha256Compress(statePtr, statePtr + PENDING, 1);
    ptr += taken;
    len -= taken;
  }
  sha256Compress(statePtr, ptr, len / SHA256_BLOCK_BYTES);
  const rest = len & BLOCK_MASK;
  memory.copy(statePtr + PENDING, ptr + len - rest, rest);
}

/**
 * Pads the message of a running state (section 5.1.1) and writes its digest. The state is used up.
 *
 * @param statePtr the state
 * @param outPtr room for 32 bytes; may lie in the state
 */
export function sha256End(statePtr: usize, outPtr: usize): void {
  const count = load<u64>(statePtr, COUNT);
  const block = statePtr + PENDING;
  let pending = <usize>count & BLOCK_MASK;
  store<u8>(block + pending, 0x80);
  pending += 1;
  memory.fill(block + pending, 0, SHA256_BLOCK_BYTES - pending);
  if (pending > SHA256_BLOCK_BYTES - LENGTH_BYTES) {
    sha256Compress(statePtr, block, 1);
    memory.fill(block, 0, SHA256_BLOCK_BYTES);
  }
  store<u64>(block, bswap<u64>(count << 3), SHA256_BLOCK_BYTES - 8);
  sha256Compress(statePtr, block, 1);
  Digest.store(outPtr, statePtr);
}

const whole: usize = memory.data(<i32>SHA256_STATE_BYTES, 16);

/**
 * Hashes the rest of a message when it is a whole number of blocks and the chain value before it is known: an
 * fs-verity block behind its salt, or from the beginning.
 *
 * @param chainPtr chain value after the first `before` bytes of the message: SHA256_IV when that is 0; stays as it is
 * @param before bytes that went into it, a multiple of 64
 * @param ptr the rest of the message
 * @param len its bytes, a multiple of 64
 * @param outPtr room for 32 bytes
 */
export function sha256Whole(chainPtr: usize, before: u64, ptr: usize, len: usize, outPtr: usize): void {
  memory.copy(whole, chainPtr, SHA256_DIGEST_BYTES);
  store<u64>(whole, before + len, COUNT);
  sha256Compress(whole, ptr, len / SHA256_BLOCK_BYTES);
  sha256End(whole, outPtr);
}
