/**
 * The same layer gives the same records, and the same records the same tree: in pieces of any size, again and again, under
 * any seed. What is reported while contents pass is what they are.
 */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { mergeNaively } from "../support/naive/oci-tree.ts";
import { Refusal } from "../support/naive/refusal.ts";
import { readTarNaively } from "../support/naive/tar.ts";
import { golden, layersOf, sha256, titleOf } from "../support/oci/golden.ts";
import { makeLayers } from "../support/oci/images.mjs";
import { mergeFlags, mergeLayers, readLayer, readLayerPieces } from "../support/oci/raw-layers.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();
const engine = new RawEngine(module);
const images = golden.images
  .filter(({ image, seed }) => image !== "large" && seed < 3)
  .map((image) => [titleOf(image), image] as const);
const refused = [...golden.refused, ...golden["refused-ours"]];

function* piecesOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Piece sizes: primes, around a block, the whole window. The smallest ones for small layers only. */
const sizesFor = (tar: Uint8Array) => [
  ...(tar.length < 20_000 ? [1] : []),
  ...(tar.length < 140_000 ? [7] : []),
  ...[511, 512, 513, 4099, abi.INPUT_WINDOW_BYTES],
];

/** SHA-256 of the records, or everything that is said of a refusal. */
function outcome(chunks: Uint8Array | Iterable<Uint8Array>, target = engine, seed: [number, number] = [1, 2]): unknown {
  try {
    return sha256(readLayer(target, chunks, { seed }));
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    return { ...error };
  }
}

describe("records do not depend on pieces", () => {
  test.each(images)("%s", (_, image) => {
    for (const layer of layersOf(image)) {
      const expected = outcome(layer);
      expect(expected).toMatch(/^[0-9a-f]{64}$/);
      for (const size of sizesFor(layer)) expect(outcome(piecesOf(layer, size)), `${size}`).toBe(expected);
    }
  });

  test.each(refused)("%s", (name) => {
    for (const layer of makeLayers(name)) {
      const expected = outcome(layer);
      for (const size of sizesFor(layer)) expect(outcome(piecesOf(layer, size)), `${size}`).toEqual(expected);
    }
  });

  test("a small layer cut at every place", () => {
    const [layer] = makeLayers("tiny");
    const expected = outcome(layer!);
    for (let cut = 0; cut <= layer!.length; cut++) {
      expect(outcome([layer!.subarray(0, cut), new Uint8Array(0), layer!.subarray(cut)]), `cut at ${cut}`).toBe(
        expected,
      );
    }
  });
});

test("a layer that ends anywhere is what the naive twin says", () => {
  const [layer] = makeLayers("global");
  const naive = (tar: Uint8Array) => {
    try {
      return mergeNaively([tar], "untransformed").toString("latin1");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.code;
    }
  };
  for (let end = 0; end <= layer!.length; end++) {
    // In the middle of a block, at its edges and beside them.
    if (![0, 1, 256, 511].includes(end % 512)) continue;
    const cut = layer!.subarray(0, end);
    let answer: string;
    try {
      mergeLayers(engine, [readLayer(engine, cut)], mergeFlags("untransformed"));
      answer = engine.print().toString("latin1");
    } catch (error) {
      if (!(error instanceof EngineStatus)) throw error;
      answer = error.code;
    }
    expect(answer, `the first ${end} bytes`).toBe(naive(cut));
  }
});

describe("trees do not depend on pieces", () => {
  test.each(images)("%s", (_, image) => {
    const layers = layersOf(image).map((layer) => readLayer(engine, layer));
    const print = (most: number, seed: [number, number]) => {
      mergeLayers(engine, layers, mergeFlags("untransformed"), { most, seed });
      return sha256(engine.print());
    };
    const expected = print(abi.INPUT_WINDOW_BYTES, [1, 2]);
    // One record at a time, a few at a time.
    for (const most of [1, 1000]) expect(print(most, [most, -1])).toBe(expected);
  });
});

