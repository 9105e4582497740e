/** The same dumpfile gives the same image: in pieces of any size, again and again, in any instance, under any seed. */
import { describe, expect, test } from "vitest";
import { DUMP_STRICT, FORMAT_AUTO, FORMAT_V1, FORMAT_V2, INPUT_WINDOW_BYTES } from "../../assembly/abi.ts";
import { debian, dumpOf, readFixture, rejects, vectors } from "../support/fixtures.ts";
import { generateDumpBytes } from "../support/generate-dump.mjs";
import { compileEngine, EngineStatus, RawEngine, VERITY_4K } from "../support/raw-engine.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";

const module = compileEngine();
const engine = new RawEngine(module);

/** Dumpfiles up to this size are cut at every place. */
const SMALL_BYTES = 420;

function* bytewise(dump: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < dump.length; at++) yield dump.subarray(at, at + 1);
}

function* randomPieces(dump: Uint8Array, seed: number, most: number): Generator<Uint8Array> {
  const random = new SplitMix64(seed);
  for (let at = 0; at < dump.length; ) {
    const length = random.below(most);
    yield dump.subarray(at, at + length);
    at += length;
  }
}

/** Image, or code, line, field and offset of the refusal. */
function outcome(chunks: Iterable<Uint8Array>, target = engine, seed: [number, number] = [1, 2]): unknown {
  try {
    target.parse(chunks, { seed });
    return target.image(FORMAT_AUTO).image.toString("latin1");
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    const { code, line, field, offset, actual, limit } = error;
    return { code, line, field, offset, actual, limit };
  }
}

const smallAccepted = vectors.vectors.filter((vector) => dumpOf(vector).length <= SMALL_BYTES);
const smallRejected = vectors.rejects.filter(({ file }) => readFixture(file).length <= SMALL_BYTES);

describe("every cut of small dumpfiles", () => {
  test.each([...smallAccepted, ...smallRejected].map(({ name, file }) => [name, file!] as const))("%s", (_, file) => {
    const dump = readFixture(file);
    const expected = outcome([dump]);
    for (let cut = 0; cut <= dump.length; cut++) {
      const halves = [dump.subarray(0, cut), dump.subarray(cut)];
      if (outcome(halves) instanceof Object || typeof expected === "object")
        expect(outcome(halves), `cut at ${cut}`).toEqual(expected);
      else if (outcome(halves) !== expected) throw new Error(`another image when cut at ${cut}`);
    }
    expect(outcome(bytewise(dump)) === expected || typeof expected === "object").toBe(true);
    if (typeof expected === "object") expect(outcome(bytewise(dump))).toEqual(expected);
  });
});

describe("random pieces of large dumpfiles", () => {
  const large: [string, Uint8Array][] = [
    ...vectors.vectors
      .filter((vector) => dumpOf(vector).length > SMALL_BYTES)
      .map((v): [string, Uint8Array] => [v.name, dumpOf(v)]),
    ["edges-8000-13", generateDumpBytes("edges", 8000, 13)],
    ["debian", readFixture(debian.file)],
  ];
  test.each(large)("%s", (_, dump) => {
    const expected = outcome([dump]);
    for (const most of [3, 97, 5000, INPUT_WINDOW_BYTES]) {
      if (most === 3 && dump.length > 200_000) continue;
      expect(outcome(randomPieces(dump, most, most + 1)) === expected, `pieces up to ${most} bytes`).toBe(true);
    }
  });
});

describe("determinism", () => {
  const dump = generateDumpBytes("edges", 3000, 5);
  const other = generateDumpBytes("distro", 4000, 6);
  const build = (target: RawEngine, seed: [number, number] = [1, 2]): string => {
    const { image, digests } = target.build(dump, FORMAT_V1, VERITY_4K, { seed });
    return image.toString("latin1") + digests.join();
  };
  const expected = build(new RawEngine(module));

  test("twice in one instance, with another job between", () => {
    const target = new RawEngine(module);
    expect(build(target) === expected).toBe(true);
    target.build(other, FORMAT_AUTO, VERITY_4K);
    expect(build(target) === expected).toBe(true);
  });

  test("after a failed job of every kind", () => {
    const target = new RawEngine(module);
    for (const name of Object.keys(rejects)) {
      expect(() => target.parse([readFixture(`dump/${name}.dump`)])).toThrow(EngineStatus);
    }
    expect(build(target) === expected).toBe(true);
  });

  test("after jobs that were left in the middle", () => {
    const target = new RawEngine(module);
    target.exports.reset(3, 4);
    target.exports.dumpBegin(DUMP_STRICT);
    target.view(target.exports.inputPtr(), 100).set(other.subarray(0, 100));
    target.exports.dumpWrite(100);
    target.parse([other]);
    target.exports.imageOpen(FORMAT_V2);
    target.exports.imageRead(0);
    expect(build(target) === expected).toBe(true);
  });

  test("one tree gives each format in any order", () => {
    const target = new RawEngine(module);
    target.parse([other]);
    const first = [0, 1, 2, 3].map((format) => target.image(format).image.toString("latin1"));
    const second = [3, 2, 1, 0].map((format) => target.image(format).image.toString("latin1")).reverse();
    expect(first.every((image, i) => image === second[i])).toBe(true);
  });

  test.each([
    [0, 0],
    [-1, -1],
    [0x12345678, 0x7abcdef0],
  ] as [number, number][])("seed %i %i", (low, high) => {
    expect(build(new RawEngine(module), [low, high]) === expected).toBe(true);
  });
});
