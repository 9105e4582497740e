/**
 * Known causes of differences in names and content, and those that concern one part of the tree.
 */

import {
  baseOf,
  type ClassId,
  MARK_IMPLIED,
  MARK_NO_DIGEST,
  MARK_OTHER_HASH,
  MARK_PLACE_ITSELF,
  MARK_ROOT,
  MARK_WHITEOUT,
  PLACES,
  placeOf,
} from "./diff-classes.ts";
import { type ClassDiff, countMarked } from "./diff-data.ts";
import { allWith, classOf, countWith, type Findings, type HintRule, otherThan, type Side } from "./hint-rule.ts";

const METADATA: ReadonlySet<string> = new Set(["mode", "owner", "mtime-seconds", "mtime-nanoseconds", "xattr"]);

const idsOf = (classes: readonly ClassDiff[]) => classes.map(({ id }) => id);
const metadata = ({ classes }: Findings) => classes.filter(({ id }) => METADATA.has(baseOf(id)));

const PARTS: readonly HintRule[] = [
  {
    id: "rooted-deeper",
    find({ classes, entries, cursors }) {
      if (entries.common !== 1) return undefined;
      const [side, cursor] = entries.a < entries.b ? (["B", cursors[1]] as const) : (["A", cursors[0]] as const);
      const [only, ...others] = cursor.children(cursor.at(0));
      if (only?.type !== "directory" || others.length > 0) return undefined;
      const found = classes.filter(({ id }) => id === "added" || id === "removed");
      const text =
        `All of ${side} is below one directory, and nothing else has the same path: take that directory for the ` +
        "root.";
      return { classes: idsOf(found), text };
    },
  },
  {
    id: "root-metadata",
    find(findings) {
      const found = metadata(findings).filter((diff) => allWith(diff, MARK_ROOT));
      if (found.length === 0) return undefined;
      const text =
        "Here only the root directory differs: layers and archives often have no entry for it, and readers then make " +
        "it up; a directory on disk has its own metadata; the OCI transform gives it those of /usr. Set them on both " +
        "sides.";
      return { classes: idsOf(found), text };
    },
  },
  {
    id: "implied-directories",
    find(findings) {
      const found = metadata(findings).filter((diff) => countWith(diff, MARK_IMPLIED) > 0 && !allWith(diff, MARK_ROOT));
      if (found.length === 0) return undefined;
      const text =
        "Directories have 0755, 0:0, mtime 0 and no xattrs on one side: the archive has no entries for them, and " +
        "the reader made them up for what is below. Add entries for all parents.";
      return { classes: idsOf(found), text };
    },
  },
];

/** Why directories of `PLACES` have content. */
const PLACE_CAUSES: Readonly<Record<(typeof PLACES)[number], string>> = {
  run: "/run is filled while a system runs, and the OCI transform empties it. Empty it on both sides.",
  dev: "/dev is filled by the kernel and by container runtimes. Leave its content out.",
  proc: "/proc was mounted when the tree was read. Leave its content out, or read the tree from outside.",
  sys: "/sys was mounted when the tree was read. Leave its content out, or read the tree from outside.",
  tmp: "/tmp holds what programs left while the tree was built. Empty it.",
};

const PLACE_RULES: readonly HintRule[] = PLACES.map((name, place) => ({
  id: `${name}-content`,
  find({ classes }) {
    const isHere = (marks: number) => placeOf(marks) === place;
    const isBelow = (marks: number) => isHere(marks) && (marks & MARK_PLACE_ITSELF) === 0;
    // Metadata that differs all over the tree differs here, too: only where most of it lies here is the place the cause.
    const isCause = (diff: ClassDiff) =>
      countMarked(diff, isHere) > 0 && (!METADATA.has(baseOf(diff.id)) || countMarked(diff, isHere) * 2 > diff.count);
    const found = classes.filter(isCause);
    if (!found.some((diff) => countMarked(diff, isBelow) > 0)) return undefined;
    return { classes: idsOf(found), text: PLACE_CAUSES[name] };
  },
}));

