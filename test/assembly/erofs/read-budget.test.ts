/** How much an inode's xattrs may be: what a dumpfile can say of them, so that every tree has one (dumpfile.md 4). */
import { describe, expect, test } from "vitest";
import { directory, external, file, metacopy, redirect, type Xattr, xattr } from "../../support/naive/erofs-image.ts";
import { answerToOne } from "./read-support.ts";

const DIGEST = "5a".repeat(32);
const OBJECT = `${DIGEST.slice(0, 2)}/${DIGEST.slice(2)}`;

describe("the budget of 32767 bytes", () => {
  // 12, and for each 7 + key + value, as C counts (dumpfile.md 4).
  test.each([
    ["one value", (left: number) => [xattr("user.a", "v".repeat(left - 12 - 7 - 6))]],
    ["two values", (left: number) => [xattr("user.a", "v".repeat(20_000)), xattr("user.b", "v".repeat(left - 20_038))]],
    [
      "keys without their escape",
      (left: number) => [xattr("trusted.overlay.overlay.a", "v".repeat(left - 12 - 7 - 17))],
    ],
  ])("%s", (_, make) => {
    for (const version of [0, 1, 2]) {
      expect(answerToOne(file("", { xattrs: make(32_767) }), version)).toBe("OK");
      expect(answerToOne(file("", { xattrs: make(32_768) }), version)).toBe("IMAGE_XATTR_BUDGET");
      expect(answerToOne(file("", { references: make(32_767) }), version)).toBe("OK");
      expect(answerToOne(file("", { references: make(32_768) }), version)).toBe("IMAGE_XATTR_BUDGET");
    }
  });

  test("markers of the writer are charged where the writer puts none", () => {
    const rest = (own: Xattr[]) => [...own, xattr("user.a", "v".repeat(32_767 - 12 - 7 - 6 - (7 + 21)))];
    const marker = (value: string) => xattr("user.overlay.whiteout", value);
    for (const version of [0, 1, 2]) {
      for (const make of [(xattrs: Xattr[]) => file("", { xattrs }), (xattrs: Xattr[]) => directory([], { xattrs })]) {
        expect(answerToOne(make(rest([marker("")])), version)).toBe("OK");
        expect(answerToOne(make(rest([marker("x")])), version)).toBe("IMAGE_XATTR_BUDGET");
      }
    }
  });

  test("what the writer adds is not charged", () => {
    const own = xattr("user.a", "v".repeat(32_767 - 12 - 7 - 6));
    expect(answerToOne(external(9n, [own, metacopy(DIGEST), redirect(`/${OBJECT}`)]), 1)).toBe("OK");
    const marks = ["trusted.overlay.overlay.whiteout", "user.overlay.whiteout"].map((key) => xattr(key));
    expect(answerToOne(file("", { xattrs: [...marks, own] }), 1)).toBe("OK");
    const whiteout = file("", { xattrs: [marks[0]!] });
    const parentMarks = [
      ...["trusted.overlay.overlay.whiteouts", "user.overlay.whiteouts"].map((key) => xattr(key)),
      ...["trusted.overlay.overlay.opaque", "user.overlay.opaque"].map((key) => xattr(key, "x")),
    ];
    expect(answerToOne(directory([["w", whiteout]], { xattrs: [...parentMarks, own] }), 1)).toBe("OK");
    expect(answerToOne(directory([["f", file()]], { xattrs: [...parentMarks, own] }), 1)).toBe("IMAGE_XATTR_BUDGET");
    expect(answerToOne(directory([["w", whiteout]], { xattrs: [...parentMarks, own] }), 0)).toBe("IMAGE_XATTR_BUDGET");
  });
});
