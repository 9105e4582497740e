/**
 * The lock of a repository: flock(2) on its directory, as composefs-rs takes it.
 *
 *   shared      who adds objects and images; any number at a time
 *   exclusive   who removes them: nobody is adding then
 *
 * An importer takes objects that are there for granted, so that none may go between its look at them and its reference.
 * The kernel gives the lock back when the process ends, however it does.
 */

import { closeSync, constants, openSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { ComposefsError } from "../error.ts";
import { ioError } from "../source/files.node.ts";
import { type LibcFunction, libcFunction } from "./libc.node.ts";
import { showPath } from "./path.node.ts";
import type { ObjectStore } from "./store.node.ts";

/** Operations of flock(2): LOCK_SH, LOCK_EX, each with LOCK_NB. */
const OPERATIONS = { shared: 1 | 4, exclusive: 2 | 4 } as const;
/** errno of a lock that somebody else has, EWOULDBLOCK, and of a call that a signal ended, EINTR. */
const TAKEN: readonly number[] = [11, 4];
/** Milliseconds between two tries. */
const RETRY_MS = 50;
/** Milliseconds that are waited where nothing else was said: an import of a large image takes some minutes. */
export const LOCK_WAIT_MS = 600_000;

let flock: LibcFunction | undefined;
let syncfs: LibcFunction | undefined;

/** A lock that is held. */
export class StoreLock {
  readonly #fd: number;
  readonly #path: string;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
  }

  /**
   * Waits until all that was written to the file system is on the disk: syncfs(2), one call where fsync(2) would be one
   * for each of thousands of files.
   *
   * @throws {ComposefsError} IO_WRITE
   */
  sync(): void {
    syncfs ??= libcFunction("int syncfs(int fd)");
    const { result, errno } = syncfs(this.#fd);
    if (result >= 0) return;
    const message = `cannot write ${showPath(this.#path)}: syncfs(2) gave errno ${errno}`;
    throw new ComposefsError("IO_WRITE", message, { path: this.#path, actual: errno });
  }

  /** Gives it back. */
  release(): void {
    closeSync(this.#fd);
  }
}

/**
 * Locks a repository.
 *
 * @param waitMs milliseconds after which it is given up
 * @throws {ComposefsError} STORE_BUSY, IO_OPEN, LINUX_PLATFORM, LINUX_KOFFI
 */
export async function lockStore(
  store: ObjectStore,
  kind: keyof typeof OPERATIONS,
  waitMs = LOCK_WAIT_MS,
): Promise<StoreLock> {
  flock ??= libcFunction("int flock(int fd, int operation)");
  const path = store.path.toString();
  let fd: number;
  try {
    fd = openSync(store.path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
  try {
    for (const end = performance.now() + waitMs; ; await setTimeout(RETRY_MS)) {
      const { result, errno } = flock(fd, OPERATIONS[kind]);
      if (result === 0) return new StoreLock(fd, path);
      if (!TAKEN.includes(errno)) throw ioError("IO_OPEN", path, undefined, `flock(2) gave errno ${errno}`);
      if (performance.now() > end) {
        const message = `${showPath(store.path)}: another process has locked the repository; waited ${waitMs} ms`;
        throw new ComposefsError("STORE_BUSY", message, { path, limit: waitMs });
      }
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
