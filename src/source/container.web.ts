/**
 * Container images from files that a page was given.
 */

import { openArchive } from "./archive.ts";
import {
  type Archive,
  type ArchiveKind,
  type BlobPlace,
  bareLayer,
  type Compression,
  type ContainerImage,
  type FileTable,
} from "./container.ts";
import type { Reading } from "./document.ts";
import { HOST, type Host } from "./host.ts";
import { blobError } from "./host.web.ts";
import { inflate, limited } from "./inflate.ts";
import { type SourceLimits, sourceLimits } from "./limits.ts";
import { compressionOf } from "./media-types.ts";
import { openOci } from "./oci.ts";
import { parsePlatform } from "./platform.ts";
import { quote } from "./quote.ts";

/** Bytes of a part that is handed over to the browser, which may keep it on disk. */
const PART_BYTES = 8 * 1024 * 1024;

export interface OpenBlobOptions {
  /** What the file has to be; by default whatever its content says. */
  kind?: ArchiveKind | undefined;
  /** For people; by default the name of a File. */
  name?: string | undefined;
  /** A tag of an OCI archive, a name in a docker-save archive. */
  reference?: string | undefined;
  /** os/architecture or os/architecture/variant; needed when there are images for several. Never guessed. */
  platform?: string | undefined;
  limits?: Partial<SourceLimits> | undefined;
  /** Ends the opening: the promise is rejected with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Opens a container image in a file: an OCI archive, a docker-save archive or a layer, plain or compressed. Reads and
 * checks its documents, and finds its layers, which `openLayer` reads. A compressed archive is decompressed into a Blob.
 *
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST, BLOB_GZIP, BLOB_ZSTD, BLOB_LIMIT
 * @throws {TypeError | RangeError} for an option that is none
 */
export async function openContainerBlob(
  file: Blob,
  options: OpenBlobOptions = {},
  host: Host = HOST,
): Promise<ContainerImage> {
  const { kind = null, reference = null, signal } = options;
  const name = options.name ?? (file as Partial<File>).name ?? "the file";
  const platform = options.platform === undefined ? null : parsePlatform(options.platform);
  const reading: Reading = { limits: sourceLimits(options.limits), signal, host };
  const archive = new BlobArchive(name, file);
  const compression = compressionOf(await archive.read(0, 4));
  if (kind === "tar" && compression !== "none") return bareLayer(name, { kind: "blob", blob: file }, compression);
  const plain = compression === "none" ? file : await decompressed(file, compression, name, reading);
  return openArchive(new BlobArchive(name, plain), kind, { reference, platform }, reading);
}

/**
 * Opens an image in an OCI layout whose files a page was given.
 *
 * @param name of the directory, for people
 * @param files by their paths below the directory: `index.json`
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST
 * @throws {RangeError} for a platform that is none
 */
export async function openContainerFiles(
  name: string,
  files: ReadonlyMap<string, Blob>,
  options: Omit<OpenBlobOptions, "kind" | "name"> = {},
  host: Host = HOST,
): Promise<ContainerImage> {
  const { reference = null, signal } = options;
  const platform = options.platform === undefined ? null : parsePlatform(options.platform);
  const reading: Reading = { limits: sourceLimits(options.limits), signal, host };
  const table: FileTable = {
    name,
    async find(path) {
      const blob = files.get(path);
      return blob === undefined ? null : { kind: "blob", blob };
    },
  };
  return openOci(table, "oci", { reference, platform }, reading);
}

async function decompressed(
  file: Blob,
  compression: Exclude<Compression, "none">,
  name: string,
  { host, limits, signal }: Reading,
): Promise<Blob> {
  const open = () => host.readPlace({ kind: "blob", blob: file }, signal);
  const inflated = inflate({ compression, open, where: quote(name), limits }, host);
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of limited(inflated, quote(name), file.size, limits, "spoolBytes")) {
    chunks.push(chunk as Uint8Array<ArrayBuffer>);
    bytes += chunk.length;
    if (bytes < PART_BYTES) continue;
    parts.push(new Blob(chunks));
    chunks = [];
    bytes = 0;
  }
  return new Blob([...parts, ...chunks]);
}

/** A Blob as an archive. */
class BlobArchive implements Archive {
  readonly name: string;
  readonly #blob: Blob;

  constructor(name: string, blob: Blob) {
    this.name = name;
    this.#blob = blob;
  }

  get size(): number {
    return this.#blob.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    try {
      return new Uint8Array(await this.#blob.slice(offset, offset + length).arrayBuffer());
    } catch (cause) {
      throw blobError(cause);
    }
  }

  place(offset: number, length: number): BlobPlace {
    return { kind: "blob", blob: this.#blob.slice(offset, offset + length) };
  }
}
