/**
 * A directory as the one layer of an image (oci-to-tree.md 6): scanned on this thread, its files hashed meanwhile on
 * others.
 *
 * The order of the scan is the order of the records, so that neither the file system nor the threads have any say in
 * what comes out. Large files come last, one after the other, each cut into chunks for all threads.
 */

import { realpathSync } from "node:fs";
import { LAYER_INLINE_MAX_BYTES } from "../../assembly/abi.ts";
import type { Accelerator } from "../engine/calibrate.ts";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { defaultThreads, VerityPool } from "../engine/parallel.node.ts";
import { type HashName, PIECE_BYTES } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { DirectoryFile, readEntryContent } from "../linux/directory-file.node.ts";
import { changedEntry, entryError } from "../linux/directory-path.node.ts";
import {
  type DirectoryEntry,
  type DirectorySystem,
  type ScanOptions,
  scanDirectory,
} from "../linux/directory-scan.node.ts";
import { type Path, pathBytes, showPath } from "../linux/path.node.ts";
import { requireXattrs } from "../linux/xattrs.node.ts";
import { BatchBuilder, hashBatch, OBJECT_PARAMETERS } from "./directory-batch.node.ts";
import { DirectoryPool } from "./directory-pool.node.ts";
import { DirectoryRecords, FILLING_BYTES, FILLING_SHA512_OFFSET, hasContent } from "./directory-records.node.ts";
import type { KeptContent } from "./layer-records.ts";
import type { ImageLayer, Unseen } from "./layers.ts";
import { isRead } from "./read-layer.ts";

/** Less than this, in bytes of contents, is read before threads have come up: 4 MiB. */
const THREADS_FROM_BYTES = 1 << 22;
/** A file from this size on waits for the end of the scan, when it is known how much there is to do: 16 MiB. */
const LARGE_FROM_BYTES = 1 << 24;
/** A file that is more than one of so many parts of what a thread has to do is hashed by all threads together, */
const SHARES_PER_THREAD = 4;
/** if it has so many bytes that this pays for new threads: 64 MiB. */
const SHARED_FROM_BYTES = 1 << 26;

/** Options of {@link readDirectory}. */
export interface ReadDirectoryOptions extends Partial<ScanOptions> {
  /** Object digests to compute, both in one reading if both are wanted. */
  hashes: readonly HashName[];
  /** Threads that hash, 1 to 64. Default: by the processors. */
  threads?: number | undefined;
  /** False: all mtimes are zero. */
  times?: boolean;
  accelerator?: Accelerator | undefined;
  signal?: AbortSignal | undefined;
  /** Told now and then how many bytes of contents were read. */
  onProgress?: ((bytes: number) => void) | undefined;
  /** Told of every entry, in the order of the records. */
  onEntry?: ((entry: DirectoryEntry) => void) | undefined;
  /** The calls of the system; replaced in tests. */
  system?: DirectorySystem | undefined;
  /** The system that this runs on; replaced in tests. */
  platform?: NodeJS.Platform | undefined;
}

/**
 * Reads a directory and all that is below it. Symbolic links are not followed, mount points are crossed.
 *
 * @param path the directory, or a symbolic link to it
 * @returns its records; contents can be read again as long as the files stay what they are
 * @throws {ComposefsError} IO_OPEN, IO_READ; IO_CHANGED when something changed meanwhile; SOURCE_KIND for what is no
 *   directory; DIRECTORY_* for what no tree can hold; DIRECTORY_XATTRS on a Linux where xattrs cannot be read, unless
 *   `xattrs` is none
 */
export async function readDirectory(path: Path, options: ReadDirectoryOptions): Promise<ImageLayer> {
  const { xattrs = "all", platform = process.platform } = options;
  const isSeen = xattrs !== "none" && platform === "linux";
  if (isSeen) checkXattrs(path);
  const root = realRoot(path);
  const scan: ScanOptions = {
    xattrs: isSeen ? xattrs : "none",
    devices: options.devices ?? true,
    hardlinks: options.hardlinks ?? true,
  };
  const reading = new DirectoryReading(root, options);
  try {
    for (const entry of scanDirectory(root, scan, options.system)) {
      options.signal?.throwIfAborted();
      reading.add(entry);
      options.onEntry?.(entry);
      if (reading.isBatchFull) await reading.endBatch();
    }
    return { ...(await reading.end()), unseen: unseenOn(platform, isSeen) };
  } finally {
    await reading.close();
  }
}

