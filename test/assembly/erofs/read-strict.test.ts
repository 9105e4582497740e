/** What strict mode refuses and the default takes: no writer makes it, yet every reader reads it (erofs-reader.md 4). */
import { describe, expect, test } from "vitest";
import {
  type BuiltErofs,
  buildErofs,
  CHR,
  directory,
  type Entry,
  external,
  FIFO,
  file,
  type Inode,
  metacopy,
  SOCK,
  special,
  symlink,
  withStubs,
  xattr,
} from "../../support/naive/erofs-image.ts";
import { answer, lines, strictly } from "./read-support.ts";

const DIGEST = "5a".repeat(32);

function build(entries: Entry[], version: number, root: Partial<Inode> = {}): BuiltErofs {
  const made = directory(entries, root);
  return buildErofs(version === 2 ? made : withStubs(made), version);
}

/** Strict mode refuses with `code` what the default mode takes. */
function expectStrict(image: Uint8Array, code: string, label = ""): void {
  expect(strictly(image), label).toBe(code);
  expect(answer(image), label).toBe("OK");
}

test("what is right is taken in both modes", () => {
  const one = file("hi");
  for (const version of [0, 1, 2]) {
    const { bytes } = build(
      [
        ["a", one],
        ["b", one],
        ["d", directory([["x", special(FIFO)]], { xattrs: [xattr("user.a", "1")] })],
        ["e", external(9n, [metacopy(DIGEST)])],
        ["s", symlink("t")],
      ],
      version,
    );
    expect(strictly(bytes)).toBe("OK");
    expect(answer(bytes)).toBe("OK");
  }
});

test("link counts of leaves", () => {
  for (const version of [0, 1, 2]) {
    for (const nlink of [0, 2, 65_535]) {
      expectStrict(build([["a", file("", { nlink })]], version).bytes, "IMAGE_STRICT_NLINK", `${nlink}`);
    }
    const one = symlink("t", { nlink: 1 });
    expectStrict(
      build(
        [
          ["a", one],
          ["b", one],
        ],
        version,
      ).bytes,
      "IMAGE_STRICT_NLINK",
    );
    const three = file("", { nlink: 3 });
    const places: Entry[] = [
      ["a", three],
      ["d", directory([["b", three]])],
      ["z", three],
    ];
    expect(strictly(build(places, version).bytes)).toBe("OK");
  }
});

test("the link count is taken as stored by default, and counted in text", () => {
  expect(answer(build([["a", file("", { nlink: 77 })]], 1).bytes)).toBe("OK");
  expect(lines()[1]).toBe("/a 0 100644 1 0 0 0 0.0 - - -");
});

describe("reserved bits and bytes", () => {
  /** Every single byte of a range, one at a time. */
  function expectReserved(make: () => { image: Buffer; at: number }, offsets: number[], bits = 0xff): void {
    for (const offset of offsets) {
      const { image, at } = make();
      expect(strictly(image), "before the change").toBe("OK");
      image[at + offset]! |= bits;
      expectStrict(image, "IMAGE_STRICT_RESERVED", `byte ${offset}`);
    }
  }
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const placeOf = (inode: Inode, version: number) => {
    const { bytes, places } = build([["a", inode]], version);
    return { image: bytes, ...places.get(inode)! };
  };

  test("composefs header and superblock", () => {
    const front = () => ({ image: build([["a", file()]], 1).bytes, at: 0 });
    expectReserved(front, [16, 31, 32, 512, 1023, ...range(1024 + 0x68, 1024 + 0x80)]);
  });

  test("i_format above the layout", () => {
    for (const bits of [0x10, 0x20, 0x40, 0x80]) expectReserved(() => placeOf(file(), 1), [0], bits);
    expectReserved(() => placeOf(file("", { compact: true }), 1), [1]);
    expectReserved(() => placeOf(file(), 2), [1]);
  });

  test("inode headers", () => {
    expectReserved(() => placeOf(file("", { compact: true }), 1), [...range(12, 16), ...range(28, 32)]);
    expectReserved(() => placeOf(file(), 2), [6, 7, ...range(48, 64)]);
  });

  test("i_u of FIFOs and sockets", () => {
    expectReserved(() => placeOf(special(FIFO), 1), range(16, 20));
    expectReserved(() => placeOf(special(SOCK), 2), range(16, 20));
  });

  test("xattr headers", () => {
    const inode = () => file("", { xattrs: [xattr("user.a", "1")] });
    expectReserved(
      () => {
        const place = placeOf(inode(), 2);
        return { image: place.image, at: place.xattrs };
      },
      range(5, 12),
    );
  });

  test("directory entries, and what follows the last name of a block", () => {
    const many = Array.from({ length: 200 }, (_, i): Entry => [`f${String(i).padStart(4, "0")}`, file()]);
    const inDirectory = (where: "tail" | "blocks", entries: Entry[]) => {
      const place = placeOf(directory(entries), 2);
      return { image: place.image, at: place[where] };
    };
    expectReserved(() => inDirectory("tail", [["x", file()]]), [11, 23, 35]);
    expectReserved(() => inDirectory("blocks", many), [11, 12 * 201 + 11]);
    const used = 12 * 202 + 3 + 5 * 200;
    expectReserved(() => inDirectory("blocks", many), [used + 1, used + 100, 4095]);
  });
});

