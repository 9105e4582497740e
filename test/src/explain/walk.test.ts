/** What the bytes of an image say, structure by structure, against golden texts and against tables. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as format from "../../../src/explain/structures.ts";
import { type WalkOptions, walkImage } from "../../../src/explain/walk.ts";
import type { Structure } from "../../../src/explain/walk-data.ts";
import { walkJson } from "../../../src/explain/walk-json.ts";
import { walkText } from "../../../src/explain/walk-text.ts";
import type { ImageFormat } from "../../../src/image/profile.ts";
import { readFixture, vectors } from "../../support/fixtures.ts";
import { imageOf, scan } from "../../support/images.ts";
import { buildErofs, directory, file } from "../../support/naive/erofs-image.ts";

const COLUMNS = 110;

/** Fixtures whose walks are in test/fixtures/walk, each for what it shows. */
const GOLDENS: Array<[string, ImageFormat, string, WalkOptions?]> = [
  ["empty-root", "v0", "the smallest image: stubs, root marker, a block of directory entries"],
  ["empty-root", "v2", "the smallest image of format v2"],
  ["whiteout-xattrs", "v0", "escaped whiteouts, markers of their directories"],
  ["whiteout-xattrs", "v1", "the same with opaque markers, another composefs_version"],
  ["devices", "v1", "rdev"],
  ["fifo-socket", "v2", "inodes without data"],
  ["inline-max", "v1", "content in blocks and tails"],
  ["ext-many-chunks-pad", "v0", "many chunk pointers, padding before an inode"],
  ["ext-many-chunks-giveup", "v1", "chunk pointers in a block", { from: 0x2c000 }],
  ["dir-2049-block", "v1", "a directory in a block, others in tails"],
  ["shared-order", "v1", "references into the shared area"],
  ["shared-order", "v2", "the same in format v2: absolute positions, another order"],
  ["sym-xattr-promote", "v1", "a symlink in a block"],
  ["hardlink-not-first", "v0", "one inode with several names"],
  ["sha512-basic", "v2", "long metacopy and redirect"],
  ["mtime-negative", "v0", "times before 1970, extended stubs"],
  ["names-raw-bytes", "v1", "names that need escapes"],
];

const textOf = (structures: Iterable<Structure>) => [...walkText(structures)].join("");
const goldenOf = (name: string) => readFileSync(new URL(`../../fixtures/walk/${name}.txt`, import.meta.url), "utf8");

function walkOf(name: string, format: ImageFormat, options?: WalkOptions): Structure[] {
  return [...walkImage(scan(imageOf(readFixture(`dump/${name}.dump`), format)), options)];
}

describe("goldens", () => {
  test.each(GOLDENS)("%s.%s: %s", (name, format, _, options) => {
    expect(textOf(walkOf(name, format, options))).toBe(goldenOf(`${name}.${format}`));
  });

  test("the example of the specification, whose bytes are written out there (erofs-v1.md 10.1)", () => {
    const tree = scan(imageOf(readFixture("walk/spec-10-1.dump"), "v1"));
    expect(textOf(walkImage(tree))).toBe(goldenOf("spec-10-1.v1"));
    expect(tree.imageDigests(["sha256-12"])).toEqual({
      "sha256-12": "7de1f73f12ebba037c273b095d9ad93a6ce87182d855ef7aa200cb6d38d7547b",
    });
  });
});

describe("every golden image", () => {
  const files = [...vectors.vectors, ...vectors.sha512].flatMap(({ file }) => file ?? []);

  test.each(["v0", "v1", "v2"] as const)(
    "covers its bytes with structures, and they theirs with fields: %s",
    (format) => {
      for (const file of files) {
        const walk = walkOrNone(file, format);
        let end = 0;
        for (const structure of walk) {
          if (structure.offset !== end)
            expect.fail(`${file}: ${structure.kind} at ${structure.offset}, expected ${end}`);
          end += structure.bytes;
          const covered = coverOf(structure);
          if (covered !== structure.bytes) expect.fail(`${file}: ${structure.kind} at ${structure.offset}: ${covered}`);
        }
        const long = textOf(walk)
          .split("\n")
          .find((line) => line.length > COLUMNS);
        expect(long, file).toBeUndefined();
      }
    },
  );

  /** The walk; empty when the format cannot hold the tree or its image is refused. */
  function walkOrNone(file: string, format: ImageFormat): Structure[] {
    try {
      return [...walkImage(scan(imageOf(readFixture(file), format)))];
    } catch (error) {
      const { code } = error as { code?: string };
      if (format === "v2" && code?.startsWith("EROFS_V2_")) return [];
      if (code === "IMAGE_WHITEOUT_LINKED") return [];
      throw error;
    }
  }

  /** Bytes of a structure that its fields account for, none of them twice. */
  function coverOf({ fields }: Structure): number {
    let bytes = 0;
    for (const field of fields) bytes += field.bytes + (field.kind === "dirent" ? field.entry.length : 0);
    return bytes;
  }
});

describe("tables", () => {
  test.each([
    ["header", format.HEADER, format.HEADER_BYTES],
    ["superblock", format.SUPERBLOCK, format.SUPERBLOCK_BYTES],
    ["compact inode", format.COMPACT_INODE.raw_blkaddr, format.COMPACT_BYTES],
    ["compact inode of a file with chunks", format.COMPACT_INODE.chunks, format.COMPACT_BYTES],
    ["extended inode", format.EXTENDED_INODE.rdev, format.EXTENDED_BYTES],
    ["extended inode without data", format.EXTENDED_INODE.none, format.EXTENDED_BYTES],
    ["xattr header", format.XATTR_HEADER, format.XATTR_HEADER_BYTES],
  ])("fields of the %s follow each other to its end", (_, fields, length) => {
    let end = 0;
    for (const { name, offset, bytes } of fields) {
      expect(offset, name).toBe(end);
      end += bytes;
    }
    expect(end).toBe(length);
  });
});

