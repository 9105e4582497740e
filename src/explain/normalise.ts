/**
 * The smallest set of normalisations that makes two trees equal.
 *
 * A normalisation changes both trees in one respect, such as the mtimes of directories, and thereby removes all
 * differences of some classes and marks. So the differences need not be kept: their numbers by class and marks tell
 * which normalisations can be chosen from, and the choice is exact. Normalisations of xattrs, one for each key, do not
 * compete with each other; for the others, a dozen and a half, all sets are tried.
 */

import {
  type BaseClass,
  baseOf,
  type ClassId,
  MARK_DIRECTORY,
  MARK_IMPLIED,
  MARK_NO_DIGEST,
  MARK_PLACE_ITSELF,
  MARK_ROOT,
  MARK_SYMLINK,
  MARK_WHITEOUT,
  OTHER_XATTRS,
  PLACES,
  placeOf,
} from "./diff-classes.ts";
import type { ClassDiff, OwnerValue } from "./diff-data.ts";

/** Something done to both trees. */
export interface Normalisation {
  /** Name for programs; `xattr:KEY` for the one of a key. */
  id: string;
  /** What is done, in words. */
  text: string;
}

/** What makes the trees equal. */
export interface Equalising {
  /** The smallest set that removes all differences but the remaining ones, the narrowest of several such. */
  normalisations: Normalisation[];
  /** Differences that no normalisation removes. */
  remaining: Array<{ id: ClassId; count: number }>;
}

interface Rule extends Normalisation {
  /** Whether it removes the differences of `diff` that have these marks. */
  removes(base: BaseClass, marks: number, diff: ClassDiff): boolean;
}

const METADATA: ReadonlySet<BaseClass> = new Set(["mode", "owner", "mtime-seconds", "mtime-nanoseconds", "xattr"]);

const isMtime = (base: BaseClass) => base === "mtime-seconds" || base === "mtime-nanoseconds";
const has = (marks: number, mark: number) => (marks & mark) !== 0;

/** From narrow to broad: of two sets of one size the one that comes first is chosen. */
const RULES: readonly Rule[] = [
  {
    id: "root-metadata",
    text: "ignore root metadata",
    removes: (base, marks) => METADATA.has(base) && has(marks, MARK_ROOT),
  },
  ...PLACES.map((name, place) => ({
    id: `${name}-content`,
    text: `drop the content of /${name}`,
    removes: (base: BaseClass, marks: number) =>
      placeOf(marks) === place && (!has(marks, MARK_PLACE_ITSELF) || isMtime(base)),
  })),
  {
    id: "whiteouts",
    text: "drop whiteouts that one side lacks",
    removes: (base, marks) => (base === "added" || base === "removed") && has(marks, MARK_WHITEOUT),
  },
  {
    id: "symlink-modes",
    text: "ignore modes of symlinks",
    removes: (base, marks) => base === "mode" && has(marks, MARK_SYMLINK),
  },
  {
    id: "symlink-mtimes",
    text: "ignore mtimes of symlinks",
    removes: (base, marks) => isMtime(base) && has(marks, MARK_SYMLINK),
  },
  {
    id: "nanoseconds",
    text: "cut nanoseconds",
    removes: (base) => base === "mtime-nanoseconds",
  },
  {
    id: "directory-mtimes",
    text: "ignore directory mtimes",
    removes: (base, marks) => isMtime(base) && has(marks, MARK_DIRECTORY),
  },
  {
    id: "implied-directories",
    text: "ignore metadata of implied directories",
    removes: (base, marks) => METADATA.has(base) && has(marks, MARK_IMPLIED),
  },
  {
    id: "link-counts",
    text: "ignore link counts",
    removes: (base) => base === "link-count",
  },
  {
    id: "object-paths",
    text: "ignore object paths",
    removes: (base) => base === "object-path",
  },
  {
    id: "inline-objects",
    text: "ignore whether content is inline or an object",
    removes: (base) => base === "inline-object",
  },
  {
    id: "missing-digests",
    text: "ignore digests that one side lacks",
    removes: (base, marks) => base === "content" && has(marks, MARK_NO_DIGEST),
  },
  {
    id: "owner-shift",
    text: "shift owners",
    // A shift moves all owners, so all must differ by it.
    removes: (base, _, { delta, count, of }) => base === "owner" && delta !== undefined && count === of && count > 1,
  },
  {
    id: "hardlinks",
    text: "split hard links",
    // Split names have a link count of 1 each.
    removes: (base) => base === "hardlink" || base === "link-count",
  },
  {
    id: "modes",
    text: "ignore modes",
    removes: (base) => base === "mode",
  },
  {
    id: "owners",
    text: "ignore owners",
    removes: (base) => base === "owner",
  },
  {
    id: "mtimes",
    text: "ignore all mtimes",
    removes: isMtime,
  },
];

