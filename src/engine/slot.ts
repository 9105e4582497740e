/**
 * One fs-verity digest in the making: a verity slot of the engine, fed by whoever hashes faster.
 *
 * Bytes are gathered in the input window until a piece is full. The piece goes to the engine as it is, or the host
 * hashes its blocks and the engine gets the digests: these are written over the beginning of the piece, which is safe
 * since each is shorter than the block it was made of.
 */

import { HASH_SHA256, HASH_SHA512 } from "../../assembly/abi.ts";
import type { BlockHasher } from "./block-hasher.ts";
import { type Accelerator, HashChoice, type Sample } from "./calibrate.ts";
import type { Engine } from "./engine.ts";

/** Bytes of one call: 64 blocks of 4096. Long calls would keep V8 from putting optimised code in. */
export const PIECE_BYTES = 1 << 18;

/** Bytes that are hashed to see who is faster: two of the largest blocks. */
const SAMPLE_BYTES = 1 << 17;

/** The hash of an fs-verity digest. */
export type HashName = "sha256" | "sha512";

/** Parameters of an fs-verity digest (spec: include/uapi/linux/fsverity.h). */
export interface VerityParameters {
  hash: HashName;
  /** log2 of the Merkle tree block size in bytes: 10 to 16. */
  blockBits: number;
  /** 0 to 32 bytes. */
  salt: Uint8Array;
}

/** Length of a digest in bytes. */
export function digestBytesOf(hash: HashName): number {
  return hash === "sha256" ? 32 : 64;
}

export class VeritySlot {
  readonly parameters: VerityParameters;
  readonly #engine: Engine;
  readonly #slot: number;
  readonly #choice: HashChoice;
  readonly #saltPrefix: Uint8Array;
  #filled = 0;

  /**
   * Opens slot number `slot` (0 to 3).
   *
   * @param expectedBytes how much there will be to hash, in bytes, where that is known
   * @throws {ComposefsError} VERITY_PARAMETERS
   */
  constructor(
    engine: Engine,
    slot: number,
    parameters: VerityParameters,
    accelerator: Accelerator,
    expectedBytes?: number,
  ) {
    this.parameters = parameters;
    this.#engine = engine;
    this.#slot = slot;
    this.#choice = new HashChoice(parameters.hash, accelerator, expectedBytes);
    // The kernel pads the salt to the input block of the hash: 64 bytes, 128 for SHA-512 (fs/verity/hash_algs.c).
    this.#saltPrefix = new Uint8Array(parameters.salt.length === 0 ? 0 : parameters.hash === "sha256" ? 64 : 128);
    const algorithm = parameters.hash === "sha256" ? HASH_SHA256 : HASH_SHA512;
    engine.verityOpen(slot, algorithm, parameters.blockBits, parameters.salt);
    this.#saltPrefix.set(parameters.salt.subarray(0, this.#saltPrefix.length));
  }

  /** The bit of this slot in the mask of `imageRead`. */
  get mask(): number {
    return 1 << this.#slot;
  }

  /** The free part of the current piece, for the caller to fill from its beginning; then call `commit`. */
  space(): Uint8Array<ArrayBuffer> {
    return this.#engine.input.subarray(this.#filled, PIECE_BYTES);
  }

  /** Takes `length` bytes that were put into `space()`. */
  commit(length: number): void {
    this.#filled += length;
    if (this.#filled === PIECE_BYTES) this.#flush();
  }

  /** Takes bytes of any length. */
  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; ) {
      const part = bytes.subarray(start, start + PIECE_BYTES - this.#filled);
      this.space().set(part);
      this.commit(part.length);
      start += part.length;
    }
  }

  /** Takes the digests of the blocks of `dataLength` bytes. Only when no bytes of `write` or `commit` are pending. */
  writeDigests(digests: Uint8Array, dataLength: number): void {
    this.#engine.input.set(digests);
    this.#engine.verityWriteDigests(this.#slot, digests.length / digestBytesOf(this.parameters.hash), dataLength);
  }

  /** Hashes the blocks of the `length` bytes at the start of the window; returns digests, valid until the next call. */
  hashBlocks(length: number): Uint8Array {
    const hasher = this.hasher();
    this.#choice.count(length);
    if (hasher === undefined) return this.#engine.verityBlocks(this.#slot, length, this.#digestBytes);
    const window = this.#engine.input;
    const count = hasher(this.parameters.hash, this.#blockBytes, this.#saltPrefix, window.subarray(0, length), window);
    return window.subarray(0, count * this.#digestBytes);
  }

  /** The host's hasher when it is to hash the next piece. May overwrite the output window. */
  hasher(): BlockHasher | undefined {
    return this.#choice.hasher(this.#sample());
  }

  /** Tells that the engine hashed `bytes` for this slot, outside of its methods. */
  count(bytes: number): void {
    this.#choice.count(bytes);
  }

  /** Hashes a piece, wherever it lies, with the host's hasher. All pieces but the last are whole blocks. */
  hashPiece(hasher: BlockHasher, piece: Uint8Array<ArrayBuffer>): void {
    const { hash } = this.parameters;
    const count = hasher(hash, this.#blockBytes, this.#saltPrefix, piece, this.#engine.input);
    this.#engine.verityWriteDigests(this.#slot, count, piece.length);
  }

  /** Ends the digest. */
  close(): Uint8Array<ArrayBuffer> {
    this.#flush();
    return this.#engine.verityClose(this.#slot);
  }

  get #blockBytes(): number {
    return 2 ** this.parameters.blockBits;
  }

  get #digestBytes(): number {
    return digestBytesOf(this.parameters.hash);
  }

  /** Whatever lies in the input window, which neither of the two changes. */
  #sample(): Sample {
    return {
      byEngine: () => this.#engine.verityBlocks(this.#slot, SAMPLE_BYTES, this.#digestBytes),
      byHost: (hasher) => {
        const digests = new Uint8Array((SAMPLE_BYTES / this.#blockBytes) * this.#digestBytes);
        const sample = this.#engine.input.subarray(0, SAMPLE_BYTES);
        hasher(this.parameters.hash, this.#blockBytes, this.#saltPrefix, sample, digests);
        return digests;
      },
    };
  }

  #flush(): void {
    const length = this.#filled;
    this.#filled = 0;
    if (length === 0) return;
    const hasher = this.hasher();
    this.#choice.count(length);
    if (hasher === undefined) this.#engine.verityWrite(this.#slot, length);
    else this.hashPiece(hasher, this.#engine.input.subarray(0, length));
  }
}

/**
 * Writes the next piece of the image of the current job and hashes it for all slots on the way.
 *
 * @returns the piece, in the output window: valid until the next call of the engine; empty at the end
 */
export function readImage(engine: Engine, slots: readonly VeritySlot[]): Uint8Array<ArrayBuffer> {
  const hasher = slots[0]?.hasher();
  let mask = 0;
  if (hasher === undefined) for (const slot of slots) mask |= slot.mask;
  let piece = engine.imageRead(mask);
  const length = piece.length;
  slots[0]?.count(length);
  if (hasher !== undefined && length > 0) {
    for (const slot of slots) {
      slot.hashPiece(hasher, piece);
      piece = engine.output(length);
    }
  }
  return piece;
}
