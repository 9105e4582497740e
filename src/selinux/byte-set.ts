/** Sets of bytes: what one position of a pattern may be. */

/** 256 bits in eight 32-bit words; bit `byte & 31` of word `byte >> 5`. */
export type ByteSet = Int32Array;

/** The bytes of the ranges [first, last], both included. */
export function setOf(...ranges: ReadonlyArray<readonly [number, number]>): ByteSet {
  const set = new Int32Array(8);
  for (const [first, last] of ranges) addRange(set, first, last);
  return set;
}

export function addRange(set: ByteSet, first: number, last: number): void {
  for (let byte = first; byte <= last; byte++) set[byte >> 5]! |= 1 << (byte & 31);
}

export function addSet(set: ByteSet, other: ByteSet): void {
  for (let i = 0; i < 8; i++) set[i]! |= other[i]!;
}

export function complement(set: ByteSet): ByteSet {
  return set.map((word) => ~word);
}

export function hasByte(set: ByteSet, byte: number): boolean {
  return ((set[byte >> 5]! >> (byte & 31)) & 1) === 1;
}

const code = (character: string) => character.charCodeAt(0);
const range = (first: string, last = first): readonly [number, number] => [code(first), code(last)];
const DIGIT = range("0", "9");
const UPPER = range("A", "Z");
const LOWER = range("a", "z");
/** HT, LF, VT, FF, CR, space. */
const SPACE = setOf([0x09, 0x0d], [0x20, 0x20]);
export const WORD = setOf(DIGIT, UPPER, LOWER, range("_"));

/** What `\d` and its like stand for: ASCII, in Rust without Unicode as in PCRE2 without UCP. */
export const ESCAPED_SETS: ReadonlyMap<number, ByteSet> = new Map([
  [code("d"), setOf(DIGIT)],
  [code("D"), complement(setOf(DIGIT))],
  [code("s"), SPACE],
  [code("S"), complement(SPACE)],
  [code("w"), WORD],
  [code("W"), complement(WORD)],
]);

/** `\h` of PCRE2 outside of UTF mode (HSPACE_BYTE_CASES): HT, space, and the no-break space of Latin-1. */
export const HORIZONTAL_SPACE = setOf([0x09, 0x09], [0x20, 0x20], [0xa0, 0xa0]);

/** `[:name:]` within a class; the same in both engines, ASCII. */
export const POSIX_SETS: ReadonlyMap<string, ByteSet> = new Map([
  ["alnum", setOf(DIGIT, UPPER, LOWER)],
  ["alpha", setOf(UPPER, LOWER)],
  ["ascii", setOf([0x00, 0x7f])],
  ["blank", setOf([0x09, 0x09], [0x20, 0x20])],
  ["cntrl", setOf([0x00, 0x1f], [0x7f, 0x7f])],
  ["digit", setOf(DIGIT)],
  ["graph", setOf([0x21, 0x7e])],
  ["lower", setOf(LOWER)],
  ["print", setOf([0x20, 0x7e])],
  ["punct", setOf([0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e])],
  ["space", SPACE],
  ["upper", setOf(UPPER)],
  ["word", WORD],
  ["xdigit", setOf(DIGIT, range("A", "F"), range("a", "f"))],
]);

/** `.` of the automaton: any byte but zero, which no path has. */
export const DOT_AUTOMATON = complement(setOf([0, 0]));
/** `.` of PCRE2: any byte but LF. */
export const DOT_PCRE2 = complement(setOf([0x0a, 0x0a]));
export const ANY_BYTE = complement(setOf());
