/**
 * SHA-512, scalar: its constants, and the compression of message blocks into a chain value.
 *
 * Source: FIPS 180-4, Secure Hash Standard, 2015. Section numbers below are its own.
 *
 * A chain value is eight u64 in native order, as the compression leaves them. The schedule is kept as sixteen words in
 * locals, which sixteen rounds use up before the next sixteen replace them: an eighth faster than a schedule in memory
 * (measured on x86-64 with V8 11.3), and the rounds stand here only once.
 */

/** Section 1, figure 1: bytes of a message block. */
export const SHA512_BLOCK_BYTES: usize = 128;
/** Section 1, figure 1: bytes of a digest. */
export const SHA512_DIGEST_BYTES: usize = 64;

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

/** Address of the constants of the last sixteen rounds. */
const LAST_ROUNDS: usize = SHA512_K + 512;

/** The functions of section 4.1.3, and the two sums of section 6.4.2 step 3. */
class Step {
  @inline static sigma0(x: u64): u64 {
    return rotr<u64>(x, 1) ^ rotr<u64>(x, 8) ^ (x >> 7);
  }

  @inline static sigma1(x: u64): u64 {
    return rotr<u64>(x, 19) ^ rotr<u64>(x, 61) ^ (x >> 6);
  }

  /** T1. Sum 1 rotates what it has rotated: by 14, 18 and 41 in all, with one copy of `e` less. */
  @inline static t1(e: u64, f: u64, g: u64, h: u64, word: u64, k: u64): u64 {
    return h + k + word + (g ^ (e & (f ^ g))) + rotr<u64>(e ^ rotr<u64>(e ^ rotr<u64>(e, 23), 4), 14);
  }

  /** T2 without the rest of Maj: sum 0 (rotations by 28, 34, 39), and Maj from (a ^ b) & (b ^ c). */
  @inline static t2(a: u64, b: u64, differ: u64): u64 {
    return rotr<u64>(a ^ rotr<u64>(a ^ rotr<u64>(a, 5), 6), 28) + (b ^ differ);
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
    let w0 = bswap<u64>(load<u64>(ptr, 0));
    let w1 = bswap<u64>(load<u64>(ptr, 8));
    let w2 = bswap<u64>(load<u64>(ptr, 16));
    let w3 = bswap<u64>(load<u64>(ptr, 24));
    let w4 = bswap<u64>(load<u64>(ptr, 32));
    let w5 = bswap<u64>(load<u64>(ptr, 40));
    let w6 = bswap<u64>(load<u64>(ptr, 48));
    let w7 = bswap<u64>(load<u64>(ptr, 56));
    let w8 = bswap<u64>(load<u64>(ptr, 64));
    let w9 = bswap<u64>(load<u64>(ptr, 72));
    let w10 = bswap<u64>(load<u64>(ptr, 80));
    let w11 = bswap<u64>(load<u64>(ptr, 88));
    let w12 = bswap<u64>(load<u64>(ptr, 96));
    let w13 = bswap<u64>(load<u64>(ptr, 104));
    let w14 = bswap<u64>(load<u64>(ptr, 112));
    let w15 = bswap<u64>(load<u64>(ptr, 120));
    let k = SHA512_K;
    let x = b ^ c;
    let y: u64;
    while (true) {
      // After eight rounds every variable has its own name again, so no value is ever moved.
      h = Step.t1(e, f, g, h, w0, load<u64>(k, 0));
      d += h;
      y = a ^ b;
      h += Step.t2(a, b, x & y);
      g = Step.t1(d, e, f, g, w1, load<u64>(k, 8));
      c += g;
      x = h ^ a;
      g += Step.t2(h, a, y & x);
      f = Step.t1(c, d, e, f, w2, load<u64>(k, 16));
      b += f;
      y = g ^ h;
      f += Step.t2(g, h, x & y);
      e = Step.t1(b, c, d, e, w3, load<u64>(k, 24));
      a += e;
      x = f ^ g;
      e += Step.t2(f, g, y & x);
      d = Step.t1(a, b, c, d, w4, load<u64>(k, 32));
      h += d;
      y = e ^ f;
      d += Step.t2(e, f, x & y);
      c = Step.t1(h, a, b, c, w5, load<u64>(k, 40));
      g += c;
      x = d ^ e;
      c += Step.t2(d, e, y & x);
      b = Step.t1(g, h, a, b, w6, load<u64>(k, 48));
      f += b;
      y = c ^ d;
      b += Step.t2(c, d, x & y);
      a = Step.t1(f, g, h, a, w7, load<u64>(k, 56));
      e += a;
      x = b ^ c;
      a += Step.t2(b, c, y & x);
      h = Step.t1(e, f, g, h, w8, load<u64>(k, 64));
      d += h;
      y = a ^ b;
      h += Step.t2(a, b, x & y);
      g = Step.t1(d, e, f, g, w9, load<u64>(k, 72));
      c += g;
      x = h ^ a;
      g += Step.t2(h, a, y & x);
      f = Step.t1(c, d, e, f, w10, load<u64>(k, 80));
      b += f;
      y = g ^ h;
      f += Step.t2(g, h, x & y);
      e = Step.t1(b, c, d, e, w11, load<u64>(k, 88));
      a += e;
      x = f ^ g;
      e += Step.t2(f, g, y & x);
      d = Step.t1(a, b, c, d, w12, load<u64>(k, 96));
      h += d;
      y = e ^ f;
      d += Step.t2(e, f, x & y);
      c = Step.t1(h, a, b, c, w13, load<u64>(k, 104));
      g += c;
      x = d ^ e;
      c += Step.t2(d, e, y & x);
      b = Step.t1(g, h, a, b, w14, load<u64>(k, 112));
      f += b;
      y = c ^ d;
      b += Step.t2(c, d, x & y);
      a = Step.t1(f, g, h, a, w15, load<u64>(k, 120));
      e += a;
      x = b ^ c;
      a += Step.t2(b, c, y & x);
      if (k == LAST_ROUNDS) break;
      k += SHA512_BLOCK_BYTES;
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
