/**
 * Images whose parts lie over one another, so that a few bytes stand for many (erofs-reader.md 4.4). Each is refused, or
 * read within the memory and the time that its bytes are worth: `answer` measures both.
 */
import { describe, expect, test } from "vitest";
import {
  buildErofs,
  directory,
  type Entry,
  external,
  file,
  type Inode,
  LNK,
  metacopy,
  PLAIN,
  REG,
  xattr,
} from "../../support/naive/erofs-image.ts";
import { answer, lastEngine, strictly } from "./read-support.ts";

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const named = (inodes: Inode[]): Entry[] => inodes.map((inode, i) => [i.toString(36).padStart(4, "0"), inode]);
const imageOf = (inodes: Inode[], version = 2) => buildErofs(directory(named(inodes)), version).bytes;

describe("one block as the content of many", () => {
  const shared = Buffer.alloc(8192, "x");
  test.each([
    ["files", (): Inode => ({ mode: REG | 0o644, layout: PLAIN, blocks: shared, size: 5000n }), 1],
    ["symlinks", (): Inode => ({ mode: LNK | 0o777, layout: PLAIN, blocks: shared, size: 4095n }), 1],
    ["small files of V2", (): Inode => ({ mode: REG | 0o644, layout: PLAIN, blocks: shared, size: 512n }), 2],
  ])("%s", (_, make, version) => {
    expect(answer(imageOf(many(20_000, make), version))).toBe("IMAGE_OVERLAP");
  });

  test("tails in the inodes that follow", () => {
    // Each tail of 2000 bytes covers the next thirty inodes.
    const inodes = many(10_000, (): Inode => file("", { layout: 2, size: 2000n, u: 0 }));
    expect(answer(imageOf(inodes, 1))).toBe("IMAGE_OVERLAP");
  });

  test("a pair is within bounds", () => {
    expect(
      answer(
        imageOf(
          many(2, () => ({ mode: REG | 0o644, layout: PLAIN, blocks: shared, size: 5000n })),
          1,
        ),
      ),
    ).toMatch(/^(OK|IMAGE_OVERLAP)$/);
  });
});

test("one block of names in many directories", () => {
  // Names before "." fill shared blocks; each directory has its own dots behind its inode.
  const leaf = file();
  const block = (letter: string) => many(200, (i): Entry => [`!${letter}${String(i).padStart(5, "0")}`, leaf]);
  const groups = many(16, (i) => block(String.fromCharCode(0x61 + i)));
  const first: Inode = { mode: 0o040755, nlink: 2 };
  const root: Inode = directory([["0", first]]);
  first.groups = [
    ...groups,
    [
      [".", first],
      ["..", root],
    ],
  ];
  const others = many(4000, (i): Entry => {
    const inode: Inode = { mode: 0o040755, nlink: 2, layout: 2 };
    inode.groups = [
      [
        [".", inode],
        ["..", root],
      ],
    ];
    return [`d${i}`, inode];
  });
  root.entries!.push(...others);
  const { bytes, places } = buildErofs(root);
  for (const [, inode] of others) {
    const { at } = places.get(inode as Inode)!;
    bytes.writeBigUInt64LE(BigInt(16 * 4096 + 27), at + 8);
    bytes.writeUInt32LE(places.get(first)!.blocks / 4096, at + 16);
  }
  // 12.8 million entries in 600 KiB.
  expect(answer(bytes)).toMatch(/^IMAGE_(OVERLAP|TOO_MANY_ENTRIES)$/);
});

test("many names of one file are no bomb", () => {
  const leaf = file();
  const bytes = imageOf(many(60_000, () => leaf));
  expect(answer(bytes)).toBe("OK");
  expect(lastEngine.print().length).toBeGreaterThan(60_000);
});

describe("shared xattrs", () => {
  test("of 64 KiB, referred to by thousands", () => {
    const big = xattr("user.a", "v".repeat(65_535));
    expect(answer(imageOf(many(8000, () => file("", { references: [big] }))))).toBe("IMAGE_XATTR_BUDGET");
  });

  test("of 32 KiB, referred to by thousands, are an honest image", () => {
    const big = xattr("user.a", "v".repeat(32_000));
    for (const version of [0, 1, 2]) {
      expect(
        answer(
          imageOf(
            many(16_000, () => file("", { references: [big] })),
            version,
          ),
        ),
      ).toBe("OK");
    }
  });

  test("128 of them, referred to by thousands, are an honest image", () => {
    const all = many(128, (i) => xattr(`user.${i}`, "v".repeat(200)));
    expect(
      answer(
        imageOf(
          many(8000, () => file("", { references: all })),
          1,
        ),
      ),
    ).toBe("OK");
  });

  test("that begin inside one another", () => {
    // Every four bytes an entry begins: suffix of one byte, index 1, a value of about 32,000 bytes.
    const count = 16_000;
    const { bytes } = buildErofs(directory(named(many(count, () => file("", { references: [0] })))));
    const start = bytes.length;
    const grown = Buffer.concat([bytes, Buffer.alloc(4 * count + 40_000)]);
    for (let at = start; at < grown.length; at += 4) grown.set([1, 1, (at * 7) & 0xff, 0x7c], at);
    let next = 0;
    for (let at = 1152; at < start && next < count; at += 32) {
      // An extended inode with one reference and nothing else.
      if (grown.readUInt32LE(at) !== 0x20001) continue;
      grown.writeUInt32LE(start / 4 + next++, at + 64 + 12);
    }
    expect(next).toBe(count);
    expect(answer(grown)).toMatch(/^IMAGE_(OVERLAP|XATTR_BUDGET)$/);
  });
});

