/** An OCI layout in a directory, which is made when it is not there: blobs first, index.json last, each whole or not at all. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { OutputFile } from "../image/output.node.ts";
import { kindError } from "../source/archive.ts";
import { blobPath } from "../source/document.ts";
import { ioError, makeFolders, type SystemError } from "../source/files.node.ts";
import { LAYOUT_FILE } from "../source/oci.ts";
import type { NewBlob } from "./destination.ts";
import type { LayoutStore } from "./layout.ts";

/** A layout in a directory. */
export class DirectoryStore implements LayoutStore {
  readonly name: string;
  /** What is being written: several blobs at a time. */
  readonly #outputs = new Set<OutputFile>();

  /** @throws {ComposefsError} SOURCE_KIND for a directory that holds something else, IO_OPEN */
  constructor(folder: string) {
    this.name = folder;
    try {
      if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, "oci-layout"))) {
        throw kindError(folder, "oci");
      }
    } catch (cause) {
      throw cause instanceof Error && "syscall" in cause ? ioError("IO_OPEN", folder, cause) : cause;
    }
  }

  async hasBlob(digest: string, size: number): Promise<boolean> {
    return statSync(join(this.name, blobPath(digest)), { throwIfNoEntry: false })?.size === size;
  }

  async writeBlob({ digest, open }: NewBlob): Promise<void> {
    await this.#write(blobPath(digest), open());
  }

  async readIndex(): Promise<Uint8Array | null> {
    const path = join(this.name, "index.json");
    try {
      return readFileSync(path);
    } catch (cause) {
      if ((cause as SystemError).code === "ENOENT") return null;
      throw ioError("IO_READ", path, cause);
    }
  }

  async commit(index: Uint8Array): Promise<void> {
    const isNew = !existsSync(join(this.name, "oci-layout"));
    if (isNew) await this.#write("oci-layout", new TextEncoder().encode(LAYOUT_FILE));
    await this.#write("index.json", index);
  }

  discard(): void {
    // Whole blobs that nothing names do no harm, and serve the next try.
    for (const output of this.#outputs) output.discard();
  }

  async #write(name: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const path = join(this.name, name);
    try {
      makeFolders(dirname(path));
    } catch (cause) {
      throw ioError("IO_WRITE", dirname(path), cause);
    }
    const output = new OutputFile(path);
    this.#outputs.add(output);
    try {
      output.open();
      if (bytes instanceof Uint8Array) output.write(bytes);
      else for await (const chunk of bytes) output.write(chunk);
      output.commit(true);
    } finally {
      output.discard();
      this.#outputs.delete(output);
    }
  }
}
