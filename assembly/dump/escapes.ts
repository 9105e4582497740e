/**
 * Escapes of the dumpfile format (composefs-dump(5); dumpfile.md 2.1): `\\` `\n` `\r` `\t` and `\xHH`.
 */

import { STATUS_DUMP_ESCAPE, STATUS_DUMP_ESCAPE_HEX } from "../abi";
import { hexLetter } from "../mem/hex";

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
 * @param to elsewhere, room for `end - from` bytes and 16 more
 * @returns number of bytes written, or a negative number (`unescapeStatus`)
 */
export function unescape(from: usize, end: usize, to: usize): i32 {
  const start = to;
  const backslash = i8x16.splat(<i8>BACKSLASH);
  while (from < end) {
    // Sixteen bytes are moved at a time; those from the first backslash on are written over.
    if (from + 16 <= end) {
      const bytes = v128.load(from);
      const escapes = i8x16.bitmask(i8x16.eq(bytes, backslash));
      v128.store(to, bytes);
      const plain = escapes ? ctz(escapes) : 16;
      from += plain;
      to += plain;
      if (!escapes) continue;
    } else if (<u32>load<u8>(from) != BACKSLASH) {
      store<u8>(to, load<u8>(from));
      from++;
      to++;
      continue;
    }
    // An escape: its letter, and for most two digits.
    if (from + 1 == end) return UNESCAPE_UNKNOWN;
    const letter = <u32>load<u8>(from, 1);
    let byte: u32;
    if (letter == 0x78) {
      if (from + 4 > end) return UNESCAPE_UNKNOWN;
      const high = hexDigit(load<u8>(from, 2));
      const low = hexDigit(load<u8>(from, 3));
      if ((high | low) < 0) return UNESCAPE_HEX;
      byte = <u32>((high << 4) | low);
      from += 4;
    } else {
      byte =
        letter == BACKSLASH ? BACKSLASH : letter == 0x6e ? 0x0a : letter == 0x72 ? 0x0d : letter == 0x74 ? 0x09 : 0;
      if (!byte) return UNESCAPE_UNKNOWN;
      from += 2;
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
