/**
 * SHA-512, scalar: the compression function, and a running state for messages that come in pieces.
 *
 * Source: FIPS 180-4, Secure Hash Standard, 2015. Section numbers below are its own.
 * composefs-rs has objects and images with SHA-512; there is no lane kernel beside this one, because two 64-bit lanes
 * bring no more than what their rotations cost (measured: test/bench/kernel).
 *
 * A chain value is eight u64 in native order, as the compression leaves them. A running state lies in memory that the
 * caller provides:
 *
 *   +-------------+------------------+--------------------+
 *   | chain value | bytes so far u64 | incomplete block   |
 *   |  64 bytes   |      8 bytes     |  128 bytes         |
 *   +-------------+------------------+--------------------+
 *
 * Nothing here allocates. The message schedule is static, so a compression must not be interrupted by another.
 */

/** Section 1, figure 1: bytes of a message block. */
export const SHA512_BLOCK_BYTES: usize = 128;
/** Section 1, figure 1: bytes of a digest. */
export const SHA512_DIGEST_BYTES: usize = 64;

const COUNT: usize = 64;
const PENDING: usize = 72;
/** Bytes of a running state. It wants an address that is a multiple of 8. */
export const SHA512_STATE_BYTES: usize = PENDING + SHA512_BLOCK_BYTES;

const BLOCK_MASK: usize = SHA512_BLOCK_BYTES - 1;
/** Section 5.1.2: the message length in bits stands in the last 16 bytes of the last block. */
const LENGTH_BYTES: usize = 16;

/** Section 4.2.3: fractional parts of the cube roots of the first 80 primes. */
// biome-ignore format: a table
export const SHA512_K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
], 16);

/** Section 5.3.5: the initial chain value, fractional parts of the square roots of the first eight primes. */
// biome-ignore format: a table
export const SHA512_IV: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
], 16);

/** The message schedule of one block, section 6.4.2 step 1. */
const schedule: usize = memory.data(640, 16);
const SCHEDULE_BYTES: usize = 640;

/** The functions of section 4.1.3, and the two sums of section 6.4.2 step 3. */
class Step {
  @inline static sigma0(x: u64): u64 {
    return rotr<u64>(x, 1) ^ rotr<u64>(x, 8) ^ (x >> 7);
  }

  @inline static sigma1(x: u64): u64 {
    return rotr<u64>(x, 19) ^ rotr<u64>(x, 61) ^ (x >> 6);
  }

  @inline static t1(e: u64, f: u64, g: u64, h: u64, word: u64, k: u64): u64 {
    return h + (rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41)) + (g ^ (e & (f ^ g))) + k + word;
  }

  @inline static t2(a: u64, b: u64, c: u64): u64 {
    return (rotr<u64>(a, 28) ^ rotr<u64>(a, 34) ^ rotr<u64>(a, 39)) + ((a & b) | (c & (a | b)));
  }
}

/**
 * Compresses whole message blocks into a chain value, section 6.4.2.
 *
 * @param chainPtr chain value, replaced by its successor
 * @param ptr the blocks, one after another, at any address
 * @param blockCount blocks of 128 bytes; 0 changes nothing
 */
export function sha512Compress(chainPtr: usize, ptr: usize, blockCount: usize): void {
  let a = load<u64>(chainPtr, 0);
  let b = load<u64>(chainPtr, 8);
  let c = load<u64>(chainPtr, 16);
  let d = load<u64>(chainPtr, 24);
  let e = load<u64>(chainPtr, 32);
  let f = load<u64>(chainPtr, 40);
  let g = load<u64>(chainPtr, 48);
  let h = load<u64>(chainPtr, 56);
  for (const end = ptr + blockCount * SHA512_BLOCK_BYTES; ptr != end; ptr += SHA512_BLOCK_BYTES) {
    for (let i: usize = 0; i < SHA512_BLOCK_BYTES; i += 8) {
      store<u64>(schedule + i, bswap<u64>(load<u64>(ptr + i)));
    }
    for (let at = schedule; at < schedule + SCHEDULE_BYTES - SHA512_BLOCK_BYTES; at += 8) {
      const word = load<u64>(at) + Step.sigma0(load<u64>(at, 8)) + load<u64>(at, 72) + Step.sigma1(load<u64>(at, 112));
      store<u64>(at, word, SHA512_BLOCK_BYTES);
    }
    // After eight rounds every variable has its own name again, so no value is ever moved.
    for (let word = schedule, k = SHA512_K; word < schedule + SCHEDULE_BYTES; word += 64, k += 64) {
      h = Step.t1(e, f, g, h, load<u64>(word, 0), load<u64>(k, 0));
      d += h;
      h += Step.t2(a, b, c);
      g = Step.t1(d, e, f, g, load<u64>(word, 8), load<u64>(k, 8));
      c += g;
      g += Step.t2(h, a, b);
      f = Step.t1(c, d, e, f, load<u64>(word, 16), load<u64>(k, 16));
      b += f;
      f += Step.t2(g, h, a);
      e = Step.t1(b, c, d, e, load<u64>(word, 24), load<u64>(k, 24));
      a += e;
      e += Step.t2(f, g, h);
      d = Step.t1(a, b, c, d, load<u64>(word, 32), load<u64>(k, 32));
      h += d;
      d += Step.t2(e, f, g);
      c = Step.t1(h, a, b, c, load<u64>(word, 40), load<u64>(k, 40));
      g += c;
      c += Step.t2(d, e, f);
      b = Step.t1(g, h, a, b, load<u64>(word, 48), load<u64>(k, 48));
      f += b;
      b += Step.t2(c, d, e);
      a = Step.t1(f, g, h, a, load<u64>(word, 56), load<u64>(k, 56));
      e += a;
      a += Step.t2(b, c, d);
    }
    a += load<u64>(chainPtr, 0);
    store<u64>(chainPtr, a, 0);
    b += load<u64>(chainPtr, 8);
    store<u64>(chainPtr, b, 8);
    c += load<u64>(chainPtr, 16);
    store<u64>(chainPtr, c, 16);
    d += load<u64>(chainPtr, 24);
    store<u64>(chainPtr, d, 24);
    e += load<u64>(chainPtr, 32);
    store<u64>(chainPtr, e, 32);
    f += load<u64>(chainPtr, 40);
    store<u64>(chainPtr, f, 40);
    g += load<u64>(chainPtr, 48);
    store<u64>(chainPtr, g, 48);
    h += load<u64>(chainPtr, 56);
    store<u64>(chainPtr, h, 56);
  }
}

