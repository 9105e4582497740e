/** Xattrs of images: what is refused, and what an entry's keys and values may be (erofs-reader.md 1.3, 2.1, 4.2). */
import { describe, expect, test } from "vitest";
import {
  buildErofs,
  directory,
  external,
  file,
  type Inode,
  metacopy,
  redirect,
  type Xattr,
  xattr,
} from "../../support/naive/erofs-image.ts";
import { answer, answerTo, answerToOne, lastError, lines } from "./read-support.ts";

const DIGEST = "5a".repeat(32);
const OBJECT = `${DIGEST.slice(0, 2)}/${DIGEST.slice(2)}`;

/** The line of `/a`, a file with these xattrs. */
function xattrsOf(xattrs: Xattr[], version = 2): string {
  expect(answerToOne(file("", { xattrs }), version)).toBe("OK");
  return lines()[1]!.replace("/a 0 100644 1 0 0 0 0.0 - - -", "");
}

describe("entries", () => {
  test("name indexes", () => {
    const one = (index: number, suffix: string) => xattrsOf([{ index, suffix, value: "v" }]);
    expect([0, 1, 4, 5, 6].map((index) => one(index, "x"))).toEqual([
      " x=v",
      " user.x=v",
      " trusted.x=v",
      " lustre.x=v",
      " security.x=v",
    ]);
    expect([one(2, ""), one(3, ""), one(2, "x")]).toEqual([
      " system.posix_acl_access=v",
      " system.posix_acl_default=v",
      " system.posix_acl_accessx=v",
    ]);
    for (const index of [7, 8, 127, 128, 129, 132, 255]) {
      expect(answerToOne(file("", { xattrs: [{ index, suffix: "x", value: "" }] })), `index ${index}`).toBe(
        "IMAGE_XATTR_INDEX",
      );
    }
  });

  test("a whole key in place of a prefix is the same key", () => {
    expect(xattrsOf([{ index: 0, suffix: "user.a", value: "1" }])).toBe(" user.a=1");
  });

  test("an entry of four bytes at the end, which C skips", () => {
    expect(xattrsOf([xattr("user.a"), { index: 2, suffix: "", value: "" }])).toBe(" system.posix_acl_access= user.a=");
  });

  test.each([
    ["user.", 250],
    ["trusted.", 247],
    ["", 255],
  ])("keys of 255 bytes and 256: %s", (prefix, length) => {
    expect(xattrsOf([xattr(prefix + "k".repeat(length))])).toBe(` ${prefix}${"k".repeat(length)}=`);
    if (prefix === "") return;
    expect(answerToOne(file("", { xattrs: [xattr(prefix + "k".repeat(length + 1))] }))).toBe("IMAGE_XATTR_KEY");
  });

  test("a key of 255 bytes and the 8 of its escape", () => {
    const key = (length: number) => `trusted.overlay.${"k".repeat(length - 16)}`;
    const escaped = (length: number) => xattr(`trusted.overlay.overlay.${"k".repeat(length - 16)}`);
    for (const version of [0, 1, 2]) expect(xattrsOf([escaped(255)], version)).toBe(` ${key(255)}=`);
    const longest = `trusted.overlay.overlay.${"k".repeat(239)}`;
    expect(longest).toHaveLength(263);
    // One more does not fit the byte of the suffix's length.
    expect(xattr(longest).suffix).toHaveLength(255);
  });

  test("an empty key", () => {
    expect(answerToOne(file("", { xattrs: [{ index: 0, suffix: "", value: "v" }] }))).toBe("IMAGE_XATTR_KEY");
  });

  test("a zero byte in a key", () => {
    for (const suffix of ["\0", "a\0", "\0a", "a\0b"]) {
      expect(answerToOne(file("", { xattrs: [{ index: 1, suffix, value: "" }] }))).toBe("IMAGE_XATTR_KEY_NUL");
      // Also in keys that nobody gets to see.
      const hidden = { index: 4, suffix: `overlay.x${suffix}`, value: "" };
      expect(answerToOne(file("", { xattrs: [hidden] }))).toBe("IMAGE_XATTR_KEY_NUL");
    }
  });

  test("values are any bytes", () => {
    expect(xattrsOf([xattr("user.a", "\0\n =\\\xff")])).toBe(" user.a=\\x00\\n\\x20\\x3d\\\\\\xff");
  });

  test("a header without entries is legal to read", () => {
    expect(answerToOne(file("", { icount: 1 }))).toBe("OK");
  });
});

