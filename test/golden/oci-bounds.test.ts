/**
 * What layers may cost: reading them takes the same memory however large they are, merging them memory by the constants of
 * abi.ts, and time in proportion to the input, also when the shape is the attack.
 */
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { mergeNaively } from "../support/naive/oci-tree.ts";
import { readTarNaively } from "../support/naive/tar.ts";
import { zeros } from "../support/oci/content.mjs";
import { mergeFlags, mergeLayers, readLayer } from "../support/oci/raw-layers.mjs";
import { dir, dirs, file, hardlink, type Item, layerPieces, pax, tarball, whiteout } from "../support/oci/tar.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const base = dirs("usr", "etc");

/** Shapes of `size` entries or so: each what could become too slow or too large. */
const SHAPES: Record<string, (size: number) => Item[][]> = {
  "empty files": (size) => [[...base, ...many(size, (i) => file(`etc/${i}`, ""))]],
  "empty files, reversed": (size) => [[...base, ...many(size, (i) => file(`etc/${size - i}`, ""))]],
  objects: (size) => [[...base, ...many(size, (i) => file(`etc/${i}`, String(i).padStart(65)))]],
  directories: (size) => [[...base, ...many(size, (i) => dir(`etc/${i}`))]],
  "hardlinks to one file": (size) => [
    [...base, file("etc/x", ""), ...many(size, (i) => hardlink(`etc/${i}`, "etc/x"))],
  ],
  "a chain of hardlinks": (size) => [
    [...base, file("etc/0", ""), ...many(size, (i) => hardlink(`etc/${i + 1}`, `etc/${i}`))],
  ],
  "xattrs of one entry, again and again": (size) => [
    [
      ...base,
      ...many(size / 500, (i) =>
        file(`etc/${i}`, "", { xattrs: many(500, (k): [string, string] => [`user.${i}.${k}`, "v"]) }),
      ),
    ],
  ],
  "one file replaced again and again": (size) => [[...base, ...many(size, (i) => file("etc/x", String(i)))]],
  "a directory and a file by turns": (size) => [
    [...base, ...many(size / 3, (i) => [dir("etc/d"), file(`etc/d/${i}`, ""), file("etc/d", "")]).flat()],
  ],
  "an opaque directory that is filled and emptied": (size) => [
    [...base, ...many(size / 2, (i) => [file(`etc/${i}`, ""), whiteout("etc/.wh..wh..opq")]).flat()],
  ],
  "opaque markers in a full directory": (size) => [
    [...base, ...many(size / 2, (i) => file(`etc/${i}`, ""))],
    many(size / 2, () => whiteout("etc/.wh..wh..opq")),
  ],
  "a full directory removed layer by layer": (size) =>
    Array.from({ length: 5 }, () => [
      ...base,
      dir("etc/d"),
      ...many(size / 5, (i) => file(`etc/d/${i}`, "")),
      whiteout("etc/.wh.d"),
    ]),
  "whiteouts of what is not there": (size) => [[...base, ...many(size, (i) => whiteout(`etc/.wh.${i}`))]],
  "the same directory again and again": (size) => [
    [...base, ...many(100, (i) => file(`etc/${i}`, "")), ...many(size, () => dir("etc"))],
  ],
  "global headers": (size) => [[...base, ...many(size, () => pax([["comment", "c"]], "g"))]],
};

/** Memory that merging may take: entries and xattrs that were ever made, and their bytes. */
function cost(layers: Buffer[]): number {
  let [records, text] = [1, 0];
  for (const { parts, target, content, xattrs } of layers.flatMap(readTarNaively)) {
    records += 1 + xattrs.size;
    text += (parts[parts.length - 1] ?? "").length + target.length + (content.length <= 64 ? content.length : 0);
    for (const [key, value] of xattrs) text += key.length + value.length;
  }
  return records * abi.MEMORY_PER_RECORD_BYTES + text * abi.MEMORY_PER_TEXT_BYTE;
}

