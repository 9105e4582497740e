/**
 * Numbers of dumpfile fields (dumpfile.md 3.1 and 6): an optional `+`, then digits, leading zeros allowed.
 *
 * A reader leaves its value in `value` and the address after the last digit in `after`; whether the field ends there is
 * the caller's question.
 */

export const NUMBER_OK: u32 = 0;
/** No digits. */
export const NUMBER_BAD: u32 = 1;
/** Does not fit the type. */
export const NUMBER_RANGE: u32 = 2;

export let value: u64 = 0;
export let after: usize = 0;

/** Digits that always fit 64 bits. What does not fit leaves the greatest number in `value`. */
const SAFE_DIGITS: u32 = 19;

function digits(at: usize, limit: u64): u32 {
  let sum = <u64>load<u8>(at) - 0x30;
  after = at;
  if (sum > 9) return NUMBER_BAD;
  let overflow = false;
  for (let count: u32 = 1; ; count++) {
    const digit = <u64>load<u8>(at + count) - 0x30;
    if (digit > 9) {
      after = at + count;
      break;
    }
    if (count >= SAFE_DIGITS && sum > (u64.MAX_VALUE - digit) / 10) overflow = true;
    sum = sum * 10 + digit;
  }
  value = overflow ? u64.MAX_VALUE : sum;
  return overflow || sum > limit ? NUMBER_RANGE : NUMBER_OK;
}

/** An unsigned decimal number up to `limit`. */
export function readUnsigned(at: usize, limit: u64): u32 {
  // Most fields are one digit.
  const first = <u32>load<u8>(at) - 0x30;
  if (first < 10 && <u32>load<u8>(at + 1) == 0x20) {
    value = first;
    after = at + 1;
    return NUMBER_OK;
  }
  return digits(load<u8>(at) == 0x2b ? at + 1 : at, limit);
}

/** Seconds: a signed decimal number within 64 bits, its two's complement in `value` (when it fits). */
export function readSigned(at: usize): u32 {
  if (load<u8>(at) != 0x2d) return readUnsigned(at, <u64>i64.MAX_VALUE);
  const outcome = digits(at + 1, <u64>i64.MAX_VALUE + 1);
  value = 0 - value;
  return outcome;
}

/** An octal number within 32 bits. */
export function readOctal(at: usize): u32 {
  if (load<u8>(at) == 0x2b) at++;
  let sum = <u64>load<u8>(at) - 0x30;
  after = at;
  if (sum > 7) return NUMBER_BAD;
  at++;
  let outcome = NUMBER_OK;
  for (;;) {
    const digit = <u64>load<u8>(at) - 0x30;
    if (digit > 7) break;
    sum = sum >> 61 ? u64.MAX_VALUE : (sum << 3) | digit;
    if (sum > <u64>u32.MAX_VALUE) outcome = NUMBER_RANGE;
    at++;
  }
  value = sum;
  after = at;
  return outcome;
}