describe("stubs", () => {
  test("one is missing", () => {
    for (const version of [0, 1]) {
      for (const name of ["00", "7f", "ff"]) {
        const root = withStubs(directory([["f", file()]]));
        root.entries = root.entries!.filter((entry) => entry[0] !== name);
        expectStrict(buildErofs(root, version).bytes, "IMAGE_STRICT_STUBS", name);
      }
      expectStrict(buildErofs(directory([["f", file()]]), version).bytes, "IMAGE_STRICT_STUBS");
    }
  });

  test("another entry in the place of one is its user's", () => {
    for (const version of [0, 1]) {
      expect(
        strictly(
          build(
            [
              ["ab", file()],
              ["ac", directory()],
            ],
            version,
          ).bytes,
        ),
      ).toBe("OK");
      expect(lines()).toHaveLength(3);
    }
  });

  test("V2 has none", () => {
    expect(strictly(build([["00", special(CHR, 0)]], 2).bytes)).toBe("OK");
  });
});

test("an object of no bytes, in V0 and V1", () => {
  const make = () => external(0n, [metacopy(DIGEST)]);
  for (const version of [0, 1]) expectStrict(build([["a", make()]], version).bytes, "IMAGE_STRICT_EMPTY_OBJECT");
  expect(strictly(build([["a", make()]], 2).bytes)).toBe("OK");
});

test("the marker of an escaped whiteout in V2", () => {
  const make = () => file("", { xattrs: [xattr("trusted.overlay.overlay.whiteout")] });
  expectStrict(build([["a", make()]], 2).bytes, "IMAGE_STRICT_V2_WHITEOUT");
  expect(strictly(build([["a", make()]], 1).bytes)).toBe("OK");
  const link = symlink("t", { xattrs: [xattr("trusted.overlay.overlay.whiteout")] });
  expect(strictly(build([["a", link]], 2).bytes)).toBe("OK");
});

test("a symlink whose inode and target do not lie in one block, in V0 and V1", () => {
  // Places of the inode: so that its last byte is the last of the block, or 32 bytes beyond.
  const image = (target: number, spill: number, version: number) => {
    const link = symlink("t".repeat(target));
    const before = build([["a", link]], version).places.get(link)!.at;
    link.pad = (4096 - ((before + 64 + target) % 4096) + spill) % 4096;
    return build([["a", link]], version).bytes;
  };
  for (const version of [0, 1]) {
    expect(strictly(image(64, 0, version))).toBe("OK");
    expectStrict(image(64, 32, version), "IMAGE_STRICT_SYMLINK_BLOCK");
    expectStrict(image(64, 64, version), "IMAGE_STRICT_SYMLINK_BLOCK");
    expectStrict(image(64, 96, version), "IMAGE_STRICT_SYMLINK_BLOCK");
    expect(strictly(image(64, 128, version))).toBe("OK");
  }
  expect(strictly(image(64, 32, 2))).toBe("OK");
});
