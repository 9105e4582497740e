/** Driving the verity functions of the testing build. */

import { expect } from "vitest";
import { ALGORITHM_ID, type VerityParameters } from "../../support/naive/verity.ts";
import { SCRATCH_BYTES, type TestingEngine } from "../../support/testing-engine.ts";

/** Where salts and digests go: the first page of the scratch memory. */
const PAGE_BYTES = 8192;
/** Most bytes of data for one call. */
export const WINDOW_BYTES = SCRATCH_BYTES - PAGE_BYTES;

export const dataPtr = (engine: TestingEngine): number => engine.scratch + PAGE_BYTES;

/** Opens a slot and returns the status. */
export function open(engine: TestingEngine, parameters: VerityParameters, slot = 0): number {
  const salt = parameters.salt ?? new Uint8Array(0);
  engine.put(engine.scratch, salt);
  const { algorithm, blockSize } = parameters;
  return engine.testVerityOpen(slot, ALGORITHM_ID[algorithm], Math.log2(blockSize), engine.scratch, salt.length);
}

/** Copies bytes into the engine and appends them, window by window. */
export function update(engine: TestingEngine, data: Uint8Array, slot = 0): void {
  for (let at = 0; at < data.length; at += WINDOW_BYTES) {
    const part = data.subarray(at, at + WINDOW_BYTES);
    engine.put(dataPtr(engine), part);
    engine.testVerityUpdate(slot, dataPtr(engine), part.length);
  }
}

/** Closes a slot and returns the digest in hex; empty when the slot was not open. */
export function close(engine: TestingEngine, slot = 0): string {
  const len = engine.testVerityClose(slot, engine.scratch);
  return engine.get(engine.scratch, len).toString("hex");
}

/** Digest of some bytes, in one go. */
export function digest(engine: TestingEngine, data: Uint8Array, parameters: VerityParameters, slot = 0): string {
  expect(open(engine, parameters, slot)).toBe(0);
  update(engine, data, slot);
  return close(engine, slot);
}

/** Bytes without a short period, different for each seed. */
export function noise(len: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(len / 4));
  let x = seed >>> 0;
  for (let i = 0; i < words.length; i++) {
    x = (x + 0x9e3779b9) >>> 0;
    let z = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    words[i] = z ^ (z >>> 15);
  }
  return Buffer.from(words.buffer, 0, len);
}
