/**
 * What `diffTrees` gives: plain data, for whoever shows it. Paths and values are bytes; `diff-format.ts` and
 * `diff-json.ts` make text and JSON of them.
 */

import type { ClassId } from "./diff-classes.ts";
import type { Hint } from "./hint-rule.ts";
import type { Equalising } from "./normalise.ts";

/** Owner of an entry. */
export interface OwnerValue {
  uid: number;
  gid: number;
}

/** Content of a file, as the tree knows it. */
export interface ContentValue {
  size: bigint;
  /** Bytes in the image. */
  content?: Uint8Array | undefined;
  /** fs-verity digest of the object. */
  digest?: Uint8Array | undefined;
  /** Path of the object. */
  object?: Uint8Array | undefined;
}

/** An entry that the other side lacks. */
export interface EntryValue {
  type: string;
  /** Of a file. */
  size?: bigint | undefined;
  /** Entries below a directory, which the other side lacks, too. */
  below: number;
}

/**
 * A value of one side; undefined where the side has none.
 *
 *   added, removed                                    EntryValue
 *   type                                              string
 *   content, inline-object                            ContentValue
 *   owner                                             OwnerValue
 *   mode, device, link-count, mtime-nanoseconds       number
 *   mtime-seconds                                     bigint
 *   object-path, target, xattr                        bytes
 *   hardlink                                          path of the inode's first name; undefined for that name itself
 */
export type DiffValue = number | bigint | string | Uint8Array | OwnerValue | ContentValue | EntryValue | undefined;

/** A difference that is shown. */
export interface DiffExample {
  path: Uint8Array;
  a: DiffValue;
  b: DiffValue;
  /** The layers, from 1, that the entries of the two sides came from; of trees made of layers. */
  layers?: { a?: number; b?: number };
}

/** What the values of one side have in common. */
export interface SideFacts {
  /** Differences in which this side has no value. */
  absent: number;
  /** Those in which its number is 0, its owner 0:0. */
  zero: number;
  /** Those in which its number is the greater one. */
  greater: number;
  /** Bits that it has and the other has not, in any of them. */
  bits: number;
  /** Its number or owner, when it is the same in all of them. */
  uniform: DiffValue;
}

/** One class of differences. */
export interface ClassDiff {
  id: ClassId;
  count: number;
  /** Entries that could differ this way: common ones of a fitting type; an inode with several names counts once. */
  of: number;
  /** The first differences in the order of the tree. */
  examples: DiffExample[];
  /** Number of differences for each combination of MARK_* bits. */
  bins: Map<number, number>;
  /** Differences on which `a`, `b` and `delta` are based; of nanoseconds those with equal seconds. */
  based: number;
  a: SideFacts;
  b: SideFacts;
  /** B's number or owner minus A's, when that is the same in all of them. */
  delta: number | OwnerValue | undefined;
}

/** Numbers of the two trees. */
export interface DiffTotals {
  /** Entries, names of hardlinked files included. */
  a: number;
  b: number;
  /** Names that both have. */
  common: number;
}

/** Two trees, compared. */
export interface TreeDiff {
  /** No differences in the classes that were compared. */
  equal: boolean;
  entries: DiffTotals;
  /** Classes that have differences, in the order of `CLASSES`, xattrs by key. */
  classes: ClassDiff[];
  hints: Hint[];
  equalising: Equalising;
}

/** Number of the differences of a class whose marks satisfy `test`. */
export function countMarked(diff: ClassDiff, test: (marks: number) => boolean): number {
  let count = 0;
  for (const [marks, n] of diff.bins) if (test(marks)) count += n;
  return count;
}