describe("determinism", () => {
  const [layer] = makeLayers("random", { seed: 7, scale: 4 });
  const expected = outcome(layer!, new RawEngine(module));

  test("twice in one instance, after every refusal and after another layer", () => {
    const target = new RawEngine(module);
    expect(outcome(layer!, target)).toBe(expected);
    for (const name of refused) outcome(makeLayers(name)[0]!, target);
    outcome(makeLayers("formats")[0]!, target);
    expect(outcome(layer!, target)).toBe(expected);
  });

  test("after jobs that were left in the middle", () => {
    const target = new RawEngine(module);
    const half = layer!.subarray(0, 100_000);
    expect(() => readLayer(target, half)).toThrow(EngineStatus);
    const stopped = () =>
      readLayerPieces(target, [half], () => {
        throw new RangeError("stopped");
      });
    expect(stopped).toThrow("stopped");
    expect(outcome(layer!, target)).toBe(expected);
  });

  test.each([
    [0, 0],
    [-1, -1],
    [0x12345678, 0x7abcdef0],
  ] as [number, number][])("seed %i %i", (low, high) => {
    expect(outcome(layer!, engine, [low, high])).toBe(expected);
  });
});

describe("contents while they pass", () => {
  interface Passed {
    path: string;
    size: number;
    offset: number;
    sha256: string;
  }

  /** What LAYER_CONTENT reports, and the entry records beside it. */
  function passedOf(tar: Uint8Array, size: number): { passed: Passed[]; entries: Buffer } {
    const passed: Passed[] = [];
    const entries: Buffer[] = [];
    let hash = createHash("sha256");
    let begun: Omit<Passed, "sha256"> | undefined;
    let seen = 0;
    const flags = abi.LAYER_SHA256 | abi.LAYER_SHA512 | abi.LAYER_CONTENT;
    const take = (records: Buffer, input: Uint8Array) => {
      for (let at = 0; at < records.length; ) {
        const record = records.subarray(at, at + records.readUInt32LE(at + abi.RECORD_BYTES));
        at += record.length;
        const size = Number(record.readBigUInt64LE(abi.RECORD_SIZE));
        const offset = Number(record.readBigUInt64LE(abi.RECORD_DATA_OFFSET));
        const end = abi.RECORD_HEADER_BYTES + record.readUInt32LE(abi.RECORD_PATH_BYTES);
        const path = record.toString("latin1", abi.RECORD_HEADER_BYTES, end);
        const kind = record[abi.RECORD_KIND];
        if (kind === abi.RECORD_KIND_BEGIN) {
          begun = { path, size, offset };
          hash = createHash("sha256");
          seen = 0;
        } else if (kind === abi.RECORD_KIND_DATA) {
          hash.update(input.subarray(offset, offset + size));
          seen += size;
        } else {
          entries.push(record);
          if (begun === undefined) continue;
          // The record of the entry itself follows its content.
          expect({ path, size, offset }).toEqual(begun);
          expect(seen).toBe(begun.size);
          passed.push({ ...begun, sha256: hash.digest("hex") });
          begun = undefined;
        }
      }
    };
    readLayerPieces(engine, piecesOf(tar, size), take, { flags });
    return { passed, entries: Buffer.concat(entries) };
  }

  test.each(images)("%s", (_, image) => {
    for (const layer of layersOf(image)) {
      const expected = readTarNaively(layer).flatMap(({ type, parts, content }) =>
        type === "file" ? [{ path: parts.join("/"), size: content.length, sha256: sha256(content) }] : [],
      );
      for (const size of [513, abi.INPUT_WINDOW_BYTES]) {
        const { passed, entries } = passedOf(layer, size);
        expect(passed.map(({ offset, ...rest }) => rest)).toEqual(expected);
        for (const { offset, size, sha256: digest } of passed) {
          expect(sha256(layer.subarray(offset, offset + size))).toBe(digest);
        }
        expect(sha256(entries)).toBe(outcome(layer));
      }
    }
  });
});

