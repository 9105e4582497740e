/** What entries of directories lead to: dots, types, link counts, and walks that do not end (erofs-reader.md 4.3). */
import { describe, expect, test } from "vitest";
import {
  BLKDEV,
  buildErofs,
  CHR,
  directory,
  type Entry,
  FIFO,
  file,
  type Inode,
  SOCK,
  special,
  symlink,
} from "../../support/naive/erofs-image.ts";
import { answer, answerTo, answerToOne, lastError } from "./read-support.ts";

/** A directory of exactly these entries; `d` stands for itself, `u` for its parent. */
function answerToGroups(make: (d: Inode, u: Inode) => Entry[][], rest: Partial<Inode> = {}): string {
  const d: Inode = { mode: 0o040755, nlink: 2, groups: [], ...rest };
  const root = directory([["d", d]]);
  d.groups = make(d, root);
  return answer(buildErofs(root).bytes);
}

describe("dots", () => {
  test("missing", () => {
    expect(
      answerToGroups((_, u) => [
        [
          ["..", u],
          ["a", file()],
        ],
      ]),
    ).toBe("IMAGE_DOT");
    expect(
      answerToGroups((d) => [
        [
          [".", d],
          ["a", file()],
        ],
      ]),
    ).toBe("IMAGE_DOTDOT");
    expect(answerTo([["d", directory([["a", file()]], { dots: false })]])).toBe("IMAGE_DOT");
    expect(answerTo([["a", file()]], 1, { dots: false })).toBe("IMAGE_DOT");
  });

  test("twice", () => {
    expect(
      answerToGroups((d, u) => [
        [
          [".", d],
          [".", d],
          ["..", u],
        ],
      ]),
    ).toMatch(/^IMAGE_(NAME_TWICE|DOT)$/);
    expect(
      answerToGroups((d, u) => [
        [
          [".", d],
          ["..", u],
          ["..", u],
        ],
      ]),
    ).toMatch(/^IMAGE_(NAME_TWICE|DOTDOT)$/);
  });

  test("that lead elsewhere", () => {
    const other = directory();
    expect(
      answerToGroups((d, u) => [
        [
          [".", u],
          ["..", u],
          ["a", d],
        ],
      ]),
    ).toBe("IMAGE_DOT");
    expect(
      answerToGroups((d) => [
        [
          [".", d],
          ["..", d],
        ],
      ]),
    ).toBe("IMAGE_DOTDOT");
    expect(
      answerToGroups(
        (d) => [
          [
            [".", d],
            ["..", other],
            ["a", other],
          ],
        ],
        { nlink: 3 },
      ),
    ).toBe("IMAGE_DOTDOT");
    expect(
      answerToGroups((d) => [
        [
          [".", d],
          ["..", 2n ** 53n + 36n],
        ],
      ]),
    ).toBe("IMAGE_DOTDOT");
    expect(
      answerToGroups((_, u) => [
        [
          [".", 2n ** 63n],
          ["..", u],
        ],
      ]),
    ).toBe("IMAGE_DOT");
  });

  test("of the root lead to the root", () => {
    const child = directory();
    const root: Inode = { mode: 0o040755, nlink: 3, groups: [] };
    root.groups = [
      [
        [".", root],
        ["..", child],
        ["a", child],
      ],
    ];
    expect(answer(buildErofs(root).bytes)).toBe("IMAGE_DOTDOT");
  });

  test("of a file type that is no directory's", () => {
    for (const type of [0, 1, 3, 7, 8, 255]) {
      expect(
        answerToGroups((d, u) => [
          [
            [".", d, type],
            ["..", u],
          ],
        ]),
      ).toBe("IMAGE_FILE_TYPE");
      expect(
        answerToGroups((d, u) => [
          [
            [".", d],
            ["..", u, type],
          ],
        ]),
      ).toBe("IMAGE_FILE_TYPE");
    }
  });
});

test("file types", () => {
  const inodes = [file(), directory(), special(CHR, 5), special(BLKDEV, 5), special(FIFO), special(SOCK), symlink("t")];
  inodes.forEach((inode, i) => {
    for (const type of [0, 1, 2, 3, 4, 5, 6, 7, 8, 128 + i + 1, 255]) {
      expect(answerTo([["a", inode, type]]), `type ${type} of ${i + 1}`).toBe(
        type === i + 1 ? "OK" : "IMAGE_FILE_TYPE",
      );
    }
  });
});

test("link counts of directories", () => {
  const tree = (nlink?: number) =>
    answerToOne(
      directory(
        [
          ["a", directory()],
          ["b", directory()],
          ["c", file()],
        ],
        nlink === undefined ? {} : { nlink },
      ),
    );
  expect(tree()).toBe("OK");
  for (const nlink of [0, 1, 2, 3, 5, 65_540, 0xffffffff]) expect(tree(nlink)).toBe("IMAGE_DIRECTORY_NLINK");
  expect(answerTo([["a", directory()]], 2, { nlink: 2 })).toBe("IMAGE_DIRECTORY_NLINK");
});

describe("walks that do not end", () => {
  const looks = (entries: Entry[]): string => {
    const code = answerTo(entries);
    expect(lastError?.text.length).toBeGreaterThan(0);
    return code;
  };

  test("a directory in itself, in its child, in the root", () => {
    const self = directory();
    self.entries!.push(["self", self]);
    expect(looks([["a", self]])).toBe("IMAGE_DIRECTORY_TWICE");
    const outer = directory();
    outer.entries!.push(["b", directory([["c", directory([["outer", outer]])]])]);
    expect(looks([["a", outer]])).toBe("IMAGE_DIRECTORY_TWICE");
    const root = directory();
    root.entries!.push(["root", root]);
    expect(answer(buildErofs(root).bytes)).toBe("IMAGE_DIRECTORY_TWICE");
  });

  test("one directory under two names", () => {
    const one = directory([["f", file()]]);
    expect(
      looks([
        ["a", one],
        ["b", one],
      ]),
    ).toBe("IMAGE_DIRECTORY_TWICE");
    const two = directory([["f", file()]]);
    // `..` of the second place is wrong as well; either may be noticed first.
    expect(
      looks([
        ["a", two],
        ["b", directory([["c", two]])],
      ]),
    ).toMatch(/^IMAGE_(DIRECTORY_TWICE|DOTDOT)$/);
  });

  test("two names in each of 40 levels: 2^40 paths", () => {
    let nest = directory();
    for (let level = 0; level < 40; level++)
      nest = directory([
        ["a", nest],
        ["b", nest],
      ]);
    expect(answer(buildErofs(nest).bytes)).toBe("IMAGE_DIRECTORY_TWICE");
  });
});

/** `levels` directories below the root, each with a name of one byte. */
function deep(levels: number, bottom: Entry[] = []): string {
  let nest = directory(bottom);
  for (let level = 0; level < levels; level++) nest = directory([["d", nest]]);
  return answer(buildErofs(nest).bytes);
}

test("2048 levels of directories, not 2049", () => {
  expect(deep(2047)).toBe("OK");
  expect(deep(2048)).toBe("OK");
  expect(deep(2049)).toBe("IMAGE_PATH_TOO_LONG");
  expect(deep(10_000)).toBe("IMAGE_PATH_TOO_LONG");
});

test("paths of 4096 bytes, not 4097", () => {
  expect(deep(2047, [["f", file()]])).toBe("OK");
  expect(deep(2047, [["ff", file()]])).toBe("IMAGE_PATH_TOO_LONG");
  expect(deep(2047, [["ff", directory()]])).toBe("IMAGE_PATH_TOO_LONG");
});
