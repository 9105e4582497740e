/**
 * fs-verity digests of any bytes: what the kernel reports for a file with fs-verity enabled, and what names the
 * objects of composefs.
 */

import { VERITY_BLOCK_BITS_MAX, VERITY_BLOCK_BITS_MIN, VERITY_SALT_MAX_BYTES } from "../../assembly/abi.ts";
import { type Accelerator, checkAccelerator } from "../engine/calibrate.ts";
import { acquireEngine, type EngineLimits, releaseEngine } from "../engine/load.ts";
import { type HashName, type VerityParameters, VeritySlot } from "../engine/slot.ts";
import { type ByteSource, chunksOf, type JobControl, Pace } from "../source/bytes.ts";
import { toHex } from "./hex.ts";

/** Options of {@link verityDigest}. */
export interface VerityOptions extends JobControl {
  /** Default `sha256`. */
  hash?: HashName;
  /** Merkle tree block size in bytes: a power of two from 1024 to 65536. Default 4096. */
  blockSize?: number;
  /** 0 to 32 bytes. Default none; composefs never uses one. */
  salt?: Uint8Array;
  /** Limits to set lower than their defaults. */
  limits?: EngineLimits;
  /** Whether node:crypto may hash where it is faster: `auto` (the default), `off`, `on`. Never changes a result. */
  accelerator?: Accelerator;
}

/**
 * Computes the fs-verity digest of some bytes: not their plain hash.
 *
 * @param data the bytes of a file
 * @returns lower-case hex: 64 digits for SHA-256, 128 for SHA-512
 * @throws {TypeError | RangeError} when an option is not as described
 * @throws the reason of `options.signal`, the error of the input
 * @example
 * import { verityDigest } from 'composefs-wasm'
 * console.log(await verityDigest(new TextEncoder().encode('hello world')))
 * // 1e2eaa4202d750a41174ee454970b92c1bc2f925b1e35076d8c7d5f56362ba64
 */
export async function verityDigest(data: ByteSource, options: VerityOptions = {}): Promise<string> {
  const parameters = verityParameters(options);
  const { accelerator = "auto" } = options;
  checkAccelerator(accelerator);
  const pace = new Pace(options);
  const engine = await acquireEngine(options.limits);
  try {
    const total = data instanceof Uint8Array ? data.length : undefined;
    const slot = new VeritySlot(engine, 0, parameters, accelerator, total);
    const totalBytes = total === undefined ? {} : { totalBytes: total };
    let bytes = 0;
    for await (const chunk of chunksOf(data, options.signal)) {
      slot.write(chunk);
      bytes += chunk.length;
      await pace.turn({ phase: "read", bytes, ...totalBytes });
    }
    return toHex(slot.close());
  } finally {
    releaseEngine(engine);
  }
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {TypeError | RangeError} when an option is not as {@link VerityOptions} says
 */
export function verityParameters(options: Pick<VerityOptions, "hash" | "blockSize" | "salt">): VerityParameters {
  const { hash = "sha256", blockSize = 4096, salt = new Uint8Array(0) } = options;
  if (hash !== "sha256" && hash !== "sha512")
    throw new RangeError(`hash: expected sha256 or sha512, got ${String(hash)}`);
  if (typeof blockSize !== "number") throw new TypeError(`blockSize: expected a number, got ${typeof blockSize}`);
  const blockBits = Math.log2(blockSize);
  if (!Number.isInteger(blockBits) || blockBits < VERITY_BLOCK_BITS_MIN || blockBits > VERITY_BLOCK_BITS_MAX) {
    throw new RangeError(`blockSize: expected a power of two from 1024 to 65536, got ${blockSize}`);
  }
  if (!(salt instanceof Uint8Array)) throw new TypeError("salt: expected a Uint8Array");
  if (salt.length > VERITY_SALT_MAX_BYTES) {
    throw new RangeError(`salt: expected at most ${VERITY_SALT_MAX_BYTES} bytes, got ${salt.length}`);
  }
  return { hash, blockBits, salt };
}
