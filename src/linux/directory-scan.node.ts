/**
 * The entries of a directory and of all directories below it, as lstat(2) sees them (oci-to-tree.md 6). Contents are
 * not read.
 *
 * Entries come depth first, a directory before what is in it, names in the order of their bytes: the order in which the
 * file system lists them never shows. Nothing is followed, and mount points are crossed, as the reference tools do.
 */

import { type BigIntStats, constants, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { NAME_MAX_BYTES, PATH_MAX_BYTES, XATTR_BUDGET_BYTES } from "../../assembly/abi.ts";
import { ComposefsError } from "../error.ts";
import { changedEntry, entryError, wholePath, withSystemPath } from "./directory-path.node.ts";
import { showPath } from "./path.node.ts";
import { readXattrs, type Xattr } from "./xattrs.node.ts";

/** Which xattrs are read: all that the caller may see, those that begin with `user.`, none. */
export type XattrChoice = "all" | "user" | "none";

/** What is left out of a directory. By default nothing is. */
export interface ScanOptions {
  xattrs: XattrChoice;
  /** False: character and block devices are left out. */
  devices?: boolean;
  /** False: names of one inode become inodes of their own. */
  hardlinks?: boolean;
}

/** By what a file is known again. */
export interface FileIdentity {
  dev: bigint;
  ino: bigint;
  /** Bytes. */
  size: bigint;
  /** Nanoseconds since 1970. */
  mtime: bigint;
}

/** An entry of a directory. */
export interface DirectoryEntry {
  /** Below the directory, without leading slash; empty for the directory itself. */
  path: Buffer;
  /** st_mode. */
  mode: number;
  uid: number;
  gid: number;
  /** Of devices: st_rdev, of which 32 bits hold all that the kernel has. */
  rdev: number;
  identity: FileIdentity;
  /** Target of a symlink. */
  target?: Buffer;
  /** Path of the entry that came first with the same inode: then all else is that one's. */
  hardlink?: Buffer;
  xattrs: Xattr[];
}

/** The calls of the system; replaced in tests. */
export interface DirectorySystem {
  list(path: Buffer): Buffer[];
  stat(path: Buffer): BigIntStats;
}

const SYSTEM: DirectorySystem = {
  list: (path) => readdirSync(path, { encoding: "buffer" }),
  stat: (path) => lstatSync(path, { bigint: true }),
};

const { S_IFMT, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK } = constants;
const USER_PREFIX = Buffer.from("user.");
/** Of XATTR_BUDGET_BYTES (assembly/abi.ts): of a file with xattrs, and of each of them beside key and value. */
const XATTR_BUDGET_BASE_BYTES = 12;
const XATTR_BUDGET_EACH_BYTES = 7;

export function isDirectory(mode: number): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** A directory whose entries are being given. */
interface Level {
  directory: DirectoryEntry;
  /** In the order of their bytes, the last one first: the next one is taken from the end. */
  names: Buffer[];
}

/**
 * Gives the entries of a directory, itself first.
 *
 * @param root the directory; not a symbolic link to one
 * @throws {ComposefsError} while it is iterated over: IO_OPEN, IO_READ; IO_CHANGED when a directory changed meanwhile, or
 *   an entry went away; DIRECTORY_* for what no tree can hold; LINUX_PLATFORM, LINUX_KOFFI when xattrs cannot be read
 */
export function* scanDirectory(
  root: Uint8Array,
  options: ScanOptions,
  system: DirectorySystem = SYSTEM,
): Generator<DirectoryEntry, void, undefined> {
  const inodes = new Map<bigint, Map<bigint, Buffer>>();
  const top = readEntry(root, Buffer.alloc(0), options, system);
  if (!isDirectory(top.mode)) {
    throw new ComposefsError("SOURCE_KIND", `${showPath(root)} is not a directory`, { path: root.toString() });
  }
  yield top;
  const levels = [openLevel(root, top, system)];
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const { directory, names } = level;
    const name = names.pop();
    if (name === undefined) {
      const { mtime, ino } = identityOf(statOf(root, directory.path, system));
      if (mtime !== directory.identity.mtime || ino !== directory.identity.ino)
        throw changedEntry(root, directory.path);
      levels.pop();
      continue;
    }
    const path = wholePath(directory.path, name);
    checkPath(root, path, name);
    const entry = readEntry(root, path, options, system, inodes);
    if (options.devices === false && isDevice(entry.mode)) continue;
    yield entry;
    if (isDirectory(entry.mode)) levels.push(openLevel(root, entry, system));
  }
}

