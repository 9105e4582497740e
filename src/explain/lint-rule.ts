/**
 * What a rule of the lint is, and what it is shown of a tree.
 */

import type { Entry } from "../image/cursor.ts";

/**
 * How bad a finding is:
 *
 *   error     the image will differ between tools or from the tree, or it cannot be sealed
 *   warning   most likely a mistake
 *   note      worth knowing
 */
export type Level = "error" | "warning" | "note";

/** From the worst down. */
export const LEVELS: readonly Level[] = ["error", "warning", "note"];

/**
 * What becomes of an xattr:
 *
 *   overlay   it is one of overlayfs
 *   user      the transform of OCI images keeps it if asked to
 *   kept      it is in a sealed image, plain or bootable
 *   dropped   it is in none, though Linux shows it
 *   unseen    Linux does not show it
 */
export type XattrKind = "overlay" | "user" | "kept" | "dropped" | "unseen";

/** An extended attribute, its key as text with the escapes of a dumpfile. */
export interface KeyedXattr {
  key: string;
  kind: XattrKind;
  value: Uint8Array;
}

/** A directory whose entries are being read. */
export interface OpenDirectory {
  index: number;
  path: Uint8Array;
  /** `path` with the escapes of a dumpfile, `/` of the root; empty above the root, and of a long path. */
  text: string;
  /** As the input says. */
  nlink: number;
  /** Line of the dumpfile, or nid of the image. */
  origin: number;
  /** Keys of its xattrs. */
  keys: readonly string[];
  /** Of the entries read so far: those that are directories, those that are whiteouts. */
  subdirectories: number;
  whiteouts: number;
}

/** One entry and where it is. What `entry` would have to look up each time is here once. */
export interface Subject {
  entry: Entry;
  name: Uint8Array;
  path: Uint8Array;
  /** The directory that holds it. `entry` is already counted there. */
  parent: OpenDirectory;
  payload: Uint8Array | undefined;
  content: Uint8Array | undefined;
  digest: Uint8Array | undefined;
  /** Empty for a hardlink. */
  xattrs: readonly KeyedXattr[];
}

/** What is known when the whole tree was read. */
export interface Totals {
  /** Inodes with an mtime other than 0. */
  datedInodes: number;
}

/** True for a finding; a text says more about it, in printable ASCII. */
export type Verdict = boolean | string;

/**
 * A rule: what it says, and how it judges.
 */
export interface Rule {
  /** In kebab case. Stable: an id never gets another meaning. */
  id: string;
  level: Level;
  /** What was found, in the singular. */
  title: string;
  /** Why it matters, in one sentence. */
  reason: string;
  /** More about it, and what to do. */
  advice: string;
  /** Judges each name, those of hardlinks too. */
  name?: (subject: Subject) => Verdict;
  /** Judges each inode once, at the entry that has it. */
  inode?: (subject: Subject) => Verdict;
  /** Judges a directory when all its entries were read. */
  directory?: (directory: OpenDirectory) => Verdict;
  /** False when the rest of the tree takes the point from the findings. */
  stands?: (totals: Totals) => boolean;
}