describe("memory", () => {
  test.each(Object.entries(SHAPES))("of %s stays within the constants", (_, make) => {
    const layers = make(4000).map((entries) => tarball(entries));
    const reader = new RawEngine(module);
    const records = layers.map((layer) => readLayer(reader, layer));
    expect(reader.memory.buffer.byteLength).toBe(abi.MEMORY_BASE_BYTES);
    const target = new RawEngine(module);
    const limit = abi.MEMORY_BASE_BYTES + cost(layers);
    expect(target.exports.setLimit(abi.LIMIT_MEMORY_BYTES, limit)).toBe(abi.STATUS_OK);
    mergeLayers(target, records, mergeFlags("untransformed"));
    target.image(abi.FORMAT_V1);
    target.print();
    mergeLayers(target, records, mergeFlags("keep-user-xattrs"));
    target.image(abi.FORMAT_V2);
  });

  test("of reading does not depend on sizes, and extensions take what they hold at most", () => {
    const engine = new RawEngine(module);
    const large = [...base, file("etc/x", zeros(40 << 20)), file("etc/y", zeros(1 << 20))];
    readLayer(engine, layerPieces(large));
    expect(engine.memory.buffer.byteLength).toBe(abi.MEMORY_BASE_BYTES);
    const comment = "c".repeat(abi.TAR_EXTENSIONS_MAX_BYTES - 20);
    readLayer(engine, layerPieces(many(20, (i) => file(`x${i}`, "", { pax: [["comment", comment]] }))));
    expect(engine.memory.buffer.byteLength).toBeLessThanOrEqual(
      abi.MEMORY_BASE_BYTES + 2 * abi.TAR_EXTENSIONS_MAX_BYTES,
    );
  });

  test("that is refused gives a status at whatever point, and the instance works on", () => {
    const layers = SHAPES["objects"]!(8000).map((entries) => tarball(entries));
    const records = layers.map((layer) => readLayer(new RawEngine(module), layer));
    const flags = mergeFlags("untransformed");
    const codes = new Set<string>();
    for (let limit = abi.MEMORY_BASE_BYTES; ; limit += 131_072) {
      const target = new RawEngine(module);
      expect(target.exports.setLimit(abi.LIMIT_MEMORY_BYTES, limit)).toBe(abi.STATUS_OK);
      try {
        mergeLayers(target, records, flags);
        break;
      } catch (error) {
        if (!(error instanceof EngineStatus)) throw error;
        codes.add(error.code);
        mergeLayers(target, [records[0]!.subarray(0, 0)], flags);
      }
    }
    expect([...codes]).toEqual(["ENGINE_MEMORY"]);
  });
});

describe("time", () => {
  /** Milliseconds of the fastest of three runs. */
  function measure(layers: Buffer[]): number {
    const engine = new RawEngine(module);
    const times = [1, 2, 3].map(() => {
      const began = performance.now();
      const records = layers.map((layer) => readLayer(engine, layer));
      mergeLayers(engine, records, mergeFlags("untransformed"));
      return performance.now() - began;
    });
    return Math.min(...times);
  }

  // Eight times the input: linear work takes eight times as long, quadratic work sixty-four times. Runs that take no time
  // to speak of are taken for longer, since other work of the machine disturbs them.
  test.each(Object.entries(SHAPES))("of %s grows with the input", (_, make) => {
    const [small, large] = [1500, 12_000].map((size) => measure(make(size).map((entries) => tarball(entries))));
    expect(large!).toBeLessThan(25 * Math.max(small!, 10));
  });
});

test("the deepest tree that a path can name is the naive twin's", () => {
  const depth = abi.PATH_MAX_BYTES / 2;
  const layer = tarball(many(depth, (i) => dir("d/".repeat(i + 1))));
  const engine = new RawEngine(module);
  mergeLayers(engine, [readLayer(engine, layer)], mergeFlags("untransformed"));
  expect(engine.print().equals(mergeNaively([layer], "untransformed"))).toBe(true);
  engine.image(abi.FORMAT_V1);
  expect(() => readLayer(engine, tarball([dir("d/".repeat(depth + 1))]))).toThrow("TAR_PATH_TOO_LONG");
});
