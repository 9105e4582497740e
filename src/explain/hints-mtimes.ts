/**
 * Known causes of differences in mtimes.
 */

import { type ClassId, MARK_DIRECTORY, MARK_SYMLINK } from "./diff-classes.ts";
import type { ClassDiff, SideFacts } from "./diff-data.ts";
import {
  allWith,
  classOf,
  countWith,
  type Findings,
  type HintRule,
  isAllZero,
  openClass,
  sideWith,
} from "./hint-rule.ts";
import { timeText } from "./listing.ts";

/** Offsets of time zones are multiples of 15 minutes and at most 14 hours. */
const ZONE_STEP_SECONDS = 900;
const ZONE_MAX_SECONDS = 50_400;

/** Share of the differences that makes a cause likely. */
const MOSTLY = 0.9;

const isLater = (diff: ClassDiff) => (facts: SideFacts) => facts.greater === diff.based;

/** Whether nearly all differences have a mark: one file that was changed in earnest hides no cause. */
function isMostly(diff: ClassDiff, mark: number): boolean {
  return countWith(diff, mark) >= diff.count * MOSTLY;
}

/** The classes of mtimes that have differences with a mark, for a cause that explains both. */
function mtimes({ classes }: Findings, mark = 0): ClassId[] {
  return classes.flatMap((diff) => (diff.id.startsWith("mtime-") && countWith(diff, mark) > 0 ? [diff.id] : []));
}

export const MTIME_HINTS: readonly HintRule[] = [
  {
    id: "mtimes-zero",
    find(findings) {
      const diff = openClass(findings, "mtime-seconds");
      const side = diff && sideWith(diff, isAllZero(diff));
      if (side === undefined) return undefined;
      const text =
        `${side} has mtime 0 where they differ: it was made by something that keeps no mtimes, such as an ostree ` +
        "checkout or tar --mtime=@0. Set them to 0 on both sides, or on none.";
      return { classes: mtimes(findings), text };
    },
  },
  {
    id: "directory-mtimes",
    find(findings) {
      const diff = openClass(findings, "mtime-seconds");
      if (!diff || !isMostly(diff, MARK_DIRECTORY) || sideWith(diff, isAllZero(diff)) !== undefined) return undefined;
      const which = allWith(diff, MARK_DIRECTORY) ? "Only directories" : "Nearly only directories";
      const who = sideWith(diff, isLater(diff)) ?? "one side";
      const text =
        `${which} differ: ${who} took their mtimes live, from an extracted, copied or mounted tree, the other side ` +
        "has those that an archive recorded. Whatever is put into a directory moves its mtime. Take both from the " +
        "archive, or set the mtimes of directories last.";
      return { classes: mtimes(findings, MARK_DIRECTORY), text };
    },
  },
  {
    id: "symlink-mtimes",
    find(findings) {
      const diff = classOf(findings, "mtime-seconds");
      if (!diff || !allWith(diff, MARK_SYMLINK)) return undefined;
      const text = "Only symlinks differ: one side was extracted by a program that cannot set their mtimes.";
      return { classes: mtimes(findings, MARK_SYMLINK), text };
    },
  },
  {
    id: "mtimes-uniform",
    find(findings) {
      const diff = openClass(findings, "mtime-seconds");
      if (!diff || diff.count < 2 || isMostly(diff, MARK_DIRECTORY)) return undefined;
      const side = sideWith(diff, ({ uniform }) => uniform !== undefined);
      if (side === undefined || sideWith(diff, isAllZero(diff)) !== undefined) return undefined;
      const { uniform } = side === "A" ? diff.a : diff.b;
      const when = timeText(uniform as bigint, 0);
      const text =
        `All that differ have one mtime in ${side}, ${when}: it was set or clamped, by SOURCE_DATE_EPOCH ` +
        "or tar --mtime or --clamp-mtime. Do so on both sides.";
      return { classes: mtimes(findings), text };
    },
  },
  {
    id: "mtimes-shifted",
    find(findings) {
      const diff = classOf(findings, "mtime-seconds");
      const { delta } = diff ?? {};
      if (!diff || typeof delta !== "number" || diff.count < 2) return undefined;
      // Times beyond 2^53 may have a difference that a double does not see.
      if (delta === 0 || delta % ZONE_STEP_SECONDS !== 0 || Math.abs(delta) > ZONE_MAX_SECONDS) return undefined;
      const hours = `${Math.abs(delta) / 3600} hours ${delta > 0 ? "later" : "earlier"}`;
      const text = `All that differ are ${hours} in B: one side took local time for UTC, as zip and FAT do.`;
      return { classes: mtimes(findings), text };
    },
  },
  {
    id: "mtimes-new",
    find(findings) {
      const diff = openClass(findings, "mtime-seconds");
      if (!diff || isMostly(diff, MARK_DIRECTORY) || diff.count * 2 < diff.of || typeof diff.delta === "number")
        return undefined;
      if (diff.a.uniform !== undefined || diff.b.uniform !== undefined) return undefined;
      const side = sideWith(diff, isLater(diff));
      if (side === undefined) return undefined;
      const text =
        `${side} is later throughout: it was copied without its mtimes or checked out anew. cp -a, rsync -t and ` +
        "tar keep them; git does not.";
      return { classes: mtimes(findings), text };
    },
  },
  {
    id: "nanoseconds-cut",
    find(findings) {
      const diff = classOf(findings, "mtime-nanoseconds");
      const side = diff && sideWith(diff, isAllZero(diff));
      if (side === undefined) return undefined;
      const text =
        `${side} has no nanoseconds where the seconds agree: tar without PAX headers, zip and images of format v2 ` +
        "hold whole seconds. Keep them on both sides (tar --format=posix), or cut them on both.";
      return { classes: ["mtime-nanoseconds"], text };
    },
  },
];
