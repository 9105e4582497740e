/**
 * Files below a directory: how they are reached, however long their path, and what it means when they are not.
 */

import { closeSync, constants, openSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { type SystemError, systemText } from "../source/files.node.ts";
import { showPath } from "./path.node.ts";

/** PATH_MAX of include/uapi/linux/limits.h: the kernel takes no longer path, the zero at its end included. */
const SYSTEM_PATH_MAX_BYTES = 4096;
const SLASH = 0x2f;

/** What a file that was there a moment ago answers when it is not any more what it was. */
const CHANGED: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ESTALE", "ENODATA"]);

/**
 * Calls `use` with a path of the system for a file below a directory. One that is longer than the kernel takes leads
 * through a descriptor of a directory on the way.
 *
 * @param root the directory
 * @param path below it, without leading slash; empty for the directory itself
 */
export function withSystemPath<T>(root: Uint8Array, path: Uint8Array, use: (path: Buffer) => T): T {
  const whole = wholePath(root, path);
  if (whole.length < SYSTEM_PATH_MAX_BYTES) return use(whole);
  const end = whole.lastIndexOf(SLASH, SYSTEM_PATH_MAX_BYTES - 1);
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const fd = openSync(whole.subarray(0, end), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    return withSystemPath(Buffer.from(`/proc/self/fd/${fd}`), whole.subarray(end + 1), use);
  } finally {
    closeSync(fd);
  }
}

/**
 * The error for a file below a directory that the system refused. One that was there and is not there any more has
 * changed.
 */
export function entryError(
  code: "IO_OPEN" | "IO_READ",
  root: Uint8Array,
  path: Uint8Array,
  cause: unknown,
): ComposefsError {
  if (cause instanceof ComposefsError) return cause;
  const error = cause as SystemError;
  if (path.length > 0 && CHANGED.has(error.code)) return changedEntry(root, path, cause);
  const whole = wholePath(root, path);
  const message = `cannot ${code.slice(3).toLowerCase()} ${showPath(whole)}: ${systemText(error)}`;
  return new ComposefsError(code, message, { path: whole.toString() }, { cause });
}

/** The error for a file below a directory that is not what it was when it was looked at first. */
export function changedEntry(root: Uint8Array, path: Uint8Array, cause?: unknown): ComposefsError {
  const whole = wholePath(root, path);
  return new ComposefsError(
    "IO_CHANGED",
    `${showPath(whole)} changed while the directory was read`,
    { path: whole.toString() },
    { cause },
  );
}

/** `root/path`; neither has a slash where they meet, except the root of all. An empty part adds nothing. */
export function wholePath(root: Uint8Array, path: Uint8Array): Buffer {
  const slash = root.length === 0 || path.length === 0 || root[root.length - 1] === SLASH ? 0 : 1;
  const whole = Buffer.allocUnsafe(root.length + slash + path.length);
  whole.set(root);
  if (slash > 0) whole[root.length] = SLASH;
  whole.set(path, root.length + slash);
  return whole;
}
