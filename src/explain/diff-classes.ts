/**
 * The classes that differences of two trees fall into, and the marks by which differences of one class are told apart.
 *
 * A class has an id in kebab-case, which `--only`, `--ignore` and JSON use. Xattrs have a class for each key,
 * `xattr:KEY` with the key escaped as in a dumpfile. `mtime` and `xattr` name their group.
 */

/** Base classes, in the order in which they are shown, with what each means. */
export const CLASSES = {
  added: "entries in B only",
  removed: "entries in A only",
  type: "file, directory, symlink, …; nothing else of such an entry is compared",
  content: "content of a file: size, digest, inline bytes; a digest on one side only",
  "inline-object": "a file of one size, in the image on one side, an object on the other",
  "object-path": "path of an object, while its digest agrees",
  target: "target of a symlink",
  device: "device number; whiteouts have 0",
  mode: "permission bits",
  owner: "uid and gid",
  "mtime-seconds": "seconds of mtime",
  "mtime-nanoseconds": "nanoseconds of mtime",
  xattr: "extended attributes, each key a class of its own: xattr:KEY",
  "link-count": "link count as stored, while the names agree; directories have none",
  hardlink: "which names share an inode",
} as const;

/** A class without the key of an xattr. */
export type BaseClass = keyof typeof CLASSES;

/** Id of a class: a base class other than `xattr`, or `xattr:KEY`. */
export type ClassId = Exclude<BaseClass, "xattr"> | `xattr:${string}`;

/** The class of all xattrs beyond the number of keys that are told apart. No key is empty. */
export const OTHER_XATTRS = "xattr:" satisfies ClassId;

/** Names that stand for several classes. */
const GROUPS: Readonly<Record<string, (id: string) => boolean>> = {
  mtime: (id) => id.startsWith("mtime-"),
  xattr: (id) => id.startsWith("xattr:"),
};

/** Directories whose content belongs to the running system rather than to the tree. */
export const PLACES = ["run", "dev", "proc", "sys", "tmp"] as const;

/** The entry is the root. */
export const MARK_ROOT = 1;
export const MARK_DIRECTORY = 2;
export const MARK_SYMLINK = 4;
/** A directory that has the metadata of an implied one on one side: see `isImplied`. */
export const MARK_IMPLIED = 8;
/** A whiteout of overlayfs, or a file that an OCI layer means as one (.wh.NAME). */
export const MARK_WHITEOUT = 16;
/** The entry is a directory of `PLACES` itself, not below it. */
export const MARK_PLACE_ITSELF = 32;
/** The link count is true in A, in B. */
export const MARK_TRUE_A = 64;
export const MARK_TRUE_B = 128;
/** The file is the same but for a digest that one side lacks. */
export const MARK_NO_DIGEST = 256;
/** The digests are of different hashes. */
export const MARK_OTHER_HASH = 512;
/** The seconds differ, too. */
export const MARK_SECONDS = 1024;
/** Number of the place in `PLACES`, from 1, in these bits and above; 0 for none. */
export const MARK_PLACE_SHIFT = 11;

/** The mark of the place with that name; 0 for another name. */
export function placeMark(name: string): number {
  return (PLACES.indexOf(name as (typeof PLACES)[number]) + 1) << MARK_PLACE_SHIFT;
}

/** Index in `PLACES` of what the marks of a difference name; -1 for none. */
export function placeOf(marks: number): number {
  return (marks >> MARK_PLACE_SHIFT) - 1;
}

/** The base class of a class. */
export function baseOf(id: ClassId): BaseClass {
  return id.startsWith("xattr:") ? "xattr" : (id as BaseClass);
}

/** Whether `name` is a class or a group: what `--only` and `--ignore` take. */
export function isClassName(name: string): boolean {
  return Object.hasOwn(CLASSES, name) || Object.hasOwn(GROUPS, name) || /^xattr:./s.test(name);
}

/** Makes the test for classes that are to be compared. */
export function classFilter(only: readonly string[] | undefined, ignore: readonly string[]): (id: ClassId) => boolean {
  for (const name of [...(only ?? []), ...ignore]) {
    if (!isClassName(name)) throw new RangeError(`class: expected one of ${classNames().join(", ")}, got ${name}`);
  }
  const names = (list: readonly string[], id: ClassId) => list.some((name) => name === id || GROUPS[name]?.(id));
  return (id) => (only === undefined || names(only, id)) && !names(ignore, id);
}

/** What `--only` and `--ignore` take, for messages. */
export function classNames(): string[] {
  return [...Object.keys(CLASSES), "mtime", "xattr:KEY"];
}
