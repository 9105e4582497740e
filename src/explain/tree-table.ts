/**
 * A tree as columns: what lists, filters and sizes need of every entry, in typed arrays by its index, so that a window of a
 * hundred thousand rows is there at once and the engine is free for other work.
 *
 * Some 70 bytes for each entry, and the bytes of its name.
 */

import type { EntryType } from "../image/cursor.ts";
import type { Tree } from "../image/tree.ts";
import { displayBytes } from "./display.ts";

/** Types by their numbers in the table. */
const TYPES: readonly EntryType[] = [
  "file",
  "directory",
  "character device",
  "block device",
  "fifo",
  "socket",
  "symlink",
  "hardlink",
];
const DIRECTORY = TYPES.indexOf("directory");
const SLASH = 0x2f;

export class TreeTable {
  /** Entries, the root included. */
  readonly length: number;
  /** Index of the directory that holds it; the root's is 0. */
  readonly parent: Uint32Array;
  /** Entries below a directory, all levels together. */
  readonly below: Uint32Array;
  /** Size of a file, length of a symlink's target, of a hardlink that of its inode; of others 0. */
  readonly bytes: Float64Array;
  /** All that is below a directory, each inode once; of others `bytes`, of a hardlink 0. */
  readonly sum: Float64Array;
  readonly mode: Uint32Array;
  readonly uid: Uint32Array;
  readonly gid: Uint32Array;
  /** Seconds of mtime, as far as a double has them. */
  readonly seconds: Float64Array;
  /** Layer, line or nid: `Tree.origin` says which. */
  readonly origin: Uint32Array;
  /** Index of the entry that has the inode. */
  readonly owner: Uint32Array;
  readonly #type: Uint8Array;
  readonly #whiteout: Uint8Array;
  readonly #nameEnd: Uint32Array;
  #names = new Uint8Array(1 << 16);

  /** Reads a tree; nothing else may be open on it. */
  constructor(tree: Tree) {
    const { entries } = tree.counts;
    this.length = entries;
    [this.parent, this.below, this.mode] = [
      new Uint32Array(entries),
      new Uint32Array(entries),
      new Uint32Array(entries),
    ];
    [this.uid, this.gid, this.owner] = [new Uint32Array(entries), new Uint32Array(entries), new Uint32Array(entries)];
    [this.origin, this.#nameEnd] = [new Uint32Array(entries), new Uint32Array(entries)];
    [this.bytes, this.sum, this.seconds] = [
      new Float64Array(entries),
      new Float64Array(entries),
      new Float64Array(entries),
    ];
    [this.#type, this.#whiteout] = [new Uint8Array(entries), new Uint8Array(entries)];
    let end = 0;
    for (const entry of tree.openCursor().entries()) {
      const { index, name, type, payload } = entry;
      if (end + name.length > this.#names.length) this.#grow(end + name.length);
      this.#names.set(name, end);
      end += name.length;
      this.#nameEnd[index] = end;
      this.parent[index] = entry.parent;
      this.#type[index] = TYPES.indexOf(type);
      this.#whiteout[index] = entry.isWhiteout ? 1 : 0;
      this.mode[index] = entry.mode;
      this.uid[index] = entry.uid;
      this.gid[index] = entry.gid;
      this.seconds[index] = Number(entry.seconds);
      this.origin[index] = entry.origin;
      this.owner[index] = entry.owner;
      if (type === "file") this.bytes[index] = Number(entry.size);
      else if (type === "symlink") this.bytes[index] = payload!.length;
    }
    this.#sumUp();
  }

  #grow(needed: number): void {
    const names = new Uint8Array(Math.max(needed, 2 * this.#names.length));
    names.set(this.#names);
    this.#names = names;
  }

  /** From the last entry to the first: what is below a directory has been seen when it comes. */
  #sumUp(): void {
    const { parent, below, bytes, sum, owner } = this;
    for (let index = this.length - 1; index >= 0; index--) {
      const inode = owner[index]!;
      if (inode !== index) {
        bytes[index] = bytes[inode]!;
        for (const column of [this.mode, this.uid, this.gid, this.seconds]) column[index] = column[inode]!;
      } else {
        sum[index]! += bytes[index]!;
      }
      if (index === 0) return;
      below[parent[index]!]! += below[index]! + 1;
      sum[parent[index]!]! += sum[index]!;
    }
  }

  type(index: number): EntryType {
    return TYPES[this.#type[index]!]!;
  }

  isDirectory(index: number): boolean {
    return this.#type[index] === DIRECTORY;
  }

  isWhiteout(index: number): boolean {
    return this.#whiteout[index] === 1;
  }

  /** Last component of the path; the root's is empty. */
  name(index: number): Uint8Array {
    return this.#names.subarray(index === 0 ? 0 : this.#nameEnd[index - 1]!, this.#nameEnd[index]!);
  }

  /** Index of the first entry behind an entry and all that is below it. */
  behind(index: number): number {
    return index + this.below[index]! + 1;
  }

  /** The entries of a directory, in byte order of their names. */
  *children(directory: number): Generator<number, void, undefined> {
    for (let index = directory + 1; index < this.behind(directory); index = this.behind(index)) yield index;
  }

  /** The absolute path of an entry. */
  path(index: number): Uint8Array {
    if (index === 0) return Uint8Array.of(SLASH);
    const names: Uint8Array[] = [];
    for (let at = index; at !== 0; at = this.parent[at]!) names.push(this.name(at));
    const path = new Uint8Array(names.reduce((length, name) => length + 1 + name.length, 0));
    let at = 0;
    for (const name of names.reverse()) {
      path[at] = SLASH;
      path.set(name, at + 1);
      at += 1 + name.length;
    }
    return path;
  }

  /** Paths of all entries in order, for people: what a filter looks into. */
  *displayPaths(): Generator<string, void, undefined> {
    const open: Array<{ behind: number; path: string }> = [];
    for (let index = 0; index < this.length; index++) {
      while (open.length > 0 && open.at(-1)!.behind <= index) open.pop();
      const path = index === 0 ? "/" : `${open.at(-1)!.path}/${displayBytes(this.name(index))}`;
      if (this.isDirectory(index)) open.push({ behind: this.behind(index), path: index === 0 ? "" : path });
      yield path;
    }
  }
}

const latin1 = new TextDecoder("latin1");

/**
 * Finds entries by their paths. For paths that come in the order of the tree it looks through each directory once: the
 * names of those on the way to the last path are kept.
 */
export class PathFinder {
  readonly #table: TreeTable;
  /** From the root down. */
  readonly #levels: Array<{ directory: number; names: Map<string, number> }> = [];

  constructor(table: TreeTable) {
    this.#table = table;
  }

  /** The entry at an absolute path without trailing slash; -1 when there is none. */
  find(path: Uint8Array): number {
    const parts = latin1
      .decode(path)
      .split("/")
      .filter((part) => part !== "");
    let index = 0;
    for (const [level, part] of parts.entries()) {
      if (!this.#table.isDirectory(index)) return -1;
      const found = this.#namesOf(level, index).get(part);
      if (found === undefined) return -1;
      index = found;
    }
    return index;
  }

  #namesOf(level: number, directory: number): Map<string, number> {
    const known = this.#levels[level];
    if (known?.directory === directory) return known.names;
    const names = new Map<string, number>();
    for (const child of this.#table.children(directory)) names.set(latin1.decode(this.#table.name(child)), child);
    this.#levels.length = level;
    this.#levels.push({ directory, names });
    return names;
  }
}
