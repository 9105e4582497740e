/**
 * Temporary files for what can be read only once, or only from its beginning: standard input, and outer archives that
 * are compressed.
 *
 * Each lies in a directory of its own, which only the user can enter, below the temporary directory of the system
 * (`TMPDIR`). It is removed when it is closed, when the process exits, and on SIGINT, SIGTERM and SIGHUP: the process then
 * ends as the signal would have ended it. Where the program has handlers of its own for a signal, it decides, and the file
 * goes when it exits. Only `kill -9` leaves the file behind, `composefs-…/archive`.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ioError } from "./files.node.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Directories of all files that have not been removed. */
const directories = new Set<string>();

/** A temporary file. */
export class SpoolFile {
  readonly path: string;
  /** Bytes. */
  size = 0;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "archive");
  }

  /**
   * Writes all of `chunks` to a new file.
   *
   * @param folder where; by default the temporary directory of the system
   * @throws {ComposefsError} IO_WRITE, and what `chunks` gives; there is no file then
   */
  static async of(chunks: AsyncIterable<Uint8Array>, folder: string = tmpdir()): Promise<SpoolFile> {
    const file = new SpoolFile(makeDirectory(folder));
    try {
      await file.#write(chunks);
      return file;
    } catch (error) {
      file.remove();
      throw error;
    }
  }

  async #write(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let handle: FileHandle | undefined;
    try {
      handle = await this.#guarded(() => open(this.path, "wx", 0o600));
      for await (const chunk of chunks) {
        this.size += chunk.length;
        await this.#guarded(() => handle!.writeFile(chunk));
      }
    } finally {
      await handle?.close();
    }
  }

  async #guarded<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (cause) {
      throw ioError("IO_WRITE", this.path, cause);
    }
  }

  /** Removes the file; for the second time, does nothing. */
  remove(): void {
    if (!directories.delete(this.#directory)) return;
    if (directories.size === 0) release();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function makeDirectory(folder: string): string {
  // The guard comes first: a signal between the two would leave the directory behind.
  if (directories.size === 0) guard();
  try {
    const directory = mkdtempSync(join(folder, "composefs-"));
    directories.add(directory);
    return directory;
  } catch (cause) {
    if (directories.size === 0) release();
    throw ioError("IO_WRITE", folder, cause);
  }
}

function guard(): void {
  process.on("exit", removeAll);
  for (const signal of SIGNALS) process.on(signal, handle);
}

function release(): void {
  process.off("exit", removeAll);
  for (const signal of SIGNALS) process.off(signal, handle);
}

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  directories.clear();
}

function handle(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  release();
  process.kill(process.pid, signal);
}
