/**
 * What a host in any language may rely on: the exports, no imports, the addresses and the records.
 *
 * A new export is added here by hand, together with the row of the ABI it belongs to; a changed one raises ABI_VERSION.
 */
import { readFileSync } from "node:fs";
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
  // image -> tree
  "scanBegin",
  "scanWrite",
  "scanEnd",
  "scanBytes",
  // tar -> layer records -> tree
  "layerBegin",
  "layerWrite",
  "layerEnd",
  "mergeBegin",
  "mergeLayer",
  "mergeWrite",
  "mergeEnd",
  // labels of a tree
  "labelBegin",
  "labelText",
  "labelEntries",
  "labelEnd",
  // tree -> dumpfile, canonical or as composefs-info prints it; what the bytes of an image are
  "printOpen",
  "printRead",
  "infoOpen",
  "infoRead",
  "regionOpen",
  "regionRead",
  "regionPath",
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

test("what this version of the ABI promised is as it was", () => {
  // Where this fails: what was changed or taken away raises ABI_VERSION by the rules of assembly/abi.ts, and the record
  // begins anew; what was added is added to it, by hand.
  const record = JSON.parse(readFileSync(new URL("../fixtures/abi.json", import.meta.url), "utf8"));
  const { memory: _, ...functions } = new RawEngine(module).exports;
  const { ABI_VERSION: version, ...numbers } = abi;
  const exports = Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, call.length]));
  expect({ version, exports, numbers }).toEqual(record);
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
  expect(exports.scanWrite(0)).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.scanEnd()).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.scanBytes(0, 0)).toBe(-abi.STATUS_ENGINE_STATE);
  expect(exports.infoOpen()).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.regionOpen()).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.verityClose(0)).toBe(-abi.STATUS_ENGINE_STATE);
});

test("only a tree that was read from an image has the image's bytes and regions", () => {
  const engine = new RawEngine(module);
  const { exports } = engine;
  engine.parse([Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n")]);
  expect(exports.scanBytes(0, 0)).toBe(-abi.STATUS_ENGINE_STATE);
  expect(exports.infoOpen()).toBe(abi.STATUS_ENGINE_STATE);
  expect(exports.regionOpen()).toBe(abi.STATUS_ENGINE_STATE);
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
  exports.reset(0, 0);
  expect(exports.scanBegin(2)).toBe(abi.STATUS_ENGINE_ARGUMENT);
  expect(exports.scanBegin(0)).toBe(abi.STATUS_OK);
  expect(exports.scanWrite(abi.INPUT_WINDOW_BYTES + 1)).toBe(abi.STATUS_ENGINE_ARGUMENT);
});

test("no length leads the verity calls out of their window", () => {
  const { exports } = new RawEngine(module);
  const { HASH_SHA256, HASH_SHA512, INPUT_WINDOW_BYTES, STATUS_ENGINE_ARGUMENT, STATUS_OK } = abi;
  for (const [algorithm, digestBytes] of [
    [HASH_SHA256, 32],
    [HASH_SHA512, 64],
  ] as const) {
    const most = INPUT_WINDOW_BYTES / digestBytes;
    expect(exports.verityOpen(0, algorithm, 10, 0)).toBe(STATUS_OK);
    expect(exports.verityWriteDigests(0, most, most * 1024)).toBe(STATUS_OK);
    for (const count of [most + 1, 300_000, 0xffffffff]) {
      expect(exports.verityWriteDigests(0, count, Math.min(count * 1024, 0xffffffff))).toBe(STATUS_ENGINE_ARGUMENT);
    }
    expect(exports.verityWrite(0, INPUT_WINDOW_BYTES + 1)).toBe(STATUS_ENGINE_ARGUMENT);
    expect(exports.verityBlocks(0, INPUT_WINDOW_BYTES + 1)).toBe(-STATUS_ENGINE_ARGUMENT);
  }
});

test("a mask names open slots only", () => {
  const engine = new RawEngine(module);
  const { exports } = engine;
  engine.parse([Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n")]);
  engine.check(exports.imageOpen(abi.FORMAT_V1));
  expect(exports.imageRead(1)).toBe(-abi.STATUS_ENGINE_STATE);
  expect(exports.imageRead(1 << abi.VERITY_SLOTS)).toBe(-abi.STATUS_ENGINE_ARGUMENT);
  expect(exports.imageRead(0)).toBeGreaterThan(0);
});

test("verity parameters out of range are named", () => {
  const engine = new RawEngine(module);
  const { exports } = engine;
  const refused = (algorithm: number, blockBits: number, saltBytes: number) => {
    expect(exports.verityOpen(0, algorithm, blockBits, saltBytes)).toBe(abi.STATUS_VERITY_PARAMETERS);
    const { actual, limit } = engine.error();
    return [Number(actual), Number(limit)];
  };
  expect(refused(3, 12, 0)).toEqual([3, abi.HASH_SHA512]);
  expect(refused(1, 9, 0)).toEqual([9, abi.VERITY_BLOCK_BITS_MAX]);
  expect(refused(1, 17, 0)).toEqual([17, abi.VERITY_BLOCK_BITS_MAX]);
  expect(refused(1, 12, 33)).toEqual([33, abi.VERITY_SALT_MAX_BYTES]);
  expect(exports.verityOpen(4, 1, 12, 0)).toBe(abi.STATUS_VERITY_PARAMETERS);
});
