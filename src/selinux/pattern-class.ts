/**
 * Bracket expressions and the escapes of single bytes: what the Rust syntax (regex-syntax, Unicode off) and PCRE2
 * understand alike. Where they differ the pattern is refused: nested classes, the set operators `&&`, `--`, `~~`,
 * ranges that end in a class, characters of several bytes within brackets.
 */

import { addRange, addSet, type ByteSet, complement, ESCAPED_SETS, HORIZONTAL_SPACE, POSIX_SETS } from "./byte-set.ts";
import type { PatternReader } from "./pattern-reader.ts";

const NAMED_BYTES: ReadonlyMap<string, number> = new Map([
  ["a", 0x07],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
]);

/**
 * The escape of one byte or of a set of them, after the backslash: `\d`, `\n`, `\x7f`, `\.` and the like.
 *
 * @returns undefined, and nothing read, when it is another escape
 */
export function readByteEscape(reader: PatternReader): number | ByteSet | undefined {
  const letter = reader.peek();
  const set = ESCAPED_SETS.get(letter);
  if (set !== undefined) {
    reader.skip(1);
    return set;
  }
  const text = String.fromCharCode(letter);
  if (text === "h") {
    reader.skip(1);
    reader.isPcre2 = true;
    return HORIZONTAL_SPACE;
  }
  if (text === "x") return readHex(reader);
  const named = NAMED_BYTES.get(text);
  // Punctuation stands for itself, but \< and \> are word boundaries of Rust.
  const literal = named ?? (/[!-/:;=?@[-`{-~]/.test(text) ? letter : undefined);
  if (literal !== undefined) reader.skip(1);
  return literal;
}

/** `\xHH`, exactly two digits. */
function readHex(reader: PatternReader): number {
  const digits = String.fromCharCode(reader.peek(1), reader.peek(2));
  if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw reader.error("\\x must be followed by two hexadecimal digits", -1);
  reader.skip(3);
  return Number.parseInt(digits, 16);
}

/** A bracket expression, after its `[`. */
export function readClass(reader: PatternReader): ByteSet {
  const open = reader.at - 1;
  const set: ByteSet = new Int32Array(8);
  const isNegated = reader.take("^");
  const first = reader.at;
  while (reader.at === first || !reader.looksAt("]")) {
    if (reader.isAtEnd) throw reader.error("the bracket expression has no end", open - reader.at);
    readItem(reader, set);
  }
  refuseLookalike(reader, first - (isNegated ? 1 : 0), open);
  reader.skip(1);
  return isNegated ? complement(set) : set;
}

/** One byte, one range or one class, such as `[:digit:]` or `\d`. */
function readItem(reader: PatternReader, set: ByteSet): void {
  if (reader.looksAt("[")) {
    addSet(set, readPosix(reader));
    refuseRangeAfterClass(reader);
    return;
  }
  const start = reader.at;
  const first = readMember(reader);
  if (typeof first !== "number") {
    addSet(set, first);
    refuseRangeAfterClass(reader);
    return;
  }
  const isRange = reader.looksAt("-") && reader.peek(1) !== 0x5d;
  if (!isRange) {
    addRange(set, first, first);
    return;
  }
  if (reader.looksAt("--")) throw reader.error('"--" within brackets is read in two ways');
  reader.skip(1);
  if (reader.isAtEnd) throw reader.error("the bracket expression has no end");
  if (reader.looksAt("[")) throw reader.error('"[" within brackets must be escaped');
  const last = readMember(reader, true);
  if (typeof last !== "number") throw reader.error("a range must end in one byte", start - reader.at);
  if (first > last) throw reader.error("the range is out of order", start - reader.at);
  addRange(set, first, last);
}

function readMember(reader: PatternReader, isRangeEnd = false): number | ByteSet {
  if (reader.take("\\")) {
    if (reader.isAtEnd) throw reader.error("a backslash at the end");
    const escaped = readByteEscape(reader);
    if (escaped === undefined)
      throw reader.error(`the escape \\${reader.shown()} is not supported within brackets`, -1);
    return escaped;
  }
  for (const operator of ["&&", "--", "~~"]) {
    if (!isRangeEnd && reader.looksAt(operator))
      throw reader.error(`"${operator}" within brackets is read in two ways`);
  }
  const byte = reader.peek();
  // Rust refuses them, and PCRE2 would take each byte for itself.
  if (byte >= 0x80) throw reader.error("only ASCII is supported within brackets; write bytes as \\xHH");
  reader.skip(1);
  return byte;
}

/** `[:name:]` or `[:^name:]`. */
function readPosix(reader: PatternReader): ByteSet {
  const start = reader.at;
  const found = /^\[:(\^?)([a-z]+):\]/.exec(reader.ascii(16));
  const set = found === null ? undefined : POSIX_SETS.get(found[2]!);
  if (found === null || set === undefined) {
    throw reader.error('"[" within brackets must be escaped, or begin a class such as [:digit:]', start - reader.at);
  }
  reader.skip(found[0].length);
  return found[1] === "^" ? complement(set) : set;
}

function refuseRangeAfterClass(reader: PatternReader): void {
  if (reader.looksAt("-") && reader.peek(1) !== 0x5d) throw reader.error("a range must begin with one byte");
}

/** `[:alpha:]` or `[.a.]` alone: PCRE2 refuses it, since a pair of brackets is missing. */
function refuseLookalike(reader: PatternReader, first: number, open: number): void {
  const mark = reader.byteAt(first);
  if (reader.at - first >= 2 && [0x2e, 0x3a, 0x3d].includes(mark) && reader.byteAt(reader.at - 1) === mark) {
    throw reader.error("a class such as [:digit:] belongs into a second pair of brackets", open - reader.at);
  }
}