test("local xattrs that cover the inodes behind", () => {
  // Each part is 32,000 bytes long: one value that holds the next hundreds of inodes.
  const count = 8000;
  const { bytes, places } = buildErofs(
    directory(named(many(count, () => file("", { xattrs: [xattr("user.a", "12345678")] })))),
  );
  for (const [inode, { at }] of places) {
    if (inode.entries !== undefined || at + 33_000 > bytes.length) continue;
    bytes.writeUInt16LE((32_000 - 12) / 4 + 1, at + 2);
    bytes.writeUInt16LE(32_000 - 12 - 5 - 3, at + 64 + 12 + 2);
  }
  expect(answer(bytes)).toBe("IMAGE_OVERLAP");
});

test("every slot of the image as an inode, each over half of the next", () => {
  // Extended inodes at every 32 bytes: bytes 32 to 63 of each are the first half of the next.
  const count = 20_000;
  const base = 1n << 10n;
  const entries = many(count, (i): Entry => [i.toString(36).padStart(4, "0"), base + BigInt(i), 1]);
  const { bytes } = buildErofs(directory(entries));
  const grown = Buffer.concat([bytes, Buffer.alloc(Math.max(0, Number(base) * 32 + 32 * count + 64 - bytes.length))]);
  for (let i = 0; i < count; i++) grown.writeUInt16LE(REG, (Number(base) + i) * 32 + 4);
  expect(answer(grown)).toMatch(/^IMAGE_/);
});

describe("as many nodes as bytes can stand for", () => {
  test.each([
    [
      "empty files with names of four bytes",
      () =>
        imageOf(
          many(40_000, () => file("", { compact: true })),
          1,
        ),
    ],
    ["directories", () => buildErofs(directory(named(many(20_000, () => directory([], { compact: true })))), 1).bytes],
    ["names of one file", () => imageOf(Array<Inode>(100_000).fill(file()))],
    [
      "xattrs of eight bytes, each with a key of its own",
      () => {
        // As many as make the tables of keys and of pairs grow last.
        const [inodes, each] = [61, 2700];
        const key = (i: number) =>
          String.fromCharCode(1 + (i % 250), 1 + (Math.floor(i / 250) % 250), 1 + Math.floor(i / 62_500), 1);
        return imageOf(
          many(inodes, (i) =>
            file("", { xattrs: many(each, (k) => ({ index: 0, suffix: key(i * each + k), value: "" })) }),
          ),
          1,
        );
      },
    ],
    [
      "names of one byte",
      () => {
        const leaf = file();
        const letters = many(150, (i): Entry => [String.fromCharCode(i + 48), leaf]);
        return imageOf(many(1000, () => directory(letters, { compact: true })));
      },
    ],
    [
      "files with an xattr of their own",
      () =>
        imageOf(
          many(20_000, (i) => file("", { compact: true, xattrs: [xattr(`k${i}`)] })),
          1,
        ),
    ],
    [
      "files with ten small xattrs",
      () =>
        imageOf(
          many(5000, (i) => file("", { compact: true, xattrs: many(10, (k) => xattr(`${i}.${k}`)) })),
          1,
        ),
    ],
    [
      "objects",
      () =>
        imageOf(
          many(10_000, (i) =>
            external(9n, [metacopy((i * 2654435761).toString(16).padStart(64, "0"))], { compact: true }),
          ),
          1,
        ),
    ],
  ])("%s", (_, make) => {
    const bytes = make();
    expect(answer(bytes)).toBe("OK");
    expect(strictly(bytes)).toMatch(/^(OK|IMAGE_STRICT_STUBS|IMAGE_STRICT_NLINK)$/);
  });
});

test("eight times the entries take about eight times the work", () => {
  const [few, more] = [3000, 24_000].map((count) => {
    const image = imageOf(many(count, (i) => file("", { xattrs: [xattr(`k${i}`, "v")] })));
    const times = many(5, () => {
      const began = process.cpuUsage();
      expect(answer(image)).toBe("OK");
      const { user, system } = process.cpuUsage(began);
      return user + system;
    });
    return Math.min(...times);
  });
  // Quadratic work would be sixty-four times as much.
  expect(more! / few!).toBeLessThan(30);
});
