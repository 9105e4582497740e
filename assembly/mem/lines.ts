/**
 * Fields of a dumpfile's line (composefs-dump(5)): numbers, escaped bytes, what may be absent.
 *
 * Functions take the address to write at and return the one after what they wrote; up to 16 bytes more are overwritten.
 */

import { hexLetter } from "./hex";
import { writeText } from "./text";

const SPACE: u8 = 0x20;
const DASH: u8 = 0x2d;
const BACKSLASH: u32 = 0x5c;

/** What `writeEscaped` escapes beside what always must be: nothing, or `=` as in keys and values of xattrs. */
export const ESCAPE_PLAIN: u32 = BACKSLASH;
export const ESCAPE_EQUALS: u32 = 0x3d;

/**
 * Escapes bytes as C and composefs-rs do (dumpfile.md 2.2; print_escaped of composefs-info.c). Up to 15 bytes after them are read.
 *
 * @param to room for four times `len` bytes
 * @param also `ESCAPE_PLAIN` or `ESCAPE_EQUALS`
 */
export function writeEscaped(from: usize, len: u32, to: usize, also: u32): usize {
  const end = from + len;
  while (from < end) {
    // Sixteen bytes are moved at a time; those from the first one on that must be escaped are written over.
    const bytes = v128.load(from);
    const graphic = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x21)), i8x16.splat(0x5e));
    const special = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH)), i8x16.eq(bytes, i8x16.splat(<i8>also)));
    v128.store(to, bytes);
    const plain = min<usize>(ctz(~i8x16.bitmask(v128.andnot(graphic, special))), end - from);
    from += plain;
    to += plain;
    if (plain == 16 || from == end) continue;
    to = writeEscape(load<u8>(from), to);
    from++;
  }
  return to;
}

function writeEscape(byte: u32, to: usize): usize {
  const letter = byte == BACKSLASH ? BACKSLASH : byte == 0x0a ? 0x6e : byte == 0x0d ? 0x72 : byte == 0x09 ? 0x74 : 0;
  store<u8>(to, BACKSLASH);
  if (letter) {
    store<u8>(to, letter, 1);
    return to + 2;
  }
  store<u8>(to, 0x78, 1);
  store<u8>(to, hexLetter(byte >> 4), 2);
  store<u8>(to, hexLetter(byte & 15), 3);
  return to + 4;
}

/** Writes a space and escaped bytes; a lone `-` must not be taken for something absent. */
export function writeOptional(from: usize, len: u32, to: usize): usize {
  store<u8>(to, SPACE);
  if (len == 1 && load<u8>(from) == DASH) return to + 1 + writeText(to + 1, "\\x2d");
  return writeEscaped(from, len, to + 1, ESCAPE_PLAIN);
}

/** Writes a space and `-`: something absent. */
export function writeAbsent(to: usize): usize {
  store<u8>(to, SPACE);
  store<u8>(to, DASH, 1);
  return to + 2;
}

/** Writes a number in base 8 or 10. */
export function writeNumber(number: u64, base: u64, to: usize): usize {
  let digits: u32 = 1;
  for (let rest = number / base; rest; rest /= base) digits++;
  for (let at = digits; at; at--) {
    store<u8>(to + at - 1, 0x30 + (number % base));
    number /= base;
  }
  return to + digits;
}

/** Writes a space and a number in base 8 or 10. */
export function writeField(number: u64, base: u64, to: usize): usize {
  store<u8>(to, SPACE);
  return writeNumber(number, base, to + 1);
}

/** Writes a byte. */
export function writeByte(byte: u8, to: usize): usize {
  store<u8>(to, byte);
  return to + 1;
}
