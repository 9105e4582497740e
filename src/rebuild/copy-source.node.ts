/**
 * Copies a source tree for a build.
 *
 * Kept are contents, modes, owners where the process may set them, xattrs where they can be read, symbolic links, hard
 * links, and mtimes to the microsecond: Node takes times as floating-point numbers. Sockets, pipes and devices are not copied, and said to be
 * missing.
 *
 * The copy is written in the order of the names, or in the reversed order, which some file systems show when a directory
 * is listed.
 */

import { createHash, type Hash } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  opendirSync,
  symlinkSync,
} from "node:fs";
import { ComposefsError } from "../error.ts";
import { entryError, withSystemPath } from "../linux/directory-path.node.ts";
import { type DirectoryEntry, scanDirectory } from "../linux/directory-scan.node.ts";
import { libcFunction } from "../linux/libc.node.ts";
import { joinPath, realPath, showPath } from "../linux/path.node.ts";
import { requireXattrs } from "../linux/xattrs.node.ts";
import { type SystemError, systemText } from "../source/files.node.ts";

const { S_IFMT, S_IFDIR, S_IFREG, S_IFLNK, COPYFILE_FICLONE } = constants;
const SLASH = 0x2f;
const PERMISSIONS = 0o7777;
/** Of a directory that is being filled. */
const FILLING_MODE = 0o700;
/** Milliseconds between two looks at signals. */
const TURN_MS = 30;

export interface CopyOptions {
  /** User and group of the copy; null: as in the source, where the process may set them. */
  userId: number | null;
  isReversed: boolean;
  /** Directories that are left out wherever they are in the source: the copies themselves. */
  leftOut: readonly string[];
  signal: AbortSignal;
}

/** A source that was copied. */
export interface CopiedSource {
  /** SHA-256 of names, types, modes, owners, sizes, mtimes and link targets: another one when the source has changed. */
  fingerprint: string;
  /** SHA-256 of the order in which the file system lists the directories of the copy; null when each has one name at most. */
  listing: string | null;
  /** Such as `"run/socket" is a socket`. */
  notCopied: string[];
}

/**
 * Copies a directory.
 *
 * @param source the directory, or a link to it
 * @param target where there is nothing; its parents are made
 * @throws {ComposefsError} IO_OPEN, IO_READ, IO_WRITE, IO_CHANGED, DIRECTORY_*, SOURCE_KIND
 * @throws the reason of the signal, when that comes
 */