describe("the xattr part", () => {
  const withPart = (
    change: (part: Buffer) => void,
    inode: Inode = file("", { xattrs: [xattr("user.abc", "defgh")] }),
  ) => {
    const { bytes, places } = buildErofs(directory([["a", inode]]));
    change(bytes.subarray(places.get(inode)!.xattrs));
    return answer(bytes);
  };

  test.each([
    ["a suffix beyond the part", (part: Buffer) => part.writeUInt8(255, 12)],
    ["a suffix by one byte beyond the part", (part: Buffer) => part.writeUInt8(8, 12)],
    ["a value beyond the part", (part: Buffer) => part.writeUInt16LE(65_535, 14)],
    ["a value by one byte beyond the part", (part: Buffer) => part.writeUInt16LE(10, 14)],
    ["a value that ends early, so that the next entry begins in it", (part: Buffer) => part.writeUInt16LE(1, 14)],
  ])("%s", (_, change) => {
    expect(withPart((part) => change(part))).toBe("IMAGE_XATTR_ENTRY");
  });

  test("more references than the part holds", () => {
    for (const count of [4, 5, 128, 255]) {
      expect(
        withPart((part) => part.writeUInt8(count, 4)),
        `${count}`,
      ).toBe("IMAGE_XATTR_REFERENCES");
    }
  });

  test("a part that reaches beyond the image", () => {
    const { bytes, places } = buildErofs(directory([["a", file()]]));
    const { at } = [...places.values()].at(-1)!;
    for (const icount of [Math.floor((4096 - at - 64 - 12) / 4) + 2, 0x7fff, 0x8000, 0xffff]) {
      bytes.writeUInt16LE(icount, at + 2);
      expect(answer(bytes), `icount ${icount}`).toBe("IMAGE_INODE");
    }
  });
});

