/**
 * What the bytes of an image are: every byte of every golden image belongs to exactly one region, and the regions are
 * those that a naive walk finds.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import * as abi from "../../assembly/abi.ts";
import { readAll } from "../support/cursor.ts";
import { debian, dumpOf, readFixture, vectors } from "../support/fixtures.ts";
import { buildErofs, directory, file } from "../support/naive/erofs-image.ts";
import { naiveRegions, type Region } from "../support/naive/erofs-regions.ts";
import { findOracle, runOracle } from "../support/oracle.ts";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";
import { readRegions } from "../support/regions.ts";

const engine = new RawEngine(compileEngine());
const { REGION_KIND_PAD, REGION_KIND_SHARED_XATTR } = abi;
const INODE_KINDS: number[] = [abi.REGION_KIND_COMPACT_INODE, abi.REGION_KIND_EXTENDED_INODE, abi.REGION_KIND_STUB];
const FORMATS = [abi.FORMAT_V0, abi.FORMAT_V1, abi.FORMAT_V2];

/** The image of a dumpfile; undefined when V2 cannot hold it. */
function imageOf(dump: Uint8Array, format: number): Buffer | undefined {
  engine.parse([dump]);
  try {
    return engine.image(format).image;
  } catch (error) {
    if (format === abi.FORMAT_V2 && error instanceof EngineStatus) return undefined;
    throw error;
  }
}

/** Every byte once, padding is zero and not cut. */
function expectCover(regions: Region[], image: Buffer, label: string): void {
  let end = 0;
  let before = 0;
  for (const { offset, bytes, kind } of regions) {
    if (offset !== end || bytes < 1) expect({ offset, bytes }, label).toEqual({ offset: end, bytes: "more than 0" });
    if (kind === REGION_KIND_PAD) {
      if (before === REGION_KIND_PAD) expect.fail(`${label}: two pads meet at ${offset}`);
      const used = image.subarray(offset, offset + bytes).findIndex((byte) => byte !== 0);
      if (used >= 0) expect.fail(`${label}: the pad at ${offset} is not zero at ${used}`);
    }
    before = kind;
    end += bytes;
  }
  expect(end, label).toBe(image.length);
}

function isSame(a: Region, b: Region): boolean {
  return a.offset === b.offset && a.bytes === b.bytes && a.kind === b.kind && a.entry === b.entry;
}

/** Scans an image. False for a hardlink that reads as a whiteout, for which two names are refused (erofs-reader.md 2.2). */
function isReadable(image: Buffer, dump: Uint8Array): boolean {
  try {
    engine.scan([image]);
    return true;
  } catch (error) {
    const isLinked = error instanceof EngineStatus && error.code === "IMAGE_WHITEOUT_LINKED";
    if (!isLinked || !Buffer.from(dump).includes("trusted.overlay.whiteout=")) throw error;
    return false;
  }
}

function expectRegions(dump: Uint8Array, label: string): void {
  for (const format of FORMATS) {
    const image = imageOf(dump, format);
    if (image === undefined) continue;
    const name = `${label} v${format}`;
    const inodes = Number(engine.control(abi.CONTROL_IMAGE_INODES));
    const shared = Number(engine.control(abi.CONTROL_IMAGE_SHARED_XATTRS));
    if (!isReadable(image, dump)) continue;
    const { regions } = readRegions(engine);
    expectCover(regions, image, name);
    const count = (...kinds: number[]) => regions.filter(({ kind }) => kinds.includes(kind)).length;
    expect({ inodes: count(...INODE_KINDS), shared: count(REGION_KIND_SHARED_XATTR) }, name).toEqual({
      inodes,
      shared,
    });
    const expected = naiveRegions(image);
    expect(regions.length, name).toBe(expected.length);
    const wrong = regions.findIndex((region, i) => !isSame(region, expected[i]!));
    expect(regions[wrong], name).toEqual(expected[wrong]);
  }
}

describe("the regions of every golden image", () => {
  const small = [...vectors.vectors, ...vectors.sha512].map(({ name, file, rule }) => [name, rule, file!] as const);
  test.each(small)("%s: %s", (name, _, file) => {
    expectRegions(readFixture(file), name);
  });
  test.each([...vectors.generated, debian].map((vector) => [vector.name, vector] as const))("%s", (name, vector) => {
    expectRegions(dumpOf(vector), name);
  });
});

