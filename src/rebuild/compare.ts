/**
 * What came out of builds: each against the control. Plain data, and the rules by which a build is judged; the forms in
 * which they are shown are in `report-*.ts`.
 *
 * Where a plain repeat differs, every other build differs, too. What the repeats show is known then, and a variation is
 * blamed only for what comes on top of that.
 */

import { baseOf, type ClassId } from "../explain/diff-classes.ts";
import type { IsKnownDifference, OnDifference } from "../explain/diff-collect.ts";
import type { TreeDiff } from "../explain/diff-data.ts";
import { escapeBytes } from "../explain/display.ts";
import type { ImageExplanation } from "../explain/image.ts";
import type { Unseen } from "../image/layers.ts";
import type { BuildPlan } from "./variations.ts";
import { CONTROL, EPOCH_VARIATION } from "./variations.ts";

/**
 * What is found of a build:
 *
 *   control     it is what the others are held against
 *   same        its digests are those of the control
 *   differs     one is not, and that is what this build was made to find out
 *   follows     as differs, of the variation of SOURCE_DATE_EPOCH, which a build may follow
 *   as-repeat   one is not, but only by what a plain repeat shows as well
 *   failed      there is nothing to compare
 *   not-varied  it was not made
 */
export type BuildState = "control" | "same" | "differs" | "follows" | "as-repeat" | "failed" | "not-varied";

/** A digest of a build. */
export interface BuildDigest {
  /** Such as `v1-sha512-12`. */
  label: string;
  control: string;
  actual: string;
}

/** Why a build was not compared. */
export interface BuildFailure {
  code: string;
  message: string;
  /** The end of what the command printed. */
  output: string;
}

/** A build, and what was found. */
export interface BuildReport extends Omit<BuildPlan, "setting"> {
  state: BuildState;
  /** Of the command; null where it was not run. */
  seconds: number | null;
  digests: BuildDigest[];
  /** A is the tree of the control; null where there is nothing to explain. */
  diff: TreeDiff | null;
  /** Where the trees are equal and the images are not. */
  images: ImageExplanation | null;
  failure: BuildFailure | null;
}

/** All builds, the control first. */
export interface RebuildReport {
  builds: BuildReport[];
  /** What of the source is not in the copies. */
  notCopied: string[];
  /** What of a directory that was made was not seen, and so not compared. */
  unseen: readonly Unseen[];
}

/** Builds of each state. */
export function countBuilds({ builds }: RebuildReport): Record<BuildState, number> {
  const counts = { control: 0, same: 0, differs: 0, follows: 0, "as-repeat": 0, failed: 0, "not-varied": 0 };
  for (const { state } of builds) counts[state]++;
  return counts;
}

/** The part of a report that is known before a build was made. */
export function unbuilt({ name, change, limit, reason }: BuildPlan): BuildReport {
  const nothing = { seconds: null, digests: [], diff: null, images: null, failure: null };
  return { name, change, limit, reason, state: name === CONTROL ? "control" : "not-varied", ...nothing };
}

/** Judges a build whose digests are not those of the control. @param isNew whether it shows what no repeat shows */
export function judge(name: string, isNew: boolean): BuildState {
  if (!isNew) return "as-repeat";
  return name === EPOCH_VARIATION ? "follows" : "differs";
}

/** Differences that plain repeats have shown. */
export class KnownDifferences {
  /** Whether images of equal trees differ. */
  hasImages = false;
  readonly #keys = new Set<string>();

  /** For `diffTrees` of the control and a repeat. */
  readonly learn: OnDifference = (id, place) => {
    this.#keys.add(keyOf(id, place.path()));
  };

  /** For `diffTrees` of the control and another build; undefined when nothing is known. */
  get isKnown(): IsKnownDifference | undefined {
    if (this.#keys.size === 0) return undefined;
    return (id, place) => this.#keys.has(keyOf(id, place.path()));
  }
}

/**
 * By what a difference is known again. Values do not count, which are others each time: so a random name is known by its
 * directory, a random content by its file whether it is short or long, and a time by its file down to the nanosecond.
 */
function keyOf(id: ClassId, path: Uint8Array): string {
  const text = escapeBytes(path);
  switch (baseOf(id)) {
    case "added":
    case "removed":
      return `names ${text.slice(0, text.lastIndexOf("/"))}`;
    case "content":
    case "inline-object":
    case "object-path":
      return `content ${text}`;
    case "mtime-seconds":
    case "mtime-nanoseconds":
      return `mtime ${text}`;
    default:
      return `${id} ${text}`;
  }
}
