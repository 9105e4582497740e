/**
 * Reading and writing files, synchronously and straight between the file and the engine's windows.
 *
 * An output file is complete or it is not there: the image goes to a temporary file beside the target, which is
 * renamed when all of it was written. What the renamed file keeps of an older one is what the C tool, which writes in
 * place, would keep: its mode, and its owner where the process may set it. A symbolic link is followed, not replaced.
 * Standard output, devices and pipes are written directly.
 */

import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ComposefsError } from "../error.ts";

/** The name by which commands call standard input and output. */
export const STANDARD_STREAM = "-";
/** Symbolic links followed before giving up: MAXSYMLINKS of include/linux/namei.h. */
const SYMLINKS_MAX = 40;

/** An error of the operating system, as node:fs throws it. */
export type SystemError = Error & { code: string };

/** A file that is read from its beginning to its end. */
export class InputFile {
  readonly fd: number;
  /** Size in bytes when the file was opened; undefined for what is not a regular file. */
  readonly size: number | undefined;
  readonly #path: string;

  /** @param path a file, or `-` for standard input @throws {ComposefsError} IO_OPEN */
  constructor(path: string) {
    this.#path = path;
    try {
      this.fd = path === STANDARD_STREAM ? 0 : openSync(path, "r");
      const stats = fstatSync(this.fd);
      this.size = stats.isFile() ? stats.size : undefined;
    } catch (cause) {
      throw ioError("IO_OPEN", "open", path, cause);
    }
  }

  /**
   * Fills the beginning of `target`.
   *
   * @param position offset in the file in bytes; null reads on from where the last read ended
   * @returns bytes read, 0 at the end
   * @throws {ComposefsError} IO_READ
   */
  read(target: Uint8Array, position: number | null = null): number {
    while (true) {
      try {
        return readSync(this.fd, target, 0, target.length, position);
      } catch (cause) {
        const { code } = cause as SystemError;
        if (code === "EOF") return 0;
        if (code !== "EAGAIN") throw ioError("IO_READ", "read", this.#path, cause);
        pause();
      }
    }
  }

  close(): void {
    if (this.fd !== 0) closeSync(this.fd);
  }
}

/** Where an image goes. */
export class OutputFile {
  readonly #path: string;
  readonly #target: string;
  readonly #before: Stats | undefined;
  #fd: number | undefined;
  #temporary: string | undefined;

  /**
   * Looks at the target, so that a hopeless job ends before it begins; creates nothing yet.
   *
   * @param path a file, or `-` for standard output
   * @throws {ComposefsError} IO_OPEN
   */
  constructor(path: string) {
    this.#path = path;
    this.#target = "";
    if (path === STANDARD_STREAM) return;
    try {
      // What cannot be a file fails here, in the operating system's own words.
      if (path === "" || path.endsWith("/")) closeSync(openSync(path, "w"));
      this.#target = followLinks(path);
      this.#before = statSync(this.#target, { throwIfNoEntry: false });
      if (this.#before?.isDirectory()) closeSync(openSync(this.#target, "w"));
      if (this.#before !== undefined) accessSync(this.#target, constants.W_OK);
      if (this.#before === undefined || this.#before.isFile()) {
        accessSync(dirname(this.#target), constants.W_OK | constants.X_OK);
      }
    } catch (cause) {
      throw ioError("IO_OPEN", "open", path, cause);
    }
  }

  /** Opens the file, under its temporary name where it has one. @throws {ComposefsError} IO_OPEN */
  open(): void {
    try {
      if (this.#path === STANDARD_STREAM) {
        this.#fd = 1;
      } else if (!this.hasTemporaryName) {
        this.#fd = openSync(this.#target, "w");
      } else {
        this.#temporary = join(dirname(this.#target), temporaryName());
        this.#fd = openSync(this.#temporary, "wx", 0o666);
        if (this.#before !== undefined) keepOwnerAndMode(this.#fd, this.#before);
      }
    } catch (cause) {
      this.discard();
      throw ioError("IO_OPEN", "open", this.#path, cause);
    }
  }

  /** True when the file is written under a temporary name, which an interruption would leave behind. */
  get hasTemporaryName(): boolean {
    return this.#path !== STANDARD_STREAM && (this.#before === undefined || this.#before.isFile());
  }

  /** Writes all of `bytes`. @throws {ComposefsError} IO_WRITE */
  write(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd!, bytes);
    } catch (cause) {
      throw ioError("IO_WRITE", "write", this.#path, cause);
    }
  }

  /** Gives the file its name. @param sync wait until it is on the disk @throws {ComposefsError} IO_WRITE */
  commit(sync = false): void {
    try {
      if (this.#fd === undefined) return;
      if (sync) fsyncSync(this.#fd);
      if (this.#fd !== 1) closeSync(this.#fd);
      this.#fd = undefined;
      if (this.#temporary !== undefined) renameSync(this.#temporary, this.#target);
      this.#temporary = undefined;
    } catch (cause) {
      throw ioError("IO_WRITE", "write", this.#path, cause);
    }
  }

  /** Removes what was written so far. Does nothing after `commit`. */
  discard(): void {
    if (this.#temporary !== undefined) {
      try {
        unlinkSync(this.#temporary);
      } catch {
        // Gone already, or not ours to remove any more: nothing that this process could still do.
      }
      this.#temporary = undefined;
    }
    if (this.#fd !== undefined && this.#fd !== 1) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Writes all of `bytes` to a file descriptor that may be a slow pipe. @throws what node:fs throws */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; ) {
    try {
      start += writeSync(fd, bytes, start, bytes.length - start);
    } catch (cause) {
      if ((cause as SystemError).code !== "EAGAIN") throw cause;
      pause();
    }
  }
}

function ioError(code: "IO_OPEN" | "IO_READ" | "IO_WRITE", verb: string, path: string, cause: unknown): ComposefsError {
  const name = path === STANDARD_STREAM ? (code === "IO_WRITE" ? "standard output" : "standard input") : path;
  return new ComposefsError(code, `cannot ${verb} ${name}: ${(cause as Error).message}`, { path }, { cause });
}

/** The path that a chain of symbolic links ends at, whether that exists or not. */
function followLinks(path: string): string {
  let current = resolve(path);
  for (let count = 0; count < SYMLINKS_MAX; count++) {
    if (!lstatSync(current, { throwIfNoEntry: false })?.isSymbolicLink()) return current;
    current = resolve(dirname(current), readlinkSync(current));
  }
  return current;
}

function keepOwnerAndMode(fd: number, before: Stats): void {
  const fresh = fstatSync(fd);
  if (fresh.uid !== before.uid || fresh.gid !== before.gid) {
    try {
      fchownSync(fd, before.uid, before.gid);
    } catch {
      // Only root may give files away; the file is then the caller's own, as any new file is.
    }
  }
  fchmodSync(fd, before.mode & 0o7777);
}

/** Short, whatever the target is called: a name has at most 255 bytes. */
function temporaryName(): string {
  return `.composefs-${process.pid}-${Math.random().toString(36).slice(2, 10)}.tmp`;
}

/** Waits a little, for a pipe that is not ready. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}
