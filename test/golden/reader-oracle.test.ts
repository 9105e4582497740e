/**
 * What the tools of erofs-utils say: fsck.erofs takes every image that we write, dump.erofs counts in it what our reader
 * counts, and what mkfs.erofs makes is refused by the name of what it is.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CONTROL_DIRECTORIES,
  CONTROL_ENTRIES,
  CONTROL_IMAGE_INODES,
  CONTROL_STUBS,
  FORMAT_V0,
  FORMAT_V1,
  FORMAT_V2,
} from "../../assembly/abi.ts";
import { makeCase } from "../fuzz/random-dump.mjs";
import { debian, dumpOf, readFixture, vectors } from "../support/fixtures.ts";
import { findOracle, runOracle } from "../support/oracle.ts";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";

const engine = new RawEngine(compileEngine());
const fsck = findOracle("fsck.erofs");
const dump = findOracle("dump.erofs");
const mkfs = findOracle("mkfs.erofs");
const FORMATS = [FORMAT_V0, FORMAT_V1, FORMAT_V2];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "composefs-reader-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Its image reads as a whiteout of many names (`reader-roundtrip.test.ts`). */
const UNREADABLE = "random-13";

/**
 * V2 gives every object one chunk pointer at most (erofs-v1.md 12.5), and fsck.erofs looks for up to 1024 of them: one for
 * each 2^43 bytes. Nobody else does, since the content is not in the image.
 */
const MANY_CHUNKS = ["ext-max", "ext-many-chunks-pad", "ext-many-chunks-giveup"];

/** The image of a dumpfile; undefined when there is none of that format. */
function imageOf(bytes: Uint8Array, format: number): Buffer | undefined {
  try {
    return engine.build(bytes, format).image;
  } catch (error) {
    if (error instanceof EngineStatus && /^(DUMP|EROFS_V2)_/.test(error.code)) return undefined;
    throw error;
  }
}

function write(name: string, image: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, image);
  return path;
}

function expectFsck(image: Uint8Array, label: string): void {
  const { exitCode, output, stderr } = runOracle(fsck!, [write("fsck.img", image)]);
  expect(exitCode, `${label}: ${output}${stderr}`).toBe(0);
}

const goldens: [string, () => Uint8Array][] = [
  ...[...vectors.vectors, debian].map((vector): [string, () => Uint8Array] => [vector.name, () => dumpOf(vector)]),
  ...vectors.sha512.map(({ name, file }): [string, () => Uint8Array] => [name, () => readFixture(file)]),
];

describe.skipIf(fsck === undefined)("fsck.erofs takes images of V0 and V2, too", () => {
  test.each(goldens)("%s", (name, read) => {
    const bytes = read();
    // `oracle.test.ts` has V1.
    for (const format of [FORMAT_V0, FORMAT_V2]) {
      if (format === FORMAT_V2 && MANY_CHUNKS.includes(name)) continue;
      const image = imageOf(bytes, format);
      if (image !== undefined) expectFsck(image, `V${format}`);
    }
  });

  test.each(Array.from({ length: 10 }, (_, i) => [i]))("random trees, seed 52, batch %i", (batch) => {
    let taken = 0;
    for (let number = batch * 10; number < batch * 10 + 10; number++) {
      const image = imageOf(makeCase(52, number).dump, number % 3);
      if (image === undefined) continue;
      expectFsck(image, `case ${number} V${number % 3}`);
      taken++;
    }
    expect(taken).toBeGreaterThan(2);
  });
});

/** `name: number` of dump.erofs. */
function count(output: string, name: string): bigint {
  const line = output.split("\n").find((one) => one.startsWith(`Filesystem ${name}:`));
  return BigInt(line!.split(":")[1]!.trim());
}

describe.skipIf(dump === undefined)("dump.erofs counts what the reader counts", () => {
  test.each(goldens.filter(([name]) => name !== UNREADABLE))("%s", (_, read) => {
    const bytes = read();
    for (const format of FORMATS) {
      const image = imageOf(bytes, format);
      if (image === undefined) continue;
      const inodes = engine.control(CONTROL_IMAGE_INODES);
      const path = write("dump.img", image);
      const superblock = runOracle(dump!, ["-s", path]).output.toString();
      const statistics = runOracle(dump!, ["-S", path]).output.toString();
      engine.scan([image]);
      expect({
        blocks: count(superblock, "blocks"),
        inodes: count(superblock, "inode count"),
        // It counts names, stubs and whiteouts included.
        names: count(statistics, "total file count"),
        directories: count(statistics, "directory count"),
      }).toEqual({
        blocks: BigInt(image.length / 4096),
        inodes,
        names: engine.control(CONTROL_ENTRIES) + engine.control(CONTROL_STUBS),
        directories: engine.control(CONTROL_DIRECTORIES),
      });
    }
  });
});

describe.skipIf(mkfs === undefined)("images of mkfs.erofs", () => {
  /** The image of a small tree, and code and text of its refusal. */
  function refusal(options: string[], change: (image: Buffer) => void = () => {}): string {
    const source = join(folder, "source");
    mkdirSync(join(source, "d"), { recursive: true });
    writeFileSync(join(source, "text"), "many words, ".repeat(20_000));
    writeFileSync(join(source, "d", "small"), "few");
    const path = join(folder, "mkfs.img");
    rmSync(path, { force: true });
    const { exitCode, stderr } = runOracle(mkfs!, [
      "-T0",
      "-U00000000-0000-0000-0000-000000000000",
      ...options,
      path,
      source,
    ]);
    expect(exitCode, stderr).toBe(0);
    const image = readFileSync(path);
    change(image);
    try {
      engine.scan([image]);
      return "OK";
    } catch (error) {
      if (!(error instanceof EngineStatus)) throw error;
      return `${error.code} ${error.text}`.trim();
    }
  }
  /** The header of composefs, which the first block has room for. */
  const addHeader = (image: Buffer) => {
    image.writeUInt32LE(0xd078629a, 0);
    image.writeUInt32LE(1, 4);
  };

  test("are EROFS and not of composefs; the features that they need are named", () => {
    expect(refusal([])).toBe("IMAGE_NOT_COMPOSEFS");
    expect(refusal(["-zlz4"])).toBe("IMAGE_NOT_COMPOSEFS zero_padding");
  });

  test("with the header of composefs are refused for what they use", () => {
    expect(refusal(["-zlz4"], addHeader)).toBe("IMAGE_FEATURE_INCOMPAT zero_padding");
    // Bit 1 is compr_cfgs and big_pcluster.
    expect(refusal(["-zlz4", "-C65536"], addHeader)).toBe("IMAGE_FEATURE_INCOMPAT zero_padding,compr_cfgs");
    expect(refusal(["-zlz4", "-Eztailpacking"], addHeader)).toMatch(/^IMAGE_FEATURE_INCOMPAT .*ztailpacking/);
    const device = `--blobdev=${join(folder, "device")}`;
    expect(refusal(["--chunksize=4096", device], addHeader)).toBe("IMAGE_FEATURE_INCOMPAT device_table");
  });

  test("that use nothing more are refused for contents that no image of composefs has", () => {
    expect(refusal([], addHeader)).toBe("IMAGE_INLINE_TOO_LONG /text");
  });
});
