/**
 * fs-verity of one large file on several threads.
 *
 * The file is cut into chunks. Every thread takes the next chunk, hashes its blocks and puts the digests into the
 * chunk's place in a ring of shared memory; the main thread, which takes chunks like the others, feeds them to the
 * Merkle tree in order. Threads meet at two counters only:
 *
 *   control[0]      chunks taken     a thread takes one by compare-exchange
 *   control[1]      chunks appended  a chunk may be taken when its place in the ring is free
 *   control[2 + p]  place p          chunk number + 1 when the chunk's digests are there
 *
 * No thread can hold the others up: when a chunk does not come, the main thread does the rest alone.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Accelerator } from "./calibrate.ts";
import { acquireEngineSync, engineModuleSync, releaseEngine } from "./load.ts";
import { digestBytesOf, PIECE_BYTES, type VerityParameters, VeritySlot } from "./slot.ts";

/** Bytes of a chunk: a whole number of blocks of every size; a few milliseconds of work. */
export const CHUNK_BYTES = 1 << 20;
/** Places in the ring. */
const RING_PLACES = 64;
/** Files below this size are not worth the start of a thread: 16 MiB. */
const PARALLEL_BYTES = 1 << 24;
/** Most threads for one file, whatever is asked for: as many as there are places in the ring. */
const THREADS_MAX = RING_PLACES;
/** Milliseconds after which a chunk is given up: far beyond what one takes on a busy machine. */
const PATIENCE_MS = 2000;

const TAKEN = 0;
const APPENDED = 1;
const PLACES = 2;

/** Reads from a file: fills the beginning of `target` from `position` on, returns bytes read, 0 at the end. */
export type ReadAt = (target: Uint8Array, position: number | null) => number;

/** What a thread needs for its part of a file. */
export interface ParallelTask {
  fd: number;
  size: number;
  parameters: VerityParameters;
  accelerator: Accelerator;
  control: Int32Array<SharedArrayBuffer>;
  ring: Uint8Array<SharedArrayBuffer>;
}

/** Threads to use where nothing else was said: more than four wait for the disk. */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), 4);
}

/** Threads that a file of `size` bytes gets when `wanted` were asked for: no more than it has chunks, 64 at most. */
export function threadsFor(size: number | undefined, wanted: number): number {
  if (size === undefined || size < PARALLEL_BYTES) return 1;
  return Math.min(wanted, THREADS_MAX, Math.ceil(size / CHUNK_BYTES));
}

/** Computes digests of files; keeps its threads from one file to the next. */
export class VerityPool {
  readonly #threads: number;
  readonly #workers: Worker[] = [];

  /** @param threads the calling one included */
  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Starts the threads, if `size` bytes will be worth it. They come up while the caller does other things. */
  prepare(size: number | undefined): void {
    while (this.#workers.length < threadsFor(size, this.#threads) - 1) {
      const worker = new Worker(new URL("./worker.node.js", import.meta.url), { workerData: engineModuleSync() });
      // A thread that fails leaves its chunks undone, and the main thread does them: nothing to report.
      worker.on("error", () => {});
      worker.unref();
      this.#workers.push(worker);
    }
  }