/** What cannot be seen of a directory. @param hasXattrs whether xattrs were read */
function unseenOn(platform: NodeJS.Platform, hasXattrs: boolean): Unseen[] {
  return [
    ...(platform === "win32" ? (["owners", "permissions"] as const) : []),
    ...(hasXattrs ? [] : ["xattrs" as const]),
  ];
}

function realRoot(path: Path): Buffer {
  try {
    return realpathSync(pathBytes(path), { encoding: "buffer" });
  } catch (cause) {
    throw entryError("IO_OPEN", pathBytes(path), new Uint8Array(0), cause);
  }
}

function checkXattrs(path: Path): void {
  try {
    requireXattrs();
  } catch (cause) {
    const reason = (cause as Error).message;
    const message = `the xattrs of ${showPath(path)} cannot be read: ${reason}; say --no-xattrs when they do not matter`;
    throw new ComposefsError("DIRECTORY_XATTRS", message, {}, { cause });
  }
}

/** A file that waits for the end of the scan. */
interface LateFile {
  entry: DirectoryEntry;
  /** Where its digest goes. */
  at: number;
}

class DirectoryReading {
  readonly #root: Buffer;
  readonly #hashes: readonly HashName[];
  readonly #threads: number;
  readonly #accelerator: Accelerator;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  readonly #records: DirectoryRecords;
  readonly #large: LateFile[] = [];
  readonly #kept: DirectoryEntry[] = [];
  /** Full batches, while nobody knows whether threads are worth it. */
  readonly #held: BatchBuilder[] = [];
  readonly #hashing: Promise<void>[] = [];
  readonly #window = new Uint8Array(PIECE_BYTES);
  #pool: DirectoryPool | undefined;
  #batch: BatchBuilder;
  #batchedBytes = 0;
  #hashedBytes = 0;
  #failure: { error: unknown } | undefined;

  constructor(root: Buffer, { hashes, times = true, ...options }: ReadDirectoryOptions) {
    this.#root = root;
    this.#hashes = hashes;
    this.#threads = options.threads ?? defaultThreads();
    this.#accelerator = options.accelerator ?? "auto";
    this.#signal = options.signal;
    this.#onProgress = options.onProgress;
    this.#records = new DirectoryRecords(root, hashes, times);
    this.#batch = new BatchBuilder(root);
  }

  /** Whether `endBatch` is due before the next entry. */
  get isBatchFull(): boolean {
    return this.#batch.isFull;
  }

