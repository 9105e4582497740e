/** Which overlayfs xattrs of an image are the tree's own, what a whiteout is and what a stub (erofs-reader.md 2.2, 2.3). */
import { describe, expect, test } from "vitest";
import {
  CHR,
  directory,
  type Entry,
  external,
  file,
  type Inode,
  redirect,
  special,
  symlink,
  xattr,
} from "../../support/naive/erofs-image.ts";
import { answerTo, answerToOne, lastEngine, lines } from "./read-support.ts";

const MARK = "trusted.overlay.overlay.whiteout";

/** A whiteout as V0 and V1 write it: an empty file with a marker. */
const escaped = (rest: Partial<Inode> = {}) => file("", { ...rest, xattrs: [xattr(MARK), ...(rest.xattrs ?? [])] });

/** Xattrs of the line of `path`. */
function xattrsAt(path: string): string[] {
  const line = lines().find((one) => one.startsWith(`${path} `))!;
  return line.split(" ").slice(11);
}

describe("xattrs of V0 and V1 that the writer adds", () => {
  /** Xattrs that a directory shows of these, with a whiteout in it and without. */
  function onDirectories(version: number, ...xattrs: [string, string][]): [string[], string[]] {
    const own = xattrs.map(([key, value]) => xattr(key, value));
    const entries: Entry[] = [
      ["with", directory([["w", escaped()]], { xattrs: own })],
      ["without", directory([["f", file()]], { xattrs: own })],
    ];
    expect(answerTo(entries, version)).toBe("OK");
    return [xattrsAt("/with"), xattrsAt("/without")];
  }

  test.each([
    ["trusted.overlay.overlay.whiteouts", "trusted.overlay.whiteouts"],
    ["user.overlay.whiteouts", "user.overlay.whiteouts"],
  ])("%s", (raw, shown) => {
    for (const version of [0, 1]) expect(onDirectories(version, [raw, ""])).toEqual([[], [`${shown}=`]]);
    expect(onDirectories(2, [raw, ""])).toEqual([[`${shown}=`], [`${shown}=`]]);
  });

  test.each([
    ["trusted.overlay.overlay.opaque", "trusted.overlay.opaque"],
    ["user.overlay.opaque", "user.overlay.opaque"],
  ])("%s", (raw, shown) => {
    expect(onDirectories(1, [raw, "x"])).toEqual([[], [`${shown}=x`]]);
    expect(onDirectories(1, [raw, "y"])).toEqual([[`${shown}=y`], [`${shown}=y`]]);
    for (const version of [0, 2]) expect(onDirectories(version, [raw, "x"])).toEqual([[`${shown}=x`], [`${shown}=x`]]);
  });

  test("a whiteout's", () => {
    const inode = () => escaped({ xattrs: [xattr("user.overlay.whiteout"), xattr("user.a", "1")] });
    for (const version of [0, 1]) {
      expect(answerToOne(inode(), version)).toBe("OK");
      expect(lines()[1]).toBe("/a 0 20644 1 0 0 0 0.0 - - - user.a=1");
    }
    expect(answerToOne(inode(), 2)).toBe("OK");
    expect(lines()[1]).toBe("/a 0 100644 1 0 0 0 0.0 - - - trusted.overlay.whiteout= user.a=1 user.overlay.whiteout=");
  });

  test("of other nodes than those they are made for", () => {
    const both = [xattr(MARK), xattr("user.overlay.whiteout")];
    const shown = ["trusted.overlay.whiteout=", "user.overlay.whiteout="];
    for (const version of [0, 1, 2]) {
      const entries: Entry[] = [
        ["chr", special(CHR, 5, { xattrs: both })],
        ["dir", directory([], { xattrs: both })],
        ["file", file("", { xattrs: [both[1]!] })],
        ["link", symlink("t", { xattrs: both })],
      ];
      expect(answerTo(entries, version)).toBe("OK");
      expect(["/chr", "/dir", "/file", "/link"].map(xattrsAt)).toEqual([shown, shown, [shown[1]], shown]);
    }
  });

  test("the root's", () => {
    for (const version of [0, 1]) {
      expect(answerTo([], version, { xattrs: [xattr("trusted.overlay.opaque", "y")] })).toBe("OK");
      expect(xattrsAt("/")).toEqual([]);
    }
  });

  test("and any other that begins with trusted.overlay. and is not escaped", () => {
    for (const version of [0, 1]) {
      expect(answerToOne(file("", { xattrs: [xattr("trusted.overlay.upper", "1")] }), version)).toBe("OK");
      expect(xattrsAt("/a")).toEqual([]);
    }
  });
});

