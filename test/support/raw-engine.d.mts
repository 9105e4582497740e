/** Types of `raw-engine.mjs`. */
export interface VerityParameters {
  algorithm: number;
  blockBits: number;
}
export interface ErrorRecord {
  status: number;
  code: string;
  field: string;
  offset: number;
  line: number;
  actual: bigint;
  limit: bigint;
  text: Buffer;
}
/** Of a dumpfile (DUMP_*) or an image (SCAN_*). */
export interface ParseOptions {
  flags?: number;
  seed?: [number, number];
  limits?: Record<number, number>;
}
export declare const VERITY_4K: readonly VerityParameters[];
export declare function compileEngine(name?: string): WebAssembly.Module;
export declare interface EngineStatus extends ErrorRecord {}
export declare class EngineStatus extends Error {
  constructor(record: ErrorRecord);
}
/** Exports of the engine; all numbers are 32 bit and arrive signed. */
export interface EngineExports {
  readonly memory: WebAssembly.Memory;
  abiVersion(): number;
  controlPtr(): number;
  errorPtr(): number;
  digestPtr(): number;
  inputPtr(): number;
  outputPtr(): number;
  reset(seedLow: number, seedHigh: number): void;
  setLimit(index: number, value: number): number;
  dumpBegin(flags: number): number;
  dumpWrite(length: number): number;
  dumpEnd(): number;
  scanBegin(flags: number): number;
  scanWrite(length: number): number;
  scanEnd(): number;
  scanBytes(offset: number, length: number): number;
  imageOpen(format: number): number;
  imageRead(verityMask: number): number;
  printOpen(): number;
  printRead(): number;
  infoOpen(): number;
  infoRead(): number;
  regionOpen(): number;
  regionRead(): number;
  regionPath(entry: number): number;
  cursorOpen(): number;
  cursorRead(first: number): number;
  cursorChildren(index: number, from: number): number;
  cursorFind(length: number): number;
  verityOpen(slot: number, algorithm: number, blockBits: number, saltLength: number): number;
  verityWrite(slot: number, length: number): number;
  verityWriteDigests(slot: number, count: number, dataLength: number): number;
  verityBlocks(slot: number, length: number): number;
  verityClose(slot: number): number;
}
export interface BuiltImage {
  image: Buffer;
  digests: string[];
}
export declare class RawEngine {
  readonly exports: EngineExports;
  readonly memory: WebAssembly.Memory;
  constructor(module?: WebAssembly.Module);
  view(pointer: number, length: number): Uint8Array;
  control(offset: number): bigint;
  error(): ErrorRecord;
  check(status: number): void;
  parse(chunks: Iterable<Uint8Array>, options?: ParseOptions): void;
  scan(chunks: Iterable<Uint8Array>, options?: ParseOptions): void;
  image(format: number, verity?: readonly VerityParameters[]): BuiltImage;
  print(): Buffer;
  build(dump: Uint8Array, format: number, verity?: readonly VerityParameters[], options?: ParseOptions): BuiltImage;
}
