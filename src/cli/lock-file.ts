/**
 * Lock files on the disk: read, and written whole or not at all.
 */

import { readFileSync, statSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { OutputFile } from "../image/output.node.ts";
import { formatLockfile, LOCKFILE_BYTES_MAX, type Lockfile, parseLockfile } from "../lock/lockfile.ts";
import { ioError, quote, type SystemError } from "../source/files.node.ts";
import { writePieces } from "./common.ts";

/** A lock file as it stands on the disk. */
export interface StoredLockfile {
  lockfile: Lockfile;
  text: string;
}

/** Reads a lock file. @throws {ComposefsError} IO_OPEN, LOCK_* */
export function readLockfile(path: string): StoredLockfile {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > LOCKFILE_BYTES_MAX) {
      const message = `${quote(path)}: ${size} bytes, at most ${LOCKFILE_BYTES_MAX} are read`;
      throw new ComposefsError("LOCK_LIMIT", message, { actual: size, limit: LOCKFILE_BYTES_MAX });
    }
    bytes = readFileSync(path);
  } catch (cause) {
    throw cause instanceof ComposefsError ? cause : ioError("IO_OPEN", path, cause);
  }
  return { lockfile: parseLockfile(bytes, path), text: bytes.toString() };
}

/** The same; undefined when there is no such file. */
export function findLockfile(path: string): StoredLockfile | undefined {
  try {
    return readLockfile(path);
  } catch (error) {
    const cause = error instanceof ComposefsError ? (error.cause as SystemError | undefined) : undefined;
    if (cause?.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a lock file, which appears when it is complete. @throws {ComposefsError} IO_* */
export function writeLockfile(path: string, lockfile: Lockfile): Promise<void> {
  return writeText(path, formatLockfile(lockfile));
}

/** Writes a file of text, which appears when it is complete. @throws {ComposefsError} IO_* */
export async function writeText(path: string, text: string): Promise<void> {
  const pieces: Uint8Array[] = [Buffer.from(text)];
  await writePieces(() => pieces.shift() ?? new Uint8Array(0), new OutputFile(path), {});
}
