/** Objects of external files: the xattrs metacopy and redirect (erofs-reader.md 2.1). */
import { describe, expect, test } from "vitest";
import {
  directory,
  external,
  file,
  type Inode,
  metacopy,
  redirect,
  symlink,
  xattr,
} from "../../support/naive/erofs-image.ts";
import { answerTo, answerToOne, lines } from "./read-support.ts";

const DIGEST = "5a".repeat(32);
const OBJECT = `${DIGEST.slice(0, 2)}/${DIGEST.slice(2)}`;

describe("metacopy", () => {
  const raw = (hex: string) => xattr("trusted.overlay.metacopy", Buffer.from(hex, "hex").toString("latin1"));
  const LONG = "6b".repeat(64);
  test.each([
    ["of one byte", "00"],
    ["of the header alone", "00240001"],
    ["of another version", `01240001${DIGEST}`],
    ["of another length", `00250001${DIGEST}`],
    ["of length 0", `00000001${DIGEST}`],
    ["with flags", `00240101${DIGEST}`],
    ["with algorithm 0", `00240000${DIGEST}`],
    ["with the algorithm of longer ones", `00240002${DIGEST}`],
    ["with algorithm 3", `00240003${DIGEST}`],
    ["cut by a byte", `00240001${DIGEST.slice(2)}`],
    ["with a byte too many", `00240001${DIGEST}00`],
    ["with a length that fits the value, but no hash", `00250001${DIGEST}00`],
    ["of SHA-512 with the algorithm of SHA-256", `00440001${LONG}`],
    ["of SHA-512 cut", `00440002${LONG.slice(2)}`],
  ])("%s", (_, hex) => {
    for (const version of [0, 1, 2]) expect(answerToOne(external(9n, [raw(hex)]), version)).toBe("IMAGE_METACOPY");
  });

  test("SHA-256, SHA-512, or none", () => {
    for (const [xattrs, rest] of [
      [[metacopy(DIGEST), redirect(`/${OBJECT}`)], `${OBJECT} - ${DIGEST}`],
      [[metacopy(LONG), redirect(`/6b/${LONG.slice(2)}`)], `6b/${LONG.slice(2)} - ${LONG}`],
      [[raw(""), redirect(`/${OBJECT}`)], `${OBJECT} - -`],
      [[raw("")], "- - -"],
      [[], "- - -"],
    ] as const) {
      for (const version of [0, 1, 2]) {
        expect(answerToOne(external(9n, [...xattrs]), version)).toBe("OK");
        expect(lines()[1]).toBe(`/a 9 100644 1 0 0 0 0.0 ${rest}`);
      }
    }
  });

  test("digests of two widths", () => {
    const two = [external(9n, [metacopy(DIGEST)]), external(9n, [metacopy(LONG)])] as const;
    for (const version of [0, 1, 2]) {
      expect(
        answerTo(
          [
            ["a", two[0]],
            ["b", two[1]],
          ],
          version,
        ),
      ).toBe("IMAGE_DIGEST_MIXED");
      expect(
        answerTo(
          [
            ["a", two[1]],
            ["b", two[0]],
          ],
          version,
        ),
      ).toBe("IMAGE_DIGEST_MIXED");
    }
  });
});

describe("redirect", () => {
  const payload = (value: string, version = 1) => {
    const code = answerToOne(external(9n, [metacopy(DIGEST), redirect(value)]), version);
    return code === "OK" ? lines()[1]!.split(" ")[8] : code;
  };

  test("is the payload without one slash", () => {
    expect(["/x", "x", "//x", "/a b", "/-"].map((value) => payload(value))).toEqual([
      "x",
      "x",
      "/x",
      "a\\x20b",
      "\\x2d",
    ]);
  });

  test("of no bytes, too many, or with a zero byte", () => {
    for (const value of ["", "/", "/a\0", "\0", `/${"p".repeat(4096)}`, "p".repeat(4096)]) {
      expect(payload(value), JSON.stringify(value.slice(0, 9))).toBe("IMAGE_REDIRECT");
    }
    expect(payload(`/${"p".repeat(4095)}`)).toBe("p".repeat(4095));
  });
});

test("metacopy and redirect show nowhere, and mean nothing where no object is", () => {
  const both = [metacopy(DIGEST), redirect("/x")];
  for (const version of [0, 1, 2]) {
    const entries: [string, Inode][] = [
      ["a", file("hi", { xattrs: both })],
      ["b", file("", { xattrs: both })],
      ["c", symlink("t", { xattrs: both })],
      ["d", directory([], { xattrs: both })],
    ];
    expect(answerTo(entries, version, { xattrs: both })).toBe("OK");
    expect(lines()).toEqual([
      "/ 0 40755 3 0 0 0 0.0 - - -",
      "/a 2 100644 1 0 0 0 0.0 - hi -",
      "/b 0 100644 1 0 0 0 0.0 - - -",
      "/c 1 120777 1 0 0 0 0.0 t - -",
      "/d 0 40755 2 0 0 0 0.0 - - -",
    ]);
  }
});
