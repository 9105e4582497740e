/** Groups and names in directories of images (erofs-reader.md 1.2, 4.3). */
import { describe, expect, test } from "vitest";
import { buildErofs, directory, type Entry, file, type Inode } from "../../support/naive/erofs-image.ts";
import { answer, answerTo, answerToOne, lines } from "./read-support.ts";

/** The answer to an image whose directory `/d` has these entries and then this change to its tail. */
function afterChange(entries: Entry[], change: (tail: Buffer) => void): string {
  const d = directory(entries);
  const { bytes, places } = buildErofs(directory([["d", d]]));
  change(bytes.subarray(places.get(d)!.tail));
  return answer(bytes);
}

/** A directory of exactly these entries; `d` stands for itself, `u` for its parent. */
function answerToGroups(make: (d: Inode, u: Inode) => Entry[][], rest: Partial<Inode> = {}): string {
  const d: Inode = { mode: 0o040755, nlink: 2, groups: [], ...rest };
  const root = directory([["d", d]]);
  d.groups = make(d, root);
  return answer(buildErofs(root).bytes);
}

describe("groups", () => {
  // Three entries: headers of 36 bytes, then `.`, `..` and `name`.
  const change = (to: (tail: Buffer) => void) => afterChange([["name", file()]], to);

  test.each([
    ["first nameoff 0", (tail: Buffer) => tail.writeUInt16LE(0, 8)],
    ["first nameoff 1", (tail: Buffer) => tail.writeUInt16LE(1, 8)],
    ["first nameoff 13", (tail: Buffer) => tail.writeUInt16LE(13, 8)],
    ["first nameoff beyond the group", (tail: Buffer) => tail.writeUInt16LE(48, 8)],
    ["first nameoff far beyond it", (tail: Buffer) => tail.writeUInt16LE(65_532, 8)],
    ["second nameoff before the first", (tail: Buffer) => tail.writeUInt16LE(35, 20)],
    ["second nameoff 0", (tail: Buffer) => tail.writeUInt16LE(0, 20)],
    ["third nameoff before the second", (tail: Buffer) => tail.writeUInt16LE(36, 32)],
    ["third nameoff beyond the group", (tail: Buffer) => tail.writeUInt16LE(44, 32)],
    ["third nameoff 65535", (tail: Buffer) => tail.writeUInt16LE(65_535, 32)],
  ])("%s", (_, to) => {
    expect(change(to)).toBe("IMAGE_NAMEOFF");
  });

  test("a group that ends within its headers", () => {
    for (const size of [1n, 11n, 12n, 13n, 24n, 35n]) {
      const root = directory([["d", directory([["name", file()]], { size })]]);
      expect(answer(buildErofs(root).bytes), `${size}`).toMatch(/^IMAGE_(NAMEOFF|NAME_LENGTH)$/);
    }
  });

  test("a directory of no bytes has no dots", () => {
    expect(answerToOne(directory([], { size: 0n, layout: 0 }))).toBe("IMAGE_DOT");
  });

  test("names that end where a zero byte begins", () => {
    const d = directory([["name", file()]], { size: 24n + 12n + 7n + 5n });
    expect(answer(buildErofs(directory([["d", d]])).bytes)).toBe("OK");
    expect(lines()[2]).toMatch(/^\/d\/name 0 100644/);
  });

  test("a block and a tail, cut anywhere", () => {
    const names = ["a", "b", "c", "e"];
    for (let cut = 1; cut < 6; cut++) {
      const code = answerToGroups((d, u) => {
        const all: Entry[] = [[".", d], ["..", u], ...names.map((name): Entry => [name, file()])];
        return [all.slice(0, cut), all.slice(cut)];
      });
      expect(code, `cut at ${cut}`).toBe("OK");
      expect(
        lines()
          .slice(2)
          .map((line) => line.split(" ")[0]),
      ).toEqual(names.map((name) => `/d/${name}`));
    }
  });
});

