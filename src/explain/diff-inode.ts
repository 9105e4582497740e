/**
 * Compares two inodes attribute by attribute: what they mean, not how their input spelled it. So the size of a
 * directory, the link count of a directory, the object of an empty file do not count.
 */

import type { Engine } from "../engine/engine.ts";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { VeritySlot } from "../engine/slot.ts";
import type { Entry } from "../image/cursor.ts";
import * as classes from "./diff-classes.ts";
import type { DiffCollector, DiffPlace } from "./diff-collect.ts";
import type { ContentValue } from "./diff-data.ts";
import { hasSameData } from "./diff-records.ts";
import { escapeBytes } from "./display.ts";
import { isDevice } from "./listing.ts";

/** S_IFMT and the permission bits of st_mode (include/uapi/linux/stat.h). */
const TYPE_BITS = 0o170000;
const PERMISSION_BITS = 0o7777;
/** Mode of a directory that nobody recorded: what tar readers, `mkdir -p` and composefs give it. */
const IMPLIED_PERMISSIONS = 0o755;

/** log2 of 4096: the block size of object digests. */
const OBJECT_BLOCK_BITS = 12;
const NO_SALT = new Uint8Array(0);

/** Type of an entry, with whiteouts as a type of their own. Never `hardlink`: that is a name, not an inode. */
export function typeName(entry: Entry): string {
  return entry.isWhiteout ? "whiteout" : entry.type;
}

