/**
 * Files of a directory that are hashed one after the other: plain memory, which is posted to a thread without a copy of
 * every path.
 *
 *   paths      each with a zero byte behind it
 *   identities four numbers of 64 bits for each file: device, inode, size in bytes, mtime in nanoseconds
 *
 * What comes back are FILLING_BYTES for each file (directory-records.node.ts).
 */

import { LAYER_INLINE_MAX_BYTES } from "../../assembly/abi.ts";
import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { digestBytesOf, type HashName, PIECE_BYTES, VeritySlot } from "../engine/slot.ts";
import { DirectoryFile } from "../linux/directory-file.node.ts";
import type { FileIdentity } from "../linux/directory-scan.node.ts";
import { FILLING_BYTES, FILLING_SHA512_OFFSET } from "./directory-records.node.ts";

/** Objects have blocks of 4096 bytes, and no salt. */
export const OBJECT_PARAMETERS = { blockBits: 12, salt: new Uint8Array(0) } as const;
const BLOCK_BYTES = 4096;

const NUMBERS = 4;
/** A batch is full with so many bytes of contents, some milliseconds of work, or with so many files. */
const BATCH_BYTES = 1 << 22;
const BATCH_FILES = 512;

/** Files to hash. Plain data. */
export interface FileBatch {
  root: Uint8Array;
  paths: Uint8Array;
  identities: BigInt64Array;
}

/** How files are hashed. Plain data. */
export interface HashTask {
  hashes: readonly HashName[];
  accelerator: Accelerator;
}

/** Gathers files into a batch. */
export class BatchBuilder {
  /** Bytes of contents. */
  bytes = 0;
  /** What belongs to the files, in their order. */
  readonly tags: number[] = [];
  readonly #root: Uint8Array;
  readonly #paths: Uint8Array[] = [];
  readonly #identities = new BigInt64Array(NUMBERS * BATCH_FILES);

  constructor(root: Uint8Array) {
    this.#root = root;
  }

  get isFull(): boolean {
    return this.bytes >= BATCH_BYTES || this.tags.length >= BATCH_FILES;
  }

  /** Adds a file, unless the batch is full. @param tag for the caller to know the file again */
  add(path: Uint8Array, { dev, ino, size, mtime }: FileIdentity, tag: number): void {
    const at = NUMBERS * this.#paths.length;
    this.#identities[at] = dev;
    this.#identities[at + 1] = ino;
    this.#identities[at + 2] = size;
    this.#identities[at + 3] = mtime;
    this.#paths.push(path);
    this.tags.push(tag);
    this.bytes += Number(size);
  }

