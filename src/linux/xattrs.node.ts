/**
 * Extended attributes of files, as bytes: llistxattr(2) and lgetxattr(2), which Node has no function for.
 */

import { getSystemErrorMap } from "node:util";
import type { SystemError } from "../source/files.node.ts";
import { type LibcFunction, libcFunction } from "./libc.node.ts";

/** An extended attribute; its key is no text but bytes other than zero. */
export interface Xattr {
  key: Uint8Array;
  value: Uint8Array;
}

/** XATTR_LIST_MAX and XATTR_SIZE_MAX of include/uapi/linux/limits.h: no list and no value is longer. */
const ROOM_BYTES = 65536;

/** errno(3) ENOTSUP: a file system without xattrs. The number is the same on all architectures of libc.node.ts. */
const ENOTSUP = 95;

let calls: { list: LibcFunction; get: LibcFunction } | undefined;
const room = Buffer.alloc(ROOM_BYTES);

function loadCalls() {
  calls ??= {
    list: libcFunction("long llistxattr(const void *path, void *list, size_t size)"),
    get: libcFunction("long lgetxattr(const void *path, const void *name, void *value, size_t size)"),
  };
  return calls;
}

/**
 * Loads what {@link readXattrs} needs.
 *
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI
 */
export function requireXattrs(): void {
  loadCalls();
}

/**
 * Reads the xattrs of a file that the caller may see. A symbolic link is not followed.
 *
 * @param path without zero bytes
 * @param isWanted by key; the values of others are not read
 * @returns in the order of the file system, which means nothing
 * @throws {SystemError} what the kernel refuses: ENODATA when one is gone since it was listed
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_KOFFI
 */
export function readXattrs(path: Uint8Array, isWanted: (key: Uint8Array) => boolean = () => true): Xattr[] {
  const { list, get } = loadCalls();
  const file = terminated(path);
  const listed = list(file, room, ROOM_BYTES);
  if (listed.result <= 0) {
    if (listed.result === 0 || listed.errno === ENOTSUP) return [];
    throw systemError("llistxattr", listed.errno);
  }
  const found: Xattr[] = [];
  for (const key of keysOf(Buffer.from(room.subarray(0, listed.result)))) {
    if (!isWanted(key)) continue;
    const { result, errno } = get(file, terminated(key), room, ROOM_BYTES);
    if (result < 0) throw systemError("lgetxattr", errno);
    found.push({ key, value: Buffer.from(room.subarray(0, result)) });
  }
  return found;
}

/** Keys, each with a zero byte behind it. */
function* keysOf(list: Buffer): Generator<Buffer, void, undefined> {
  for (let start = 0; start < list.length; ) {
    const end = list.indexOf(0, start);
    yield list.subarray(start, end);
    start = end + 1;
  }
}

function terminated(bytes: Uint8Array): Buffer {
  const text = Buffer.alloc(bytes.length + 1);
  text.set(bytes);
  return text;
}

/** In the form of node:fs. */
function systemError(syscall: string, errno: number): SystemError {
  const [code, message] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, "unknown error"];
  return Object.assign(new Error(`${code}: ${message}, ${syscall}`), { code, syscall });
}
