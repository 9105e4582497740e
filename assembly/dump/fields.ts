/**
 * Fields of a line: runs of bytes up to the next space.
 *
 * A line in memory is followed by its LF, which ends the last field as a space ends the others; so the scan needs no
 * length and may look at whole vectors (the windows have room to overshoot).
 */

/** Whether the field that `fieldEnd` passed holds a backslash. */
export let fieldEscaped: bool = false;

/** Address of the space or LF that ends the field at `at`. */
export function fieldEnd(at: usize): usize {
  const space = i8x16.splat(0x20);
  const feed = i8x16.splat(0x0a);
  const backslash = i8x16.splat(0x5c);
  fieldEscaped = false;
  while (true) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(v128.or(i8x16.eq(bytes, space), i8x16.eq(bytes, feed)));
    const escapes = i8x16.bitmask(i8x16.eq(bytes, backslash));
    if (ends) {
      const n = ctz(ends);
      if (escapes & ((1 << n) - 1)) fieldEscaped = true;
      return at + n;
    }
    if (escapes) fieldEscaped = true;
    at += 16;
  }
}

/** Whether a field is the lone `-` of an absent value. */
export function isAbsent(at: usize, end: usize): bool {
  return end - at == 1 && load<u8>(at) == 0x2d;
}
