/**
 * Known causes of differences in xattrs.
 */

import { baseOf } from "./diff-classes.ts";
import type { ClassDiff } from "./diff-data.ts";
import { type HintRule, hasOwnRules, isAbsent, otherThan, sideWith } from "./hint-rule.ts";

/** What is known of xattr keys, by prefix: why a side lacks them, why values differ. */
const KEYS: ReadonlyArray<{ id: string; prefix: string; lack(side: string, other: string): string; differ?: string }> =
  [
    {
      id: "xattr-selinux",
      prefix: "security.selinux",
      lack: (side, other) =>
        `${other} has SELinux labels, ${side} has none: they leaked from a live file system, or were stripped (by ` +
        "the OCI transform, by tar without --selinux). Drop them on both sides, or label both.",
      differ: "SELinux labels differ: the sides were labelled under other policies, or as another path.",
    },
    {
      id: "xattr-capability",
      prefix: "security.capability",
      lack: (side) =>
        `${side} lost file capabilities: only root can set them, and tar needs --xattrs --xattrs-include='*'. The ` +
        "programs concerned lose their rights.",
      differ: "File capabilities differ: inside a user namespace they are stored with its root uid (revision 3).",
    },
    {
      id: "xattr-ima",
      prefix: "security.ima",
      lack: (_, other) => `${other} has IMA hashes or signatures, which a live system or rpm adds to files. Drop them.`,
    },
    {
      id: "xattr-evm",
      prefix: "security.evm",
      lack: (_, other) => `${other} has EVM codes, which are bound to the machine that made them. Drop them.`,
    },
    {
      id: "xattr-acl",
      prefix: "system.posix_acl_",
      lack: (side, other) =>
        `${side} has no ACLs where ${other} has: the archive was made or extracted without --acls, or ${other} ` +
        "inherited the default ACL of the directory that it was extracted into.",
    },
    {
      id: "xattr-overlay",
      prefix: "user.overlay.",
      lack: (_, other) =>
        `${other} has xattrs of overlayfs (userxattr): it was read from a layer's own directory. Read the mounted, ` +
        "merged tree.",
    },
    {
      id: "xattr-overlay-trusted",
      prefix: "trusted.overlay.",
      lack: (_, other) =>
        `${other} has xattrs of overlayfs: it was read from a layer's own directory. Read the mounted, merged tree.`,
    },
    {
      id: "xattr-user",
      prefix: "user.",
      lack: (side) =>
        `${side} lacks user xattrs: the OCI transform drops them unless told to keep them, cp and tar do without ` +
        "--preserve=xattr and --xattrs.",
    },
    {
      id: "xattr-trusted",
      prefix: "trusted.",
      lack: (side) => `${side} lacks trusted xattrs: only root sees them.`,
    },
  ];

function keyRule({ id, prefix, lack, differ }: (typeof KEYS)[number], earlier: readonly string[]): HintRule {
  const fits = (diff: ClassDiff) => {
    const begins = (start: string) => diff.id.startsWith(`xattr:${start}`);
    return begins(prefix) && !earlier.some(begins) && !hasOwnRules(diff);
  };
  return {
    id,
    find({ classes }) {
      const found = classes.filter(fits);
      if (found.length === 0) return undefined;
      const ids = found.map((diff) => diff.id);
      const sides = new Set(found.map((diff) => sideWith(diff, isAbsent(diff))));
      const [side] = sides;
      if (sides.size === 1 && side !== undefined) return { classes: ids, text: lack(side, otherThan(side)) };
      return differ === undefined ? undefined : { classes: ids, text: differ };
    },
  };
}

export const XATTR_HINTS: readonly HintRule[] = [
  {
    id: "xattrs-stripped",
    find({ classes }) {
      const found = classes.filter(({ id }) => baseOf(id) === "xattr");
      const sides = new Set(found.map((diff) => sideWith(diff, isAbsent(diff))));
      const [side] = sides;
      if (found.length < 2 || sides.size !== 1 || side === undefined) return undefined;
      const text =
        `${side} has none of these xattrs: it went through something that keeps none, such as cp -r, tar without ` +
        "--xattrs or a file system without them; or through the OCI transform, which keeps security.capability " +
        "alone.";
      return { classes: found.map(({ id }) => id), text };
    },
  },
  ...KEYS.map((key, i) =>
    keyRule(
      key,
      KEYS.slice(0, i).map(({ prefix }) => prefix),
    ),
  ),
];