describe("calls out of order and arguments out of range answer a status", () => {
  const fresh = () => new RawEngine(module).exports as unknown as Record<string, (...args: number[]) => number>;

  test("layers", () => {
    const exports = fresh();
    exports["reset"]!(1, 2);
    expect(exports["layerWrite"]!(0, 0)).toBe(-abi.STATUS_ENGINE_STATE);
    expect(exports["layerEnd"]!()).toBe(abi.STATUS_ENGINE_STATE);
    expect(exports["layerBegin"]!(0)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(exports["layerBegin"]!(abi.LAYER_CONTENT)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(exports["layerBegin"]!(8 | abi.LAYER_SHA256)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(exports["layerBegin"]!(abi.LAYER_SHA256)).toBe(abi.STATUS_OK);
    expect(exports["layerBegin"]!(abi.LAYER_SHA256)).toBe(abi.STATUS_ENGINE_STATE);
    for (const [from, length] of [
      [0, abi.INPUT_WINDOW_BYTES + 1],
      [1, abi.INPUT_WINDOW_BYTES],
      [-1, 1],
      [1, -1],
    ] as const) {
      expect(exports["layerWrite"]!(from, length)).toBe(-abi.STATUS_ENGINE_ARGUMENT);
    }
    expect(exports["layerEnd"]!()).toBe(abi.STATUS_OK);
    expect(exports["printOpen"]!()).toBe(abi.STATUS_ENGINE_STATE);
  });

  test("merges", () => {
    const exports = fresh();
    exports["reset"]!(1, 2);
    expect(exports["mergeLayer"]!()).toBe(abi.STATUS_ENGINE_STATE);
    expect(exports["mergeWrite"]!(0)).toBe(abi.STATUS_ENGINE_STATE);
    expect(exports["mergeEnd"]!()).toBe(abi.STATUS_ENGINE_STATE);
    expect(exports["mergeBegin"]!(64)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    // Only a tree that goes through the transform can be bootable, and only a bootable one has a revision.
    expect(exports["mergeBegin"]!(abi.MERGE_BOOTABLE)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(exports["mergeBegin"]!(abi.MERGE_TRANSFORM | abi.MERGE_BOOT_NANOSECONDS)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(exports["mergeBegin"]!(0)).toBe(abi.STATUS_OK);
    expect(exports["mergeBegin"]!(0)).toBe(abi.STATUS_ENGINE_STATE);
    expect(exports["mergeWrite"]!(abi.INPUT_WINDOW_BYTES + 1)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(exports["mergeEnd"]!()).toBe(abi.STATUS_OK);
    expect(exports["printOpen"]!()).toBe(abi.STATUS_OK);
  });

  test("labels", () => {
    const exports = fresh();
    const labelBegin = exports["labelBegin"]!;
    const labelText = exports["labelText"]!;
    const labelEntries = exports["labelEntries"]!;
    const labelEnd = exports["labelEnd"]!;
    const merge = () => {
      exports["reset"]!(1, 2);
      expect(exports["mergeBegin"]!(0)).toBe(abi.STATUS_OK);
      expect(exports["mergeEnd"]!()).toBe(abi.STATUS_OK);
    };
    exports["reset"]!(1, 2);
    expect(labelBegin()).toBe(abi.STATUS_ENGINE_STATE);
    // A dumpfile says itself which labels its entries have, and its links may come before what they name.
    const dump = Buffer.from("/ 0 40755 2 0 0 0 0.0 - - -\n");
    expect(exports["dumpBegin"]!(0)).toBe(abi.STATUS_OK);
    new Uint8Array((exports["memory"] as unknown as WebAssembly.Memory).buffer).set(dump, exports["inputPtr"]!());
    expect(exports["dumpWrite"]!(dump.length)).toBe(abi.STATUS_OK);
    expect(exports["dumpEnd"]!()).toBe(abi.STATUS_OK);
    expect(labelBegin()).toBe(abi.STATUS_ENGINE_STATE);
    expect(exports["printOpen"]!()).toBe(abi.STATUS_OK);
    merge();
    for (const call of [labelText, labelEntries]) expect(call(1)).toBe(abi.STATUS_ENGINE_STATE);
    expect(labelEnd()).toBe(abi.STATUS_ENGINE_STATE);
    for (const [call, argument] of [
      [labelText, 0],
      [labelText, abi.INPUT_WINDOW_BYTES + 1],
      [labelEntries, 2],
      [labelEntries, abi.INPUT_WINDOW_BYTES / 4 + 1],
      [labelEnd, 0],
    ] as const) {
      merge();
      expect(labelBegin()).toBe(abi.STATUS_OK);
      expect(call(argument)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    }
    merge();
    expect(labelBegin()).toBe(abi.STATUS_OK);
    new DataView((exports["memory"] as unknown as WebAssembly.Memory).buffer).setUint32(
      exports["inputPtr"]!(),
      1,
      true,
    );
    expect(labelEntries(1)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    merge();
    expect(labelBegin()).toBe(abi.STATUS_OK);
    new DataView((exports["memory"] as unknown as WebAssembly.Memory).buffer).setUint32(
      exports["inputPtr"]!(),
      0,
      true,
    );
    expect(labelEntries(1)).toBe(abi.STATUS_OK);
    expect(labelEnd()).toBe(abi.STATUS_OK);
    expect(exports["printOpen"]!()).toBe(abi.STATUS_OK);
  });
});