/** The normalisation of an xattr is as narrow as that of link counts. */
const KEY_RANK = RULES.findIndex(({ id }) => id === "link-counts");

/** Differences that the same rules remove: bit i for `RULES[i]`. */
interface Target {
  rules: number;
  /** Class of an xattr, which its own normalisation removes, too. */
  key: ClassId | undefined;
}

/** Finds the smallest set of normalisations that makes trees with these differences equal. */
export function equalise(classes: readonly ClassDiff[]): Equalising {
  const targets: Target[] = [];
  const remaining: Equalising["remaining"] = [];
  for (const diff of classes) {
    const base = baseOf(diff.id);
    const key = base === "xattr" ? diff.id : undefined;
    let left = 0;
    for (const [marks, count] of diff.bins) {
      const rules = RULES.reduce((bits, rule, i) => bits | (rule.removes(base, marks, diff) ? 1 << i : 0), 0);
      if (rules !== 0 || key !== undefined) targets.push({ rules, key });
      else left += count;
    }
    if (left > 0) remaining.push({ id: diff.id, count: left });
  }
  const chosen = smallestSet(targets);
  const normalisations = RULES.filter((_, i) => has(chosen, 1 << i)).map(({ id, text }) => ({
    id,
    text: spell(id, text),
  }));
  for (const key of keysLeft(targets, chosen)) normalisations.push({ id: key, text: `ignore ${keyText(key)}` });
  return { normalisations, remaining };

  function spell(id: string, text: string): string {
    if (id !== "owner-shift") return text;
    const { uid, gid } = classes.find((diff) => diff.id === "owner")!.delta as OwnerValue;
    return `${text} by ${uid}:${gid}`;
  }
}

function keyText(key: ClassId): string {
  return key === OTHER_XATTRS ? "all other xattrs" : `xattr ${key.slice("xattr:".length)}`;
}

/** Keys of xattrs whose differences the chosen rules do not remove altogether. */
function keysLeft(targets: readonly Target[], chosen: number): ReadonlySet<ClassId> {
  return new Set(targets.flatMap(({ rules, key }) => (key === undefined || has(rules, chosen) ? [] : [key])));
}

/** Bits of the rules to choose: as few rules and keys as possible, then as narrow as possible. */
function smallestSet(targets: readonly Target[]): number {
  // What only one rule removes needs that rule.
  const plain = targets.filter(({ key }) => key === undefined).map(({ rules }) => rules);
  const forced = plain.filter((rules) => bitCount(rules) === 1).reduce((bits, rule) => bits | rule, 0);
  const open = [...new Set(plain.filter((rules) => !has(rules, forced)))];
  // Keys behave alike when the rules of their differences are alike: few profiles, however many keys.
  const profiles = profilesOf(targets.filter(({ rules }) => !has(rules, forced)));
  const useful = [...open, ...profiles.flatMap(({ rules }) => rules)].reduce((bits, rules) => bits | rules, 0);
  let best = { set: 0, count: Number.POSITIVE_INFINITY, rank: 0 };
  // All subsets of the useful bits, the empty one last.
  for (let set = useful; ; set = (set - 1) & useful) {
    const size = bitCount(set);
    if (size <= best.count && open.every((rules) => has(rules, set))) {
      const keys = profiles.reduce((sum, { rules, count }) => sum + (rules.every((r) => has(r, set)) ? 0 : count), 0);
      const count = size + keys;
      const rank = rankOf(set) + keys * KEY_RANK;
      if (count < best.count || (count === best.count && rank < best.rank)) best = { set, count, rank };
    }
    if (set === 0) return forced | best.set;
  }
}

/** Keys, counted by what removes their differences. */
function profilesOf(targets: readonly Target[]): Array<{ rules: number[]; count: number }> {
  const byKey = new Map<ClassId, Set<number>>();
  for (const { rules, key } of targets) {
    if (key === undefined) continue;
    if (!byKey.has(key)) byKey.set(key, new Set());
    byKey.get(key)!.add(rules);
  }
  const profiles = new Map<string, { rules: number[]; count: number }>();
  for (const set of byKey.values()) {
    const rules = [...set].sort((x, y) => x - y);
    const name = rules.join();
    const profile = profiles.get(name) ?? { rules, count: 0 };
    profile.count++;
    profiles.set(name, profile);
  }
  return [...profiles.values()];
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function rankOf(set: number): number {
  return RULES.reduce((sum, _, i) => sum + (has(set, 1 << i) ? i : 0), 0);
}