  end(): FileBatch {
    const paths = new Uint8Array(this.#paths.reduce((sum, { length }) => sum + length + 1, 0));
    let at = 0;
    for (const path of this.#paths) {
      paths.set(path, at);
      at += path.length + 1;
    }
    return { root: this.#root, paths, identities: this.#identities.slice(0, NUMBERS * this.#paths.length) };
  }

  /** Bytes of the file at an index. */
  sizeOf(index: number): number {
    return Number(this.#identities[index * NUMBERS + 2]!);
  }
}

/**
 * Hashes the files of a batch, each read once for all hashes.
 *
 * @param engine reset
 * @param window PIECE_BYTES for the one who calls this again and again
 * @param hashed bytes that this thread has hashed before: both hashers of one are compared when it has begun to pay
 * @returns FILLING_BYTES for each file
 * @throws {ComposefsError} IO_OPEN, IO_READ, IO_CHANGED
 */
export function hashBatch(
  engine: Engine,
  { root, paths, identities }: FileBatch,
  { hashes, accelerator }: HashTask,
  window: Uint8Array,
  hashed: number,
): Uint8Array<ArrayBuffer> {
  const count = identities.length / NUMBERS;
  const fillings = new Uint8Array(count * FILLING_BYTES);
  const hasher = new FileHasher(engine, hashes, accelerator, window, hashed);
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = paths.indexOf(0, start);
    const path = paths.subarray(start, end);
    start = end + 1;
    const [dev, ino, size, mtime] = identities.subarray(i * NUMBERS) as unknown as [bigint, bigint, bigint, bigint];
    const filling = fillings.subarray(i * FILLING_BYTES, (i + 1) * FILLING_BYTES);
    const file = new DirectoryFile(root, path, { dev, ino, size, mtime });
    try {
      const length = Number(size);
      if (length <= LAYER_INLINE_MAX_BYTES) file.fill(filling.subarray(0, length), 0);
      else if (length <= PIECE_BYTES) hasher.addSmall(file, length, filling);
      else hasher.hashLong(file, length, filling);
      file.check();
    } finally {
      file.close();
    }
  }
  hasher.flush();
  return fillings;
}

/** A small file, whose blocks lie in the window. */
interface Packed {
  size: number;
  /** Where they begin, in bytes. */
  at: number;
  filling: Uint8Array;
}

/**
 * Hashes small files together: the engine hashes four blocks at a time, which most files do not have left at their end.
 * Each begins with a block of its own, and the last one of each is padded with zeros, as fs-verity wants it.
 */
class FileHasher {
  readonly #engine: Engine;
  readonly #hashes: readonly HashName[];
  readonly #accelerator: Accelerator;
  readonly #window: Uint8Array;
  #packed: Packed[] = [];
  /** Bytes of the window in use: whole blocks. */
  #filled = 0;
  #hashed: number;

  constructor(
    engine: Engine,
    hashes: readonly HashName[],
    accelerator: Accelerator,
    window: Uint8Array,
    hashed: number,
  ) {
    this.#engine = engine;
    this.#hashes = hashes;
    this.#accelerator = accelerator;
    this.#window = window;
    this.#hashed = hashed;
  }

  /** @param size at most PIECE_BYTES */
  addSmall(file: DirectoryFile, size: number, filling: Uint8Array): void {
    const padded = Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    if (this.#filled + padded > PIECE_BYTES) this.flush();
    const at = this.#filled;
    // For one hash the bytes are read to where they are hashed.
    const window = this.#hashes.length === 1 ? this.#engine.input : this.#window;
    file.fill(window.subarray(at, at + size), 0);
    window.fill(0, at + size, at + padded);
    this.#packed.push({ size, at, filling });
    this.#filled += padded;
  }

  /** Hashes what was added. */
  flush(): void {
    const filled = this.#filled;
    if (filled === 0) return;
    for (const hash of this.#hashes) {
      if (this.#hashes.length > 1) this.#engine.input.set(this.#window.subarray(0, filled));
      const digestBytes = digestBytesOf(hash);
      const digests = this.#openSlot(0, hash).hashBlocks(filled).slice();
      for (const { size, at, filling } of this.#packed) {
        const from = (at / BLOCK_BYTES) * digestBytes;
        const slot = this.#openSlot(0, hash);
        slot.writeDigests(digests.subarray(from, from + Math.ceil(size / BLOCK_BYTES) * digestBytes), size);
        filling.set(slot.close(), offsetOf(hash));
      }
    }
    this.#hashed += filled;
    this.#packed = [];
    this.#filled = 0;
  }

  /** Hashes a file of any size. */
  hashLong(file: DirectoryFile, size: number, filling: Uint8Array): void {
    this.flush();
    const slots = this.#hashes.map((hash, i) => this.#openSlot(i, hash));
    const [only] = slots as [VeritySlot];
    for (let at = 0; at < size; ) {
      const length = Math.min(PIECE_BYTES, size - at);
      if (slots.length === 1) {
        file.fill(only.space().subarray(0, length), at);
        only.commit(length);
      } else {
        const piece = this.#window.subarray(0, length);
        file.fill(piece, at);
        // Slots share the input window: a piece that does not fill it waits there for the end of its slot.
        if (length === PIECE_BYTES) for (const slot of slots) slot.write(piece);
      }
      at += length;
    }
    const rest = slots.length === 1 ? 0 : size % PIECE_BYTES;
    for (const slot of slots) {
      if (rest > 0) slot.write(this.#window.subarray(0, rest));
      filling.set(slot.close(), offsetOf(slot.parameters.hash));
    }
    this.#hashed += size;
  }

  #openSlot(number: number, hash: HashName): VeritySlot {
    const slot = new VeritySlot(this.#engine, number, { hash, ...OBJECT_PARAMETERS }, this.#accelerator);
    slot.count(this.#hashed);
    return slot;
  }
}

/** Where the digest of a hash goes. */
function offsetOf(hash: HashName): number {
  return hash === "sha256" ? 0 : FILLING_SHA512_OFFSET;
}
