/**
 * The members of an outer archive, by name: only headers are read, the data between them is skipped.
 *
 * An OCI archive or a docker-save archive is a tar of files that are checked by digest, so that of a member only name,
 * type, place and link target matter. Headers are read as in a layer (oci-to-tree.md 2), with ustar prefixes, PAX
 * path, linkpath and size, and GNU long names; the rest of them is ignored.
 *
 * Layers are never read here: they go through the engine, for which every byte of every header counts.
 */

import { ComposefsError } from "../error.ts";
import type { Archive } from "./container.ts";
import type { SourceLimits } from "./limits.ts";
import { quote } from "./quote.ts";

const BLOCK_BYTES = 512;
/** One read takes in the headers of some small members; a large one costs no more than this. */
const READ_BYTES = 16 * 1024;

export type MemberType = "file" | "directory" | "symlink" | "other";

export interface Member {
  type: MemberType;
  /** Where the member begins, with its first header, and where it ends, in bytes. */
  start: number;
  end: number;
  /** Where the data begins, in bytes. */
  offset: number;
  /** Bytes of data. */
  size: number;
  /** Target of a symbolic link. */
  target: string;
  /** An earlier member has the same name: who unpacks the archive gets this one, who looks for the first one another. */
  isTwice: boolean;
}

/** Members by name, without `./` before and `/` behind it. */
export type TarIndex = ReadonlyMap<string, Member>;

/** Type bytes of members; NUL and 7 are files, too. */
const TYPES: Readonly<Record<string, MemberType>> = {
  "\0": "file",
  "0": "file",
  "7": "file",
  "2": "symlink",
  "5": "directory",
};

/** Extensions to the next header. A type that is not here and not in TYPES is some other member. */
const EXTENSIONS = "xgLK";

/**
 * Reads all headers.
 *
 * @param keep names to keep when there are more entries than the limit allows: a layer may have any number, and is told
 *   from an archive by the want of these names
 * @returns the members; when there are too many, those of `keep` alone, `isComplete` being false
 * @throws {ComposefsError} IO_READ, SOURCE_ARCHIVE, SOURCE_LIMIT
 */
export async function indexTar(
  archive: Archive,
  limits: SourceLimits,
  keep: readonly string[] = [],
  signal?: AbortSignal,
): Promise<{ members: TarIndex; isComplete: boolean }> {
  const members = new Map<string, Member>();
  const reader = new BlockReader(archive);
  let count = 0;
  for (let position = 0; ; count++) {
    signal?.throwIfAborted();
    const entry = await readEntry(reader, position, limits);
    if (entry === null) break;
    position = entry.end;
    const name = entry.name.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
    if (count === limits.archiveEntries) {
      for (const other of [...members.keys()]) if (!keep.includes(other)) members.delete(other);
    }
    if (count < limits.archiveEntries || keep.includes(name)) {
      members.set(name, { ...entry.member, isTwice: members.has(name) });
    }
  }
  return { members, isComplete: count <= limits.archiveEntries };
}

/** Whether a file begins with a header whose checksum is right. */
export function beginsWithHeader(head: Uint8Array): boolean {
  return head.length >= BLOCK_BYTES && hasChecksum(head.subarray(0, BLOCK_BYTES));
}

/** Whether a file begins as a tar may: with a header, or with the end of an empty archive. */
export function isTar(head: Uint8Array): boolean {
  return beginsWithHeader(head) || (head.length >= BLOCK_BYTES && isZero(head.subarray(0, BLOCK_BYTES)));
}

/** Reads the blocks of an archive through a small buffer. */
class BlockReader {
  readonly archive: Archive;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(archive: Archive) {
    this.archive = archive;
  }

  /** `length` bytes at `position`; null at the end of the archive. @throws {ComposefsError} IO_READ, SOURCE_ARCHIVE */
  async read(position: number, length: number): Promise<Uint8Array | null> {
    if (position === this.archive.size && length === BLOCK_BYTES) return null;
    const isHere = () => position >= this.#start && position + length <= this.#start + this.#bytes.length;
    if (!isHere()) {
      this.#bytes = await this.archive.read(position, Math.max(length, READ_BYTES));
      this.#start = position;
      if (!isHere()) throw this.error(position, "the archive ends in the middle of an entry");
    }
    return this.#bytes.subarray(position - this.#start, position - this.#start + length);
  }

  error(position: number, what: string): ComposefsError {
    const { name } = this.archive;
    return new ComposefsError("SOURCE_ARCHIVE", `${quote(name)} at offset ${position}: ${what}`, {
      path: name,
      offset: position,
    });
  }

