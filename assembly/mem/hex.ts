/**
 * Hexadecimal digests and the object paths made of them (fsverity.md 3), sixteen digits at a time.
 */

/** `0` to `9`, `a` to `f`. */
const DIGITS = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);

/** Digits decoded and valid. */
export const HEX_OK: u32 = 0;
/** Valid, and upper case occurs. */
export const HEX_UPPER: u32 = 1;
/** Something that is no hexadecimal digit. */
export const HEX_BAD: u32 = 2;

/**
 * Decodes digits to bytes.
 *
 * @param digits a multiple of 16
 * @param to room for `digits / 2` bytes
 * @returns a `HEX_*` number
 */
export function decodeHex(from: usize, digits: u32, to: usize): u32 {
  let upper = v128.splat<u8>(0);
  let good = v128.splat<u8>(0xff);
  for (let i: u32 = 0; i < digits; i += 16) {
    const text = v128.load(from + i);
    const number = i8x16.sub(text, i8x16.splat(0x30));
    const lower = i8x16.sub(text, i8x16.splat(0x61));
    const capital = i8x16.sub(text, i8x16.splat(0x41));
    const isNumber = i8x16.lt_u(number, i8x16.splat(10));
    const isLower = i8x16.lt_u(lower, i8x16.splat(6));
    const isUpper = i8x16.lt_u(capital, i8x16.splat(6));
    upper = v128.or(upper, isUpper);
    good = v128.and(good, v128.or(isNumber, v128.or(isLower, isUpper)));
    const letter = i8x16.add(v128.bitselect(lower, capital, isLower), i8x16.splat(10));
    const nibbles = v128.bitselect(number, letter, isNumber);
    // Each 16-bit lane holds the high nibble in its low byte and the low nibble in its high byte.
    const high = i16x8.shl(v128.and(nibbles, i16x8.splat(0x0f)), 4);
    const bytes = v128.or(high, i16x8.shr_u(nibbles, 8));
    store<u64>(to + (i >> 1), i64x2.extract_lane(i8x16.narrow_i16x8_u(bytes, bytes), 0));
  }
  if (!i8x16.all_true(good)) return HEX_BAD;
  return v128.any_true(upper) ? HEX_UPPER : HEX_OK;
}

/** The lower-case hexadecimal digit of a number from 0 to 15. */
export function hexLetter(nibble: u32): u32 {
  return nibble + (nibble > 9 ? 0x57 : 0x30);
}

/** Bytes of the object path of a digest: two digits, `/`, the rest. */
export function objectPathLen(digestLen: u32): u32 {
  return (digestLen << 1) + 1;
}

/**
 * Decodes a lower-case object path.
 *
 * @param path `objectPathLen(digestLen)` bytes
 * @param scratch room for 128 bytes
 * @param to room for `digestLen` bytes
 * @returns whether it is one
 */
export function decodeObjectPath(path: usize, digestLen: u32, scratch: usize, to: usize): bool {
  if (load<u8>(path + 2) != 0x2f) return false;
  store<u16>(scratch, load<u16>(path));
  memory.copy(scratch + 2, path + 3, (digestLen << 1) - 2);
  return decodeHex(scratch, digestLen << 1, to) == HEX_OK;
}

/** Writes the object path of a digest: `objectPathLen(digestLen)` bytes in lower case. */
export function encodeObjectPath(digest: usize, digestLen: u32, to: usize): void {
  // The digits go where they belong but for the first two, which then move before the slash.
  for (let i: u32 = 0; i < digestLen; i += 16) {
    const bytes = v128.load(digest + i);
    const high = i8x16.swizzle(DIGITS, i8x16.shr_u(bytes, 4));
    const low = i8x16.swizzle(DIGITS, v128.and(bytes, i8x16.splat(15)));
    const at = to + 1 + (i << 1);
    v128.store(at, i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(at + 16, i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  }
  store<u16>(to, load<u16>(to + 1));
  store<u8>(to, 0x2f, 2);
}
