/**
 * The lint: hazards of a tree that is to be sealed.
 *
 * One pass over the tree. Of findings only their number and the first few are kept, and of the tree only the
 * directories from the root down to the entry at hand, so that memory does not grow with either.
 */

import { type Entry, PathSpeller, type Xattr } from "../image/cursor.ts";
import type { OriginKind, Tree } from "../image/tree.ts";
import { escapeBytes } from "./display.ts";
import {
  type KeyedXattr,
  LEVELS,
  type Level,
  type OpenDirectory,
  type Rule,
  type Subject,
  type Totals,
  type Verdict,
} from "./lint-rule.ts";
import { RULES } from "./rules.ts";
import { xattrKind } from "./rules-xattrs.ts";

/** Paths that are kept of each rule, unless asked otherwise. */
export const PLACES_DEFAULT = 5;

export interface LintOptions {
  /** Paths to keep of each rule, 0 for none. Default: 5. */
  max?: number;
  /** Ids of rules that are left out. Unknown ones have no effect. */
  ignore?: readonly string[];
  /** The least level that `findings` has. The counts are of all levels. Default: note. */
  level?: Level;
}

/** Where a rule found something. */
export interface LintPlace {
  path: Uint8Array;
  /** Line of the dumpfile, nid in the image, or layer of the container image. */
  origin: number;
  /** More about it, printable ASCII. */
  detail?: string;
}

/** What one rule found. */
export interface LintFinding {
  rule: string;
  level: Level;
  title: string;
  reason: string;
  /** Entries that it found. */
  count: number;
  /** The first of them, in the order of the tree. */
  places: LintPlace[];
}

/** What the lint says of a tree. */
export interface LintReport {
  /** Entries of the tree. */
  entries: number;
  /** What `origin` of a place is. */
  origin: OriginKind;
  /** How many findings there are of each level. */
  counts: Record<Level, number>;
  /** One for each rule that found something, the worst level first. */
  findings: LintFinding[];
}

/** Longest path of a directory that is spelt for the rules; those that they ask for are short. */
const TEXT_BYTES = 64;

/** Above the root: nothing. */
const NOWHERE: OpenDirectory = {
  index: -1,
  path: new Uint8Array(0),
  text: "",
  nlink: 0,
  origin: 0,
  keys: [],
  subdirectories: 0,
  whiteouts: 0,
};

/**
 * Judges a tree by all rules of the table.
 *
 * @param tree nothing else may be open on it; the lint opens its cursor
 * @param options how much to report
 * @returns counts and first findings
 */
export function lintTree(tree: Tree, options: LintOptions = {}): LintReport {
  const tallies = RULES.filter(({ id }) => !options.ignore?.includes(id)).map(
    (rule) => new Tally(rule, options.max ?? PLACES_DEFAULT),
  );
  const ofNames = tallies.filter(({ rule }) => rule.name !== undefined);
  const ofInodes = tallies.filter(({ rule }) => rule.inode !== undefined);
  const ofDirectories = tallies.filter(({ rule }) => rule.directory !== undefined);
  const totals: Totals = { datedInodes: 0 };
  const cursor = tree.openCursor();
  const leave = (directory: OpenDirectory) => {
    for (const tally of ofDirectories) tally.add(tally.rule.directory!(directory), directory.path, directory.origin);
  };

  for (const subject of subjects(cursor.entries(), leave)) {
    const { entry, path } = subject;
    for (const tally of ofNames) tally.add(tally.rule.name!(subject), path, entry.origin);
    if (entry.type === "hardlink") continue;
    if (entry.seconds !== 0n || entry.nanoseconds !== 0) totals.datedInodes++;
    for (const tally of ofInodes) tally.add(tally.rule.inode!(subject), path, entry.origin);
  }

  const found = tallies.filter(({ rule, count }) => count > 0 && (rule.stands?.(totals) ?? true));
  const counts: Record<Level, number> = { error: 0, warning: 0, note: 0 };
  for (const { rule, count } of found) counts[rule.level] += count;
  const shown = LEVELS.slice(0, LEVELS.indexOf(options.level ?? "note") + 1);
  const findings = shown.flatMap((level) =>
    found.filter(({ rule }) => rule.level === level).map((tally) => tally.finding),
  );
  return { entries: cursor.length, origin: tree.origin, counts, findings };
}

/** A report with what other rules found beside those of the tree. */
export function withFindings(report: LintReport, tallies: readonly Tally[], options: LintOptions): LintReport {
  const found = tallies.filter(({ rule, count }) => count > 0 && !options.ignore?.includes(rule.id));
  const counts = { ...report.counts };
  for (const { rule, count } of found) counts[rule.level] += count;
  const shown = LEVELS.slice(0, LEVELS.indexOf(options.level ?? "note") + 1);
  const all = [...report.findings, ...found.map((tally) => tally.finding)];
  return { ...report, counts, findings: shown.flatMap((level) => all.filter((finding) => finding.level === level)) };
}

/** What one rule found so far. */
export class Tally {
  readonly rule: Rule;
  readonly #max: number;
  readonly #places: LintPlace[] = [];
  count = 0;

  constructor(rule: Rule, max: number) {
    this.rule = rule;
    this.#max = max;
  }

  add(verdict: Verdict, path: Uint8Array, origin: number): void {
    if (verdict === false) return;
    this.count++;
    if (this.#places.length >= this.#max) return;
    this.#places.push({ path, origin, ...(typeof verdict === "string" && { detail: verdict }) });
  }

  get finding(): LintFinding {
    const { id, level, title, reason } = this.rule;
    return { rule: id, level, title, reason, count: this.count, places: this.#places };
  }
}

function keyed({ key: bytes, value }: Xattr): KeyedXattr {
  const key = escapeBytes(bytes);
  return { key, kind: xattrKind(key), value };
}

/** The entries with what is around them. `leave` is called for each directory when all its entries have gone by. */
function* subjects(entries: Iterable<Entry>, leave: (directory: OpenDirectory) => void): Generator<Subject> {
  const speller = new PathSpeller();
  const open: OpenDirectory[] = [];
  for (const entry of entries) {
    while (open.length > 0 && open.at(-1)!.index !== entry.parent) leave(open.pop()!);
    const parent = open.at(-1) ?? NOWHERE;
    const isDirectory = entry.type === "directory";
    if (open.length > 0) {
      if (isDirectory) parent.subdirectories++;
      if (entry.isWhiteout) parent.whiteouts++;
    }
    const { name, payload, content, digest } = entry;
    const path = speller.spell(entry);
    const xattrs = entry.xattrs.map(keyed);
    yield { entry, name, path, parent, payload, content, digest, xattrs };
    if (isDirectory) {
      const { index, nlink, origin } = entry;
      const keys = xattrs.map(({ key }) => key);
      const text = path.length > TEXT_BYTES ? "" : escapeBytes(path);
      open.push({ index, path, text, nlink, origin, keys, subdirectories: 0, whiteouts: 0 });
    }
  }
  while (open.length > 0) leave(open.pop()!);
}
