/**
 * ASCII texts of the source: string literals are static data in UTF-16; these read them as bytes.
 */

/** Writes the characters of `text` as bytes. @returns their number */
export function writeText(to: usize, text: string): u32 {
  for (let i = 0; i < text.length; i++) store<u8>(to + i, text.charCodeAt(i));
  return text.length;
}

/** Whether the `len` bytes at `at` begin with `text`. */
export function startsWith(at: usize, len: u32, text: string): bool {
  if (len < <u32>text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (<i32>load<u8>(at + i) != text.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether the `len` bytes at `at` are `text`. */
export function isText(at: usize, len: u32, text: string): bool {
  return len == <u32>text.length && startsWith(at, len, text);
}
