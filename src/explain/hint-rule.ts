/**
 * What a rule of the table of known causes is, and what rules share.
 */

import type { TreeCursor } from "../image/cursor.ts";
import { type ClassId, MARK_IMPLIED, MARK_PLACE_ITSELF, MARK_ROOT } from "./diff-classes.ts";
import { type ClassDiff, countMarked, type DiffTotals, type SideFacts } from "./diff-data.ts";

/** A known cause that fits. */
export interface Hint {
  /** Name of the cause. */
  id: string;
  /** Classes that it explains. */
  classes: ClassId[];
  /** What happened and what to do. */
  text: string;
}

/** What the rules look at. */
export interface Findings {
  classes: readonly ClassDiff[];
  entries: DiffTotals;
  /** Cursors of A and B. */
  cursors: readonly [TreeCursor, TreeCursor];
}

/** A rule of the table. */
export interface HintRule {
  id: string;
  /** The hint without its id; undefined when the rule does not fit. */
  find(findings: Findings): Omit<Hint, "id"> | undefined;
}

/** Name of a side. */
export type Side = "A" | "B";

/** The only side that satisfies `test`; undefined when none or both do. */
export function sideWith(diff: ClassDiff, test: (facts: SideFacts) => boolean): Side | undefined {
  const [a, b] = [test(diff.a), test(diff.b)];
  if (a === b) return undefined;
  return a ? "A" : "B";
}

/** The other side. */
export function otherThan(side: Side): Side {
  return side === "A" ? "B" : "A";
}

/** The class with an id, when it has differences. */
export function classOf({ classes }: Findings, id: ClassId): ClassDiff | undefined {
  return classes.find((diff) => diff.id === id);
}

/** The same, unless the rules for parts of the tree explain it. */
export function openClass(findings: Findings, id: ClassId): ClassDiff | undefined {
  const diff = classOf(findings, id);
  return diff && !hasOwnRules(diff) ? diff : undefined;
}

/** Number of the differences of a class that have all of these marks. */
export function countWith(diff: ClassDiff, marks: number): number {
  return countMarked(diff, (found) => (found & marks) === marks);
}

/** Whether all differences of a class have these marks. */
export function allWith(diff: ClassDiff, marks: number): boolean {
  return countWith(diff, marks) === diff.count;
}

/** Whether all differences of a class are of the root, implied directories or places, for which there are own rules. */
export function hasOwnRules(diff: ClassDiff): boolean {
  return countMarked(diff, (marks) => (marks & (MARK_ROOT | MARK_IMPLIED | MARK_PLACE_ITSELF)) === 0) === 0;
}

/** For `sideWith`: the side whose numbers are all 0. */
export function isAllZero(diff: ClassDiff): (facts: SideFacts) => boolean {
  return ({ zero }) => diff.based > 0 && zero === diff.based;
}

/** For `sideWith`: the side that never has the value. */
export function isAbsent(diff: ClassDiff): (facts: SideFacts) => boolean {
  return ({ absent }) => absent === diff.based;
}
