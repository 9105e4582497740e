/**
 * Entries as plain objects: what lists of a tree are made of, in JSON and on the screen.
 *
 * Bytes (paths, targets, contents, keys and values of xattrs) are text with the escapes of composefs-dump(5), numbers
 * beyond 2^53 decimal strings.
 */

import { type Entry, type EntryType, PathSpeller, type TreeCursor } from "../image/cursor.ts";
import { toHex } from "../image/hex.ts";
import { escapeBytes, unescapeBytes } from "./display.ts";

/** A number as JSON can hold it: a decimal string when it is beyond 2^53. */
export type JsonNumber = number | string;

/** What is said of an inode. */
export interface InodeFacts {
  type: EntryType;
  /** st_mode in octal digits, type bits included. */
  mode: string;
  nlink: number;
  uid: number;
  gid: number;
  mtime: { seconds: JsonNumber; nanoseconds: number };
  /** Bytes; of files and symlinks. */
  size?: JsonNumber;
  /** Of devices. 0, 0 of a character device is a whiteout. */
  device?: { major: number; minor: number };
  /** Of symlinks. */
  target?: string;
  /** Content that the image holds. */
  content?: string;
  /** Path of the object that holds the content. */
  payload?: string;
  /** fs-verity digest of that object, hex. */
  digest?: string;
  /** Values by keys; left out when there are none. */
  xattrs?: Record<string, string>;
}

/** What is said of an entry; of a further name of an inode, which other name has it. */
export type EntryFacts = { path: string } & (InodeFacts | { type: "hardlink"; of: string });

/** A name that has the inode of hardlinks. */
export interface Owner {
  entry: Entry;
  path: Uint8Array;
}

/** What an entry is, as JSON shows it. @param owner of a hardlink */
export function entryFacts(entry: Entry, path: Uint8Array, owner: Owner | undefined): EntryFacts {
  const spelt = escapeBytes(path);
  if (owner !== undefined) return { path: spelt, type: "hardlink", of: escapeBytes(owner.path) };
  return { path: spelt, ...inodeFacts(entry) };
}

function inodeFacts(entry: Entry): InodeFacts {
  const { type, payload, content, digest, xattrs } = entry;
  const facts: InodeFacts = {
    type,
    mode: entry.mode.toString(8),
    nlink: entry.nlink,
    uid: entry.uid,
    gid: entry.gid,
    mtime: { seconds: jsonNumber(entry.seconds), nanoseconds: entry.nanoseconds },
  };
  if (type === "file" || type === "symlink") facts.size = jsonNumber(sizeOf(entry));
  if (isDevice(entry)) facts.device = deviceOf(entry);
  if (type === "symlink") facts.target = escapeBytes(payload!);
  else if (payload !== undefined) facts.payload = escapeBytes(payload);
  if (content !== undefined) facts.content = escapeBytes(content);
  if (digest !== undefined) facts.digest = toHex(digest);
  if (xattrs.length > 0) {
    facts.xattrs = Object.fromEntries(xattrs.map(({ key, value }) => [escapeBytes(key), escapeBytes(value)]));
  }
  return facts;
}

/** The size of a file; of a symlink the length of its target, whatever its size field says. */
export function sizeOf(entry: Entry): bigint {
  return entry.type === "symlink" ? BigInt(entry.payload!.length) : entry.size;
}

export function isDevice({ type }: Entry): boolean {
  return type === "character device" || type === "block device";
}

/** Takes an rdev apart: the kernel's 32-bit encoding, new_decode_dev() of include/linux/kdev_t.h. */
export function deviceOf({ rdev }: Pick<Entry, "rdev">): { major: number; minor: number } {
  return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) };
}

/** Letters of file types, as ls(1) shows them. */
const LETTERS = {
  file: "-",
  directory: "d",
  "character device": "c",
  "block device": "b",
  fifo: "p",
  socket: "s",
  symlink: "l",
  hardlink: "-",
} as const;

/** Such as `-rwsr-xr-x`. */
export function modeText({ type, mode }: Pick<Entry, "type" | "mode">): string {
  const triple = (shift: number, special: string) => {
    const bits = mode >> shift;
    const isSpecial = ((mode >> 9) & (1 << (shift / 3))) !== 0;
    const last = bits & 1 ? (isSpecial ? special : "x") : isSpecial ? special.toUpperCase() : "-";
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`;
  };
  return `${LETTERS[type]}${triple(6, "s")}${triple(3, "s")}${triple(0, "t")}`;
}

export function jsonNumber(value: bigint): JsonNumber {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** The largest time of a Date: ECMA-262 21.4.1.1, in seconds. */
const DATE_MAX_SECONDS = 8_640_000_000_000n;

/** A time for people: UTC, nanoseconds where there are any; beyond the years of a Date seconds behind an `@`. */
export function timeText(seconds: bigint, nanoseconds: number): string {
  const fraction = nanoseconds === 0 ? "" : `.${String(nanoseconds).padStart(9, "0")}`;
  if (seconds > DATE_MAX_SECONDS || seconds < -DATE_MAX_SECONDS) return `@${seconds}${fraction}`;
  const wholeSeconds = new Date(Number(seconds) * 1000).toISOString().slice(0, -".000Z".length);
  return `${wholeSeconds}${fraction}Z`;
}

/**
 * Finds the entries that have the inodes of hardlinks, and their paths.
 *
 * @param wanted indexes of them (`Entry.owner`)
 * @returns by index
 */
export function findOwners(cursor: TreeCursor, wanted: ReadonlySet<number>): Map<number, Owner> {
  const owners = new Map<number, Owner>();
  if (wanted.size === 0) return owners;
  const speller = new PathSpeller();
  for (const entry of cursor.entries()) {
    const isWanted = wanted.has(entry.index);
    if (!isWanted && entry.type !== "directory") continue;
    const path = speller.spell(entry);
    if (isWanted) owners.set(entry.index, { entry, path });
    if (owners.size === wanted.size) break;
  }
  return owners;
}

/**
 * Reads a path as lists show it, or as people write it: with escapes, with or without the slash at the beginning or the
 * end, `.` for the root.
 *
 * @returns the path as the cursor wants it; undefined when a backslash begins no escape of composefs-dump(5)
 */
export function pathOfText(text: string): Uint8Array | undefined {
  const bytes = unescapeBytes(text);
  if (bytes === undefined) return undefined;
  // Latin-1 keeps each byte a character while the path is taken apart.
  const names = Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join("")
    .split("/")
    .filter((name) => name !== "" && name !== ".");
  return Uint8Array.from(`/${names.join("/")}`, (c) => c.charCodeAt(0));
}
