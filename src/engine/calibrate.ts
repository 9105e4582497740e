/**
 * Which hash is faster here: the engine's, or the one that the host brings (node:crypto)?
 *
 * It depends on the processor: with SHA extensions the host wins by far, without them the engine does. So both hash
 * the same few blocks once, for each hash and thread. The digests are the same whoever computes them; that, too, is
 * seen here, and a host that gives others is never asked again.
 *
 * Short jobs do without: node:crypto takes longer to load than they do to hash.
 */

import { blockHasher, now } from "#platform";
import type { BlockHasher } from "./block-hasher.ts";

/** Whether a job may use the host's hash: where it is faster, never, or always. For tests and benchmarks. */
export type Accelerator = "auto" | "off" | "on";

/** @throws {RangeError} for another value */
export function checkAccelerator(value: Accelerator): void {
  if (value === "auto" || value === "off" || value === "on") return;
  throw new RangeError(`accelerator: expected auto, off or on, got ${String(value)}`);
}

/** A job that is known to hash fewer bytes than this does without: 32 MiB. */
const WORTHWHILE_BYTES = 1 << 25;
/** Bytes to hash before the comparison, so that V8 has optimised the engine's code: 1 MiB. */
const WARM_UP_BYTES = 1 << 20;
/** The same where nobody knows how much is to come: 16 MiB. */
const UNKNOWN_BYTES = 1 << 24;
/** Each hashes the sample this often; the best time counts, since any may be held up by other work of the machine. */
const ROUNDS = 3;

const winners = new Map<string, BlockHasher | undefined>();

/** Hashes the same sample with one and the other: what `calibrate` compares. */
export interface Sample {
  byEngine(): Uint8Array;
  byHost(hasher: BlockHasher): Uint8Array;
}

/** Decides for one digest in the making. */
export class HashChoice {
  readonly #hash: string;
  readonly #mode: Accelerator;
  #untilCalibration: number;

  /** @param expectedBytes how much there will be to hash, in bytes, where that is known */
  constructor(hash: string, mode: Accelerator, expectedBytes?: number) {
    this.#hash = hash;
    this.#mode = mode;
    if (expectedBytes === undefined) this.#untilCalibration = UNKNOWN_BYTES;
    else this.#untilCalibration = expectedBytes < WORTHWHILE_BYTES ? Number.POSITIVE_INFINITY : WARM_UP_BYTES;
  }

  /** The host's hasher, when it is to hash the next piece; undefined when the engine is. */
  hasher(sample: Sample): BlockHasher | undefined {
    if (this.#mode === "off") return undefined;
    if (this.#mode === "on") return blockHasher();
    if (!winners.has(this.#hash)) {
      if (this.#untilCalibration > 0) return undefined;
      winners.set(this.#hash, calibrate(sample));
    }
    return winners.get(this.#hash);
  }

  /** Tells that `bytes` were hashed. */
  count(bytes: number): void {
    this.#untilCalibration -= bytes;
  }
}

/** Lets both hash the sample. Returns the host's hasher when it was faster and gave the same digests. */
export function calibrate(sample: Sample, host = blockHasher(), clock = now): BlockHasher | undefined {
  if (host === undefined) return undefined;
  const best = { engine: Number.POSITIVE_INFINITY, host: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    const start = clock();
    const ours = sample.byEngine();
    const middle = clock();
    const theirs = sample.byHost(host);
    const end = clock();
    if (ours.length !== theirs.length || ours.some((byte, i) => byte !== theirs[i])) return undefined;
    best.engine = Math.min(best.engine, middle - start);
    best.host = Math.min(best.host, end - middle);
  }
  return best.host < best.engine ? host : undefined;
}