describe("names", () => {
  test("255 bytes, not 256 and not 0", () => {
    expect(answerTo([["n".repeat(255), file()]])).toBe("OK");
    expect(answerTo([["n".repeat(256), file()]])).toBe("IMAGE_NAME_LENGTH");
    expect(answerTo([["n".repeat(1500), file()]])).toBe("IMAGE_NAME_LENGTH");
    expect(answerTo([["", file()]])).toBe("IMAGE_NAME_LENGTH");
    expect(
      answerTo([
        ["", file()],
        ["z", file()],
      ]),
    ).toBe("IMAGE_NAME_LENGTH");
  });

  test("an empty one at the end of a directory", () => {
    expect(
      answerToGroups((d, u) => [
        [
          [".", d],
          ["..", u],
          ["", file()],
        ],
      ]),
    ).toBe("IMAGE_NAME_LENGTH");
  });

  test.each(["/", "a/", "/a", "a/b", "\0", "a\0b", "\0a"])("bytes that no name has: %j", (name) => {
    // Something follows, so that a zero byte does not end the group.
    expect(
      answerTo([
        [name, file()],
        ["zz", file()],
      ]),
    ).toBe("IMAGE_NAME_BYTE");
    expect(
      answerTo([
        [
          "zz",
          directory([
            [name, file()],
            ["zz", file()],
          ]),
        ],
      ]),
    ).toBe("IMAGE_NAME_BYTE");
  });

  test("any other bytes are a name", () => {
    const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).filter(
      (name) => name !== "/" && name !== ".",
    );
    expect(answerTo(all.map((name) => [name, file()]))).toBe("OK");
    expect(lines()).toHaveLength(254);
  });

  test("not ascending", () => {
    const order = (...names: string[]) =>
      answerToGroups((d, u) => [[[".", d], ["..", u], ...names.map((name): Entry => [name, file()])]]);
    expect(order("a", "b", "c")).toBe("OK");
    expect(order("b", "a")).toBe("IMAGE_NAME_ORDER");
    expect(order("a", "c", "b")).toBe("IMAGE_NAME_ORDER");
    expect(order("ab", "a")).toBe("IMAGE_NAME_ORDER");
    expect(order("\x80", "\x7f")).toBe("IMAGE_NAME_ORDER");
    expect(order("!")).toBe("IMAGE_NAME_ORDER");
    expect(order("a", "\xff")).toBe("OK");
    expect(order("a", "a")).toBe("IMAGE_NAME_TWICE");
    expect(order("a", "b", "a")).toBe("IMAGE_NAME_ORDER");
  });

  test("dots in the middle, where their bytes sort them", () => {
    const names = ["!", "+x", "-", ".-", "...", "..a", "0"];
    expect(answerTo(names.map((name) => [name, file()]))).toBe("OK");
    expect(
      lines()
        .slice(1)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["/!", "/+x", "/-", "/.-", "/...", "/..a", "/0"]);
  });

  /** Two blocks of entries; `first` ends the one and `second` begins the other. */
  function acrossGroups(first: string, second: string): string {
    const many = (letter: string, count: number) =>
      Array.from(
        { length: count },
        (_, i): Entry => [`${letter}${String(i).padStart(3, "0")}${"n".repeat(40)}`, file()],
      );
    return answerToGroups((d, u) => [
      [[".", d], ["..", u], ...many("a", 70), [first, file()]],
      [[second, file()], ...many("z", 50)],
    ]);
  }

  test("in the next group", () => {
    expect(acrossGroups("b", "c")).toBe("OK");
    expect(acrossGroups("c", "c")).toBe("IMAGE_NAME_TWICE");
    expect(acrossGroups("d", "c")).toBe("IMAGE_NAME_ORDER");
    expect(acrossGroups("c", "a")).toBe("IMAGE_NAME_ORDER");
  });
});
