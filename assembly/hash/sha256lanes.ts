/**
 * The functions of SHA-256 on four 32-bit lanes of a v128, for `sha256x4.ts`.
 *
 * Source: FIPS 180-4, sections 3.1, 4.1.2 and 6.2.2; equation numbers are its own.
 *
 * How they are spelled decides how fast the kernel is, by up to a tenth for the same result:
 * `node test/bench/kernel/search.mjs` tries the alternatives, and what stands here is what won.
 * WebAssembly has no rotation of lanes; each is a shift to the right and one to the left. None of the rotations is by
 * a whole number of bytes, so that a byte shuffle has nothing to offer.
 *
 * Static methods because only they can be marked for inlining.
 */

import { SHA256_DIGEST_BYTES } from "./sha256";

export class Lanes {
  @inline static add(x: v128, y: v128): v128 {
    return i32x4.add(x, y);
  }

  /** The bytes of each word in the other order: big-endian in messages and digests, section 3.1. */
  @inline static swap(x: v128): v128 {
    return v128.swizzle(x, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  }

  @inline static lowPairs(x: v128, y: v128): v128 {
    return v128.shuffle<i32>(x, y, 0, 4, 1, 5);
  }

  @inline static highPairs(x: v128, y: v128): v128 {
    return v128.shuffle<i32>(x, y, 2, 6, 3, 7);
  }

  @inline static firstHalves(x: v128, y: v128): v128 {
    return v128.shuffle<i64>(x, y, 0, 2);
  }

  @inline static secondHalves(x: v128, y: v128): v128 {
    return v128.shuffle<i64>(x, y, 1, 3);
  }

  /** Rotation to the right by `n` bits, 1 to 31; section 3.2 operation 4. */
  @inline static rotr(x: v128, n: i32): v128 {
    return v128.xor(i32x4.shr_u(x, n), i32x4.shl(x, 32 - n));
  }

  /** Sum 0, equation 4.4: rotations by 2, 13 and 22. */
  @inline static sum0(x: v128): v128 {
    return v128.xor(v128.xor(Lanes.rotr(x, 2), Lanes.rotr(x, 13)), Lanes.rotr(x, 22));
  }

  /** Sum 1, equation 4.5: rotations by 6, 11 and 25. */
  @inline static sum1(x: v128): v128 {
    return v128.xor(v128.xor(Lanes.rotr(x, 6), Lanes.rotr(x, 11)), Lanes.rotr(x, 25));
  }

  /** Sigma 0, equation 4.6: rotations by 7 and 18, shift by 3. The right halves first, then the left ones. */
  @inline static sigma0(x: v128): v128 {
    return v128.xor(
      v128.xor(v128.xor(i32x4.shr_u(x, 7), i32x4.shr_u(x, 18)), i32x4.shr_u(x, 3)),
      v128.xor(i32x4.shl(x, 25), i32x4.shl(x, 14)),
    );
  }

  /** Sigma 1, equation 4.7: rotations by 17 and 19, shift by 10. */
  @inline static sigma1(x: v128): v128 {
    return v128.xor(
      v128.xor(v128.xor(i32x4.shr_u(x, 17), i32x4.shr_u(x, 19)), i32x4.shr_u(x, 10)),
      v128.xor(i32x4.shl(x, 15), i32x4.shl(x, 13)),
    );
  }

  /** Equation 4.2. */
  @inline static ch(e: v128, f: v128, g: v128): v128 {
    return v128.xor(g, v128.and(e, v128.xor(f, g)));
  }

  /** Equation 4.3 for (a, b, c), given bc = b ^ c and ab = a ^ b, which is the bc of the next round. */
  @inline static maj(b: v128, bc: v128, ab: v128): v128 {
    return v128.xor(b, v128.and(bc, ab));
  }

  /** T1 of section 6.2.2 step 3; `wk` is the schedule word with K added. */
  @inline static t1(e: v128, f: v128, g: v128, h: v128, wk: v128): v128 {
    return i32x4.add(i32x4.add(i32x4.add(h, wk), Lanes.ch(e, f, g)), Lanes.sum1(e));
  }

  /** The new `a`: T1 + T2. */
  @inline static a(t1: v128, a: v128, majority: v128): v128 {
    return i32x4.add(i32x4.add(t1, Lanes.sum0(a)), majority);
  }

  /** Word t of the schedule from the words t - 16, t - 15, t - 7 and t - 2: section 6.2.2 step 1. */
  @inline static word(w16: v128, w15: v128, w7: v128, w2: v128): v128 {
    return i32x4.add(i32x4.add(w16, Lanes.sigma0(w15)), i32x4.add(w7, Lanes.sigma1(w2)));
  }

  /** Four words of each message, lane by lane, go to the four digests at `out`, 32 bytes apart. */
  @inline static digests(out: usize, t0: v128, t1: v128, t2: v128, t3: v128): void {
    const low01 = Lanes.lowPairs(t0, t1);
    const low23 = Lanes.lowPairs(t2, t3);
    const high01 = Lanes.highPairs(t0, t1);
    const high23 = Lanes.highPairs(t2, t3);
    v128.store(out, Lanes.swap(Lanes.firstHalves(low01, low23)));
    v128.store(out, Lanes.swap(Lanes.secondHalves(low01, low23)), SHA256_DIGEST_BYTES);
    v128.store(out, Lanes.swap(Lanes.firstHalves(high01, high23)), 2 * SHA256_DIGEST_BYTES);
    v128.store(out, Lanes.swap(Lanes.secondHalves(high01, high23)), 3 * SHA256_DIGEST_BYTES);
  }
}