class Digest {
  /** Writes a chain value as a digest: big-endian words, section 6. */
  @inline static store(outPtr: usize, chainPtr: usize): void {
    for (let i: usize = 0; i < SHA512_DIGEST_BYTES; i += 8) {
      store<u64>(outPtr + i, bswap<u64>(load<u64>(chainPtr + i)));
    }
  }
}

/**
 * Begins a running state for an empty message.
 *
 * @param statePtr SHA512_STATE_BYTES bytes, contents of no matter
 */
export function sha512Begin(statePtr: usize): void {
  memory.copy(statePtr, SHA512_IV, SHA512_DIGEST_BYTES);
  store<u64>(statePtr, 0, COUNT);
}

/**
 * Appends bytes to the message of a running state.
 *
 * @param statePtr a state that `sha512Begin` began
 * @param ptr the bytes; not read when `len` is 0
 * @param len bytes, any number
 */
export function sha512Update(statePtr: usize, ptr: usize, len: usize): void {
  const count = load<u64>(statePtr, COUNT);
  store<u64>(statePtr, count + len, COUNT);
  const pending = <usize>count & BLOCK_MASK;
  if (pending) {
    const taken = min(SHA512_BLOCK_BYTES - pending, len);
    memory.copy(statePtr + PENDING + pending, ptr, taken);
    if (pending + taken < SHA512_BLOCK_BYTES) return;
    sha512Compress(statePtr, statePtr + PENDING, 1);
    ptr += taken;
    len -= taken;
  }
  sha512Compress(statePtr, ptr, len / SHA512_BLOCK_BYTES);
  const rest = len & BLOCK_MASK;
  memory.copy(statePtr + PENDING, ptr + len - rest, rest);
}

/**
 * Pads the message of a running state (section 5.1.2) and writes its digest. The state is used up.
 *
 * @param statePtr the state
 * @param outPtr room for 64 bytes; may lie in the state
 */
export function sha512End(statePtr: usize, outPtr: usize): void {
  const count = load<u64>(statePtr, COUNT);
  const block = statePtr + PENDING;
  let pending = <usize>count & BLOCK_MASK;
  store<u8>(block + pending, 0x80);
  pending += 1;
  memory.fill(block + pending, 0, SHA512_BLOCK_BYTES - pending);
  if (pending > SHA512_BLOCK_BYTES - LENGTH_BYTES) {
    sha512Compress(statePtr, block, 1);
    memory.fill(block, 0, SHA512_BLOCK_BYTES);
  }
  // The length is a 128-bit number; its upper half stays zero.
  store<u64>(block, bswap<u64>(count << 3), SHA512_BLOCK_BYTES - 8);
  sha512Compress(statePtr, block, 1);
  Digest.store(outPtr, statePtr);
}

const whole: usize = memory.data(<i32>SHA512_STATE_BYTES, 16);

/**
 * Hashes the rest of a message when it is a whole number of blocks and the chain value before it is known: an
 * fs-verity block behind its salt, or from the beginning.
 *
 * @param chainPtr chain value after the first `before` bytes of the message: SHA512_IV when that is 0; stays as it is
 * @param before bytes that went into it, a multiple of 128
 * @param ptr the rest of the message
 * @param len its bytes, a multiple of 128
 * @param outPtr room for 64 bytes
 */
export function sha512Whole(chainPtr: usize, before: u64, ptr: usize, len: usize, outPtr: usize): void {
  memory.copy(whole, chainPtr, SHA512_DIGEST_BYTES);
  store<u64>(whole, before + len, COUNT);
  sha512Compress(whole, ptr, len / SHA512_BLOCK_BYTES);
  sha512End(whole, outPtr);
}
