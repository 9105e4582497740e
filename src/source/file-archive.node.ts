/**
 * Images on disk: an outer archive in a file, a layout in a directory.
 */

import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { ComposefsError } from "../error.ts";
import type { Archive, BlobPlace, FileTable } from "./container.ts";
import { ioError, quote, type SystemError } from "./files.node.ts";

/** A layout in a directory. Symbolic links in it are followed as anywhere: it is the user's own. Nothing is written. */
export class DirectoryFiles implements FileTable {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** @param path made of fixed names and of digests that have been checked */
  async find(path: string): Promise<BlobPlace | null> {
    const file = join(this.name, path);
    try {
      const stats = await stat(file);
      // A FIFO would be waited for, and a device has no size.
      if (!stats.isFile())
        throw new ComposefsError("SOURCE_FILE", `${quote(file)}: not a regular file`, { path: file });
      return { kind: "file", path: file, offset: 0, length: stats.size };
    } catch (cause) {
      const { code } = cause as SystemError;
      if (cause instanceof ComposefsError) throw cause;
      if (code === "ENOENT" || code === "ENOTDIR") return null;
      throw ioError("IO_OPEN", file, cause);
    }
  }
}

/** A file as an archive. */
export class FileArchive implements Archive {
  readonly name: string;
  readonly size: number;
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, name: string, size: number, handle: FileHandle) {
    this.#path = path;
    this.name = name;
    this.size = size;
    this.#handle = handle;
  }

  static async open(path: string, name: string, size: number): Promise<FileArchive> {
    try {
      return new FileArchive(path, name, size, await open(path, "r"));
    } catch (cause) {
      throw ioError("IO_OPEN", path, cause);
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#readAt(bytes, filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async #readAt(bytes: Uint8Array, start: number, position: number) {
    try {
      return await this.#handle.read(bytes, start, bytes.length - start, position);
    } catch (cause) {
      throw ioError("IO_READ", this.#path, cause);
    }
  }

  place(offset: number, length: number): BlobPlace {
    return { kind: "file", path: this.#path, offset, length };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
