/**
 * `#platform` in Node: what the engine room wants from its surroundings. The twin for browsers is platform.web.ts.
 *
 * node:crypto is fetched when first used: loading it takes longer than many a job.
 */

import { closeSync, openSync, readSync } from "node:fs";
import type { BlockHasher } from "./block-hasher.ts";

/** Most linear memory that an instance may take, in bytes: 3 GiB, below the point where 32-bit addresses wrap. */
export const MEMORY_LIMIT_BYTES = 3221225472;

/** True where a module may be compiled and instantiated on the spot. */
export const IS_SYNC_ALLOWED = true;

type Crypto = typeof import("node:crypto");
let crypto: Crypto | undefined;

function loadCrypto(): Crypto {
  crypto ??= process.getBuiltinModule("node:crypto");
  return crypto;
}

/** Two random u32, for the hash tables of the engine: nobody outside may be able to foresee collisions. */
export function randomSeed(): [number, number] {
  const seed = new Uint32Array(2);
  if (!readRandomDevice(seed)) loadCrypto().randomFillSync(seed);
  return [seed[0]!, seed[1]!];
}

/** The kernel's random numbers without loading node:crypto; false where there is no such device. */
function readRandomDevice(target: Uint32Array): boolean {
  try {
    const fd = openSync("/dev/urandom", "r");
    try {
      return readSync(fd, target) === target.byteLength;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** The host's own hash, or undefined where it has none that is worth trying. */
export function blockHasher(): BlockHasher | undefined {
  const { hash, createHash } = loadCrypto();
  if (hash === undefined) return undefined;
  return (name, blockBytes, saltPrefix, data, out) => {
    const target = Buffer.from(out.buffer, out.byteOffset, out.byteLength);
    let end = 0;
    for (let start = 0; start < data.length; start += blockBytes) {
      let block = data.subarray(start, start + blockBytes);
      if (block.length < blockBytes) {
        const padded = new Uint8Array(blockBytes);
        padded.set(block);
        block = padded;
      }
      // binary, that is latin1: the digest comes back as a short string, without a Buffer for every block.
      const digest =
        saltPrefix.length === 0
          ? hash(name, block, "binary")
          : createHash(name).update(saltPrefix).update(block).digest("binary");
      end += target.write(digest, end, "binary");
    }
    return end / (name === "sha256" ? 32 : 64);
  };
}

/** Milliseconds since some moment. */
export function now(): number {
  return performance.now();
}
