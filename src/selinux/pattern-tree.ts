/**
 * What a pattern is made of, after reading and before it is compiled.
 *
 * Each part knows the least number of bytes that it matches, and the exact number where there is only one (-1 where
 * there are several): an empty repetition must not loop, and a look-behind must know how far to go back.
 */

import type { ByteSet } from "./byte-set.ts";

export interface Extent {
  /** The least number of bytes. */
  readonly least: number;
  /** The number of bytes, or -1. */
  readonly exact: number;
}

export type Assertion = "start" | "end" | "word" | "not-word";
/** How a repetition goes: as often as possible, as rarely as possible, or without ever giving back. */
export type RepeatMode = "greedy" | "lazy" | "possessive";

export type Part = Extent &
  (
    | { readonly kind: "byte"; readonly byte: number }
    | { readonly kind: "set"; readonly set: ByteSet }
    /** The dot: what it matches depends on the engine that the pattern needs. */
    | { readonly kind: "dot" }
    | { readonly kind: "sequence"; readonly parts: readonly Part[] }
    | { readonly kind: "choice"; readonly options: readonly Part[] }
    | {
        readonly kind: "repeat";
        readonly part: Part;
        readonly min: number;
        readonly max: number;
        readonly mode: RepeatMode;
      }
    | { readonly kind: "capture"; readonly part: Part; readonly group: number }
    | { readonly kind: "reference"; readonly group: number }
    | { readonly kind: "assert"; readonly what: Assertion }
    | { readonly kind: "look"; readonly part: Part; readonly behind: boolean; readonly negative: boolean }
    | { readonly kind: "atomic"; readonly part: Part }
  );

/** A pattern that was read. */
export interface Pattern {
  readonly root: Part;
  /** Number of capturing groups. */
  readonly groups: number;
  /** It has something that only PCRE2 knows: its dot is not LF. */
  readonly isPcre2: boolean;
  /** A finite automaton can match it. Otherwise it has to be tried by backtracking. */
  readonly isRegular: boolean;
}

const ONE_BYTE = { least: 1, exact: 1 };
const NO_BYTES = { least: 0, exact: 0 };

/** One for each byte: most of a policy is made of them. */
const BYTE_PARTS = Array.from({ length: 256 }, (_, byte): Part => ({ kind: "byte", byte, ...ONE_BYTE }));

export const byteOf = (byte: number): Part => BYTE_PARTS[byte]!;
export const setPart = (set: ByteSet): Part => ({ kind: "set", set, ...ONE_BYTE });
export const dotPart: Part = { kind: "dot", ...ONE_BYTE };
export const assertPart = (what: Assertion): Part => ({ kind: "assert", what, ...NO_BYTES });
export const referencePart = (group: number): Part => ({ kind: "reference", group, least: 0, exact: -1 });
export const capturePart = (part: Part, group: number): Part => ({ kind: "capture", part, group, ...extentOf(part) });
export const atomicPart = (part: Part): Part => ({ kind: "atomic", part, ...extentOf(part) });
export const lookPart = (part: Part, behind: boolean, negative: boolean): Part => ({
  kind: "look",
  part,
  behind,
  negative,
  ...NO_BYTES,
});

export function sequencePart(parts: readonly Part[]): Part {
  if (parts.length === 1) return parts[0]!;
  const isExact = parts.every((part) => part.exact >= 0);
  const least = parts.reduce((sum, part) => sum + part.least, 0);
  return { kind: "sequence", parts, least, exact: isExact ? least : -1 };
}

export function choicePart(options: readonly Part[]): Part {
  if (options.length === 1) return options[0]!;
  const first = options[0]!.exact;
  const least = options.reduce((min, option) => Math.min(min, option.least), Number.POSITIVE_INFINITY);
  return { kind: "choice", options, least, exact: options.every((option) => option.exact === first) ? first : -1 };
}

export function repeatPart(part: Part, min: number, max: number, mode: RepeatMode): Part {
  const exact = min === max && part.exact >= 0 ? part.exact * min : -1;
  return { kind: "repeat", part, min, max, mode, least: part.least * min, exact };
}

function extentOf(part: Part): Extent {
  return { least: part.least, exact: part.exact };
}