  add(entry: DirectoryEntry): void {
    const at = this.#records.add(entry);
    if (!hasContent(entry)) return;
    const size = Number(entry.identity.size);
    if (size > LAYER_INLINE_MAX_BYTES && isRead(entry.path, size)) this.#kept.push(entry);
    if (size >= LARGE_FROM_BYTES && this.#threads > 1) this.#large.push({ entry, at });
    else this.#batch.add(entry.path, entry.identity, at);
  }

  /** Waits for all files. */
  async end(): Promise<Omit<ImageLayer, "unseen">> {
    await this.endBatch();
    const shared = await this.#divideLarge();
    for (const batch of this.#held.splice(0)) this.#hashHere(batch);
    const onAbort = () => void this.#closePool();
    this.#signal?.addEventListener("abort", onAbort);
    await Promise.all(this.#hashing);
    this.#signal?.removeEventListener("abort", onAbort);
    this.#signal?.throwIfAborted();
    await this.#closePool();
    this.#hashShared(shared);
    const { entries, contentBytes } = this.#records;
    const contents = this.#kept.map((entry) => this.#keep(entry));
    const records = {
      bytes: this.#records.end(),
      entries,
      tarBytes: contentBytes,
      hashes: [...this.#hashes],
      contents,
    };
    const root = this.#root;
    return {
      blob: null,
      open: ({ path, size }) => readEntryContent(root, path, size),
      records,
      diffId: null,
      isCached: false,
    };
  }

  async close(): Promise<void> {
    await this.#closePool();
  }

  async #closePool(): Promise<void> {
    await this.#pool?.close();
    this.#pool = undefined;
  }

  /** Gives the files so far to whoever hashes them. */
  async endBatch(): Promise<void> {
    const batch = this.#batch;
    if (batch.tags.length === 0) return;
    this.#batch = new BatchBuilder(this.#root);
    if (this.#threads === 1) {
      this.#hashHere(batch);
      return;
    }
    this.#batchedBytes += batch.bytes;
    this.#held.push(batch);
    if (this.#batchedBytes < THREADS_FROM_BYTES) return;
    this.#pool ??= new DirectoryPool(this.#threads);
    for (const held of this.#held.splice(0)) this.#hashing.push(this.#hashThere(this.#pool, held));
    // Threads have answered meanwhile, and want more.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #hashThere(pool: DirectoryPool, batch: BatchBuilder): Promise<void> {
    try {
      const task = { hashes: this.#hashes, accelerator: this.#accelerator, batch: batch.end(), bytes: batch.bytes };
      this.#fill(batch, await pool.hash(task, batch.bytes >= LARGE_FROM_BYTES));
    } catch (error) {
      // Nobody may be waiting yet.
      this.#failure ??= { error };
    }
  }

  #hashHere(batch: BatchBuilder): void {
    this.#signal?.throwIfAborted();
    const engine = acquireEngineSync();
    try {
      const task = { hashes: this.#hashes, accelerator: this.#accelerator };
      this.#fill(batch, hashBatch(engine, batch.end(), task, this.#window, this.#hashedBytes));
    } finally {
      releaseEngine(engine);
    }
  }

  #fill(batch: BatchBuilder, fillings: Uint8Array): void {
    for (const [i, at] of batch.tags.entries()) {
      this.#records.fill(at, batch.sizeOf(i), fillings.subarray(i * FILLING_BYTES, (i + 1) * FILLING_BYTES));
    }
    this.#hashedBytes += batch.bytes;
    this.#onProgress?.(this.#hashedBytes);
  }

  /**
   * Gives each large file to a thread, except those that would keep one busy when the others have done all else.
   *
   * @returns these; none for two hashes, since threads can share a file for one only
   */
  async #divideLarge(): Promise<LateFile[]> {
    const sizeOf = ({ entry }: LateFile) => Number(entry.identity.size);
    const total = this.#large.reduce((sum, file) => sum + sizeOf(file), this.#batchedBytes);
    const share = Math.max(SHARED_FROM_BYTES, total / (this.#threads * SHARES_PER_THREAD));
    const isShared = (file: LateFile) => this.#hashes.length === 1 && sizeOf(file) > share;
    this.#large.sort((a, b) => sizeOf(b) - sizeOf(a));
    for (const file of this.#large) {
      if (isShared(file)) continue;
      this.#batch.add(file.entry.path, file.entry.identity, file.at);
      await this.endBatch();
    }
    return this.#large.filter(isShared);
  }

  /** Hashes files with all threads together. */
  #hashShared(files: readonly LateFile[]): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (files.length === 0) return;
    const [hash] = this.#hashes as [HashName];
    const pool = new VerityPool(this.#threads);
    const filling = new Uint8Array(FILLING_BYTES);
    for (const { entry, at } of files) {
      this.#signal?.throwIfAborted();
      const { path, identity } = entry;
      const size = Number(identity.size);
      const file = new DirectoryFile(this.#root, path, identity);
      try {
        const read = (target: Uint8Array, position: number | null) => file.read(target, position);
        const parameters = { hash, ...OBJECT_PARAMETERS };
        const progress = (bytes: number) => this.#onProgress?.(this.#hashedBytes + bytes);
        const digest = pool.digest(file.fd, size, read, parameters, this.#accelerator, progress);
        if (digest === null) throw changedEntry(this.#root, path);
        file.check();
        filling.set(digest, hash === "sha256" ? 0 : FILLING_SHA512_OFFSET);
        this.#records.fill(at, size, filling);
      } finally {
        file.close();
      }
      this.#hashedBytes += size;
    }
  }

  /** A content that later steps read. */
  #keep({ path, identity }: DirectoryEntry): KeptContent {
    const file = new DirectoryFile(this.#root, path, identity);
    try {
      const bytes = new Uint8Array(Number(identity.size));
      file.fill(bytes, 0);
      file.check();
      return { path, bytes };
    } finally {
      file.close();
    }
  }
}
