/**
 * The entries of a tree, page by page: what lists, compares and checks trees reads them through here.
 *
 * Entries are numbered in depth-first order, the root is 0, a directory comes before what it holds and children come in
 * byte order of their names. Names, targets and xattrs are bytes.
 */

import * as abi from "../../assembly/abi.ts";
import type { Engine } from "../engine/engine.ts";
import type { RecordPage } from "../engine/records.ts";

/** Type of an entry; a hardlink is a name whose inode another entry, its owner, has. */
export type EntryType =
  | "file"
  | "directory"
  | "character device"
  | "block device"
  | "fifo"
  | "socket"
  | "symlink"
  | "hardlink";

/** By the TYPE_* numbers of assembly/tree/node.ts. */
export const ENTRY_TYPES: readonly EntryType[] = [
  "file",
  "file",
  "directory",
  "character device",
  "block device",
  "fifo",
  "socket",
  "symlink",
  "hardlink",
];

/** An extended attribute. */
export interface Xattr {
  key: Uint8Array;
  value: Uint8Array;
}

/** One entry. It stays valid: its bytes are a copy. */
export class Entry {
  readonly #page: RecordPage;
  readonly #view: DataView;
  readonly #at: number;

  /** @param at offset of the record in the page */
  constructor(page: RecordPage, view: DataView, at: number) {
    this.#page = page;
    this.#view = view;
    this.#at = at;
  }

  #u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  /** Position in depth-first order, from 0. */
  get index(): number {
    return this.#u32(abi.CURSOR_INDEX);
  }
  /** Index of the directory that holds it; the root's is 0. */
  get parent(): number {
    return this.#u32(abi.CURSOR_PARENT);
  }
  get type(): EntryType {
    return ENTRY_TYPES[this.#u32(abi.CURSOR_TYPE)]!;
  }
  /** st_mode: type and permissions. 0 of a hardlink. */
  get mode(): number {
    return this.#u32(abi.CURSOR_MODE);
  }
  /** Link count as the input says; see `names` for the true one. */
  get nlink(): number {
    return this.#u32(abi.CURSOR_NLINK);
  }
  get uid(): number {
    return this.#u32(abi.CURSOR_UID);
  }
  get gid(): number {
    return this.#u32(abi.CURSOR_GID);
  }
  get rdev(): number {
    return this.#u32(abi.CURSOR_RDEV);
  }
  /** Seconds of mtime. */
  get seconds(): bigint {
    return this.#view.getBigInt64(this.#at + abi.CURSOR_SECONDS, true);
  }
  get nanoseconds(): number {
    return this.#u32(abi.CURSOR_NANOSECONDS);
  }
  /** Size in bytes as the input says: of files and symlinks what it means, of others whatever it is. */
  get size(): bigint {
    return this.#view.getBigUint64(this.#at + abi.CURSOR_SIZE, true);
  }
  /** Names of the inode: 1 and the hardlinks to it. */
  get names(): number {
    return this.#u32(abi.CURSOR_NAMES);
  }
  /** Entries of a directory. */
  get childCount(): number {
    return this.type === "directory" ? this.#u32(abi.CURSOR_LINK) : 0;
  }
  /** Index of the entry that has the inode: another one for a hardlink. */
  get owner(): number {
    return this.type === "hardlink" ? this.#u32(abi.CURSOR_LINK) : this.index;
  }
  /** Line of the dumpfile, from 1; nid in an image; layer of a container image, from 1: `Tree.origin` says which. */
  get origin(): number {
    return this.#u32(abi.CURSOR_ORIGIN);
  }
  /** A character device with rdev 0, by which overlayfs marks a deleted name. */
  get isWhiteout(): boolean {
    return this.type === "character device" && this.rdev === 0;
  }

  #bytes(start: number, length: number): Uint8Array {
    return this.#page.bytes.subarray(start, start + length);
  }