/** Whether two byte strings, either of them possibly absent, are the same. */
export function sameBytes(x: Uint8Array | undefined, y: Uint8Array | undefined): boolean {
  if (x === undefined || y === undefined || x.length !== y.length) return x === y;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** Order of two byte strings: negative, 0 or positive. */
export function compareBytes(x: Uint8Array, y: Uint8Array): number {
  const length = Math.min(x.length, y.length);
  for (let i = 0; i < length; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

/** Compares inodes. `close` it when all are compared. */
export class InodeComparison {
  readonly #collector: DiffCollector;
  #hasher: Engine | undefined;

  constructor(collector: DiffCollector) {
    this.#collector = collector;
  }

  /**
   * Compares two inodes.
   *
   * @param x the one in A; not a hardlink name
   * @param y the one in B
   * @param place what the differences are listed under
   * @param marks MARK_* bits that all of them get
   */
  compare(x: Entry, y: Entry, place: DiffPlace, marks: number): void {
    if ((x.mode & TYPE_BITS) !== (y.mode & TYPE_BITS)) {
      const more = x.isWhiteout || y.isWhiteout ? classes.MARK_WHITEOUT : 0;
      this.#collector.add("type", marks | more, place, typeName(x), typeName(y));
      return;
    }
    const all = marks | this.#marksOf(x, y);
    this.#compareMetadata(x, y, place, all);
    // Mostly only numbers differ; to take xattrs apart then would be the larger part of the work.
    const isSameData = hasSameData(x, y);
    if (!isSameData) this.#compareXattrs(x, y, place, all);
    if (x.type === "file") {
      if (!isSameData || x.size !== y.size) this.#compareFiles(x, y, place, all);
    } else if (x.type === "symlink" && !sameBytes(x.payload, y.payload)) {
      this.#collector.add("target", all, place, x.payload, y.payload);
    } else if (x.rdev !== y.rdev && isDevice(x)) {
      const more = x.isWhiteout || y.isWhiteout ? classes.MARK_WHITEOUT : 0;
      this.#collector.add("device", all | more, place, x.rdev, y.rdev);
    }
  }

  /** Gives back what was needed. */
  close(): void {
    if (this.#hasher !== undefined) releaseEngine(this.#hasher);
    this.#hasher = undefined;
  }

  #marksOf(x: Entry, y: Entry): number {
    if (x.type === "symlink") return classes.MARK_SYMLINK;
    if (x.type !== "directory") return 0;
    return classes.MARK_DIRECTORY | (isImplied(x) !== isImplied(y) ? classes.MARK_IMPLIED : 0);
  }

  #compareMetadata(x: Entry, y: Entry, place: DiffPlace, marks: number): void {
    const add = this.#collector;
    const p = x.mode & PERMISSION_BITS;
    const q = y.mode & PERMISSION_BITS;
    if (p !== q) add.add("mode", marks, place, p, q);
    if (x.uid !== y.uid || x.gid !== y.gid) {
      add.add("owner", marks, place, { uid: x.uid, gid: x.gid }, { uid: y.uid, gid: y.gid });
    }
    const s = x.seconds;
    const t = y.seconds;
    if (s !== t) add.add("mtime-seconds", marks, place, s, t);
    if (x.nanoseconds !== y.nanoseconds) {
      const more = s !== t ? classes.MARK_SECONDS : 0;
      add.add("mtime-nanoseconds", marks | more, place, x.nanoseconds, y.nanoseconds);
    }
    // With another number of names another count is no news.
    if (x.type !== "directory" && x.nlink !== y.nlink && x.names === y.names) {
      const more = (x.nlink === x.names ? classes.MARK_TRUE_A : 0) | (y.nlink === y.names ? classes.MARK_TRUE_B : 0);
      add.add("link-count", marks | more, place, x.nlink, y.nlink);
    }
  }

  /** Both lists are in byte order of their keys. */
  #compareXattrs(x: Entry, y: Entry, place: DiffPlace, marks: number): void {
    const [p, q] = [x.xattrs, y.xattrs];
    for (let i = 0, k = 0; i < p.length || k < q.length; ) {
      const a = p[i];
      const b = q[k];
      const order = a === undefined ? 1 : b === undefined ? -1 : compareBytes(a.key, b.key);
      if (order <= 0) i++;
      if (order >= 0) k++;
      if (order === 0 && sameBytes(a!.value, b!.value)) continue;
      const key = order <= 0 ? a!.key : b!.key;
      const [v, w] = [order <= 0 ? a!.value : undefined, order >= 0 ? b!.value : undefined];
      this.#collector.add(`xattr:${escapeBytes(key)}`, marks, place, v, w);
    }
  }

  #compareFiles(x: Entry, y: Entry, place: DiffPlace, marks: number): void {
    const [a, b] = [contentOf(x), contentOf(y)];
    if (a.size !== b.size) {
      this.#collector.add("content", marks, place, a, b);
    } else if (a.size === 0n) {
      return;
    } else if (a.content !== undefined || b.content !== undefined) {
      if (a.content !== undefined && b.content !== undefined) {
        if (!sameBytes(a.content, b.content)) this.#collector.add("content", marks, place, a, b);
        return;
      }
      this.#collector.add("inline-object", marks, place, a, b);
      if (this.#isOtherContent(a, b)) this.#collector.add("content", marks, place, a, b);
    } else if (!sameBytes(a.digest, b.digest)) {
      this.#collector.add("content", marks | digestMarks(a, b), place, a, b);
    } else if (!sameBytes(a.object, b.object)) {
      // Without a digest the path is all that tells which object it is.
      if (a.digest === undefined) this.#collector.add("content", marks, place, a, b);
      else this.#collector.add("object-path", marks, place, a.object, b.object);
    }
  }

  /** Whether inline content is known not to be that of an object, by the object's digest. */
  #isOtherContent(a: ContentValue, b: ContentValue): boolean {
    const content = a.content ?? b.content!;
    const digest = a.digest ?? b.digest;
    if (digest === undefined) return false;
    this.#hasher ??= acquireEngineSync();
    const hash = digest.length === 32 ? "sha256" : "sha512";
    const slot = new VeritySlot(this.#hasher, 0, { hash, blockBits: OBJECT_BLOCK_BITS, salt: NO_SALT }, "off");
    slot.write(content);
    return !sameBytes(slot.close(), digest);
  }
}

/** Whether a directory has the metadata of one that was made up because something below it was recorded. */
function isImplied(entry: Entry): boolean {
  const hasDefaults = (entry.mode & PERMISSION_BITS) === IMPLIED_PERMISSIONS && entry.uid === 0 && entry.gid === 0;
  return hasDefaults && entry.seconds === 0n && entry.nanoseconds === 0 && entry.xattrs.length === 0;
}

function contentOf(file: Entry): ContentValue {
  const { size } = file;
  if (size === 0n) return { size };
  return { size, content: file.content, digest: file.digest, object: file.payload };
}

function digestMarks(a: ContentValue, b: ContentValue): number {
  if (a.digest === undefined || b.digest === undefined) {
    return sameBytes(a.object, b.object) ? classes.MARK_NO_DIGEST : 0;
  }
  return a.digest.length === b.digest.length ? 0 : classes.MARK_OTHER_HASH;
}
