/**
 * What a host in any language may rely on: the exports, no imports, the addresses and the records.
 *
 * A new export is added here by hand, together with the row of the ABI it belongs to; a changed one raises ABI_VERSION.
 */
import { expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { ABI } from "../support/abi.mjs";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();

const EXPORTS = [
  // the instance
  "memory",
  "abiVersion",
  "controlPtr",
  "errorPtr",
  "digestPtr",
  "inputPtr",
  "outputPtr",
  "reset",
  "setLimit",
  // dump -> tree -> image
  "dumpBegin",
  "dumpWrite",
  "dumpEnd",
  "imageOpen",
  "imageRead",
  // the cursor over a tree
  "cursorOpen",
  "cursorRead",
  "cursorChildren",
  "cursorFind",
  // fs-verity
  "verityOpen",
  "verityWrite",
  "verityWriteDigests",
  "verityBlocks",
  "verityClose",
];

test("the exports are these and no others", () => {
  expect(
    WebAssembly.Module.exports(module)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...EXPORTS].sort());
});

test("nothing is imported", () => {
  expect(WebAssembly.Module.imports(module)).toEqual([]);
});

test("the version is the one of abi.ts", () => {
  expect(new RawEngine(module).exports.abiVersion() >>> 0).toBe(abi.ABI_VERSION);
});

test("plain scripts read the same numbers from abi.ts", () => {
  expect(ABI).toEqual({ ...abi });
});

test("records and windows do not overlap and lie inside the first memory", () => {
  const { exports, memory } = new RawEngine(module);
  const areas: [number, number][] = [
    [exports.controlPtr() >>> 0, abi.CONTROL_RECORD_BYTES],
    [exports.errorPtr() >>> 0, abi.ERROR_RECORD_BYTES],
    [exports.digestPtr() >>> 0, abi.DIGEST_MAX_BYTES],
    [exports.inputPtr() >>> 0, abi.INPUT_WINDOW_BYTES],
    [exports.outputPtr() >>> 0, abi.OUTPUT_WINDOW_BYTES],
  ];
  areas.sort((a, b) => a[0] - b[0]);
  let end = 1;
  for (const [start, length] of areas) {
    expect(start).toBeGreaterThanOrEqual(end);
    expect(start % 8).toBe(0);
    end = start + length;
  }
  expect(end).toBeLessThanOrEqual(memory.buffer.byteLength);
});

test("calls out of order answer a status", () => {
  const { exports } = new RawEngine(module);
  expect(exports.dumpWrite(0)).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.dumpEnd()).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.imageOpen(abi.FORMAT_V1)).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.imageRead(0)).toBe(-abi.STATUS_ENGINE_STATE);
  expect(exports.verityClose(0)).toBe(-abi.STATUS_ENGINE_STATE);
});

test("arguments out of range answer a status", () => {
  const engine = new RawEngine(module);
  const { exports } = engine;
  expect(exports.setLimit(abi.LIMIT_COUNT, 1)).toBe(abi.STATUS_ENGINE_ARGUMENT);
  expect(exports.setLimit(abi.LIMIT_ENTRIES, abi.LIMIT_ENTRIES_DEFAULT + 1)).toBe(abi.STATUS_ENGINE_ARGUMENT);
  exports.reset(0, 0);
  expect(exports.dumpBegin(2)).toBe(abi.STATUS_ENGINE_ARGUMENT);
  engine.parse([Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n")]);
  expect(exports.imageOpen(4)).toBe(abi.STATUS_EROFS_FORMAT);
  exports.reset(0, 0);
  expect(exports.dumpBegin(0)).toBe(abi.STATUS_OK);
  expect(exports.dumpWrite(abi.INPUT_WINDOW_BYTES + 1)).toBe(abi.STATUS_ENGINE_ARGUMENT);
});
