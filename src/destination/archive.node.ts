/**
 * An OCI archive: a tar of an OCI layout. One that is there is written anew with what is added, under a temporary name: its
 * members but index.json are taken over byte for byte, then come new blobs, then index.json.
 */

import { once } from "node:events";
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { type Pack, pack } from "tar-stream";
import { ComposefsError } from "../error.ts";
import { OutputFile } from "../image/output.node.ts";
import { type ArchiveFiles, kindError, readArchive } from "../source/archive.ts";
import { placeLength } from "../source/container.ts";
import { blobPath, type Reading, readFile } from "../source/document.ts";
import { FileArchive } from "../source/file-archive.node.ts";
import { ioError, quote } from "../source/files.node.ts";
import { HOST } from "../source/host.ts";
import { sourceLimits } from "../source/limits.ts";
import { compressionOf } from "../source/media-types.ts";
import { LAYOUT_FILE } from "../source/oci.ts";
import type { NewBlob } from "./destination.ts";
import type { LayoutStore } from "./layout.ts";

const COPY_BYTES = 1 << 20;
/** Members begin at multiples of this: POSIX pax, "ustar Interchange Format". */
const BLOCK_BYTES = 512;
/** So that an archive depends on what is in it alone. */
const MEMBER = { mode: 0o644, mtime: new Date(0), type: "file" } as const;

/** An OCI archive in a file. */
export class ArchiveStore implements LayoutStore {
  readonly name: string;
  readonly #before: ArchiveFiles | null;
  readonly #output: OutputFile;
  readonly #written = new Set<string>();
  #tar: { pack: Pack; drained: Promise<void> } | undefined;

  private constructor(path: string, before: ArchiveFiles | null) {
    this.name = path;
    this.#before = before;
    this.#output = new OutputFile(path);
  }

  /** @throws {ComposefsError} SOURCE_KIND for a file that is no OCI archive, or a compressed one; SOURCE_*, IO_* */
  static async open(path: string): Promise<ArchiveStore> {
    if (!existsSync(path) || statSync(path).size === 0) return new ArchiveStore(path, null);
    const archive = await FileArchive.open(path, path, statSync(path).size);
    try {
      if (compressionOf(await archive.read(0, 4)) !== "none") {
        const what = "the archive is compressed, and can be written to when it is unpacked";
        throw new ComposefsError("SOURCE_KIND", `${quote(path)}: ${what}`, { path });
      }
      const [kind, files] = await readArchive(archive, null, READING);
      if (kind !== "oci-archive") throw kindError(path, "oci-archive");
      return new ArchiveStore(path, files);
    } finally {
      await archive.close();
    }
  }

  async hasBlob(digest: string, size: number): Promise<boolean> {
    if (this.#written.has(digest)) return true;
    const place = await this.#before?.find(blobPath(digest));
    return place !== undefined && place !== null && placeLength(place) === size;
  }

  async writeBlob({ digest, size, open }: NewBlob): Promise<void> {
    await this.#add(blobPath(digest), size, open());
    this.#written.add(digest);
  }

  async readIndex(): Promise<Uint8Array | null> {
    return this.#before && (await readFile(this.#before, "index.json", READING)).bytes;
  }

  async commit(index: Uint8Array): Promise<void> {
    if (this.#before === null) {
      const layout = new TextEncoder().encode(LAYOUT_FILE);
      await this.#add("oci-layout", layout.length, layout);
    }
    await this.#add("index.json", index.length, index);
    const { pack, drained } = this.#begin();
    pack.finalize();
    await drained;
    this.#output.commit(true);
  }

  discard(): void {
    this.#tar?.pack.destroy(new Error("given up"));
    this.#output.discard();
  }

  async #add(name: string, size: number, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const { pack, drained } = this.#begin();
    let entry: ReturnType<Pack["entry"]> | undefined;
    const finished = new Promise<void>((resolve, reject) => {
      entry = pack.entry({ name, size, ...MEMBER }, (error) => (error ? reject(error) : resolve()));
    });
    // Both are waited for in the end; until then nobody asks why they failed.
    finished.catch(() => {});
    entry!.on("error", () => {});
    const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
    for await (const piece of pieces) {
      // When nobody takes what is written any more, the disk is full: `drained` says so.
      if (!entry!.write(piece)) await Promise.race([once(entry!, "drain"), drained]);
    }
    entry!.end(null);
    await Promise.race([finished, drained]);
  }

  /** The new archive, in which all that was there is already. */
  #begin(): { pack: Pack; drained: Promise<void> } {
    if (this.#tar !== undefined) return this.#tar;
    this.#output.open();
    this.#takeOver();
    const tar = pack();
    const drained = drain(tar, this.#output);
    // It is waited for by whoever adds the next member.
    drained.catch(() => {});
    this.#tar = { pack: tar, drained };
    return this.#tar;
  }

  #takeOver(): void {
    if (this.#before === null) return;
    let fd: number | undefined;
    try {
      fd = openSync(this.name, "r");
      const buffer = new Uint8Array(COPY_BYTES);
      for (const { start, end } of this.#before.rangesWithout("index.json")) {
        for (let at = start; at < end; ) {
          const count = readSync(fd, buffer, 0, Math.min(buffer.length, end - at), at);
          if (count === 0) throw Object.assign(new Error("the file became shorter"), { code: "EIO" });
          this.#output.write(buffer.subarray(0, count));
          at += count;
        }
        // The last member may lack its padding.
        this.#output.write(new Uint8Array((BLOCK_BYTES - ((end - start) % BLOCK_BYTES)) % BLOCK_BYTES));
      }
    } catch (cause) {
      throw cause instanceof ComposefsError ? cause : ioError("IO_READ", this.name, cause);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
}

const READING: Reading = { limits: sourceLimits({}), signal: undefined, host: HOST };

async function drain(tar: Pack, output: OutputFile): Promise<void> {
  for await (const chunk of tar) output.write(chunk as Uint8Array);
}