test("a long list comes in several pages", () => {
  const vector = vectors.generated.find(({ name }) => name.startsWith("distro-50000"))!;
  engine.scan([imageOf(dumpOf(vector), abi.FORMAT_V1)!]);
  const { regions, calls } = readRegions(engine);
  expect(calls).toBe(Math.ceil(regions.length / (abi.OUTPUT_WINDOW_BYTES / abi.REGION_RECORD_BYTES)));
  expect(calls).toBeGreaterThan(1);
});

test("paths of entries, between two pages or before the first", () => {
  engine.scan([imageOf(readFixture("dump/deep.dump"), abi.FORMAT_V1)!]);
  engine.check(engine.exports.cursorOpen());
  const entries = readAll(engine);
  const paths: string[] = [];
  for (const { parent, name } of entries) paths.push(name === "" ? "" : `${paths[parent]}/${name}`);
  const pathOf = (entry: number) => {
    const length = engine.exports.regionPath(entry);
    if (length < 0) engine.check(-length);
    return Buffer.from(engine.view(engine.exports.outputPtr(), length)).toString("latin1");
  };
  expect(() => pathOf(0)).toThrow("ENGINE_STATE");
  engine.check(engine.exports.regionOpen());
  expect(entries.map((_, entry) => pathOf(entry))).toEqual(["/", ...paths.slice(1)]);
  expect(pathOf(entries.length)).toBe("");
});

test("only an image that was read has regions", () => {
  engine.parse([readFixture("dump/empty-root.dump")]);
  expect(() => readRegions(engine)).toThrow("ENGINE_STATE");
});

describe("structures that overlap", () => {
  /** An image in which an inode lies in the content of another file and has one byte more than that. */
  function overlapping(): Buffer {
    const hidden = file("hidden");
    const outer = file("x".repeat(97));
    const { bytes, places } = buildErofs(
      directory([
        ["outer", outer],
        ["zz", hidden],
      ]),
    );
    const to = places.get(outer)!.tail + 32;
    const from = places.get(hidden)!.at;
    bytes.copy(bytes, to, from, from + 70);
    const nid = Buffer.alloc(8);
    nid.writeBigUInt64LE(BigInt(from / 32));
    const at = bytes.indexOf(nid, 1152);
    bytes.writeBigUInt64LE(BigInt(to / 32), at);
    return bytes;
  }

  test("lose what others cover, and no byte is listed twice", () => {
    const image = overlapping();
    engine.scan([image]);
    const { regions } = readRegions(engine);
    let end = 0;
    for (const { offset, bytes } of regions) {
      expect(offset).toBe(end);
      end += bytes;
    }
    expect(end).toBe(image.length);
    const content = regions.filter(({ kind }) => kind === abi.REGION_KIND_CONTENT_TAIL);
    expect(content.map(({ bytes, entry }) => [entry, bytes])).toEqual([
      [1, 97],
      [2, 5],
    ]);
  });
});

describe("dump.erofs finds the same inodes", () => {
  const oracle = findOracle("dump.erofs");
  test.skipIf(oracle === undefined).each(["mixed", "shared-order", "xattr-align"])("%s", (name) => {
    const image = imageOf(readFixture(`dump/${name}.dump`), abi.FORMAT_V1)!;
    engine.scan([image]);
    const { regions } = readRegions(engine);
    const folder = mkdtempSync(join(tmpdir(), "composefs-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, "image");
    writeFileSync(path, image);
    const inodes = regions.flatMap(({ offset, bytes, kind }, i) => {
      const xattrs = regions[i + 1]!;
      const isInode = kind === abi.REGION_KIND_COMPACT_INODE || kind === abi.REGION_KIND_EXTENDED_INODE;
      return isInode ? [{ offset, bytes, xattrs: xattrs.kind === abi.REGION_KIND_XATTRS ? xattrs.bytes : 0 }] : [];
    });
    for (const { offset, bytes, xattrs } of inodes.slice(0, 12)) {
      const { output } = runOracle(oracle!, [`--nid=${offset / 32}`, path]);
      expect(output.toString()).toContain(`NID: ${offset / 32} `);
      expect(output.toString()).toMatch(new RegExp(`Inode size: ${bytes} .*Xattr size: ${xattrs}\n`));
    }
  });
});