/** Files that tell where a tree was read. */
const TRACES: ReadonlyArray<{ id: string; path: string; text(side: Side): string }> = [
  {
    id: "container-export",
    path: "/.dockerenv",
    text: (side) =>
      `${side} was exported from a container, to which the runtime adds /.dockerenv, /etc/hosts, /etc/hostname, ` +
      "/etc/resolv.conf and more. Read the image itself.",
  },
  {
    id: "container-inside",
    path: "/run/.containerenv",
    text: (side) => `${side} was read inside a container, to which the runtime adds files. Read the image itself.`,
  },
  {
    id: "lost-and-found",
    path: "/lost+found",
    text: (side) =>
      `${side} was read from a file system of its own, where mke2fs made /lost+found. Leave it out, or take a ` +
      "directory of that file system.",
  },
];

const TRACE_RULES: readonly HintRule[] = TRACES.map(({ id, path, text }) => ({
  id,
  find({ classes, cursors }) {
    const found = classes.filter((diff) => diff.id === "added" || diff.id === "removed");
    if (found.length === 0) return undefined;
    const [a, b] = cursors.map((cursor) => cursor.find(new TextEncoder().encode(path)) !== undefined);
    if (a === b) return undefined;
    const fitting = found.filter((diff) => diff.id === (a ? "removed" : "added"));
    return fitting.length === 0 ? undefined : { classes: idsOf(fitting), text: text(a ? "A" : "B") };
  },
}));

/** Directories that a merged /usr has as symlinks. */
const MERGED = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr/sbin"];

const NAMES: readonly HintRule[] = [
  {
    id: "usr-merge",
    find(findings) {
      if (classOf(findings, "type") === undefined) return undefined;
      const types = MERGED.map((path) =>
        findings.cursors.map((cursor) => cursor.find(new TextEncoder().encode(path))?.type),
      );
      const isMerged = (from: number) => types.some((t) => t[from] === "symlink" && t[1 - from] === "directory");
      if (isMerged(0) === isMerged(1)) return undefined;
      const side = isMerged(0) ? "A" : "B";
      const text =
        `${side} has a merged /usr, where /bin, /lib and others are symlinks, ${otherThan(side)} has directories: ` +
        "distributions of another age, or an archive extracted over the symlinks.";
      const classes: ClassId[] = ["type", "added", "removed"];
      return { classes: classes.filter((id) => classOf(findings, id) !== undefined), text };
    },
  },
  {
    id: "whiteouts",
    find({ classes }) {
      const found = classes.filter((diff) => countWith(diff, MARK_WHITEOUT) > 0);
      if (found.length === 0) return undefined;
      const text =
        "Whiteouts, which mark deleted names (character devices 0 or files .wh.NAME), are on one side only: a " +
        "layer was taken for a whole tree, or was unpacked without applying them. Merge the layers.";
      return { classes: idsOf(found), text };
    },
  },
];

const CONTENT: readonly HintRule[] = [
  {
    id: "other-hash",
    find(findings) {
      const diff = classOf(findings, "content");
      if (!diff || countWith(diff, MARK_OTHER_HASH) === 0) return undefined;
      const text =
        "One side names objects by SHA-256, the other by SHA-512, so that their content cannot be compared. Make " +
        "both with the same hash.";
      return { classes: ["content"], text };
    },
  },
  {
    id: "missing-digests",
    find(findings) {
      const diff = classOf(findings, "content");
      if (!diff || countWith(diff, MARK_NO_DIGEST) === 0) return undefined;
      const text =
        "One side has no digests of its objects, only their paths and sizes: they were not computed, and the image " +
        "does not vouch for their content. Make it from the files, or from a dumpfile with digests.";
      return { classes: ["content"], text };
    },
  },
  {
    id: "inline-limit",
    find(findings) {
      if (classOf(findings, "inline-object") === undefined) return undefined;
      const text =
        "The sides disagree about which files are stored in the image: composefs does so up to 64 bytes. Use the " +
        "same limit.";
      return { classes: ["inline-object"], text };
    },
  },
  {
    id: "object-layout",
    find(findings) {
      if (classOf(findings, "object-path") === undefined) return undefined;
      const text =
        "Objects have the same digests and other paths: the stores are laid out differently. composefs has two hex " +
        "digits, a slash and the rest of the digest, and no slash before.";
      return { classes: ["object-path"], text };
    },
  },
];

export const NAME_HINTS: readonly HintRule[] = [...PARTS, ...PLACE_RULES, ...TRACE_RULES, ...NAMES, ...CONTENT];
