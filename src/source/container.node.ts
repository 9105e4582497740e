/**
 * Container images from files, directories and standard input. What an operand means is in operand.node.ts.
 */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { kindError, openArchive, readArchive } from "./archive.ts";
import { chunksOf } from "./bytes.ts";
import {
  type Archive,
  type BlobPlace,
  bareLayer,
  type Compression,
  type ContainerImage,
  type ContainerKind,
  type FileTable,
  type Wanted,
} from "./container.ts";
import type { Reading } from "./document.ts";
import { DirectoryFiles, FileArchive } from "./file-archive.node.ts";
import { InputFile, ioError, type SystemError } from "./files.node.ts";
import { HOST } from "./host.ts";
import { unwrap } from "./inflate.ts";
import { type SourceLimits, sourceLimits } from "./limits.ts";
import { compressionOf } from "./media-types.ts";
import { openOci } from "./oci.ts";
import { parseOperand } from "./operand.node.ts";
import { parsePlatform } from "./platform.ts";
import { SpoolFile } from "./spool.node.ts";

const READ_BYTES = 256 * 1024;
/** Milliseconds between two looks at a pipe that others have set to non-blocking. */
const PIPE_WAIT_MS = 5;

export interface OpenContainerOptions {
  /** os/architecture or os/architecture/variant; needed when there are images for several. Never guessed. */
  platform?: string | undefined;
  limits?: Partial<SourceLimits> | undefined;
  /** Ends the opening: the promise is rejected with its reason. */
  signal?: AbortSignal | undefined;
  /** Where temporary files go; by default the temporary directory of the system. */
  temporaryDirectory?: string | undefined;
}

/** An image whose layers can be read until it is closed. */
export type OpenContainer = ContainerImage & {
  /** Removes the temporary file, if there is one. */
  close(): Promise<void>;
};

/** An OCI layout as a whole, with all that it holds, until it is closed. */
export interface OpenLayout {
  kind: "oci" | "oci-archive" | "registry";
  /** For people. */
  name: string;
  files: FileTable;
  /** The tag by which something in it is meant; null for none, and for what a registry was asked for. */
  reference: string | null;
  close(): Promise<void>;
}

/** What becomes of the files that are found. */
interface Opener<T> {
  layout(files: FileTable, kind: OpenLayout["kind"]): Promise<T>;
  /** @param kind null: by content */
  archive(archive: Archive, kind: "oci-archive" | "docker-archive" | "tar" | null): Promise<T>;
  compressedLayer(name: string, place: BlobPlace, compression: Compression): T;
}

/** What is wanted, and how it is read. */
interface Job<T> {
  kind: ContainerKind | null;
  reading: Reading;
  temporaryDirectory: string | undefined;
  opener: Opener<T>;
}

/**
 * Opens a container image: reads and checks its documents, and finds its layers, which `openLayer` reads.
 *
 * Standard input, and a compressed archive, are first written to a temporary file, decompressed: see spool.node.ts. A
 * compressed layer that is named as one, `tar:FILE`, is read where it is.
 *
 * @param operand see operand.node.ts
 * @param input standard input or a named pipe, where its first bytes have been looked at: they come but once
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST, BLOB_GZIP, BLOB_ZSTD, BLOB_LIMIT, REGISTRY_*, IO_OPEN, IO_READ,
 *   IO_WRITE
 * @throws {TypeError | RangeError} for an option that is none
 */
export async function openContainer(
  operand: string,
  options: OpenContainerOptions = {},
  input?: InputFile,
): Promise<OpenContainer> {
  const { reference } = parseOperand(operand);
  const wanted: Wanted = {
    reference,
    platform: options.platform === undefined ? null : parsePlatform(options.platform),
  };
  const reading = readingOf(options);
  return open(operand, input, options, {
    // A registry was asked for its reference already.
    layout: (files, kind) =>
      openOci(files, kind, kind === "registry" ? { ...wanted, reference: null } : wanted, reading),
    archive: (archive, kind) => openArchive(archive, kind, wanted, reading),
    compressedLayer: bareLayer,
  });
}

/**
 * Opens an OCI layout as a whole: a directory, an archive, or what a reference names in a registry. Chooses nothing in it.
 *
 * @param operand see operand.node.ts
 * @throws {ComposefsError} SOURCE_*, REGISTRY_*, BLOB_*, IO_OPEN, IO_READ, IO_WRITE; SOURCE_KIND for what is no OCI layout
 */