test("one escape is taken away, not more", () => {
  const keys = ["trusted.overlay.overlay.x", "trusted.overlay.overlay.overlay.x", "trusted.overlayx", "user.overlay.x"];
  for (const version of [0, 1, 2]) {
    expect(answerToOne(file("", { xattrs: keys.map((key) => xattr(key)) }), version)).toBe("OK");
    expect(xattrsAt("/a")).toEqual([
      "trusted.overlay.overlay.x=",
      "trusted.overlay.x=",
      "trusted.overlayx=",
      "user.overlay.x=",
    ]);
  }
});

test("what a key means does not depend on where its prefix is cut", () => {
  const whole = (key: string) => ({ index: 0, suffix: key, value: "" });
  for (const version of [0, 1, 2]) {
    const keys = ["trusted.overlay.metacopy", "trusted.overlay.overlay.x", "trusted.overlay.y"];
    expect(answerToOne(file("", { xattrs: keys.map(whole) }), version)).toBe("OK");
    expect(xattrsAt("/a")).toEqual(["trusted.overlay.x="]);
  }
  expect(answerToOne(file("", { xattrs: [whole(MARK)] }), 1)).toBe("OK");
  expect(lines()[1]).toBe("/a 0 20644 1 0 0 0 0.0 - - -");
});

test("an escape that is taken away may bring a key a second time", () => {
  // Both show as trusted.overlay.x, which no tree has twice.
  const two = [xattr("trusted.overlay.overlay.x", "1"), xattr("trusted.overlay.x", "2")];
  for (const version of [0, 1]) {
    expect(answerToOne(file("", { xattrs: two }), version)).toBe("OK");
    expect(xattrsAt("/a")).toEqual(["trusted.overlay.x=1"]);
  }
});

describe("whiteouts", () => {
  test("with content or an object are whiteouts all the same", () => {
    const object = external(9n, [redirect("/x"), xattr(MARK)]);
    for (const version of [0, 1]) {
      expect(
        answerTo(
          [
            ["a", { ...file("hi"), xattrs: [xattr(MARK)] }],
            ["b", object],
          ],
          version,
        ),
      ).toBe("OK");
      expect(lines().slice(1)).toEqual(["/a 0 20644 1 0 0 0 0.0 - - -", "/b 0 20644 1 0 0 0 0.0 - - -"]);
    }
  });

  test("under a stub's name are kept when they are escaped", () => {
    for (const version of [0, 1]) {
      expect(
        answerTo(
          [
            ["ab", escaped()],
            ["ac", special(CHR, 0)],
          ],
          version,
        ),
      ).toBe("OK");
      expect(lines().slice(1)).toEqual(["/ab 0 20644 1 0 0 0 0.0 - - -"]);
    }
  });

  test("with two names", () => {
    const one = escaped();
    for (const version of [0, 1]) {
      expect(
        answerTo(
          [
            ["a", one],
            ["b", one],
          ],
          version,
        ),
      ).toBe("IMAGE_WHITEOUT_LINKED");
      expect(answerToOne(escaped({ nlink: 2 }), version)).toBe("IMAGE_WHITEOUT_LINKED");
      const liar = escaped({ nlink: 1 });
      expect(
        answerTo(
          [
            ["a", liar],
            ["d", directory([["b", liar]])],
          ],
          version,
        ),
      ).toBe("IMAGE_WHITEOUT_LINKED");
    }
    const native = special(CHR, 0, { nlink: 1 });
    expect(
      answerTo(
        [
          ["a", native],
          ["b", native],
        ],
        2,
      ),
    ).toBe("IMAGE_WHITEOUT_LINKED");
    expect(answerToOne(special(CHR, 0, { nlink: 2 }), 2)).toBe("IMAGE_WHITEOUT_LINKED");
  });

  test("with nlink 0 or 1", () => {
    for (const nlink of [0, 1]) {
      expect(answerToOne(escaped({ nlink }), 1)).toBe("OK");
      expect(answerToOne(special(CHR, 0, { nlink }), 2)).toBe("OK");
    }
  });
});

