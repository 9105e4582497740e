/**
 * Compares two trees, says what differs and finds out what makes them equal.
 */

import type { TreeCursor } from "../image/cursor.ts";
import type { Tree } from "../image/tree.ts";
import { baseOf, CLASSES, type ClassId, classFilter, OTHER_XATTRS } from "./diff-classes.ts";
import { DiffCollector, type IsKnownDifference, type OnDifference } from "./diff-collect.ts";
import type { ClassDiff, TreeDiff } from "./diff-data.ts";
import { TreeWalk } from "./diff-walk.ts";
import { findHints } from "./hints.ts";
import { equalise } from "./normalise.ts";

/** Options of {@link diffTrees}. */
export interface DiffOptions {
  /** Classes to compare: ids, or `mtime` and `xattr` for their groups. Default all. */
  only?: readonly string[] | undefined;
  /** Classes to leave out. Default none. */
  ignore?: readonly string[] | undefined;
  /** Examples of each class. Default 3. */
  max?: number | undefined;
  /** Told of every difference, whether it becomes an example or not. */
  onDifference?: OnDifference | undefined;
  /** Differences that are known, and left out. Default none. */
  isKnown?: IsKnownDifference | undefined;
}

export const EXAMPLES_DEFAULT = 3;

/** S_IFMT without its low bits (include/uapi/linux/stat.h): indices of `pairsOfType`. */
const FILE = 0o10;
const DIRECTORY = 0o4;
const SYMLINK = 0o12;
const DEVICES = [0o2, 0o6];

/**
 * Compares two trees.
 *
 * @param a a tree
 * @param b another one, in another engine
 * @returns what differs; equal means equal in the classes that were compared
 * @throws {RangeError} when an option is not as described
 * @example
 * const diff = diffTrees(a, b, { ignore: ["mtime"] })
 * if (!diff.equal) console.log(formatDiff(diff))
 */
export function diffTrees(a: Tree, b: Tree, options: DiffOptions = {}): TreeDiff {
  const { only, ignore = [], max = EXAMPLES_DEFAULT, onDifference, isKnown } = options;
  if (!Number.isInteger(max) || max < 0) throw new RangeError(`max: expected a number of examples, got ${max}`);
  const collector = new DiffCollector(classFilter(only, ignore), max, onDifference, isKnown);
  const cursors: [TreeCursor, TreeCursor] = [a.openCursor(), b.openCursor()];
  const walk = new TreeWalk(...cursors, collector);
  walk.run();
  const entries = { a: a.counts.entries, b: b.counts.entries, common: walk.common };
  const classes = collector.classes().sort((x, y) => orderOf(x.id, y.id));
  for (const found of classes) {
    found.of = comparable(found, walk, entries);
    if (found.id === "hardlink") walk.links.spellExamples(found);
  }
  if (a.origin === "layer") noteLayers(classes, cursors[0], "a");
  if (b.origin === "layer") noteLayers(classes, cursors[1], "b");
  const equal = classes.length === 0;
  const hints = equal ? [] : findHints({ classes, entries, cursors });
  return { equal, entries, classes, hints, equalising: equalise(classes) };
}

/** Says of each example which layer one side has it from. Few are looked up: those that are shown. */
function noteLayers(classes: readonly ClassDiff[], cursor: TreeCursor, side: "a" | "b"): void {
  for (const example of classes.flatMap(({ examples }) => examples)) {
    const origin = cursor.find(example.path)?.origin ?? 0;
    if (origin > 0) example.layers = { ...example.layers, [side]: origin };
  }
}

/** Entries that could differ in a class. */
function comparable({ id }: ClassDiff, walk: TreeWalk, entries: TreeDiff["entries"]): number {
  const types = walk.pairsOfType;
  switch (baseOf(id)) {
    case "added":
      return entries.b;
    case "removed":
      return entries.a;
    case "type":
      return walk.common;
    case "content":
    case "inline-object":
    case "object-path":
      return types[FILE]!;
    case "target":
      return types[SYMLINK]!;
    case "device":
      return DEVICES.reduce((sum, type) => sum + types[type]!, 0);
    case "link-count":
      return walk.pairs - types[DIRECTORY]!;
    case "hardlink":
      return walk.common - walk.commonDirectories;
    default:
      return walk.pairs;
  }
}

function orderOf(x: ClassId, y: ClassId): number {
  const bases = Object.keys(CLASSES);
  const byBase = bases.indexOf(baseOf(x)) - bases.indexOf(baseOf(y));
  if (byBase !== 0 || x === y) return byBase;
  return y === OTHER_XATTRS || (x !== OTHER_XATTRS && x < y) ? -1 : 1;
}
