/** Inodes of images: where they may be, what their headers may say, and where their data are (erofs-reader.md 4.1, 4.2). */
import { describe, expect, test } from "vitest";
import {
  BLKDEV,
  buildErofs,
  CHR,
  CHUNKED,
  DIR,
  directory,
  external,
  FIFO,
  file,
  INLINE,
  type Inode,
  LNK,
  metacopy,
  PLAIN,
  REG,
  SOCK,
  special,
  symlink,
  xattr,
} from "../../support/naive/erofs-image.ts";
import { answer, answerTo, answerToOne, lastError, lines } from "./read-support.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");

describe("nids", () => {
  const size = buildErofs(directory([["a", 100n]])).bytes.length;
  const cases: [string, bigint][] = [
    ["0", 0n],
    ["in the superblock", 32n],
    ["just before the first inode", 35n],
    ["at the end", BigInt(size / 32)],
    ["beyond the end", BigInt(size / 32 + 1)],
    ["whose product with 32 is 2^32 + the root's", (1n << 27n) + 36n],
    ["whose product with 32 is 2^64 + the root's", (1n << 59n) + 36n],
    ["that 32 bits cut to the root's", (1n << 32n) + 36n],
    ["that a double rounds", (1n << 53n) + 1n],
    ["2^63", 1n << 63n],
    ["2^64 - 1", (1n << 64n) - 1n],
  ];
  test.each(cases)("%s", (_, nid) => {
    expect(answerTo([["a", nid, 1]])).toBe("IMAGE_NID");
    expect(answerTo([["a", nid, 2]])).toBe("IMAGE_NID");
  });

  test("of free space that is all zero: an inode without a type", () => {
    expect(answerTo([["a", BigInt(size / 32 - 1), 1]])).toBe("IMAGE_TYPE");
  });

  test("of an extended inode whose second half lies beyond the end", () => {
    const { bytes: image } = buildErofs(directory([["a", BigInt(size / 32 - 1), 1]]));
    image.writeUInt16LE(1, size - 32);
    image.writeUInt16LE(REG | 0o644, size - 28);
    expect(answer(image)).toBe("IMAGE_INODE");
    image.writeUInt16LE(0, size - 32);
    image.writeUInt16LE(1, size - 26);
    expect(answer(image)).toBe("OK");
  });

  test("of the root, beyond the end or before the first inode", () => {
    for (const nid of [0, 35, size / 32, 65_535]) {
      const { bytes: image } = buildErofs(directory());
      image.writeUInt16LE(nid, 1024 + 14);
      expect(answer(image), `root ${nid}`).toBe("IMAGE_NID");
    }
  });

  test("inside another inode's xattrs are no reason to fail", () => {
    // 20 bytes before the value: header 12, entry 4, suffix 4. The value holds a whole compact inode.
    const inner = Buffer.alloc(32);
    inner.writeUInt16LE(REG | 0o600, 4);
    inner.writeUInt16LE(1, 6);
    const outer = file("", { xattrs: [xattr("user.abcd", `${"\0".repeat(12)}${inner.toString("latin1")}`)] });
    const { places } = buildErofs(
      directory([
        ["a", outer],
        ["b", 0n],
      ]),
    );
    const nid = BigInt((places.get(outer)!.at + 96) / 32);
    expect(["OK", "IMAGE_OVERLAP"]).toContain(
      answerTo([
        ["a", outer],
        ["b", nid],
      ]),
    );
  });
});

describe("i_format", () => {
  test.each([1, 3, 5, 6, 7])("layout %i", (layout) => {
    expect(answerToOne(file("", { layout }))).toBe("IMAGE_LAYOUT");
    expect(answer(buildErofs(directory([], { layout })).bytes)).toBe("IMAGE_LAYOUT");
  });

  const layouts: [string, Inode][] = [
    ["a chunk-based directory", directory([], { layout: CHUNKED })],
    ["a chunk-based symlink", symlink("t", { layout: CHUNKED })],
    ["a chunk-based device", special(CHR, 5, { layout: CHUNKED })],
    ["a chunk-based FIFO", special(FIFO, 0, { layout: CHUNKED })],
    ["an inline device", special(BLKDEV, 5, { layout: INLINE })],
    ["an inline FIFO", special(FIFO, 0, { layout: INLINE })],
    ["an inline socket", special(SOCK, 0, { layout: INLINE })],
  ];
  test.each(layouts)("%s", (_, inode) => {
    expect(answerToOne(inode)).toBe("IMAGE_LAYOUT_TYPE");
  });

  test("an inline layout with an empty tail is legal to read", () => {
    expect(answerToOne(file("", { layout: INLINE }))).toBe("OK");
    expect(answerToOne(file("", { layout: INLINE, blocks: Buffer.alloc(4096, "x") }), 1)).toBe("OK");
    expect(lines()[1]).toBe(`/a 4096 100644 1 0 0 0 0.0 - ${"x".repeat(4096)} -`);
  });
});

