/**
 * Reads the pattern of a rule: boot-transform.md 3.3.
 *
 * The reference gives a pattern to a Rust automaton (regex-syntax, Unicode off) first, and to PCRE2 when that cannot take
 * it. Accepted is what both read alike, and what the automaton is known to leave to PCRE2: look-around, back-references,
 * atomic groups, `\Z`, `\h`, and beside one of these possessive quantifiers. Anything else is an error, never a guess.
 *
 *     choice   = sequence { "|" sequence }
 *     sequence = { atom [ "*" | "+" | "?" | "{" n [ "," [ m ] ] "}" ] [ "?" | "+" ] }
 *     atom     = byte | "." | class | "^" | "$" | escape | "(" [ "?:" | "?>" | "?=" | "?!" | "?<=" | "?<!" ] choice ")"
 *
 * Groups call this code again from within; their depth is limited as in both engines.
 */

import { lineError, type Place } from "./fault.ts";
import { SELINUX_LIMITS } from "./limits.ts";
import { readByteEscape, readClass } from "./pattern-class.ts";
import { PatternReader } from "./pattern-reader.ts";
import {
  assertPart,
  atomicPart,
  byteOf,
  capturePart,
  choicePart,
  dotPart,
  lookPart,
  type Part,
  type Pattern,
  type RepeatMode,
  referencePart,
  repeatPart,
  sequencePart,
  setPart,
} from "./pattern-tree.ts";

const ZERO = 0x30;
const NINE = 0x39;
/** `(?…` and what it opens. */
const LOOKS: ReadonlyArray<readonly [text: string, behind: boolean, negative: boolean]> = [
  ["?=", false, false],
  ["?!", false, true],
  ["?<=", true, false],
  ["?<!", true, true],
];

/**
 * @param bytes the pattern as it stands in the file, without anchors
 * @param place where it stands, for errors
 * @throws ComposefsError SELINUX_PATTERN with the byte offset in the pattern; SELINUX_LIMIT
 */
export function parsePattern(bytes: Uint8Array, place: Place): Pattern {
  const limit = SELINUX_LIMITS.patternBytes;
  if (bytes.length > limit) {
    const what = `the pattern has ${bytes.length} bytes, at most ${limit} are read`;
    throw lineError("SELINUX_LIMIT", place, what, { actual: bytes.length, limit });
  }
  const reader = new PatternReader(bytes, place);
  const root = readChoice(reader, 0);
  if (!reader.isAtEnd) throw reader.error('")" without "("');
  // Alone it would not come to PCRE2: Rust reads `a*+` as `(?:a*)+`, which matches more.
  if (reader.possessiveAt !== undefined && !reader.isPcre2) {
    const what = "a possessive quantifier is read in two ways; an atomic group, such as (?>a*), is not";
    throw reader.error(what, reader.possessiveAt - reader.at);
  }
  return { root, groups: reader.groups, isPcre2: reader.isPcre2, isRegular: reader.isRegular };
}

function readChoice(reader: PatternReader, depth: number): Part {
  const options: Part[] = [];
  do {
    options.push(readSequence(reader, depth));
  } while (reader.take("|"));
  return choicePart(options);
}

function readSequence(reader: PatternReader, depth: number): Part {
  const parts: Part[] = [];
  while (!reader.isAtEnd && !reader.looksAt("|") && !reader.looksAt(")")) {
    const start = reader.at;
    const part = readAtom(reader, depth);
    parts.push(readQuantifier(reader, part, start));
  }
  return sequencePart(parts);
}

function readAtom(reader: PatternReader, depth: number): Part {
  const byte = reader.peek();
  if (reader.looksAt("*") || reader.looksAt("+") || reader.looksAt("?") || reader.looksAt("{")) {
    throw reader.error(`${reader.shown()} has nothing to repeat`);
  }
  reader.skip(1);
  switch (String.fromCharCode(byte)) {
    case ".":
      return dotPart;
    case "[":
      return setPart(readClass(reader));
    case "^":
      return assertPart("start");
    case "$":
      return assertPart("end");
    case "(":
      return readGroup(reader, depth + 1);
    case "\\":
      return readEscape(reader);
    default:
      return byteOf(byte);
  }
}

