/**
 * Whether bytes are UTF-8 (RFC 3629): keys of PAX records must be.
 */

/** Whether byte `at + i` continues a character. */
function isTail(byte: u32): bool {
  return byte >> 6 == 2;
}

/** Whether all of the bytes are whole characters, none of them overlong, a surrogate or beyond U+10FFFF. */
export function isUtf8(at: usize, len: u32): bool {
  const end = at + len;
  while (at < end) {
    const head = <u32>load<u8>(at);
    at++;
    if (head < 0x80) continue;
    if (head < 0xc2 || head > 0xf4 || at == end) return false;
    const second = <u32>load<u8>(at);
    at++;
    const low: u32 = head == 0xe0 ? 0xa0 : head == 0xf0 ? 0x90 : 0x80;
    const high: u32 = head == 0xed ? 0x9f : head == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    const more: usize = head < 0xe0 ? 0 : head < 0xf0 ? 1 : 2;
    if (<usize>(end - at) < more) return false;
    for (let i: usize = 0; i < more; i++) {
      if (!isTail(load<u8>(at + i))) return false;
    }
    at += more;
  }
  return true;
}
