/**
 * The records of a directory (assembly/abi.ts, RECORD_*), written while it is scanned. Digests and small contents come
 * later: each record has room for its own.
 */

import { constants } from "node:fs";
import * as abi from "../../assembly/abi.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { wholePath } from "../linux/directory-path.node.ts";
import type { DirectoryEntry } from "../linux/directory-scan.node.ts";
import { showPath } from "../linux/path.node.ts";

const { S_IFMT, S_IFREG } = constants;
/** TYPE_* of assembly/tree/node.ts by the type bits of st_mode. */
const TYPES: ReadonlyMap<number, number> = new Map([
  [S_IFREG, 1],
  [constants.S_IFDIR, 2],
  [constants.S_IFCHR, 3],
  [constants.S_IFBLK, 4],
  [constants.S_IFIFO, 5],
  [constants.S_IFSOCK, 6],
  [constants.S_IFLNK, 7],
]);
const TYPE_HARDLINK = 8;
const PERMISSIONS = 0o7777;
const SECOND = 1_000_000_000n;
const FIRST_ROOM_BYTES = 1 << 16;
const NONE = new Uint8Array(0);

/** Bytes of what is put into the record of a file later, see {@link DirectoryRecords.fill}. */
export const FILLING_BYTES = 96;
/** The SHA-256 digest, or the content, begins here, the SHA-512 digest behind it. */
export const FILLING_SHA512_OFFSET = 32;

/** Whether a file has a content that its record is to hold, or a digest of it. */
export function hasContent({ mode, hardlink, identity }: DirectoryEntry): boolean {
  return (mode & S_IFMT) === S_IFREG && hardlink === undefined && identity.size > 0n;
}

/** Writes the records of one directory. */
export class DirectoryRecords {
  entries = 0;
  /** Bytes of all contents. */
  contentBytes = 0;
  readonly #root: Uint8Array;
  readonly #hashes: readonly HashName[];
  readonly #hasTimes: boolean;
  #bytes = new Uint8Array(FIRST_ROOM_BYTES);
  #length = 0;

  /** @param root for messages @param hashes object digests of the records @param hasTimes false: all mtimes are zero */
  constructor(root: Uint8Array, hashes: readonly HashName[], hasTimes: boolean) {
    this.#root = root;
    this.#hashes = hashes;
    this.#hasTimes = hasTimes;
  }

  /**
   * Adds an entry, behind its directory.
   *
   * @returns where its content or its digests go, for `fill`
   * @throws {ComposefsError} DIRECTORY_FILE_TOO_LONG
   */
  add(entry: DirectoryEntry): number {
    const { path, identity, hardlink, target, xattrs } = entry;
    const size = hasContent(entry) ? identity.size : 0n;
    if (size > BigInt(abi.EXTERNAL_MAX_BYTES)) throw this.#tooLong(path, size);
    const isInline = size <= BigInt(abi.LAYER_INLINE_MAX_BYTES);
    const link = hardlink ?? target ?? NONE;
    const digestBytes = (hash: HashName, bytes: number) => (!isInline && this.#hashes.includes(hash) ? bytes : 0);
    const [sha256, sha512] = [digestBytes("sha256", 32), digestBytes("sha512", 64)];
    const content = isInline ? Number(size) : 0;
    const xattrBytes = xattrs.reduce((sum, { key, value }) => sum + 4 + key.length + value.length, 0);
    const parts = path.length + link.length + content + sha256 + sha512 + xattrBytes;
    const bytes = (abi.RECORD_HEADER_BYTES + parts + 7) & ~7;
    const at = this.#grow(bytes);

    const view = new DataView(this.#bytes.buffer, at, bytes);
    view.setUint32(abi.RECORD_BYTES, bytes, true);
    view.setUint8(abi.RECORD_KIND, abi.RECORD_KIND_ENTRY);
    view.setUint8(abi.RECORD_TYPE, hardlink === undefined ? TYPES.get(entry.mode & S_IFMT)! : TYPE_HARDLINK);
    view.setUint16(abi.RECORD_MODE, entry.mode & PERMISSIONS, true);
    view.setUint32(abi.RECORD_UID, entry.uid, true);
    view.setUint32(abi.RECORD_GID, entry.gid, true);
    view.setUint32(abi.RECORD_RDEV, entry.rdev, true);
    const mtime = this.#hasTimes ? identity.mtime : 0n;
    const nanoseconds = ((mtime % SECOND) + SECOND) % SECOND;
    view.setUint32(abi.RECORD_NANOSECONDS, Number(nanoseconds), true);
    view.setBigInt64(abi.RECORD_SECONDS, (mtime - nanoseconds) / SECOND, true);
    view.setBigUint64(abi.RECORD_SIZE, size, true);
    view.setUint32(abi.RECORD_PATH_BYTES, path.length, true);
    view.setUint32(abi.RECORD_LINK_BYTES, link.length, true);
    view.setUint32(abi.RECORD_CONTENT_BYTES, content, true);
    view.setUint32(abi.RECORD_SHA256_BYTES, sha256, true);
    view.setUint32(abi.RECORD_SHA512_BYTES, sha512, true);
    view.setUint32(abi.RECORD_XATTR_COUNT, xattrs.length, true);
    view.setUint32(abi.RECORD_FLAGS, abi.RECORD_FLAG_LITERAL, true);

    let next = at + abi.RECORD_HEADER_BYTES;
    this.#bytes.set(path, next);
    this.#bytes.set(link, next + path.length);
    const filling = next + path.length + link.length;
    next = filling + content + sha256 + sha512;
    for (const { key, value } of xattrs) {
      view.setUint16(next - at, key.length, true);
      view.setUint16(next - at + 2, value.length, true);
      this.#bytes.set(key, next + 4);
      this.#bytes.set(value, next + 4 + key.length);
      next += 4 + key.length + value.length;
    }
    this.entries++;
    this.contentBytes += Number(size);
    return filling;
  }

  /**
   * Gives an entry its content or its digests.
   *
   * @param at what `add` returned
   * @param size bytes of the content, as they were when it was added
   * @param filling FILLING_BYTES: the content of a small file, else the digests
   */
  fill(at: number, size: number, filling: Uint8Array): void {
    if (size <= abi.LAYER_INLINE_MAX_BYTES) {
      this.#bytes.set(filling.subarray(0, size), at);
      return;
    }
    const hasSha256 = this.#hashes.includes("sha256");
    if (hasSha256) this.#bytes.set(filling.subarray(0, FILLING_SHA512_OFFSET), at);
    if (!this.#hashes.includes("sha512")) return;
    this.#bytes.set(filling.subarray(FILLING_SHA512_OFFSET), at + (hasSha256 ? FILLING_SHA512_OFFSET : 0));
  }

  /** All records. */
  end(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room for a record. @returns where it begins */
  #grow(bytes: number): number {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }

  #tooLong(path: Uint8Array, size: bigint): ComposefsError {
    const whole = wholePath(this.#root, path);
    const limit = abi.EXTERNAL_MAX_BYTES;
    const message = `${showPath(whole)} has ${size} bytes, at most ${limit} are allowed`;
    return new ComposefsError("DIRECTORY_FILE_TOO_LONG", message, { path: whole.toString(), actual: size, limit });
  }
}
