/**
 * The file that an image is written to.
 *
 * It is complete or it is not there: the image goes to a temporary file beside the target, which is renamed when all of
 * it was written. What the renamed file keeps of an older one is what the C tool, which writes in place, would keep: its
 * mode, and its owner where the process may set it. A symbolic link is followed, not replaced. Standard output, devices
 * and pipes are written directly.
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
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ioError, writeAll } from "../source/files.node.ts";

/** Symbolic links followed before giving up: MAXSYMLINKS of include/linux/namei.h. */
const SYMLINKS_MAX = 40;

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
