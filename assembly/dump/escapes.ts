/**
 * Escapes of the dumpfile format (composefs-dump(5); dumpfile.md 2.1): `\\` `\n` `\r` `\t` and `\xHH`.
 */

import { STATUS_DUMP_ESCAPE, STATUS_DUMP_ESCAPE_HEX } from "../abi";

const BACKSLASH: u32 = 0x5c;

/** `unescape` met something else after a backslash, or nothing. */
const UNESCAPE_UNKNOWN: i32 = -1;
/** `unescape` met `\\x` and two bytes that are not both hexadecimal digits. */
const UNESCAPE_HEX: i32 = -2;

/** Value of a hexadecimal digit in either case, or -1. */
function hexDigit(byte: u32): i32 {
  if (byte - 0x30 < 10) return <i32>(byte - 0x30);
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? <i32>(letter + 10) : -1;
}

/**
 * Resolves the escapes of a field.
 *
 * @param from first byte of the escaped text, `end` the byte after it
 * @param to room for `end - from` bytes; may be `from`
 * @returns number of bytes written, or a negative number (`unescapeStatus`)
 */
export function unescape(from: usize, end: usize, to: usize): i32 {
  const start = to;
  const backslash = i8x16.splat(0x5c);
  while (from < end) {
    // Escapes are rare: sixteen bytes without one are moved at a time. `to` never passes `from`, so nothing that is
    // still to be read is overwritten when both are the same text.
    if (from + 16 <= end) {
      const bytes = v128.load(from);
      if (!v128.any_true(i8x16.eq(bytes, backslash))) {
        v128.store(to, bytes);
        from += 16;
        to += 16;
        continue;
      }
    }
    let byte = <u32>load<u8>(from);
    from++;
    if (byte == BACKSLASH) {
      if (from == end) return UNESCAPE_UNKNOWN;
      const letter = <u32>load<u8>(from);
      from++;
      if (letter == BACKSLASH) byte = BACKSLASH;
      else if (letter == 0x6e) byte = 0x0a;
      else if (letter == 0x72) byte = 0x0d;
      else if (letter == 0x74) byte = 0x09;
      else if (letter == 0x78 && from + 2 <= end) {
        const high = hexDigit(load<u8>(from));
        const low = hexDigit(load<u8>(from + 1));
        if ((high | low) < 0) return UNESCAPE_HEX;
        byte = <u32>((high << 4) | low);
        from += 2;
      } else return UNESCAPE_UNKNOWN;
    }
    store<u8>(to, byte);
    to++;
  }
  return <i32>(to - start);
}

/** The status for a negative result of `unescape`. */
export function unescapeStatus(result: i32): i32 {
  return result == UNESCAPE_HEX ? STATUS_DUMP_ESCAPE_HEX : STATUS_DUMP_ESCAPE;
}

/** Whether a zero byte occurs. */
export function hasZero(at: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) {
    if (!load<u8>(at + i)) return true;
  }
  return false;
}