describe("native whiteouts", () => {
  const at = (name: string, version: number) => answerTo([[name, special(CHR, 0)]], version);

  test("in the root of V0 and V1: stubs, under the names of two lower-case digits", () => {
    for (const version of [0, 1]) {
      for (const name of ["00", "0f", "a0", "ff"]) {
        expect(at(name, version)).toBe("OK");
        expect(lines()).toHaveLength(1);
      }
      for (const name of ["0", "000", "FF", "aF", "0g", "g0", "0\xff", "a", "w"]) {
        expect(at(name, version), name).toBe("IMAGE_NATIVE_WHITEOUT");
      }
    }
  });

  test("with several names, as nlink has it", () => {
    for (const version of [0, 1]) {
      expect(answerTo([["ab", special(CHR, 0, { nlink: 2 })]], version)).toBe("IMAGE_WHITEOUT_LINKED");
    }
  });

  test("elsewhere in V0 and V1", () => {
    for (const version of [0, 1]) {
      expect(answerTo([["d", directory([["ab", special(CHR, 0)]])]], version)).toBe("IMAGE_NATIVE_WHITEOUT");
    }
  });

  test("of V2 are the tree's own, whatever their name", () => {
    const entries: Entry[] = [
      ["ab", special(CHR, 0)],
      ["d", directory([["w", special(CHR, 0)]])],
    ];
    expect(answerTo(entries, 2)).toBe("OK");
    expect(lines().slice(1)).toEqual([
      "/ab 0 20600 1 0 0 0 0.0 - - -",
      "/d 0 40755 2 0 0 0 0.0 - - -",
      "/d/w 0 20600 1 0 0 0 0.0 - - -",
    ]);
  });

  test("block devices with rdev 0 are nothing of the kind", () => {
    for (const version of [0, 1, 2]) expect(answerToOne({ ...special(CHR), mode: 0o060600 }, version)).toBe("OK");
  });
});

describe("hardlinks", () => {
  test("the first name in depth-first order has the inode", () => {
    const one = file("hi");
    const entries: Entry[] = [
      ["a", directory([["deep", directory([["x", one]])]])],
      ["b", one],
    ];
    for (const version of [0, 1, 2]) {
      expect(answerTo(entries, version)).toBe("OK");
      expect(lines().filter((line) => line.includes("/a/deep/x"))).toEqual([
        "/a/deep/x 2 100644 2 0 0 0 0.0 - hi -",
        "/b 0 @120000 - - - - 0.0 /a/deep/x - -",
      ]);
    }
  });

  test("of every type but directories, whatever nlink says", () => {
    for (const one of [symlink("t"), special(CHR, 5), external(9n, []), file("", { nlink: 1 })]) {
      expect(
        answerTo(
          [
            ["a", one],
            ["b", one],
            ["c", one],
          ],
          1,
        ),
      ).toBe("OK");
      expect(lines().slice(2)).toEqual(["/b", "/c"].map((path) => `${path} 0 @120000 - - - - 0.0 /a - -`));
      expect(lines()[1]!.split(" ")[3]).toBe("3");
    }
  });
});

test("what stubs carry is not the tree's: an ACL of theirs sets no flag", () => {
  const stub = special(CHR, 0, { xattrs: [{ index: 2, suffix: "", value: "acl" }] });
  expect(answerTo([["00", stub]], 1)).toBe("OK");
  expect(lastEngine.image(1).image.readUInt32LE(8)).toBe(0);
  expect(answerTo([["a", file("", { xattrs: [{ index: 2, suffix: "", value: "acl" }] })]], 1)).toBe("OK");
  expect(lastEngine.image(1).image.readUInt32LE(8)).toBe(1);
});