describe("types", () => {
  test.each([0, 0o030000, 0o050000, 0o070000, 0o110000, 0o130000, 0o150000, 0o160000, 0o170000])("%o", (type) => {
    expect(answerToOne({ mode: type | 0o644 })).toBe("IMAGE_TYPE");
  });

  test.each([
    ["a device", special(CHR, 5, { size: 1n })],
    ["a block device", special(BLKDEV, 5, { size: 4096n })],
    ["a FIFO", special(FIFO, 0, { size: 1n << 63n })],
    ["a socket", special(SOCK, 0, { size: (1n << 64n) - 1n })],
  ])("%s with a size", (_, inode) => {
    expect(answerToOne(inode)).toBe("IMAGE_SPECIAL_SIZE");
  });

  test("a root that is no directory", () => {
    for (const root of [file(), symlink("t"), special(CHR, 5), special(FIFO)]) {
      expect(answer(buildErofs(root).bytes)).toBe("IMAGE_ROOT_TYPE");
    }
  });
});

/** Sizes that 31, 32, 53 and 63 bits cannot hold, and what they leave when they are cut. */
const GIANT = [31n, 32n, 33n, 53n, 54n, 63n].flatMap((bits) => [-1n, 0n, 1n].map((by) => (1n << bits) + by));

describe("data", () => {
  test.each([...GIANT, (1n << 64n) - 4096n, (1n << 64n) - 1n].map((size) => [size]))("%i bytes", (size) => {
    const refusals = ["IMAGE_DATA", "IMAGE_INODE", "IMAGE_INLINE_TOO_LONG", "IMAGE_SYMLINK_LENGTH"];
    for (const layout of [PLAIN, INLINE]) {
      for (const version of [1, 2]) {
        expect(refusals).toContain(answerToOne({ mode: REG | 0o644, layout, size }, version));
        expect(refusals).toContain(answerToOne({ mode: LNK | 0o777, layout, size }, version));
        expect(["IMAGE_DATA", "IMAGE_INODE"]).toContain(answerToOne(directory([], { layout, size }), version));
      }
    }
  });

  const blocks = (u: number, size = 4096n): Inode => ({ mode: REG | 0o644, layout: PLAIN, size, u });
  const end = buildErofs(directory([["a", blocks(0)]]), 1).bytes.length / 4096;
  test.each([end, end + 1, 0xffff, 0xfffff, 0x100000, 0x7fffffff, 0x80000000, 0xffffffff])("block %i", (u) => {
    expect(answerToOne(blocks(u), 1)).toBe("IMAGE_DATA");
    expect(answerToOne(blocks(u, 1n), 1)).toBe("IMAGE_DATA");
    expect(answerToOne(directory([], { layout: PLAIN, u, size: 4096n }), 1)).toBe("IMAGE_DATA");
    expect(answerToOne({ mode: LNK | 0o777, layout: PLAIN, u, size: 9n }, 1)).toBe("IMAGE_DATA");
  });

  test("the last block, and two from there", () => {
    const long = (size: bigint, u: number) => answerToOne(blocks(u, size), 1);
    expect(["OK", "IMAGE_OVERLAP"]).toContain(long(4096n, end - 1));
    expect(long(4097n, end - 1)).toBe("IMAGE_DATA");
  });

  test("a tail beyond the end", () => {
    const image = (size: bigint) => {
      const built = buildErofs(directory([["a", file("x")]]));
      const { at } = [...built.places.values()].at(-1)!;
      built.bytes.writeBigUInt64LE(size, at + 8);
      return built.bytes.subarray(0, at + 64 + 100);
    };
    expect(answer(image(100n))).toBe("OK");
    expect(answer(image(101n))).toBe("IMAGE_INODE");
  });

  test("a block address without blocks means nothing", () => {
    expect(answerToOne(file("", { u: 0xffffffff }))).toBe("OK");
    expect(answerToOne(file("hi", { u: 0xffffffff }))).toBe("OK");
    expect(answerToOne(symlink("t", { u: 0xffffffff }))).toBe("OK");
  });

  test("the size of an object is a number only, up to 2^53", () => {
    for (const size of [1n, 1n << 31n, 1n << 32n, 1n << 43n, (1n << 53n) - 1n, 1n << 53n]) {
      expect(answerToOne(external(size, [metacopy("5a".repeat(32))]))).toBe("OK");
      expect(lines()[1]).toContain(`/a ${size} 100644`);
    }
    for (const size of [(1n << 53n) + 1n, 1n << 54n, 1n << 63n, (1n << 64n) - 1n]) {
      expect(answerToOne(external(size, []))).toBe("IMAGE_FILE_TOO_LARGE");
    }
  });
});