/** A group, after its "(". */
function readGroup(reader: PatternReader, depth: number): Part {
  const start = reader.at - 1;
  const limit = SELINUX_LIMITS.patternDepth;
  if (depth > limit) throw reader.limitError(`groups are nested more than ${limit} deep`, depth, limit);
  const finish = (part: Part) => {
    if (!reader.take(")")) throw reader.error('"(" without ")"', start - reader.at);
    return part;
  };
  const inner = () => finish(readChoice(reader, depth));
  if (reader.looksAt("*")) throw reader.error('"(*" is not supported');
  if (!reader.looksAt("?")) {
    const group = ++reader.groups;
    const part = inner();
    reader.closedGroups.add(group);
    return capturePart(part, group);
  }
  if (reader.take("?:")) return inner();
  reader.isPcre2 = true;
  reader.isRegular = false;
  if (reader.take("?>")) return atomicPart(inner());
  for (const [text, behind, negative] of LOOKS) {
    if (!reader.take(text)) continue;
    const part = inner();
    const options = part.kind === "choice" ? part.options : [part];
    if (behind && options.some((option) => option.exact < 0)) {
      throw reader.error("each alternative of a look-behind must match a fixed number of bytes", start - reader.at);
    }
    return lookPart(part, behind, negative);
  }
  throw reader.error(
    'of the groups that begin with "(?" only (?: (?> (?= (?! (?<= (?<! are supported',
    start - reader.at,
  );
}

/** An escape outside of brackets, after its backslash. */
function readEscape(reader: PatternReader): Part {
  const at = reader.at - 1;
  if (reader.isAtEnd) throw reader.error("a backslash at the end", -1);
  const escaped = readByteEscape(reader);
  if (typeof escaped === "number") return byteOf(escaped);
  if (escaped !== undefined) return setPart(escaped);
  const digits = /^[1-9][0-9]*/.exec(reader.ascii(6))?.[0];
  // \10 is octal when there are not ten groups.
  if (digits !== undefined && digits.length === 1) {
    reader.skip(1);
    reader.isPcre2 = true;
    reader.isRegular = false;
    // Within a group and before it, PCRE2 itself gives several results: with its compiler, without, and where Perl differs.
    if (!reader.closedGroups.has(Number(digits))) {
      throw reader.error(`no group ${digits} ends before this`, at - reader.at);
    }
    return referencePart(Number(digits));
  }
  if (reader.take("A")) return assertPart("start");
  if (reader.take("z")) return assertPart("end");
  // Before an LF at the end, too; but the subject ends with the byte of the type.
  if (reader.take("Z")) {
    reader.isPcre2 = true;
    return assertPart("end");
  }
  if (reader.looksAt("b") || reader.looksAt("B")) {
    const what = reader.looksAt("b") ? "word" : "not-word";
    reader.skip(1);
    // The automaton of the reference knows it, so the dot stays; ours does not look at two bytes at once.
    reader.isRegular = false;
    return assertPart(what);
  }
  throw reader.error(`the escape of ${reader.shown()} is not supported`, -1);
}

/** The quantifier after an atom, if there is one. */
function readQuantifier(reader: PatternReader, part: Part, atomStart: number): Part {
  const start = reader.at;
  const counts = readCounts(reader);
  if (counts === undefined) return part;
  if (part.kind === "assert" || part.kind === "look") {
    throw reader.error("an assertion cannot be repeated", start - reader.at);
  }
  // In Rust the whole character is repeated, in PCRE2 its last byte.
  if (part.kind === "byte" && reader.byteAt(atomStart) >= 0x80) {
    throw reader.error("only an ASCII character can be repeated; put others into a group", atomStart - reader.at);
  }
  let mode: RepeatMode = "greedy";
  if (reader.take("?")) mode = "lazy";
  else if (reader.take("+")) {
    mode = "possessive";
    reader.isRegular = false;
    reader.possessiveAt ??= reader.at - 1;
  }
  // Rust repeats the repetition, PCRE2 refuses it.
  const second = reader.at;
  if (readCounts(reader) !== undefined) {
    throw reader.error("a repetition cannot be repeated; put it into a group", second - reader.at);
  }
  return repeatPart(part, counts.min, counts.max, mode);
}

function readCounts(reader: PatternReader): { min: number; max: number } | undefined {
  const many = Number.POSITIVE_INFINITY;
  if (reader.take("*")) return { min: 0, max: many };
  if (reader.take("+")) return { min: 1, max: many };
  if (reader.take("?")) return { min: 0, max: 1 };
  if (!reader.looksAt("{")) return undefined;
  const start = reader.at;
  reader.skip(1);
  const min = readCount(reader);
  let max = min;
  if (reader.take(",")) max = reader.looksAt("}") ? many : readCount(reader);
  if (!reader.take("}")) throw reader.error('"{" must begin {n}, {n,} or {n,m}, or be escaped', start - reader.at);
  if (min > max) throw reader.error("the counts of the repetition are out of order", start - reader.at);
  return { min, max };
}

function readCount(reader: PatternReader): number {
  const limit = SELINUX_LIMITS.repeatCount;
  const start = reader.at;
  let count = 0;
  for (; reader.peek() >= ZERO && reader.peek() <= NINE; reader.skip(1)) {
    count = Math.min(count * 10 + reader.peek() - ZERO, Number.MAX_SAFE_INTEGER);
  }
  if (reader.at === start) throw reader.error('"{" must begin {n}, {n,} or {n,m}, or be escaped');
  if (count > limit)
    throw reader.limitError(`a repetition counts to ${count}, at most ${limit} is allowed`, count, limit);
  return count;
}
