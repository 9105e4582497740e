/** Images among other jobs: the order of calls, instances that go on after anything, and what the cursor shows of them. */
import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { readAll } from "../support/cursor.ts";
import { readFixture } from "../support/fixtures.ts";
import { generateDumpBytes } from "../support/generate-dump.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

const module = compileEngine();
const { STATUS_ENGINE_STATE: STATE, STATUS_OK: OK } = abi;

const dump = generateDumpBytes("distro", 2000, 4);
const images = [abi.FORMAT_V0, abi.FORMAT_V1, abi.FORMAT_V2].map(
  (format) => new RawEngine(module).build(dump, format).image,
);
const image = images[1]!;

/** Puts the first bytes of the image into the window. */
function offer(engine: RawEngine, length: number): number {
  engine.view(engine.exports.inputPtr(), length).set(image.subarray(0, length));
  return length;
}

describe("the order of calls", () => {
  test("while an image is read, nothing else begins", () => {
    const engine = new RawEngine(module);
    const { exports } = engine;
    exports.reset(1, 2);
    expect(exports.scanBegin(0)).toBe(OK);
    expect(exports.scanWrite(offer(engine, 4096))).toBe(OK);
    expect([exports.scanBegin(0), exports.dumpBegin(0), exports.dumpWrite(0), exports.dumpEnd()]).toEqual(
      Array(4).fill(STATE),
    );
    expect([exports.imageOpen(1), exports.printOpen(), exports.cursorOpen()]).toEqual(Array(3).fill(STATE));
    expect([exports.infoOpen(), exports.regionOpen()]).toEqual([STATE, STATE]);
    expect([exports.scanBytes(0, 100), exports.printRead(), exports.imageRead(0)]).toEqual(Array(3).fill(-STATE));
  });

  test("nor does an image while a dumpfile is read", () => {
    const { exports } = new RawEngine(module);
    exports.reset(1, 2);
    expect(exports.dumpBegin(0)).toBe(OK);
    expect([exports.scanBegin(0), exports.scanWrite(0), exports.scanEnd()]).toEqual(Array(3).fill(STATE));
    expect(exports.scanBytes(0, 1)).toBe(-STATE);
  });

  test("after a refusal only a reset helps", () => {
    const engine = new RawEngine(module);
    const { exports } = engine;
    expect(() => engine.scan([Buffer.alloc(4096)])).toThrow("IMAGE_NOT_EROFS");
    expect([exports.scanWrite(0), exports.scanEnd(), exports.printOpen(), exports.imageOpen(1)]).toEqual(
      Array(4).fill(STATE),
    );
    expect([exports.infoOpen(), exports.regionOpen(), exports.cursorOpen()]).toEqual(Array(3).fill(STATE));
    engine.scan([image]);
    expect(engine.print().length).toBeGreaterThan(0);
  });

  test("an image that ends is not written to, and ends once", () => {
    const engine = new RawEngine(module);
    engine.scan([image]);
    expect([engine.exports.scanWrite(0), engine.exports.scanEnd()]).toEqual([STATE, STATE]);
    expect(engine.print().length).toBeGreaterThan(0);
  });

  test("what is about the image's own bytes needs an image", () => {
    const engine = new RawEngine(module);
    engine.parse([dump]);
    expect([engine.exports.infoOpen(), engine.exports.regionOpen()]).toEqual([STATE, STATE]);
    expect(engine.exports.scanBytes(0, 1)).toBe(-STATE);
    engine.scan([image]);
    expect([engine.exports.infoOpen(), engine.exports.regionOpen()]).toEqual([OK, OK]);
    expect(engine.exports.scanBytes(0, 1)).toBe(1);
  });
});

describe("an instance goes on", () => {
  const expected = images.map((one) => {
    const engine = new RawEngine(module);
    engine.scan([one]);
    return engine.print();
  });
  const expectAll = (engine: RawEngine, seed: [number, number] = [1, 2]) => {
    images.forEach((one, format) => {
      engine.scan([one], { seed });
      expect(engine.print().equals(expected[format]!), `V${format}`).toBe(true);
      expect(engine.image(format).image.equals(one), `V${format}`).toBe(true);
    });
  };

  test("with one image after the other, and with dumpfiles between", () => {
    const engine = new RawEngine(module);
    expectAll(engine);
    engine.parse([dump]);
    expectAll(engine);
    expect(expected[0]!.equals(expected[1]!)).toBe(true);
  });

  test("after images that were cut anywhere, and ones that were left in the middle", () => {
    const engine = new RawEngine(module);
    for (let length = 0; length < image.length; length += Math.ceil(image.length / 41)) {
      expect(() => engine.scan([image.subarray(0, length)])).toThrow(EngineStatus);
    }
    engine.exports.reset(3, 4);
    engine.exports.scanBegin(abi.SCAN_STRICT);
    engine.exports.scanWrite(offer(engine, 5000));
    expectAll(engine);
  });

  test.each([
    [0, 0],
    [-1, -1],
    [0x12345678, 0x7abcdef0],
  ] as [number, number][])("under the seed %i %i", (low, high) => {
    expectAll(new RawEngine(module), [low, high]);
  });

  test("with any of the goldens as text and as image in turn", () => {
    const engine = new RawEngine(module);
    const mixed = readFixture("dump/hardlink-types.dump");
    for (let round = 0; round < 3; round++) {
      const built = engine.build(mixed, abi.FORMAT_V1).image;
      const text = engine.print();
      engine.scan([built]);
      expect(engine.print().equals(text)).toBe(true);
    }
  });
});

test.each([0, 1, 2])("the cursor shows the entries of the dumpfile, and the inodes of the image in V%i", (format) => {
  const engine = new RawEngine(module);
  engine.parse([dump]);
  engine.check(engine.exports.cursorOpen());
  const before = readAll(engine);
  engine.scan([images[format]!]);
  engine.check(engine.exports.cursorOpen());
  const after = readAll(engine);
  expect(after).toHaveLength(before.length);
  after.forEach((record, i) => {
    // Directories have the link count of the image; the rest is the dumpfile's, nanoseconds aside.
    const { line: nid, ...rest } = record;
    const { line, ...wanted } = before[i]!;
    expect(rest).toEqual({ ...wanted, nlink: rest.nlink, nanoseconds: format === 2 ? 0 : wanted.nanoseconds });
    expect(line).toBeGreaterThan(0);
    const isCompact = (images[format]![32 * nid]! & 1) === 0;
    expect(images[format]!.readUInt16LE(32 * nid + 4) & 0o7777).toBe(
      after[record.type === 8 ? record.link : i]!.mode & 0o7777,
    );
    const stored = isCompact ? images[format]!.readUInt16LE(32 * nid + 6) : images[format]!.readUInt32LE(32 * nid + 44);
    expect(after[record.type === 8 ? record.link : i]!.nlink).toBe(stored);
  });
});