describe("contents", () => {
  test.each([
    [0, 5000, 5001],
    [1, 5000, 5001],
    [2, 512, 513],
  ])("inline content in V%i: %i bytes, not %i", (version, most, beyond) => {
    for (const layout of [PLAIN, INLINE]) {
      const content = (length: number): Inode =>
        layout === INLINE && length < 4096
          ? file("c".repeat(length))
          : { mode: REG | 0o644, layout: PLAIN, blocks: bytes("c".repeat(length)) };
      expect(answerToOne(content(most), version)).toBe("OK");
      expect(lines()[1]).toBe(`/a ${most} 100644 1 0 0 0 0.0 - ${"c".repeat(most)} -`);
      expect(answerToOne(content(beyond), version)).toBe("IMAGE_INLINE_TOO_LONG");
    }
  });

  test("blocks and tail make one content", () => {
    const inode = file("", { blocks: Buffer.alloc(4096, "b"), tail: bytes("t".repeat(904)) });
    expect(answerToOne(inode, 1)).toBe("OK");
    expect(lines()[1]).toBe(`/a 5000 100644 1 0 0 0 0.0 - ${"b".repeat(4096)}${"t".repeat(904)} -`);
  });

  test.each([
    [0, 4095, 4096],
    [1, 4095, 4096],
    [2, 1024, 1025],
  ])("symlink targets in V%i: 1 to %i bytes, not %i", (version, most, beyond) => {
    const plain = (length: number): Inode => ({ mode: LNK | 0o777, blocks: bytes("t".repeat(length)), layout: PLAIN });
    for (const target of [symlink("t"), symlink("t".repeat(most - 100)), plain(most)]) {
      expect(answerToOne(target, version)).toBe("OK");
    }
    expect(lines()[1]).toBe(`/a ${most} 120777 1 0 0 0 0.0 ${"t".repeat(most)} - -`);
    expect(answerToOne(plain(beyond), version)).toBe("IMAGE_SYMLINK_LENGTH");
    expect(answerToOne(symlink(""), version)).toBe("IMAGE_SYMLINK_LENGTH");
    expect(answerToOne({ mode: LNK | 0o777, size: 0n }, version)).toBe("IMAGE_SYMLINK_LENGTH");
  });

  test("a zero byte in a target, wherever it is", () => {
    for (const target of ["\0", "\0a", "a\0", "a\0b", `${"a".repeat(900)}\0`]) {
      expect(answerToOne(symlink(target))).toBe("IMAGE_SYMLINK_NUL");
      expect(answerToOne({ mode: LNK | 0o777, layout: PLAIN, blocks: bytes(target) })).toBe("IMAGE_SYMLINK_NUL");
    }
  });
});

describe("times", () => {
  test("nanoseconds", () => {
    expect(answerToOne(file("", { nanoseconds: 999_999_999 }), 1)).toBe("OK");
    expect(lines()[1]).toBe("/a 0 100644 1 0 0 0 0.999999999 - - -");
    for (const nanoseconds of [1_000_000_000, 0x80000000, 0xffffffff]) {
      expect(answerToOne(file("", { nanoseconds }), 1)).toBe("IMAGE_NSEC_RANGE");
      expect(answerToOne(special(FIFO, 0, { nanoseconds }), 2)).toBe("IMAGE_NSEC_RANGE");
      const { bytes: image } = buildErofs(directory([], { compact: true }), 1);
      image.writeUInt32LE(nanoseconds, 1024 + 32);
      expect(answer(image)).toBe("IMAGE_NSEC_RANGE");
    }
  });

  test("seconds are signed; those of a compact inode are the superblock's", () => {
    const { bytes: image } = buildErofs(directory([["a", file("", { seconds: -(1n << 63n) })]], { compact: true }), 1);
    image.writeBigInt64LE(-7n, 1024 + 24);
    image.writeUInt32LE(8, 1024 + 32);
    expect(answer(image)).toBe("OK");
    expect(lines()).toEqual(["/ 0 40755 2 0 0 0 -7.8 - - -", "/a 0 100644 1 0 0 0 -9223372036854775808.0 - - -"]);
  });
});

test("a refusal says where the inode is", () => {
  const bad = special(FIFO, 0, { size: 1n });
  const { bytes: image, places } = buildErofs(directory([["d", directory([["bad", bad]], { mode: DIR | 0o700 })]]));
  expect(answer(image)).toBe("IMAGE_SPECIAL_SIZE");
  const { at } = places.get(bad)!;
  expect(lastError!.offset).toBeGreaterThanOrEqual(at);
  expect(lastError!.offset).toBeLessThan(at + 64);
  expect(lastError!.text.toString()).toBe("/d/bad");
});
