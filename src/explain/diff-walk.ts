/**
 * The walk over two trees side by side.
 *
 * Both come in depth-first order with children in byte order of their names, so that one pass meets each path once: of
 * two entries of the same directory the one with the smaller name is missing on the other side. An entry is decoded
 * only when its record is not the same on both sides.
 */

import type { Entry, TreeCursor } from "../image/cursor.ts";
import { MARK_PLACE_ITSELF, MARK_ROOT, MARK_WHITEOUT, placeMark } from "./diff-classes.ts";
import type { DiffCollector, DiffPlace } from "./diff-collect.ts";
import { compareBytes, InodeComparison, typeName } from "./diff-inode.ts";
import { LinkComparison } from "./diff-links.ts";
import { EntryStream, joinPath } from "./diff-records.ts";

/** Index that no directory has and no entry names as its parent. */
const NONE = -2;

/** `.wh.`, by which an OCI layer marks a deleted name (image-spec, layer.md). */
const WHITEOUT_PREFIX = [0x2e, 0x77, 0x68, 0x2e];

/** File types as the high bits of st_mode have them (include/uapi/linux/stat.h). */
const TYPE_SHIFT = 12;
const TYPE_COUNT = 16;

/** A directory on the way down, in one of the trees or in both. */
interface Level {
  /** Its index in A and B, NONE where it is something else. */
  a: number;
  b: number;
  name: Uint8Array;
  /** Marks of all that it holds. */
  marks: number;
}

export class TreeWalk implements DiffPlace {
  /** Paths that both trees have; those of them that are directories in both. */
  common = 0;
  commonDirectories = 0;
  /** Pairs of inodes that were compared; those of one type by its number: S_IFMT without the low bits. */
  pairs = 0;
  readonly pairsOfType = new Int32Array(TYPE_COUNT);
  readonly links: LinkComparison;
  readonly #a: EntryStream;
  readonly #b: EntryStream;
  readonly #collector: DiffCollector;
  readonly #inodes: InodeComparison;
  /** From the root down to the directory of the current entries. */
  readonly #levels: Level[] = [];
  /** Index of the current entry. */
  order = 0;
  /** The current entry when one side lacks it. */
  #single: Entry | undefined;

  constructor(cursorA: TreeCursor, cursorB: TreeCursor, collector: DiffCollector) {
    this.#a = new EntryStream(cursorA);
    this.#b = new EntryStream(cursorB);
    this.#collector = collector;
    this.#inodes = new InodeComparison(collector);
    this.links = new LinkComparison(cursorA, cursorB, collector);
  }

  /** Path of the current entry. */
  path(): Uint8Array {
    if (this.order === 0) return joinPath([]);
    const { name } = this.#single ?? this.#a.entry;
    return joinPath([...this.#levels.slice(1).map((level) => level.name), name]);
  }

  /** Compares the trees. Once only. */
  run(): void {
    try {
      this.#pair(this.#a.isSame(this.#b), MARK_ROOT);
      for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) this.#step(level);
      this.links.finish(this.#inodes, (x, y) => this.#countPair(x.mode, y.mode));
    } finally {
      this.#inodes.close();
    }
  }

  #step(level: Level): void {
    const a = this.#a;
    const b = this.#b;
    const isInA = a.parent === level.a;
    const isInB = b.parent === level.b;
    if (!isInA && !isInB) {
      this.#levels.pop();
      return;
    }
    let isSame = false;
    let order = isInA ? -1 : 1;
    if (isInA && isInB) {
      isSame = a.isSame(b);
      order = isSame ? 0 : compareBytes(a.entry.name, b.entry.name);
    }
    if (order === 0) this.#pair(isSame, level.marks);
    else if (order < 0) this.#passOver("removed", a, level.marks);
    else this.#passOver("added", b, level.marks);
  }

  /** Compares the current entries, which have one path, and goes on. */
  #pair(isSame: boolean, above: number): void {
    const a = this.#a;
    const b = this.#b;
    this.order = a.index;
    this.#single = undefined;
    this.common++;
    const place = this.#placeOf(a) || this.#placeOf(b);
    const marks = above | (place === 0 ? 0 : place | MARK_PLACE_ITSELF);
    const isShared = a.names > 1 || b.names > 1;
    if (!isShared || this.links.pair(a.entry, b.entry, this, marks)) {
      this.#countPair(a.mode, b.mode);
      if (!isSame) this.#inodes.compare(a.entry, b.entry, this, marks);
    }
    if (a.isDirectory && b.isDirectory) this.commonDirectories++;
    if (a.isDirectory || b.isDirectory) {
      const indexA = a.isDirectory ? a.index : NONE;
      const indexB = b.isDirectory ? b.index : NONE;
      this.#levels.push({ a: indexA, b: indexB, name: a.entry.name, marks: (above | place) & ~MARK_ROOT });
    }
    a.next();
    b.next();
  }

  /** Counts an entry that one side lacks, with all below it, and goes on behind it. */
  #passOver(id: "added" | "removed", stream: EntryStream, above: number): void {
    const top = stream.entry;
    const inside = above | this.#placeOf(stream);
    this.order = top.index;
    this.#single = top;
    const isKnown = this.#collector.knows(id, this);
    let below = 0;
    // What is below has its directory at or behind the top, what follows has one before it.
    for (stream.next(); stream.parent >= this.order; stream.next()) {
      if (!isKnown) this.#collector.addUnshown(id, inside | deletionMark(stream.entry));
      below++;
    }
    const value = { type: typeName(top), size: top.type === "file" ? top.size : undefined, below };
    const [a, b] = id === "removed" ? [value, undefined] : [undefined, value];
    this.#collector.add(id, above | deletionMark(top), this, a, b);
  }

  /** Mark of a directory of the root that is a place of its own: `PLACES`. */
  #placeOf(stream: EntryStream): number {
    if (this.#levels.length !== 1 || !stream.isDirectory) return 0;
    return placeMark(String.fromCharCode(...stream.entry.name));
  }

  #countPair(modeA: number, modeB: number): void {
    this.pairs++;
    const type = modeA >> TYPE_SHIFT;
    if (type === modeB >> TYPE_SHIFT) this.pairsOfType[type]!++;
  }
}

function deletionMark(entry: Entry): number {
  const { name } = entry;
  return entry.isWhiteout || WHITEOUT_PREFIX.every((byte, i) => name[i] === byte) ? MARK_WHITEOUT : 0;
}