export async function openLayout(operand: string, options: OpenContainerOptions = {}): Promise<OpenLayout> {
  const reading = readingOf(options);
  const opened = await open<Omit<OpenLayout, "close" | "reference">>(operand, undefined, options, {
    layout: async (files, kind) => ({ kind, name: files.name, files }),
    async archive(archive, kind) {
      const [actual, files] = await readArchive(archive, kind, reading);
      if (actual !== "oci-archive") throw kindError(archive.name, "oci-archive");
      return { kind: actual, name: archive.name, files: files! };
    },
    compressedLayer: (name) => {
      throw kindError(name, "oci-archive");
    },
  });
  return { ...opened, reference: parseOperand(operand).reference };
}

function readingOf({ limits, signal }: OpenContainerOptions): Reading {
  return { limits: sourceLimits(limits), signal, host: HOST };
}

async function open<T extends object>(
  operand: string,
  input: InputFile | undefined,
  options: OpenContainerOptions,
  opener: Opener<T>,
): Promise<T & { close(): Promise<void> }> {
  const { kind, path } = parseOperand(operand);
  const { signal, temporaryDirectory } = options;
  const job: Job<T> = { kind, reading: readingOf(options), temporaryDirectory, opener };
  signal?.throwIfAborted();
  if (kind === "registry") {
    // Loaded when it is needed: other sources need no network.
    const { openRegistryFiles } = await import("./registry.node.ts");
    return { ...(await opener.layout(await openRegistryFiles(operand, signal), kind)), close: async () => {} };
  }
  if (path === null || input !== undefined) {
    return fromStream(inputChunks(input), path ?? "standard input", null, job);
  }
  const stats = await statOf(path);
  if (stats.isDirectory()) return fromDirectory(path, job);
  if (kind === "oci" || kind === "dir") throw kindError(path, kind);
  // A named pipe is read as standard input is.
  return stats.isFile() ? fromFile(path, stats.size, job) : fromStream(pipeChunks(path), path, null, job);
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
}

async function fromDirectory<T extends object>(path: string, { kind, opener }: Job<T>) {
  const files = new DirectoryFiles(path);
  const isLayout = kind === "oci" || (kind === null && (await files.find("oci-layout")) !== null);
  if (!isLayout) throw kindError(path, kind);
  return { ...(await opener.layout(files, "oci")), close: async () => {} };
}

/** An archive or a layer in a file. */
async function fromFile<T extends object>(path: string, size: number, job: Job<T>) {
  const place: BlobPlace = { kind: "file", path, offset: 0, length: size };
  const archive = await FileArchive.open(path, path, size);
  try {
    const compression = compressionOf(await archive.read(0, 4));
    if (compression === "none") return { ...(await openIn(archive, job)), close: async () => {} };
    if (job.kind === "tar") {
      return { ...job.opener.compressedLayer(path, place, compression), close: async () => {} };
    }
  } finally {
    await archive.close();
  }
  const { host, signal } = job.reading;
  return fromStream(host.readPlace(place, signal), path, size, job);
}

/** An archive or a layer that has to be kept in a temporary file. @param size bytes, where known */
async function fromStream<T extends object>(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  size: number | null,
  job: Job<T>,
) {
  const plain = unwrap(chunksOf(chunks, job.reading.signal), name, size, job.reading);
  const file = await SpoolFile.of(plain, job.temporaryDirectory);
  try {
    const archive = await FileArchive.open(file.path, name, file.size);
    try {
      return { ...(await openIn(archive, job)), close: async () => file.remove() };
    } finally {
      await archive.close();
    }
  } catch (error) {
    file.remove();
    throw error;
  }
}

function openIn<T>(archive: FileArchive, { kind, opener }: Job<T>): Promise<T> {
  if (kind === "oci" || kind === "dir" || kind === "registry") throw kindError(archive.name, kind);
  return opener.archive(archive, kind);
}

async function* pipeChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: READ_BYTES });
  } catch (cause) {
    throw ioError((cause as SystemError).syscall === "open" ? "IO_OPEN" : "IO_READ", path, cause);
  }
}

/** Standard input, without blocking the thread: signals have to be heard, which remove the temporary file. */
async function* inputChunks(input = new InputFile(null)): AsyncGenerator<Uint8Array, void, undefined> {
  const ahead = input.takeAhead();
  if (ahead.length > 0) yield ahead;
  try {
    for (let isEnd = false; !isEnd; ) {
      try {
        yield* createReadStream("", { fd: input.fd, autoClose: false, highWaterMark: READ_BYTES });
        isEnd = true;
      } catch (cause) {
        const { code } = cause as SystemError;
        isEnd = code === "EOF";
        if (!isEnd && code !== "EAGAIN") throw ioError("IO_READ", null, cause);
        if (!isEnd) await new Promise((resolve) => setTimeout(resolve, PIPE_WAIT_MS));
      }
    }
  } finally {
    input.close();
  }
}
