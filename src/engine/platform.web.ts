/**
 * `#platform` in browsers and in whatever else is not Node: see platform.node.ts.
 */

import type { BlockHasher } from "./block-hasher.ts";

/** 1 GiB: a browser tab that takes more is likely to be killed without a word. */
export const MEMORY_LIMIT_BYTES = 1073741824;

/** Browsers refuse to do it with large modules on their main thread. */
export const IS_SYNC_ALLOWED = false;

export function randomSeed(): [number, number] {
  const seed = crypto.getRandomValues(new Uint32Array(2));
  return [seed[0]!, seed[1]!];
}

/** None: SubtleCrypto answers with a promise for every block, which is slower than the engine. */
export function blockHasher(): BlockHasher | undefined {
  return undefined;
}

export function now(): number {
  return performance.now();
}
