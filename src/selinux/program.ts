/**
 * Patterns as instructions, all of a policy in one list.
 *
 * The automaton follows all ways at once and knows the first seven only; backtracking follows one way at a time and
 * takes the first operand of SPLIT first. (Thompson 1968; Cox, "Regular Expression Matching: the Virtual Machine
 * Approach", 2009.)
 */

/** The byte x, then the next instruction. */
export const OP_BYTE = 0;
/** A byte of the set x, then the next instruction. */
export const OP_SET = 1;
/** Go on at x, or at y. */
export const OP_SPLIT = 2;
/** Go on at x. */
export const OP_JUMP = 3;
/** Only at the start of the subject. */
export const OP_START = 4;
/** Only at its end, which is after the byte of the type. */
export const OP_END = 5;
/** The rule x matches, up to the byte of the type. */
export const OP_ACCEPT = 6;
/** Only at a word boundary (x = 1), or not at one (x = 0). */
export const OP_WORD = 7;
/** Keep the offset in the slot x: 2g and 2g + 1 are those of group g. */
export const OP_SAVE = 8;
/** If nothing was matched since the slot y was set, go on at x: an empty repetition ends. */
export const OP_LEAVE_IF_EMPTY = 9;
/** What the group x matched, once more; it ends before this instruction. */
export const OP_REFERENCE = 10;
/** Match what follows up to OP_COMMIT, and forget its other ways; then go on at x. y is one of HOLD_*. */
export const OP_HOLD = 11;
/** The end of what OP_HOLD began. */
export const OP_COMMIT = 12;
/** Go back x bytes. */
export const OP_BACK = 13;

/** Atomic group: the offset stays where the match ended. */
export const HOLD_ATOMIC = 0;
/** Look-around: back to where it began. */
export const HOLD_LOOK = 1;
/** Negative look-around: go on only if there is no match. */
export const HOLD_NEGATIVE = 2;

/** The finished list. */
export interface Program {
  readonly ops: Int32Array;
  readonly xs: Int32Array;
  readonly ys: Int32Array;
  /** Sets of bytes, eight words each; see byte-set.ts. */
  readonly sets: Int32Array;
}
