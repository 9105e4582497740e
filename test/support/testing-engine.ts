/**
 * The testing build of the engine, by the plain WebAssembly API.
 *
 * Every call of `testingEngine` gives a new instance. `scratch` and `view` reach its memory; views are made anew for
 * each access, since memory that grows detaches them.
 */

import { readFileSync } from "node:fs";

const path = new URL("../../build/testing/engine.wasm", import.meta.url);

/** What assembly/testing.ts exports beside the engine's own functions. Addresses and lengths are unsigned 32-bit. */
export interface TestingExports {
  memory: WebAssembly.Memory;
  scratchPtr(): number;
  sha256(ptr: number, len: number, outPtr: number): void;
  sha256Begin(statePtr: number): void;
  sha256Update(statePtr: number, ptr: number, len: number): void;
  sha256End(statePtr: number, outPtr: number): void;
  sha256Lanes(ptr: number, stride: number, len: number, outPtr: number): void;
  sha512Lanes(ptr: number, stride: number, len: number, outPtr: number): void;
  sha512(ptr: number, len: number, outPtr: number): void;
  sha512Begin(statePtr: number): void;
  sha512Update(statePtr: number, ptr: number, len: number): void;
  sha512End(statePtr: number, outPtr: number): void;
  xxh32(ptr: number, len: number, seed: number): number;
  sipHashSeed(k0: bigint, k1: bigint): void;
  sipHash(ptr: number, len: number, extra: bigint): bigint;
  testVerityOpen(slot: number, algorithm: number, blockBits: number, saltPtr: number, saltLen: number): number;
  testVerityUpdate(slot: number, ptr: number, len: number): void;
  testVerityAppendDigests(slot: number, ptr: number, count: number, dataLen: bigint): number;
  testVerityBlockDigests(slot: number, ptr: number, len: number, outPtr: number): number;
  testVerityClose(slot: number, outPtr: number): number;
  testVerityIsOpen(slot: number): number;
  verityScalarOnly(on: number): void;
  testSort(items: number, count: number): number;
  arenaAllocate(size: bigint): number;
  arenaMark(): number;
  arenaRelease(point: number): void;
  arenaReset(): void;
  arenaLimit(bytes: bigint): void;
  arenaUsed(): bigint;
  equal(a: number, b: number, len: number): number;
  compare(a: number, aLen: number, b: number, bLen: number): number;
  comparePadded(a: number, aLen: number, b: number, bLen: number): number;
  copyAndPad(to: number, from: number, len: number): void;
  copyPadded(to: number, from: number, len: number): void;
  zero(at: number, len: number): void;
}

export interface TestingEngine extends TestingExports {
  /** Address of `SCRATCH_BYTES` bytes that nothing else uses. */
  scratch: number;
  /** Copies bytes to an address. */
  put(ptr: number, bytes: Uint8Array): void;
  /** Copies bytes out. */
  get(ptr: number, len: number): Buffer;
}

/** Bytes at `scratch`; SCRATCH_BYTES of assembly/testing.ts. */
export const SCRATCH_BYTES = 4 << 20;

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new Error("build/testing/engine.wasm is missing: run `npm run build:testing` first", { cause });
  }
  return new WebAssembly.Module(new Uint8Array(bytes));
}

/** A new instance of the testing build. */
export function testingEngine(): TestingEngine {
  compiled ??= compile();
  const exports = new WebAssembly.Instance(compiled, {}).exports as unknown as TestingExports;
  return {
    ...exports,
    scratch: exports.scratchPtr(),
    put: (ptr, bytes) => new Uint8Array(exports.memory.buffer).set(bytes, ptr),
    get: (ptr, len) => Buffer.from(new Uint8Array(exports.memory.buffer, ptr, len)),
  };
}