  get #nameAt(): number {
    return this.#at + abi.CURSOR_HEADER_BYTES;
  }
  get #payloadAt(): number {
    return this.#nameAt + this.#u32(abi.CURSOR_NAME_BYTES);
  }
  get #contentAt(): number {
    return this.#payloadAt + this.#u32(abi.CURSOR_PAYLOAD_BYTES);
  }
  get #digestAt(): number {
    return this.#contentAt + this.#u32(abi.CURSOR_CONTENT_BYTES);
  }

  /** Last component of the path; the root's is empty. */
  get name(): Uint8Array {
    return this.#bytes(this.#nameAt, this.#u32(abi.CURSOR_NAME_BYTES));
  }
  /** Target of a symlink, path of a file's object; undefined when there is none. */
  get payload(): Uint8Array | undefined {
    const length = this.#u32(abi.CURSOR_PAYLOAD_BYTES);
    return length > 0 ? this.#bytes(this.#payloadAt, length) : undefined;
  }
  /** Content that the image holds; undefined for an empty file and one whose content is an object. */
  get content(): Uint8Array | undefined {
    const length = this.#u32(abi.CURSOR_CONTENT_BYTES);
    return length > 0 ? this.#bytes(this.#contentAt, length) : undefined;
  }
  /** fs-verity digest of a file's object; undefined when there is none. */
  get digest(): Uint8Array | undefined {
    const length = this.#u32(abi.CURSOR_DIGEST_BYTES);
    return length > 0 ? this.#bytes(this.#digestAt, length) : undefined;
  }
  /** In byte order of their keys. */
  get xattrs(): Xattr[] {
    const xattrs: Xattr[] = [];
    let at = this.#digestAt + this.#u32(abi.CURSOR_DIGEST_BYTES);
    for (let i = this.#u32(abi.CURSOR_XATTR_COUNT); i > 0; i--) {
      const keyBytes = this.#view.getUint16(at, true);
      const valueBytes = this.#view.getUint16(at + 2, true);
      xattrs.push({ key: this.#bytes(at + 4, keyBytes), value: this.#bytes(at + 4 + keyBytes, valueBytes) });
      at += 4 + keyBytes + valueBytes;
    }
    return xattrs;
  }

  /** The record as it stands (assembly/abi.ts, CURSOR_*): for whoever compares many of them. */
  get record(): Uint8Array {
    return this.#bytes(this.#at, this.#u32(abi.CURSOR_RECORD_BYTES));
  }
}

/** Reads the tree that an engine holds. Valid until something else is opened on the tree. */
export class TreeCursor {
  /** Number of entries. */
  readonly length: number;
  readonly #engine: Engine;

  constructor(engine: Engine, length: number) {
    this.#engine = engine;
    this.length = length;
    engine.cursorOpen();
  }

  /** The entries from index `first` on, in depth-first order. */
  *entries(first = 0): Generator<Entry, void, undefined> {
    for (let at = first; at < this.length; ) {
      const page = this.#engine.cursorRead(at);
      yield* entriesOf(page);
      at += page.count;
    }
  }

  /** The entries of a directory from the `from`-th on, in byte order of their names. */
  *children(directory: Entry, from = 0): Generator<Entry, void, undefined> {
    for (let at = from; at < directory.childCount; ) {
      const page = this.#engine.cursorChildren(directory.index, at);
      yield* entriesOf(page);
      at += page.count;
    }
  }

  /** The entry with an index. */
  at(index: number): Entry {
    for (const entry of entriesOf(this.#engine.cursorRead(index))) return entry;
    throw new RangeError(`index: expected less than ${this.length}, got ${index}`);
  }

  /** The entry at an absolute path without trailing slash; undefined when there is none. */
  find(path: Uint8Array): Entry | undefined {
    const index = this.#engine.cursorFind(path);
    return index < 0 ? undefined : this.at(index);
  }
}

function* entriesOf(page: RecordPage): Generator<Entry, void, undefined> {
  const view = new DataView(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength);
  for (let at = 0; at < page.bytes.length; at += view.getUint32(at + abi.CURSOR_RECORD_BYTES, true)) {
    yield new Entry(page, view, at);
  }
}

const SLASH = 0x2f;

/** Spells the paths of entries that come in depth-first order. */
export class PathSpeller {
  /** Directories from the root down to the last entry. */
  readonly #open: Array<{ index: number; path: Uint8Array }> = [];

  /** The absolute path of the next entry. Entries between two may be left out, directories on the way may not. */
  spell(entry: Entry): Uint8Array {
    const { name, parent } = entry;
    while (this.#open.length > 0 && this.#open.at(-1)!.index !== parent) this.#open.pop();
    const above = entry.index === 0 ? new Uint8Array(0) : this.#open.at(-1)!.path;
    const path = new Uint8Array(above.length + 1 + name.length);
    path.set(above);
    path[above.length] = SLASH;
    path.set(name, above.length + 1);
    if (entry.index === 0) this.#open.push({ index: 0, path: above });
    else if (entry.type === "directory") this.#open.push({ index: entry.index, path });
    return path;
  }
}
