/**
 * The functions of SHA-512 on two 64-bit lanes of a v128, for `sha512x2.ts`.
 *
 * Source: FIPS 180-4, sections 3.1, 4.1.3 and 6.4.2; equation numbers are its own. The spelling is the one that won
 * for SHA-256 in `sha256lanes.ts`. Static methods because only they can be marked for inlining.
 */

export class Lanes {
  @inline static add(x: v128, y: v128): v128 {
    return i64x2.add(x, y);
  }

  /** The bytes of each word in the other order: big-endian in messages and digests, section 3.1. */
  @inline static swap(x: v128): v128 {
    return v128.swizzle(x, i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
  }

  @inline static first(x: v128, y: v128): v128 {
    return v128.shuffle<i64>(x, y, 0, 2);
  }

  @inline static second(x: v128, y: v128): v128 {
    return v128.shuffle<i64>(x, y, 1, 3);
  }

  /** Rotation to the right by `n` bits, 1 to 63; section 3.2 operation 4. */
  @inline static rotr(x: v128, n: i32): v128 {
    return v128.xor(i64x2.shr_u(x, n), i64x2.shl(x, 64 - n));
  }

  /** Sum 0, equation 4.10: rotations by 28, 34 and 39. */
  @inline static sum0(x: v128): v128 {
    return v128.xor(v128.xor(Lanes.rotr(x, 28), Lanes.rotr(x, 34)), Lanes.rotr(x, 39));
  }

  /** Sum 1, equation 4.11: rotations by 14, 18 and 41. */
  @inline static sum1(x: v128): v128 {
    return v128.xor(v128.xor(Lanes.rotr(x, 14), Lanes.rotr(x, 18)), Lanes.rotr(x, 41));
  }

  /** Sigma 0, equation 4.12: rotations by 1 and 8, shift by 7. */
  @inline static sigma0(x: v128): v128 {
    return v128.xor(
      v128.xor(v128.xor(i64x2.shr_u(x, 1), i64x2.shr_u(x, 8)), i64x2.shr_u(x, 7)),
      v128.xor(i64x2.shl(x, 63), i64x2.shl(x, 56)),
    );
  }

  /** Sigma 1, equation 4.13: rotations by 19 and 61, shift by 6. */
  @inline static sigma1(x: v128): v128 {
    return v128.xor(
      v128.xor(v128.xor(i64x2.shr_u(x, 19), i64x2.shr_u(x, 61)), i64x2.shr_u(x, 6)),
      v128.xor(i64x2.shl(x, 45), i64x2.shl(x, 3)),
    );
  }

  /** T1 of section 6.4.2 step 3, with Ch of equation 4.8; `wk` is the schedule word with K added. */
  @inline static t1(e: v128, f: v128, g: v128, h: v128, wk: v128): v128 {
    return i64x2.add(i64x2.add(i64x2.add(h, wk), v128.xor(g, v128.and(e, v128.xor(f, g)))), Lanes.sum1(e));
  }

  /** Maj of equation 4.9 for (a, b, c), given bc = b ^ c and ab = a ^ b, which is the bc of the next round. */
  @inline static maj(b: v128, bc: v128, ab: v128): v128 {
    return v128.xor(b, v128.and(bc, ab));
  }

  /** The new `a`: T1 + T2. */
  @inline static a(t1: v128, a: v128, majority: v128): v128 {
    return i64x2.add(i64x2.add(t1, Lanes.sum0(a)), majority);
  }

  /** Word t of the schedule from the words t - 16, t - 15, t - 7 and t - 2: section 6.4.2 step 1. */
  @inline static word(w16: v128, w15: v128, w7: v128, w2: v128): v128 {
    return i64x2.add(i64x2.add(w16, Lanes.sigma0(w15)), i64x2.add(w7, Lanes.sigma1(w2)));
  }
}