export async function copySource(source: string, target: string, options: CopyOptions): Promise<CopiedSource> {
  options.signal.throwIfAborted();
  const root = realPath(source);
  const { entries, note } = listSource(root, options.leftOut);
  const hash = createHash("sha256");
  for (const entry of entries) addToFingerprint(hash, entry);
  const copy = new Copy(root, Buffer.from(target), options, note === null ? [] : [note]);
  mkdirSync(target, { recursive: true, mode: FILLING_MODE });
  let turn = performance.now();
  for (const entry of options.isReversed ? [...entries].reverse() : entries) {
    copy.add(entry);
    if (performance.now() - turn <= TURN_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    options.signal.throwIfAborted();
    turn = performance.now();
  }
  const directories = entries.filter(({ mode }) => (mode & S_IFMT) === S_IFDIR);
  // What is written into a directory changes its mtime.
  for (const entry of [...directories].reverse()) copy.finish(entry);
  return {
    fingerprint: hash.digest("hex"),
    listing: listingOf(Buffer.from(target), directories),
    notCopied: copy.notCopied,
  };
}

/** Entries in the order of their names, a directory before what is in it. */
function listSource(root: Buffer, leftOut: readonly string[]) {
  let note: string | null = null;
  try {
    requireXattrs();
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    note = "xattrs cannot be read here";
  }
  const skipped = new Set(
    leftOut.flatMap((path) => {
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      return stat === undefined ? [] : [`${stat.dev}:${stat.ino}`];
    }),
  );
  const entries: DirectoryEntry[] = [];
  let below: Buffer | null = null;
  for (const entry of scanDirectory(root, { xattrs: note === null ? "all" : "none" })) {
    if (below !== null && entry.path.subarray(0, below.length).equals(below)) continue;
    const { dev, ino } = entry.identity;
    below = skipped.has(`${dev}:${ino}`) ? Buffer.concat([entry.path, Buffer.from("/")]) : null;
    if (below === null) entries.push(entry);
  }
  return { entries, note };
}

function addToFingerprint(hash: Hash, { path, mode, uid, gid, identity, target, hardlink }: DirectoryEntry): void {
  const { size, mtime } = identity;
  // The size and time of a directory change when a build beside it makes a file: its names tell what matters.
  const isDirectory = (mode & S_IFMT) === S_IFDIR;
  const numbers = [mode, uid, gid, ...(isDirectory ? [] : [size, mtime])];
  const parts = [path, target ?? Buffer.alloc(0), hardlink ?? Buffer.alloc(0), Buffer.from(numbers.join(","))];
  for (const part of parts) hash.update(`${part.length}:`).update(part);
}

/** A copy in the making. */
class Copy {
  readonly notCopied: string[];
  readonly #source: Buffer;
  readonly #target: Buffer;
  readonly #options: CopyOptions;
  readonly #made = new Set<string>([""]);
  /** Of inodes with several names: the first one that was copied, by the first one of the source. */
  readonly #links = new Map<string, Buffer>();

  constructor(source: Buffer, target: Buffer, options: CopyOptions, notes: readonly string[]) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.notCopied = [...notes];
  }

  /** Copies an entry; a directory is made, and gets its metadata from `finish`. */
  add(entry: DirectoryEntry): void {
    const { path, mode } = entry;
    if ((mode & S_IFMT) === S_IFDIR) {
      this.#makeDirectory(path);
      return;
    }
    this.#makeDirectory(parentOf(path));
    // By the name that came first in the source: its own, or that of another name of its inode.
    const inode = (entry.hardlink ?? path).toString("latin1");
    const linked = this.#links.get(inode);
    if (linked !== undefined) {
      this.#at(path, (file) => linkSync(joinPath(this.#target, linked), file));
    } else if (this.#make(entry)) {
      this.#links.set(inode, path);
      this.finish(entry);
    }
  }

  /** @returns whether it can be copied */
  #make({ path, mode, target }: DirectoryEntry): boolean {
    switch (mode & S_IFMT) {
      case S_IFLNK:
        this.#at(path, (file) => symlinkSync(target!, file));
        return true;
      case S_IFREG:
        this.#copyFile(path);
        return true;
      default:
        this.notCopied.push(`${showPath(path)} is ${kindOf(mode & S_IFMT)}`);
        return false;
    }
  }

  /** Makes a directory and those on the way to it: in the reversed order what is in one comes first. */
  #makeDirectory(path: Buffer): void {
    const key = path.toString("latin1");
    if (this.#made.has(key)) return;
    this.#makeDirectory(parentOf(path));
    this.#at(path, (file) => mkdirSync(file, { mode: FILLING_MODE }));
    this.#made.add(key);
  }

  #copyFile(path: Buffer): void {
    withSystemPath(this.#source, path, (from) => {
      try {
        withSystemPath(this.#target, path, (to) => copyFileSync(from, to, COPYFILE_FICLONE));
      } catch (cause) {
        const { syscall, code } = cause as SystemError;
        const isFull = syscall === "copyfile" && (code === "ENOSPC" || code === "EDQUOT");
        throw isFull ? this.#writeError(path, cause) : entryError("IO_READ", this.#source, path, cause);
      }
    });
  }

  /** Gives a copy its metadata. */
  finish({ path, mode, uid, gid, identity, xattrs }: DirectoryEntry): void {
    const { userId } = this.#options;
    const isRoot = process.getuid?.() === 0;
    this.#at(path, (file) => {
      if (isRoot) lchownSync(file, userId ?? uid, userId ?? gid);
      for (const { key, value } of xattrs) this.#setXattr(file, path, key, value);
      if ((mode & S_IFMT) !== S_IFLNK) chmodSync(file, mode & PERMISSIONS);
      const seconds = Number(identity.mtime) / 1e9;
      lutimesSync(file, seconds, seconds);
    });
  }

  #setXattr(file: Buffer, path: Buffer, key: Uint8Array, value: Uint8Array): void {
    const name = Buffer.concat([key, Buffer.alloc(1)]);
    if (setXattr()(Buffer.concat([file, Buffer.alloc(1)]), name, value, value.length, 0).result === 0) return;
    this.notCopied.push(`${showPath(key)} of ${showPath(path)} cannot be set`);
  }

  #at(path: Buffer, use: (file: Buffer) => void): void {
    try {
      withSystemPath(this.#target, path, use);
    } catch (cause) {
      throw this.#writeError(path, cause);
    }
  }

  #writeError(path: Buffer, cause: unknown): ComposefsError {
    const reason = systemText(cause as SystemError);
    const message = `cannot copy ${showPath(path.length === 0 ? this.#source : path)}: ${reason}`;
    return new ComposefsError("IO_WRITE", message, { path: path.toString() }, { cause });
  }
}

function parentOf(path: Buffer): Buffer {
  return path.subarray(0, Math.max(path.lastIndexOf(SLASH), 0));
}

let setXattrCall: ReturnType<typeof libcFunction> | undefined;

function setXattr() {
  const prototype = "int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)";
  setXattrCall ??= libcFunction(prototype);
  return setXattrCall;
}

function kindOf(type: number): string {
  if (type === constants.S_IFSOCK) return "a socket";
  return type === constants.S_IFIFO ? "a named pipe" : "a device";
}

/** What the file system shows: readdirSync would sort. */
function listingOf(root: Buffer, directories: readonly DirectoryEntry[]): string | null {
  const hash = createHash("sha256");
  let hasOrder = false;
  for (const { path } of directories) {
    withSystemPath(root, path, (folder) => {
      // The encoding is missing in the types of Node 20: names are bytes then.
      const directory = opendirSync(folder as unknown as string, { encoding: "buffer" as BufferEncoding });
      try {
        let count = 0;
        for (let entry = directory.readSync(); entry !== null; entry = directory.readSync(), count++) {
          const name = entry.name as unknown as Buffer;
          hash.update(`${name.length}:`).update(name);
        }
        hasOrder ||= count > 1;
      } finally {
        directory.closeSync();
      }
    });
    hash.update("/");
  }
  return hasOrder ? hash.digest("hex") : null;
}