function openLevel(root: Uint8Array, directory: DirectoryEntry, system: DirectorySystem): Level {
  try {
    const names = withSystemPath(root, directory.path, system.list);
    return { directory, names: names.sort(Buffer.compare).reverse() };
  } catch (cause) {
    throw entryError("IO_OPEN", root, directory.path, cause);
  }
}

function statOf(root: Uint8Array, path: Buffer, system: DirectorySystem): BigIntStats {
  try {
    return withSystemPath(root, path, system.stat);
  } catch (cause) {
    throw entryError("IO_OPEN", root, path, cause);
  }
}

/** @param inodes first paths by device and inode; entries that are not there yet are added */
function readEntry(
  root: Uint8Array,
  path: Buffer,
  { xattrs, hardlinks = true }: ScanOptions,
  system: DirectorySystem,
  inodes?: Map<bigint, Map<bigint, Buffer>>,
): DirectoryEntry {
  const stat = statOf(root, path, system);
  const mode = Number(stat.mode);
  const entry: DirectoryEntry = {
    path,
    mode,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    rdev: isDevice(mode) ? Number(BigInt.asUintN(32, stat.rdev)) : 0,
    identity: identityOf(stat),
    xattrs: [],
  };
  if (hardlinks && inodes !== undefined && !isDirectory(mode)) {
    // Not by the link count: some overlay file systems report it wrongly (oci-to-tree.md 6).
    const first = firstPath(inodes, entry);
    if (first !== undefined) return { ...entry, hardlink: first };
  }
  const isLink = (mode & S_IFMT) === S_IFLNK;
  if (!isLink && xattrs === "none") return entry;
  try {
    withSystemPath(root, path, (file) => {
      if (isLink) entry.target = readlinkSync(file, { encoding: "buffer" });
      if (xattrs !== "none") entry.xattrs = readXattrs(file, xattrs === "all" ? undefined : isUserKey);
    });
  } catch (cause) {
    throw entryError("IO_READ", root, path, cause);
  }
  if (entry.xattrs.length > 0) checkXattrs(root, entry);
  return entry;
}

/** The path at which the inode of an entry came first; undefined when it comes now. */
function firstPath(inodes: Map<bigint, Map<bigint, Buffer>>, { path, identity }: DirectoryEntry): Buffer | undefined {
  const { dev, ino } = identity;
  let device = inodes.get(dev);
  if (device === undefined) {
    device = new Map();
    inodes.set(dev, device);
  }
  const first = device.get(ino);
  if (first === undefined) device.set(ino, path);
  return first;
}

export function identityOf({ dev, ino, size, mtimeNs }: BigIntStats): FileIdentity {
  return { dev, ino, size, mtime: mtimeNs };
}

function isDevice(mode: number): boolean {
  return (mode & S_IFMT) === S_IFCHR || (mode & S_IFMT) === S_IFBLK;
}

function isUserKey(key: Uint8Array): boolean {
  return USER_PREFIX.equals(key.subarray(0, USER_PREFIX.length));
}

function checkPath(root: Uint8Array, path: Buffer, name: Buffer): void {
  const where = () => ({ path: wholePath(root, path).toString() });
  if (path.length >= PATH_MAX_BYTES) {
    const limit = PATH_MAX_BYTES - 1;
    const message = `a path below ${showPath(root)} has ${path.length} bytes, at most ${limit} are allowed`;
    throw new ComposefsError("DIRECTORY_PATH_TOO_LONG", message, { ...where(), actual: path.length, limit });
  }
  if (name.length > NAME_MAX_BYTES) {
    const message = `${showPath(wholePath(root, path))}: a name of ${name.length} bytes, at most ${NAME_MAX_BYTES} are allowed`;
    throw new ComposefsError("DIRECTORY_NAME_TOO_LONG", message, {
      ...where(),
      actual: name.length,
      limit: NAME_MAX_BYTES,
    });
  }
}

function checkXattrs(root: Uint8Array, { path, xattrs }: DirectoryEntry): void {
  let bytes = XATTR_BUDGET_BASE_BYTES;
  for (const { key, value } of xattrs) bytes += XATTR_BUDGET_EACH_BYTES + key.length + value.length;
  if (bytes <= XATTR_BUDGET_BYTES) return;
  const whole = wholePath(root, path);
  const message = `${showPath(whole)}: its xattrs need ${bytes} bytes, at most ${XATTR_BUDGET_BYTES} are allowed`;
  throw new ComposefsError("DIRECTORY_XATTR_BUDGET", message, {
    path: whole.toString(),
    actual: bytes,
    limit: XATTR_BUDGET_BYTES,
  });
}
