/**
 * Reading and writing files, synchronously and straight between the file and the engine's windows.
 *
 * An output file is complete or it is not there: the image goes to a temporary file beside the target, which is
 * renamed when all of it was written. What the renamed file keeps of an older one is what the C tool, which writes in
 * place, would keep: its mode, and its owner where the process may set it. A symbolic link is followed, not replaced.
 * Standard output, devices and pipes are written directly.
 *
 * Paths are paths: that `-` stands for standard input and output is a matter of the commands, which pass null.
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

/** Symbolic links followed before giving up: MAXSYMLINKS of include/linux/namei.h. */
const SYMLINKS_MAX = 40;

/** An error of the operating system, as node:fs throws it. */
export type SystemError = Error & { code: string; syscall?: string };

/** What the C library calls the errors of the operating system. */
const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  EACCES: "Permission denied",
  EDQUOT: "Disk quota exceeded",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
  ETXTBSY: "Text file busy",
};

/** A file that is read from its beginning to its end. */
export class InputFile {
  readonly fd: number;
  /** Size in bytes when the file was opened; undefined for what is not a regular file. */
  readonly size: number | undefined;
  readonly #path: string | null;

  /** @param path a file; null for standard input @throws {ComposefsError} IO_OPEN */
  constructor(path: string | null) {
    this.#path = path;
    try {
      this.fd = path === null ? 0 : openSync(path, "r");
      const stats = fstatSync(this.fd);
      this.size = stats.isFile() ? stats.size : undefined;
    } catch (cause) {
      throw ioError("IO_OPEN", path, cause);
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
        if (code !== "EAGAIN") throw ioError("IO_READ", this.#path, cause);
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
  readonly #path: string | null;
  readonly #target: string;
  readonly #before: Stats | undefined;
  #fd: number | undefined;
  #temporary: string | undefined;

  /**
   * Looks at the target, so that a hopeless job ends before it begins; creates nothing yet.
   *
   * @param path a file; null for standard output
   * @throws {ComposefsError} IO_OPEN
   */
  constructor(path: string | null) {
    this.#path = path;
    this.#target = "";
    if (path === null) return;
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
      throw ioError("IO_OPEN", path, cause);
    }
  }

  /** Opens the file, under its temporary name where it has one. @throws {ComposefsError} IO_OPEN */
  open(): void {
    try {
      if (this.#path === null) {
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
      throw ioError("IO_OPEN", this.#path, cause);
    }
  }

  /** True when the file is written under a temporary name, which an interruption would leave behind. */
  get hasTemporaryName(): boolean {
    return this.#path !== null && (this.#before === undefined || this.#before.isFile());
  }

  /** Writes all of `bytes`. @throws {ComposefsError} IO_WRITE */
  write(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd!, bytes);
    } catch (cause) {
      throw ioError("IO_WRITE", this.#path, cause);
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
      throw ioError("IO_WRITE", this.#path, cause);
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

/** The error for a file that the operating system refused; a path of null means standard input or output. */
export function ioError(
  code: "IO_OPEN" | "IO_READ" | "IO_WRITE",
  path: string | null,
  cause: unknown,
  reason = systemText(cause as SystemError),
): ComposefsError {
  const name = path === null ? `standard ${code === "IO_WRITE" ? "output" : "input"}` : quote(path);
  return new ComposefsError(
    code,
    `cannot ${code.slice(3).toLowerCase()} ${name}: ${reason}`,
    { path: path ?? "-" },
    { cause },
  );
}

/** Why the operating system refused, in a few words. Node's own say the path once more. */
export function systemText(error: SystemError): string {
  return SYSTEM_TEXTS[error.code] ?? error.message.replace(/^[A-Z0-9]+: |, \w+( '.*)?$/gs, "");
}

/** A file name in quotes, with escapes as in JSON: nothing in it can steer a terminal. */
export function quote(name: string): string {
  return JSON.stringify(name).replace(/[\x7f-\x9f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
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
