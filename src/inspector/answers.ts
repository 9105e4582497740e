/**
 * What the session answers about the tree and the image that are open: plain data, as protocol.ts says.
 */

import type { ImageInfo, TreeInfo } from "../explain/info.ts";
import type { Level } from "../explain/lint-rule.ts";
import type { EntryFacts } from "../explain/listing.ts";
import type { JsonField } from "../explain/walk-json.ts";
import type { EntryType } from "../image/cursor.ts";
import type { Profile } from "../image/profile.ts";

/** A row of the tree of files. */
export interface FileRow {
  /** Position of the entry in depth-first order; the root's is 0. */
  index: number;
  name: string;
  /** The address of the row. */
  path: string;
  type: EntryType;
  /** st_mode; of a hardlink that of its inode. */
  mode: number;
  uid: number;
  gid: number;
  /** Seconds of mtime. */
  seconds: number;
  /** Of a file its size, of a symlink the length of its target, of a directory the sum of all below it. */
  bytes: number;
  /** That it came from, from 1; 0 where there are none. */
  layer: number;
  isWhiteout: boolean;
  /** Entries of a directory that the list would show: those that fit the filter, or lead to one that does. */
  children: number;
  /** From 0, the root. */
  depth: number;
  isOpen: boolean;
  /** Whether it fits the filter, and is not just on the way to what does. */
  isMatch: boolean;
}

/** An xattr, decoded. */
export interface XattrFacts {
  key: string;
  /** What it means, line by line: capabilities, ACL entries, the parts of a label; empty when it is text or not known. */
  meaning: string[];
  value: string;
  bytes: Uint8Array;
}

/** What a layer did to a path. */
export interface PathEvent {
  /** From 1. */
  layer: number;
  /** `opaque`: a directory above it was made empty; `removed`: a whiteout, of it or of a directory above it. */
  what: "written" | "removed" | "opaque";
  type: EntryType | null;
  /** Bytes of the content that was written. */
  bytes: number | null;
}

/** Everything about an entry. */
export interface EntryDetails {
  index: number;
  path: string;
  /** Of its inode: a hardlink shows what it links to. */
  facts: EntryFacts;
  /** As `ls -l` has it: `-rwsr-xr-x`. */
  modeText: string;
  /** Names by etc/passwd and etc/group of the image, where it has them and they can be read. */
  owner: { user: string | null; group: string | null };
  timeText: string;
  isWhiteout: boolean;
  xattrs: XattrFacts[];
  /** Path of the object below the directory `objects` of a repository; null where there is none. */
  objectPath: string | null;
  /** Content that the tree holds; null where there is none. */
  content: Uint8Array | null;
  /** Other names of the inode, at most 100. */
  names: string[];
  /** Layer, from 1; line of a dumpfile, from 1; nid in an image. */
  origin: { kind: "layer" | "line" | "nid"; number: number };
  /** Layers that had to do with this path, the last one first. */
  history: PathEvent[];
  /** Of a directory: all that is below it. */
  bytesBelow: number;
  entriesBelow: number;
}

/** A directory or file for the map of sizes. */
export interface SizeNode {
  index: number;
  path: string;
  name: string;
  type: EntryType;
  /** Of a directory the sum of all below it; names of hardlinks beyond the first count nothing. */
  bytes: number;
  entries: number;
  /** That it came from, from 1; 0 where there are none. */
  layer: number;
  /** The largest ones; undefined for what was not taken apart. */
  children?: SizeNode[];
  /** What is below it and not among `children`. */
  rest?: { bytes: number; entries: number };
}

/** A content of a layer that the image does not show. */
export interface WastedFile {
  path: string;
  bytes: number;
  /** From 1. */
  layer: number;
  /** The layer that replaces or removes it; its own when it has the path twice. */
  by: number;
  how: "replaced" | "removed";
}

/** What a layer removes. */
export interface WhiteoutRow {
  /** Of the name that is removed, or of the directory that is made empty. */
  path: string;
  isOpaque: boolean;
  layer: number;
  /** Whether a lower layer has it. */
  hasTarget: boolean;
}

/** A difference, as `composefs diff --json` has it. `a` and `b` are null where a side has nothing. */
export interface DiffRow {
  path: string;
  a: unknown;
  b: unknown;
  /** Both values for people, as the text of the command has them. */
  texts: [a: string, b: string];
  layers?: { a?: number; b?: number };
}

/** A class of differences. */
export interface DiffClass {
  class: string;
  count: number;
  /** Entries that could differ this way. */
  of: number;
  /** Ids of the hints that explain it. */
  hints: string[];
  /** The first three; `differences` gives more. */
  examples: DiffRow[];
}

/** A comparison, as `composefs diff --json` has it. */
export interface Comparison {
  equal: boolean;
  entries: { a: number; b: number; common: number };
  classes: DiffClass[];
  hints: Array<{ id: string; classes: string[]; text: string }>;
  /** The smallest normalisation that makes the trees equal, but for `remaining`. */
  equalAfter: Array<{ id: string; text: string }>;
  remaining: Array<{ class: string; count: number }>;
  /** Of equal trees of which one is an EROFS image: whether the bytes of the images are the same, line by line. */
  imageLines: string[];
}

/** What the lint found: `composefs lint --json`. */
export interface LintFacts {
  entries: number;
  counts: Record<Level, number>;
  findings: Array<{
    rule: string;
    level: Level;
    title: string;
    reason: string;
    advice: string;
    count: number;
    /** At most 200 of them. */
    places: Array<{ path: string; line?: number; nid?: number; layer?: number; detail?: string }>;
  }>;
}

/** What the image of a tree is made of: `composefs info --json`. Of inputs without an image that of format v1. */
export interface StructureFacts {
  profile: Profile;
  digest: string;
  tree: TreeInfo;
  image: ImageInfo;
  /** Structures of the walk. */
  structures: number;
}

/** A structure of the image. */
export interface StructureRow {
  /** Position in the walk, from 0. */
  at: number;
  kind: string;
  offset: number;
  bytes: number;
  path: string | null;
}

export interface StructureDetails extends StructureRow {
  fields: JsonField[];
}