  /**
   * Computes the digest of an open file.
   *
   * @param fd its descriptor, read by position from all threads
   * @param size its size in bytes; undefined for what cannot be read by position
   * @param read reads it from this thread
   * @returns the digest, or null when the file is shorter than `size`
   * @throws what `read` throws
   */
  digest(
    fd: number,
    size: number | undefined,
    read: ReadAt,
    parameters: VerityParameters,
    accelerator: Accelerator,
    onProgress?: (bytes: number) => void,
  ): Uint8Array | null {
    this.prepare(size);
    const engine = acquireEngineSync();
    try {
      const slot = new VeritySlot(engine, 0, parameters, accelerator, size);
      let start = 0;
      if (size !== undefined && size >= PARALLEL_BYTES && this.#workers.length > 0) {
        const task = makeTask(fd, size, parameters, accelerator);
        for (const worker of this.#workers) worker.postMessage(task);
        start = appendChunks(task, slot, read, onProgress);
      }
      while (size === undefined || start < size) {
        const space = slot.space();
        const length = read(
          space.subarray(0, size === undefined ? space.length : size - start),
          size === undefined ? null : start,
        );
        if (length === 0) break;
        slot.commit(length);
        start += length;
        onProgress?.(start);
      }
      return size !== undefined && start < size ? null : slot.close();
    } finally {
      releaseEngine(engine);
    }
  }
}

function makeTask(fd: number, size: number, parameters: VerityParameters, accelerator: Accelerator): ParallelTask {
  const control = new Int32Array(new SharedArrayBuffer(4 * (PLACES + RING_PLACES)));
  const ring = new Uint8Array(new SharedArrayBuffer(RING_PLACES * placeBytes(parameters)));
  return { fd, size, parameters, accelerator, control, ring };
}

function placeBytes(parameters: VerityParameters): number {
  return (CHUNK_BYTES / 2 ** parameters.blockBits) * digestBytesOf(parameters.hash);
}

/** The main thread's part. Returns how far it came, in bytes: to the end, unless a thread did not deliver. */
function appendChunks(
  task: ParallelTask,
  slot: VeritySlot,
  read: ReadAt,
  onProgress: ((bytes: number) => void) | undefined,
): number {
  const { control, ring, size } = task;
  const chunks = Math.ceil(size / CHUNK_BYTES);
  for (let appended = 0; appended < chunks; ) {
    const place = PLACES + (appended % RING_PLACES);
    const seen = Atomics.load(control, place);
    if (seen === appended + 1) {
      const dataLength = Math.min(CHUNK_BYTES, size - appended * CHUNK_BYTES);
      const count = Math.ceil(dataLength / 2 ** task.parameters.blockBits);
      const from = (appended % RING_PLACES) * placeBytes(task.parameters);
      slot.writeDigests(ring.subarray(from, from + count * digestBytesOf(task.parameters.hash)), dataLength);
      appended++;
      Atomics.store(control, APPENDED, appended);
      Atomics.notify(control, APPENDED);
      onProgress?.(Math.min(appended * CHUNK_BYTES, size));
    } else if (!hashNextChunk(task, slot, read)) {
      // `seen` is old when the chunk came meanwhile: then this returns at once.
      if (Atomics.wait(control, place, seen, PATIENCE_MS) === "timed-out") return appended * CHUNK_BYTES;
    }
  }
  return size;
}

/** A worker's part: hashes chunks until none is left, or until the file ends early. */
export function hashChunks(task: ParallelTask, slot: VeritySlot, read: ReadAt): void {
  const chunks = Math.ceil(task.size / CHUNK_BYTES);
  while (true) {
    const appended = Atomics.load(task.control, APPENDED);
    if (hashNextChunk(task, slot, read)) continue;
    if (Atomics.load(task.control, TAKEN) >= chunks) return;
    if (Atomics.wait(task.control, APPENDED, appended, PATIENCE_MS) === "timed-out") return;
  }
}

/** Takes a chunk and hashes it. False when there is none to take now. */
function hashNextChunk(task: ParallelTask, slot: VeritySlot, read: ReadAt): boolean {
  const { control, size } = task;
  const chunk = takeChunk(task);
  if (chunk < 0) return false;
  const start = chunk * CHUNK_BYTES;
  const end = Math.min(start + CHUNK_BYTES, size);
  let to = (chunk % RING_PLACES) * placeBytes(task.parameters);
  for (let position = start; position < end; ) {
    const length = readPiece(slot, read, position, Math.min(PIECE_BYTES, end - position));
    if (length === 0) return false;
    const digests = slot.hashBlocks(length);
    task.ring.set(digests, to);
    to += digests.length;
    position += length;
  }
  Atomics.store(control, PLACES + (chunk % RING_PLACES), chunk + 1);
  Atomics.notify(control, PLACES + (chunk % RING_PLACES));
  return true;
}

function takeChunk({ control, size }: ParallelTask): number {
  while (true) {
    const next = Atomics.load(control, TAKEN);
    const free = next < Math.ceil(size / CHUNK_BYTES) && next - Atomics.load(control, APPENDED) < RING_PLACES;
    if (!free) return -1;
    if (Atomics.compareExchange(control, TAKEN, next, next + 1) === next) return next;
  }
}

/** Reads exactly `length` bytes to the start of the window; 0 when the file ends before. */
function readPiece(slot: VeritySlot, read: ReadAt, position: number, length: number): number {
  const target = slot.space().subarray(0, length);
  for (let filled = 0; filled < length; ) {
    const count = read(target.subarray(filled), position + filled);
    if (count === 0) return 0;
    filled += count;
  }
  return length;
}
