/**
 * Known causes of differences in owners, modes, hard links and link counts.
 */

import { MARK_SYMLINK, MARK_TRUE_A, MARK_TRUE_B } from "./diff-classes.ts";
import type { ClassDiff, OwnerValue } from "./diff-data.ts";
import {
  allWith,
  classOf,
  countWith,
  type HintRule,
  isAbsent,
  isAllZero,
  openClass,
  otherThan,
  type Side,
  sideWith,
} from "./hint-rule.ts";

/** Permission bits that a umask takes away, and those that mean more than permission. */
const UMASK_BITS = 0o077;
const SPECIAL_BITS = 0o7000;

const OWNERS: readonly HintRule[] = [
  {
    id: "owners-shifted",
    find(findings) {
      const diff = classOf(findings, "owner");
      if (!diff || diff.delta === undefined || diff.count !== diff.of || diff.count < 2) return undefined;
      const { uid, gid } = diff.delta as OwnerValue;
      const text =
        `All owners are shifted by ${uid}:${gid} in B: one side was read inside a user namespace, such as a ` +
        "rootless container, the other outside of it.";
      return { classes: ["owner"], text };
    },
  },
  {
    id: "owners-root",
    find(findings) {
      const diff = openClass(findings, "owner");
      const side = diff && sideWith(diff, isAllZero(diff));
      if (side === undefined) return undefined;
      const text =
        `All that differ belong to 0:0 in ${side}: it was built without the right to set owners, or with tar ` +
        "--owner=0 --group=0. Extract as root or under fakeroot, or read the archive itself.";
      return { classes: ["owner"], text };
    },
  },
  {
    id: "owners-uniform",
    find(findings) {
      const diff = openClass(findings, "owner");
      if (!diff || diff.count < 2 || (diff.delta !== undefined && diff.count === diff.of)) return undefined;
      const side = sideWith(diff, ({ uniform, zero }) => uniform !== undefined && zero === 0);
      if (side === undefined) return undefined;
      const { uid, gid } = (side === "A" ? diff.a : diff.b).uniform as OwnerValue;
      const text =
        `All that differ belong to ${uid}:${gid} in ${side}: somebody else than root extracted it, so that the ` +
        "owners got lost. Extract as root or under fakeroot, or read the archive itself.";
      return { classes: ["owner"], text };
    },
  },
];

const octal = (bits: number) => `0${bits.toString(8).padStart(3, "0")}`;

/** The side that lacks bits which the other has, while it has none on top. */
function lackingBits(diff: ClassDiff): { side: Side; bits: number } | undefined {
  const side = sideWith(diff, ({ bits }) => bits === 0);
  return side && { side, bits: diff.a.bits | diff.b.bits };
}

const MODES: readonly HintRule[] = [
  {
    id: "modes-umask",
    find(findings) {
      const diff = openClass(findings, "mode");
      const lack = diff && lackingBits(diff);
      if (!diff || !lack || (lack.bits & ~UMASK_BITS) !== 0 || allWith(diff, MARK_SYMLINK)) return undefined;
      const text =
        `${lack.side} lacks permission bits of ${octal(lack.bits)}: a umask took them away. Extract with tar -p, ` +
        "copy with cp -p.";
      return { classes: ["mode"], text };
    },
  },
  {
    id: "modes-special",
    find(findings) {
      const diff = openClass(findings, "mode");
      const lack = diff && lackingBits(diff);
      if (!lack || (lack.bits & SPECIAL_BITS) === 0) return undefined;
      const text =
        `${lack.side} lacks setuid, setgid or sticky bits: writing a file, changing its owner and extracting ` +
        "without root clear them. Extract as root, and set modes after owners.";
      return { classes: ["mode"], text };
    },
  },
  {
    id: "modes-symlinks",
    find(findings) {
      const diff = openClass(findings, "mode");
      if (!diff || countWith(diff, MARK_SYMLINK) === 0) return undefined;
      const text =
        "Modes of symlinks differ: they mean nothing, and archivers disagree (0777 on Linux, 0755 on macOS and " +
        "BSD). Set them to 0777 on both sides.";
      return { classes: ["mode"], text };
    },
  },
];

const LINKS: readonly HintRule[] = [
  {
    id: "hardlinks-lost",
    find(findings) {
      const diff = classOf(findings, "hardlink");
      const side = diff && sideWith(diff, isAbsent(diff));
      if (side === undefined) return undefined;
      const text =
        `${side} has files of their own where ${otherThan(side)} has hard links: C mkcomposefs splits them when it ` +
        `reads a directory, so do cp -r and archives without links. Or ${otherThan(side)} was deduplicated. Make ` +
        "the dumpfile from the archive, or split on both sides.";
      return { classes: ["hardlink"], text };
    },
  },
  {
    id: "hardlinks-other",
    find(findings) {
      const diff = classOf(findings, "hardlink");
      if (!diff || sideWith(diff, isAbsent(diff)) !== undefined) return undefined;
      const text = "Names are linked with other names: one side was deduplicated, or files were replaced one by one.";
      return { classes: ["hardlink"], text };
    },
  },
  {
    id: "link-counts",
    find(findings) {
      const diff = classOf(findings, "link-count");
      if (!diff) return undefined;
      const [a, b] = [allWith(diff, MARK_TRUE_A), allWith(diff, MARK_TRUE_B)];
      const who = a === b ? "One side has" : a ? "B has" : "A has";
      const text =
        `${who} link counts that are not the number of names in the tree, taken from a file system where the files ` +
        "have more names or fewer. Writers store the count as it is given, so the digest moves. Write the number " +
        "of names; --strict refuses others.";
      return { classes: ["link-count"], text };
    },
  },
];

export const METADATA_HINTS: readonly HintRule[] = [...OWNERS, ...MODES, ...LINKS];