test("the tables have the offsets that the engine writes and reads", () => {
  const tables: Record<string, readonly format.FieldSpec[]> = {
    H: format.HEADER,
    SB: format.SUPERBLOCK,
    I: [...format.COMPACT_INODE.raw_blkaddr, ...format.EXTENDED_INODE.raw_blkaddr],
    IC: format.COMPACT_INODE.raw_blkaddr,
    IE: format.EXTENDED_INODE.raw_blkaddr,
  };
  const source = readFileSync(new URL("../../../assembly/erofs/format.ts", import.meta.url), "utf8");
  const constants = [...source.matchAll(/^export const (H|SB|I|IC|IE)_(\w+) = (\d+);/gm)];
  const others = constants.filter(([, table, constant, offset]) => {
    const name = constant!.toLowerCase();
    const names = [name, `sb_${name}`, `i_${name}`, `i_${name}.raw_blkaddr`];
    const fields = tables[table!]!.filter((field) => names.includes(field.name));
    for (const field of fields) expect(field.offset, `${table}_${constant}`).toBe(Number(offset));
    return fields.length === 0;
  });
  expect(others.map(([, table, constant]) => `${table}_${constant}`)).toEqual(["SB_OFF", "SB_BYTES", "SB_RESERVED"]);
});

describe("walkImage", () => {
  const image = imageOf(readFixture("walk/spec-10-1.dump"), "v1");
  const kinds = (options: WalkOptions) =>
    [...walkImage(scan(image), options)].map(({ offset, kind }) => [offset, kind]);

  test("from and to: structures with bytes between them", () => {
    expect(kinds({ from: 0x18e1, to: 0x18e2 })).toEqual([[0x18e0, "content"]]);
    expect(kinds({ from: 0x18e2, to: 0x1901 })).toEqual([
      [0x18e2, "padding"],
      [0x1900, "stub"],
    ]);
    expect(kinds({ from: image.length })).toEqual([]);
    expect(kinds({ to: 0 })).toEqual([]);
    expect(kinds({ to: 1 })).toEqual([[0, "composefs header"]]);
  });

  test("one entry, or one stub", () => {
    const cursor = scan(image).openCursor();
    const entry = cursor.find(Buffer.from("/z"))!.index;
    expect(kinds({ entry })).toEqual([
      [0x2620, "compact inode"],
      [0x2640, "xattrs"],
      [0x26a8, "chunk pointers"],
    ]);
    expect(kinds({ entry: 0 })).toEqual([
      [0x480, "compact inode"],
      [0x4a0, "xattrs"],
      [0x3000, "dirents"],
    ]);
    expect(kinds({ stub: 0xd0 })).toEqual([[0x1fc0, "stub"]]);
  });

  test("what overlaps in a hostile image is shown as bytes", () => {
    const outer = file("x".repeat(97));
    const { bytes, places } = buildErofs(
      directory([
        ["a", outer],
        ["b", file("hidden")],
      ]),
    );
    const from = bytes.indexOf("hidden") - 64;
    const to = places.get(outer)!.tail + 32;
    bytes.copy(bytes, to, from, from + 70);
    const nid = Buffer.alloc(8);
    nid.writeBigUInt64LE(BigInt(from / 32));
    bytes.writeBigUInt64LE(BigInt(to / 32), bytes.indexOf(nid, 1152));
    const text = textOf(walkImage(scan(bytes)));
    expect(text).toContain("content  /a\n  000  content                97 bytes            ");
    expect(text).toContain("content  /b\n  000  content                5 bytes             idden\n");
  });

  test("JSON: one object, a structure on each line", () => {
    const structures = [...walkImage(scan(image))];
    const json = [...walkJson({ format: "v1", size: image.length }, structures)].join("");
    const walk = JSON.parse(json);
    expect(walk.image).toEqual({ format: "v1", size: 16384 });
    expect(walk.structures.length).toBe(structures.length);
    expect(json.split("\n").length).toBe(structures.length + 3);
    const at = (offset: number) => walk.structures.find((structure: Structure) => structure.offset === offset);
    expect(at(0x480).fields[2]).toEqual({
      name: "i_mode",
      offset: 4,
      bytes: 2,
      value: 0o40755,
      meaning: "040755 directory",
    });
    expect(at(0x18e2)).toEqual({
      kind: "padding",
      offset: 0x18e2,
      bytes: 30,
      fields: [{ name: "pad", offset: 0, bytes: 30, used: 0 }],
    });
    expect(at(0x1f94)).toMatchObject({
      kind: "dirents",
      path: "/d",
      fields: [
        { name: "dirent", nid: 248, type: "directory", nameOffset: 36, entry: "." },
        { nid: 36, entry: ".." },
        { offset: 24, bytes: 12, nid: 310, type: "file", entry: "w" },
      ],
    });
    expect(at(0x4a0).fields.at(-1)).toEqual({
      name: "erofs_xattr_entry",
      offset: 12,
      bytes: 20,
      index: 4,
      key: "trusted.overlay.opaque",
      data: "y",
    });
  });
});