  /** @throws {ComposefsError} SOURCE_LIMIT, when `actual` is beyond a limit */
  checkLimit(limits: SourceLimits, name: "archiveHeaderBytes" | "archiveNameBytes", actual: number): void {
    const limit = limits[name];
    if (actual <= limit) return;
    const what = `an entry has ${actual} bytes of ${name === "archiveNameBytes" ? "name" : "extension headers"}`;
    throw new ComposefsError("SOURCE_LIMIT", `${quote(this.archive.name)}: ${what}, at most ${limit} (${name})`, {
      path: this.archive.name,
      actual,
      limit,
    });
  }
}

interface Entry {
  name: string;
  member: Omit<Member, "isTwice">;
  /** Where the next entry begins. */
  end: number;
}

/** Reads an entry with its extensions; null at the end of the archive. */
async function readEntry(reader: BlockReader, start: number, limits: SourceLimits): Promise<Entry | null> {
  const extensions = new Map<string, string>();
  let extensionBytes = 0;
  for (let position = start; ; ) {
    const block = await reader.read(position, BLOCK_BYTES);
    if (block === null || isZero(block)) {
      if (extensions.size > 0) throw reader.error(position, "an extension header without an entry");
      if (block !== null && !(await isEnd(reader, position))) throw reader.error(position, "a lone zero block");
      return null;
    }
    if (!hasChecksum(block)) throw reader.error(position, "not a tar header: the checksum is wrong");
    const type = String.fromCharCode(block[156]!);
    const offset = position + BLOCK_BYTES;
    const headerSize = numberOf(block.subarray(124, 136));
    if (headerSize === null) throw reader.error(position, "the size of an entry is not a number that a file can have");
    if (EXTENSIONS.includes(type)) {
      extensionBytes += headerSize;
      reader.checkLimit(limits, "archiveHeaderBytes", extensionBytes);
      const data = headerSize === 0 ? new Uint8Array(0) : (await reader.read(offset, headerSize))!;
      if (type === "x") readPax(data, extensions);
      else if (type !== "g") extensions.set(type === "L" ? "path" : "linkpath", textOf(data));
      position = offset + padded(headerSize);
      continue;
    }
    const size = extensions.has("size") ? decimalOf(extensions.get("size")!) : headerSize;
    if (size === null) throw reader.error(position, "the size of an entry is not a number that a file can have");
    if (offset + size > reader.archive.size) {
      throw reader.error(position, "the archive ends in the middle of an entry");
    }
    const name = extensions.get("path") ?? headerName(block);
    reader.checkLimit(limits, "archiveNameBytes", new TextEncoder().encode(name).length);
    const target = extensions.get("linkpath") ?? textOf(block.subarray(157, 257));
    // Before there was a type for directories, a slash at the end said so.
    const isOldDirectory = TYPES[type] === "file" && name.endsWith("/");
    const memberType = isOldDirectory ? "directory" : (TYPES[type] ?? "other");
    // The padding after the last entry may be missing.
    const end = Math.min(offset + padded(size), reader.archive.size);
    return { name, member: { type: memberType, start, end, offset, size, target }, end };
  }
}

/** Two zero blocks end an archive; whatever follows does not belong to it. */
async function isEnd(reader: BlockReader, position: number): Promise<boolean> {
  const next = await reader.read(position + BLOCK_BYTES, BLOCK_BYTES);
  return next !== null && isZero(next);
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Whether the sum of the header is the one in it, the field counted as spaces; the bytes signed or unsigned. */
function hasChecksum(block: Uint8Array): boolean {
  let sum = 8 * 0x20;
  let above = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    if (i === 148) i = 156;
    const byte = block[i]!;
    sum += byte;
    if (byte > 127) above++;
  }
  const stored = numberOf(block.subarray(148, 156));
  return stored !== null && (stored === sum || stored === sum - 256 * above);
}

/** Octal digits, or with the top bit set a big-endian number; null for what no file size can be. */
function numberOf(field: Uint8Array): number | null {
  if ((field[0]! & 0x80) !== 0) {
    const value = field.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & 0x7f : byte), 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const text = textOf(field).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || "0", 8) : null;
}

function decimalOf(text: string): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/** Bytes up to the first zero byte. Names that matter are ASCII; of others, those that are no UTF-8 may look alike. */
function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function headerName(block: Uint8Array): string {
  const name = textOf(block.subarray(0, 100));
  const isUstar = textOf(block.subarray(257, 263)) === "ustar";
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Reads the records `LENGTH KEY=VALUE LF` that matter; ends at what is none, as a layer's do (oci-to-tree.md 2.4). */
function readPax(data: Uint8Array, extensions: Map<string, string>): void {
  for (let start = 0; start < data.length; ) {
    const space = data.indexOf(0x20, start);
    const length = space < 0 ? null : decimalOf(new TextDecoder().decode(data.subarray(start, space)));
    if (length === null || length <= space - start || start + length > data.length) return;
    const record = new TextDecoder().decode(data.subarray(space + 1, start + length - 1));
    const [, key, value] = /^(path|linkpath|size)=(.*)$/s.exec(record) ?? [];
    if (key !== undefined) extensions.set(key, value!);
    start += length;
  }
}
