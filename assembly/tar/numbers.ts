/**
 * Numbers of a tar header: octal text, or binary when the top bit of the field is set (oci-to-tree.md 2.2); and the
 * decimal numbers of PAX records (2.4).
 */

/** The number that was read. */
export let value: u64 = 0;

export const NUMBER_OK: u32 = 0;
/** Not of the form that it must have. */
export const NUMBER_BAD: u32 = 1;
/** Does not fit 64 bits. */
export const NUMBER_LARGE: u32 = 2;
/** Binary, and below 0. */
export const NUMBER_NEGATIVE: u32 = 3;

const PLUS: u32 = 0x2b;

function isSpace(byte: u32): bool {
  return byte == 0x20 || byte - 9 < 5;
}

/** Reads digits of a base, after one `+` that may be there. @returns a `NUMBER_*` number */
function readDigits(at: usize, end: usize, base: u64): u32 {
  value = 0;
  if (at < end && <u32>load<u8>(at) == PLUS) at++;
  if (at == end) return NUMBER_BAD;
  let large = false;
  for (; at < end; at++) {
    const digit = <u64>load<u8>(at) - 0x30;
    if (digit >= base) return NUMBER_BAD;
    if (value > (u64.MAX_VALUE - digit) / base) large = true;
    value = value * base + digit;
  }
  return large ? NUMBER_LARGE : NUMBER_OK;
}

/** Reads octal text, cut at its first zero byte and stripped; nothing is 0. @returns a `NUMBER_*` number */
export function readOctalText(at: usize, len: u32): u32 {
  let end = at;
  while (end < at + len && load<u8>(end)) end++;
  while (at < end && isSpace(load<u8>(at))) at++;
  while (at < end && isSpace(load<u8>(end - 1))) end--;
  value = 0;
  return at == end ? NUMBER_OK : readDigits(at, end, 8);
}

/** Reads a field that may be binary. @returns a `NUMBER_*` number */
export function readField(at: usize, len: u32): u32 {
  const head = <u32>load<u8>(at);
  if (head < 0x80) return readOctalText(at, len);
  if (head & 0x40) return NUMBER_NEGATIVE;
  value = head & 0x3f;
  let large = false;
  for (let i: u32 = 1; i < len; i++) {
    if (value >> 56) large = true;
    value = (value << 8) | load<u8>(at + i);
  }
  return large ? NUMBER_LARGE : NUMBER_OK;
}

/** Reads a decimal number without sign, one `+` aside. @returns a `NUMBER_*` number */
export function readDecimal(at: usize, len: u32): u32 {
  return readDigits(at, at + len, 10);
}
