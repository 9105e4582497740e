/**
 * A file below a directory, read only as long as it is what it was when the directory was scanned.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { changedEntry, entryError, withSystemPath } from "./directory-path.node.ts";
import { type FileIdentity, identityOf } from "./directory-scan.node.ts";

/** Bytes read at a time where the caller has no window of its own. */
const CHUNK_BYTES = 1 << 18;

/** Does not wait for the other end of what is a named pipe by now, nor follow what is a symbolic link by now. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** An open file. Whoever opens it closes it; what was read counts only when `check` found nothing. */
export class DirectoryFile {
  readonly fd: number;
  readonly #root: Uint8Array;
  readonly #path: Uint8Array;
  readonly #identity: FileIdentity;

  /**
   * @param root the directory @param path below it @param identity what the file was
   * @throws {ComposefsError} IO_OPEN; IO_CHANGED when it is not there or another one by now
   */
  constructor(root: Uint8Array, path: Uint8Array, identity: FileIdentity) {
    this.#root = root;
    this.#path = path;
    this.#identity = identity;
    try {
      this.fd = withSystemPath(root, path, (file) => openSync(file, FLAGS));
    } catch (cause) {
      throw entryError("IO_OPEN", root, path, cause);
    }
    try {
      this.check();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Fills the beginning of `target` from `position` on, in bytes. @returns bytes read, 0 at the end @throws {ComposefsError} IO_READ */
  read(target: Uint8Array, position: number | null): number {
    try {
      return readSync(this.fd, target, 0, target.length, position);
    } catch (cause) {
      throw entryError("IO_READ", this.#root, this.#path, cause);
    }
  }

  /** Fills all of `target` from `position` on. @throws {ComposefsError} IO_READ; IO_CHANGED when the file ends before */
  fill(target: Uint8Array, position: number): void {
    for (let filled = 0; filled < target.length; ) {
      const length = this.read(target.subarray(filled), position + filled);
      if (length === 0) throw changedEntry(this.#root, this.#path);
      filled += length;
    }
  }

  /** Whether it still is what it was. @throws {ComposefsError} IO_CHANGED */
  check(): void {
    const stat = fstatSync(this.fd, { bigint: true });
    const { dev, ino, size, mtime } = identityOf(stat);
    const was = this.#identity;
    const isSame = dev === was.dev && ino === was.ino && size === was.size && mtime === was.mtime;
    if (!isSame || !stat.isFile()) throw changedEntry(this.#root, this.#path);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/**
 * Reads a file below a directory in pieces, whatever became of it since: the caller knows its digest.
 *
 * @param size bytes that are read
 * @throws {ComposefsError} while it is iterated over: IO_OPEN, IO_READ; IO_CHANGED when it is shorter, or no file
 */
export async function* readEntryContent(
  root: Uint8Array,
  path: Uint8Array,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let fd: number;
  try {
    fd = withSystemPath(root, path, (file) => openSync(file, FLAGS));
  } catch (cause) {
    throw entryError("IO_OPEN", root, path, cause);
  }
  try {
    if (!fstatSync(fd).isFile()) throw changedEntry(root, path);
    for (let at = 0; at < size; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - at));
      const length = readSync(fd, chunk, 0, chunk.length, at);
      if (length === 0) throw changedEntry(root, path);
      yield chunk.subarray(0, length);
      at += length;
    }
  } catch (cause) {
    throw entryError("IO_READ", root, path, cause);
  } finally {
    closeSync(fd);
  }
}
