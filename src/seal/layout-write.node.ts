/**
 * Writes into an OCI layout in a directory: blobs first, index.json last, each whole or not at all.
 */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ComposefsError } from "../error.ts";
import { OutputFile } from "../image/output.node.ts";
import { ioError } from "../source/files.node.ts";
import { parseJson } from "../source/json.ts";
import { type BlobDescriptor, sha256 } from "./artifact.ts";
import { appendElement, setMembers } from "./json-edit.ts";

const INDEX = "index.json";

/** A layout that is written to. */
export class LayoutWriter {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a blob, unless it is there. @throws {ComposefsError} IO_WRITE */
  async putBlob(bytes: Uint8Array): Promise<{ digest: string; size: number }> {
    const digest = await sha256(bytes);
    const path = this.#blobPath(digest);
    if (statSync(path, { throwIfNoEntry: false })?.size !== bytes.length) this.#write(path, bytes);
    return { digest, size: bytes.length };
  }

  /** Adds a manifest to index.json, unless it is listed. @throws {ComposefsError} IO_*, SOURCE_JSON */
  addManifest(descriptor: BlobDescriptor): void {
    const index = this.#read(INDEX);
    if (entriesOf(index).some(({ digest }) => digest === descriptor.digest)) return;
    this.#write(join(this.#folder, INDEX), appendElement(index, ["manifests"], JSON.stringify(descriptor)));
  }

  /**
   * Puts a manifest in the place of another one: in index.json, and in the indexes that it names.
   *
   * @param before digest of the one that goes
   * @throws {ComposefsError} IO_*, SOURCE_JSON, SOURCE_MISSING when no index names it
   */
  async replaceManifest(before: string, after: { digest: string; size: number }): Promise<void> {
    const index = this.#read(INDEX);
    const replaced = new Map([[before, after]]);
    for (const { digest, mediaType } of entriesOf(index)) {
      if (!/index|list/.test(mediaType)) continue;
      const nested = this.#read(this.#blobName(digest));
      const edited = replaceIn(nested, new Map([[before, after]]));
      if (edited !== nested) replaced.set(digest, await this.putBlob(edited));
    }
    const edited = replaceIn(index, replaced);
    if (edited === index) throw new ComposefsError("SOURCE_MISSING", `no index names the manifest ${before}`);
    this.#write(join(this.#folder, INDEX), edited);
  }

  #blobName(digest: string): string {
    return `blobs/${digest.replace(":", "/")}`;
  }

  #blobPath(digest: string): string {
    return join(this.#folder, this.#blobName(digest));
  }

  #read(name: string): Uint8Array {
    const path = join(this.#folder, name);
    try {
      return readFileSync(path);
    } catch (cause) {
      throw ioError("IO_READ", path, cause);
    }
  }

  #write(path: string, bytes: Uint8Array): void {
    const output = new OutputFile(path);
    try {
      output.open();
      output.write(bytes);
      output.commit(true);
    } finally {
      output.discard();
    }
  }
}

function entriesOf(index: Uint8Array): Array<{ digest: string; mediaType: string }> {
  const nodes = parseJson(index, INDEX).field("manifests").items();
  return nodes.map((node) => ({ digest: node.field("digest").digest(), mediaType: node.field("mediaType").text() }));
}

/** The same bytes when nothing is replaced. */
function replaceIn(index: Uint8Array, replaced: ReadonlyMap<string, { digest: string; size: number }>): Uint8Array {
  const edits = entriesOf(index).flatMap(({ digest }, i) => {
    const after = replaced.get(digest);
    if (after === undefined) return [];
    const path = ["manifests", i];
    return [
      { path, name: "digest", json: JSON.stringify(after.digest) },
      { path, name: "size", json: String(after.size) },
    ];
  });
  return edits.length === 0 ? index : setMembers(index, edits);
}
