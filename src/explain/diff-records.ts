/**
 * Entries of a tree one after the other, with the words of their records at hand: entries that are the same on both
 * sides, nearly all of them, are recognised without being decoded.
 */

import * as abi from "../../assembly/abi.ts";
import { Entry, PathSpeller, type TreeCursor } from "../image/cursor.ts";

const WORD_BYTES = 4;
const RECORD = abi.CURSOR_RECORD_BYTES / WORD_BYTES;
const INDEX = abi.CURSOR_INDEX / WORD_BYTES;
const PARENT = abi.CURSOR_PARENT / WORD_BYTES;
const TYPE = abi.CURSOR_TYPE / WORD_BYTES;
const MODE = abi.CURSOR_MODE / WORD_BYTES;
const NLINK = abi.CURSOR_NLINK / WORD_BYTES;
const UID = abi.CURSOR_UID / WORD_BYTES;
const SIZE = abi.CURSOR_SIZE / WORD_BYTES;
const NAMES = abi.CURSOR_NAMES / WORD_BYTES;
const NAME_BYTES = abi.CURSOR_NAME_BYTES / WORD_BYTES;

/** TYPE_DIRECTORY of assembly/tree/node.ts. */
const TYPE_DIRECTORY = 2;

/** What stands in the place of a record at the end: none of its fields is that of an entry. */
const END = new Int32Array(abi.CURSOR_HEADER_BYTES / WORD_BYTES).fill(-1);

/** The entries of a tree, from the root on. */
export class EntryStream {
  readonly #cursor: TreeCursor;
  /** The page that holds the current record, as words and as the entries see it. */
  #words: Int32Array = END;
  #page = { count: 0, bytes: new Uint8Array(0) };
  #view = new DataView(this.#page.bytes.buffer);
  /** Where in the page the record begins, in words. */
  #at = 0;
  #entry: Entry | undefined;

  constructor(cursor: TreeCursor) {
    this.#cursor = cursor;
    this.#load(0);
  }

  /** Goes on to the next entry. Not at the end. */
  next(): void {
    const { index } = this;
    this.#entry = undefined;
    this.#at += this.#words[this.#at + RECORD]! / WORD_BYTES;
    if (this.#at === this.#words.length) this.#load(index + 1);
  }

  /** Reads the page that begins with an entry. */
  #load(index: number): void {
    this.#at = 0;
    this.#words = END;
    if (index === this.#cursor.length) return;
    // A page is a buffer of its own, full of records, and each is a multiple of 8 bytes: one entry shows them all.
    const { buffer } = this.#cursor.at(index).record as Uint8Array<ArrayBuffer>;
    this.#words = new Int32Array(buffer);
    this.#page = { count: 0, bytes: new Uint8Array(buffer) };
    this.#view = new DataView(buffer);
  }

  /** The current entry. Not at the end. */
  get entry(): Entry {
    this.#entry ??= new Entry(this.#page, this.#view, this.#at * WORD_BYTES);
    return this.#entry;
  }
  get index(): number {
    return this.#words[this.#at + INDEX]!;
  }
  /** Index of the directory that holds the current entry; -1 at the end. */
  get parent(): number {
    return this.#words[this.#at + PARENT]!;
  }
  /** st_mode; 0 of a hardlink name. */
  get mode(): number {
    return this.#words[this.#at + MODE]!;
  }
  get isDirectory(): boolean {
    return this.#words[this.#at + TYPE] === TYPE_DIRECTORY;
  }
  get names(): number {
    return this.#words[this.#at + NAMES]!;
  }

  /**
   * Whether the current records of both say the same. They may still differ in what a record has of its neighbourhood
   * (index, parent, names, owner of a hardlink, line), and in what means nothing: size and link count of directories.
   */
  isSame(other: EntryStream): boolean {
    const x = this.#words;
    const y = other.#words;
    const i = this.#at;
    const k = other.#at;
    const length = x[i + RECORD]!;
    if (length !== y[k + RECORD] || x[i + TYPE] !== y[k + TYPE] || x[i + MODE] !== y[k + MODE]) return false;
    for (let w = UID; w < SIZE; w++) if (x[i + w] !== y[k + w]) return false;
    if (x[i + TYPE] !== TYPE_DIRECTORY) {
      if (x[i + NLINK] !== y[k + NLINK] || x[i + SIZE] !== y[k + SIZE] || x[i + SIZE + 1] !== y[k + SIZE + 1])
        return false;
    }
    const end = length / WORD_BYTES;
    for (let w = NAME_BYTES; w < end; w++) if (x[i + w] !== y[k + w]) return false;
    return true;
  }
}

/** Whether name, payload, content, digest and xattrs of two entries are the same: all that follows the numbers. */
export function hasSameData(x: Entry, y: Entry): boolean {
  const p = x.record;
  const q = y.record;
  if (p.length !== q.length) return false;
  for (let i = abi.CURSOR_NAME_BYTES; i < p.length; i++) if (p[i] !== q[i]) return false;
  return true;
}

/** An entry that was looked up, and where it is. */
export interface FoundEntry {
  entry: Entry;
  path: Uint8Array;
}

/** The entries with the wanted indices, by index, in one reading of the tree. */
export function collectEntries(cursor: TreeCursor, wanted: ReadonlySet<number>): Map<number, FoundEntry> {
  const found = new Map<number, FoundEntry>();
  const speller = new PathSpeller();
  for (const entry of wanted.size > 0 ? cursor.entries() : []) {
    const isWanted = wanted.has(entry.index);
    if (!isWanted && entry.type !== "directory") continue;
    const path = speller.spell(entry);
    if (isWanted) found.set(entry.index, { entry: copyOf(entry), path });
    if (found.size === wanted.size) break;
  }
  return found;
}

/** The entry without the page around it. */
function copyOf(entry: Entry): Entry {
  const bytes = new Uint8Array(entry.record);
  return new Entry({ count: 1, bytes }, new DataView(bytes.buffer), 0);
}

const SLASH = 0x2f;

/** `/` and the names with slashes between them. */
export function joinPath(names: readonly Uint8Array[]): Uint8Array {
  const length = names.reduce((sum, name) => sum + 1 + name.length, 0);
  const path = new Uint8Array(Math.max(length, 1)).fill(SLASH);
  let at = 1;
  for (const name of names) {
    path.set(name, at);
    at += name.length + 1;
  }
  return path;
}
