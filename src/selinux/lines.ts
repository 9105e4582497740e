/**
 * Lines and fields of the files of a policy: boot-transform.md 3.1 and 3.2.
 *
 * The files are UTF-8, and "white space" is that of Unicode, as in the reference (`split_whitespace` of Rust, the
 * property White_Space). Nothing is decoded: the sequences are looked for in the bytes.
 */

import { ComposefsError } from "../error.ts";
import { SELINUX_LIMITS } from "./limits.ts";

const LF = 0x0a;
const HASH = 0x23;

/**
 * Holds a file against its limit and against UTF-8.
 *
 * @param file its name, for the message
 * @throws ComposefsError SELINUX_UTF8 with the line, SELINUX_LIMIT
 */
export function checkText(file: string, content: Uint8Array): void {
  const limit = SELINUX_LIMITS.fileBytes;
  if (content.length > limit) {
    const data = { path: file, actual: content.length, limit };
    throw new ComposefsError("SELINUX_LIMIT", `${file}: ${content.length} bytes, at most ${limit} are read`, data);
  }
  if (isUtf8(content)) return;
  // LF is no part of any other character, so one of the lines is at fault.
  for (const { line, start, end } of linesOf(content)) {
    if (isUtf8(content.subarray(start, end))) continue;
    throw new ComposefsError("SELINUX_UTF8", `${file} line ${line}: expected UTF-8`, { path: file, line });
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The lines of a file: number from 1, and the offsets of the first byte and of the one after the last (the LF). */
export function* linesOf(content: Uint8Array): Generator<{ line: number; start: number; end: number }> {
  let line = 1;
  for (let start = 0; start < content.length; line++) {
    const found = content.indexOf(LF, start);
    const end = found < 0 ? content.length : found;
    yield { line, start, end };
    start = end + 1;
  }
}

/**
 * The first fields of a line, and none when it is empty or a comment (the first field begins with `#`).
 *
 * @param most how many fields are of interest; one more is looked for, so that the caller sees that there are too many
 */
export function fieldsOf(content: Uint8Array, start: number, end: number, most: number): Uint8Array[] {
  const fields: Uint8Array[] = [];
  let at = start;
  while (fields.length <= most) {
    at = skipSpace(content, at, end);
    if (at === end || (fields.length === 0 && content[at] === HASH)) break;
    const first = at;
    while (at < end && spaceLength(content, at, end) === 0) at++;
    fields.push(content.subarray(first, at));
  }
  return fields;
}

/** The bytes of a range without white space at both ends. */
export function trimmed(content: Uint8Array, start: number, end: number): Uint8Array {
  const first = skipSpace(content, start, end);
  let last = first;
  for (let at = first; at < end; ) {
    const space = spaceLength(content, at, end);
    at += space || 1;
    if (space === 0) last = at;
  }
  return content.subarray(first, last);
}

function skipSpace(content: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const space = spaceLength(content, at, end);
    if (space === 0) break;
    at += space;
  }
  return at;
}

/** Bytes of the white space character at an offset; 0 when there is none. */
function spaceLength(content: Uint8Array, at: number, end: number): number {
  const byte = content[at]!;
  if (byte < 0x80) return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) ? 1 : 0;
  const second = at + 1 < end ? content[at + 1]! : 0;
  // U+0085, U+00A0
  if (byte === 0xc2) return second === 0x85 || second === 0xa0 ? 2 : 0;
  const third = at + 2 < end ? content[at + 2]! : 0;
  // U+1680; U+2000 to U+200A, U+2028, U+2029, U+202F; U+205F; U+3000
  const isSpace =
    (byte === 0xe1 && second === 0x9a && third === 0x80) ||
    (byte === 0xe2 && second === 0x80 && ((third >= 0x80 && third <= 0x8a) || [0xa8, 0xa9, 0xaf].includes(third))) ||
    (byte === 0xe2 && second === 0x81 && third === 0x9f) ||
    (byte === 0xe3 && second === 0x80 && third === 0x80);
  return isSpace ? 3 : 0;
}
