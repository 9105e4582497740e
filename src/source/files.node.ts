/**
 * Files, synchronously and straight between the file and the engine's windows; and the words for what the operating
 * system refuses.
 *
 * Paths are paths: that `-` stands for standard input is a matter of the commands, which pass null.
 */

import { closeSync, fstatSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ComposefsError } from "../error.ts";
import { quote } from "./quote.ts";

export { quote } from "./quote.ts";

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
  /** Bytes that `peek` read and `read` has not handed out. */
  #ahead = new Uint8Array(0);

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
    if (this.#ahead.length > 0 && position === null) {
      const part = this.#ahead.subarray(0, target.length);
      target.set(part);
      this.#ahead = this.#ahead.slice(part.length);
      return part.length;
    }
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

  /** The next bytes, at most `length` and fewer only at the end; `read` hands them out once more. @throws {ComposefsError} IO_READ */
  peek(length: number): Uint8Array {
    const ahead = new Uint8Array(length);
    let filled = 0;
    for (let part = -1; part !== 0 && filled < length; filled += part) part = this.read(ahead.subarray(filled));
    this.#ahead = ahead.slice(0, filled);
    return this.#ahead;
  }

  /** The bytes that `peek` read and `read` has not handed out; who takes them reads on from `fd` by other means. */
  takeAhead(): Uint8Array {
    const ahead = this.#ahead;
    this.#ahead = new Uint8Array(0);
    return ahead;
  }

  close(): void {
    if (this.fd !== 0) closeSync(this.fd);
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

/**
 * Makes a directory, and those above it that are missing. Node's own `recursive` tries for ever where the directory above is
 * there and says ENOENT, as /proc does.
 *
 * @param mode of the directories that are made @throws what node:fs throws
 */
export function makeFolders(path: string, mode = 0o777): void {
  const isFolder = (one: string) => statSync(one, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (isFolder(path)) return;
  if (dirname(path) !== path) makeFolders(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (cause) {
    // Another process may have been faster.
    if ((cause as SystemError).code !== "EEXIST" || !isFolder(path)) throw cause;
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

/** The error for a file that was longer when it was looked at first. */
export function changedError(path: string, wanted: number, actual: number): ComposefsError {
  const what = `${quote(path)} has changed: ${actual} bytes could be read where there were ${wanted}`;
  return new ComposefsError("IO_CHANGED", what, { path, actual, limit: wanted });
}

/** Why the operating system refused, in a few words. Node's own say the path once more. */
export function systemText(error: SystemError): string {
  return SYSTEM_TEXTS[error.code] ?? error.message.replace(/^[A-Z0-9]+: |, \w+( '.*)?$/gs, "");
}

/** Waits a little, for a pipe that is not ready. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}