describe("references", () => {
  const refers = (references: Array<Xattr | number>, version = 2, rest: Partial<Inode> = {}) =>
    answerToOne(file("", { references, ...rest }), version);

  test("local entries and references make one list", () => {
    const shared = xattr("user.m", "2");
    const entries = (): [string, Inode][] => [
      ["a", file("", { references: [shared], xattrs: [xattr("user.z", "3"), xattr("user.a", "1")] })],
      ["b", file("", { references: [shared] })],
    ];
    for (const version of [0, 1, 2]) {
      expect(answerTo(entries(), version)).toBe("OK");
      expect(lines().slice(1)).toEqual([
        "/a 0 100644 1 0 0 0 0.0 - - - user.a=1 user.m=2 user.z=3",
        "/b 0 100644 1 0 0 0 0.0 - - - user.m=2",
      ]);
    }
  });

  test.each([1, 2])("beyond the image in V%i", (version) => {
    for (const reference of [4096 * 4, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff]) {
      expect(refers([reference], version), `${reference}`).toBe("IMAGE_XATTR_REFERENCE");
    }
  });

  test("an entry that ends at the end of the image, and one byte later", () => {
    const inode = file("", { references: [1023] });
    const { bytes } = buildErofs(directory([["a", inode]]));
    bytes.set([0, 0, 0, 0], 4092);
    expect(answer(bytes)).toBe("IMAGE_XATTR_KEY");
    bytes.set([0, 2, 0, 0], 4092);
    expect(answer(bytes)).toBe("OK");
    expect(lines()[1]).toContain("system.posix_acl_access=");
    bytes.set([1, 2, 0, 0], 4092);
    expect(answer(bytes)).toBe("IMAGE_XATTR_REFERENCE");
    bytes.set([0, 2, 1, 0], 4092);
    expect(answer(bytes)).toBe("IMAGE_XATTR_REFERENCE");
    bytes.set([0, 2, 255, 255], 4092);
    expect(answer(bytes)).toBe("IMAGE_XATTR_REFERENCE");
  });

  test("to the inode's own entry, and to that of another one", () => {
    const local = xattr("user.a", "1");
    const owner = file("", { xattrs: [local] });
    const at = (inode: Inode, name: string): number =>
      buildErofs(directory([[name, inode]])).places.get(inode)!.xattrs / 4;
    // A part without references has its first entry at 12, one with a reference at 16.
    const other = file("", { references: [at(owner, "a") + 3] });
    expect(
      answerTo([
        ["a", owner],
        ["b", other],
      ]),
    ).toBe("OK");
    expect(lines()[2]).toBe("/b 0 100644 1 0 0 0 0.0 - - - user.a=1");
    const own = file("", { xattrs: [local], references: [0] });
    own.references = [at(own, "a") + 4];
    expect(answerToOne(own)).toBe("IMAGE_XATTR_TWICE");
  });

  test("to every place of a small image", () => {
    const codes = new Set(Array.from({ length: 1025 }, (_, i) => refers([i], 2, { xattrs: [xattr("user.a", "1")] })));
    expect([...codes].filter((code) => !/^(OK|IMAGE_XATTR_[A-Z_]+)$/.test(code))).toEqual([]);
    expect(codes).toContain("IMAGE_XATTR_INDEX");
    expect(codes).toContain("IMAGE_XATTR_TWICE");
    expect(codes).toContain("IMAGE_XATTR_KEY");
  });

  test("128 of them in V0 and V1, 255 in V2", () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => xattr(`user.${i}`));
    for (const version of [0, 1]) {
      expect(refers(many(128), version)).toBe("OK");
      expect(refers(many(129), version)).toBe("IMAGE_XATTR_SHARED");
    }
    expect(refers(many(255), 2)).toBe("OK");
  });

  test("the block of the shared area", () => {
    for (const [block, expected] of [
      [1, "OK"],
      [2, "IMAGE_XATTR_BLKADDR"],
      [0x7fffffff, "IMAGE_XATTR_BLKADDR"],
      [0xffffffff, "IMAGE_XATTR_BLKADDR"],
    ] as const) {
      const { bytes } = buildErofs(directory(), 1);
      expect(bytes).toHaveLength(4096);
      bytes.writeUInt32LE(block, 1024 + 44);
      // The end itself is allowed (erofs-reader.md 3, no. 4).
      expect(answer(bytes), `block ${block}`).toBe(expected);
    }
  });
});

describe("a key twice", () => {
  const shared = xattr("user.a", "1");
  test.each([
    ["two local ones", { xattrs: [xattr("user.a", "1"), xattr("user.a", "2")] }],
    ["two local ones of the same value", { xattrs: [shared, shared] }],
    ["two references to one entry", { references: [shared, shared] }],
    ["two references to two entries", { references: [shared, xattr("user.a", "1")] }],
    ["a local one and a reference", { references: [shared], xattrs: [xattr("user.a", "2")] }],
    ["with and without a prefix", { xattrs: [shared, { index: 0, suffix: "user.a", value: "" }] }],
    ["with others between", { xattrs: [shared, xattr("user.b"), xattr("user.c"), xattr("user.a", "2")] }],
  ])("%s", (_, inode) => {
    for (const version of [0, 1, 2]) expect(answerToOne(file("", inode), version)).toBe("IMAGE_XATTR_TWICE");
  });

  test("of an overlay", () => {
    for (const [one, two] of [
      [xattr("trusted.overlay.opaque", "y"), xattr("trusted.overlay.opaque", "y")],
      [xattr("trusted.overlay.overlay.x"), xattr("trusted.overlay.overlay.x")],
      [metacopy(DIGEST), metacopy(DIGEST)],
      [redirect(`/${OBJECT}`), redirect(`/${OBJECT}`)],
    ] as const) {
      expect(answerToOne(external(9n, [one, two]))).toBe("IMAGE_XATTR_TWICE");
    }
  });
});

test("a refusal names the entry and lies in the image", () => {
  expect(answerTo([["d", directory([["x", file("", { xattrs: [{ index: 9, suffix: "x", value: "" }] })]])]])).toBe(
    "IMAGE_XATTR_INDEX",
  );
  expect(lastError!.text.toString()).toBe("/d/x");
});
