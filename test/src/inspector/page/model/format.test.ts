/** Numbers as the page shows them, at the edges of units. */
import { describe, expect, test } from "vitest";
import * as format from "../../../../../src/inspector/page/model/format.ts";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

test.each([
  [0, "0 B"],
  [1, "1 B"],
  [1023, "1,023 B"],
  [1024, "1.00 KiB"],
  [10_240, "10.0 KiB"],
  [10_235, "10.0 KiB"],
  [102_400, "100 KiB"],
  [102_380, "100 KiB"],
  // Rounded up it would be 1,024 KiB.
  [1024 * 1024 - 1, "1.00 MiB"],
  [1.5 * 1024 ** 3, "1.50 GiB"],
  [Number.MAX_SAFE_INTEGER, "8.00 PiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(plain(format.sizeText(bytes))).toBe(text);
});

test.each([
  [0, "1 s"],
  [59.4, "59 s"],
  [60, "1 min"],
  [80, "1 min 20 s"],
  [3600, "1 h"],
  [7500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(plain(format.durationText(seconds))).toBe(text);
});

test("parts of a whole", () => {
  expect(plain(format.percentText(1, 3))).toBe("33 %");
  expect(plain(format.percentText(1, 1000))).toBe("< 1 %");
  expect(plain(format.percentText(0, 10))).toBe("0 %");
  expect(plain(format.percentText(5, 0))).toBe("0 %");
});

test("counts and what is counted", () => {
  expect(format.countOf(1, "entry", "entries")).toBe("1 entry");
  expect(format.countOf(100_000, "entry", "entries")).toBe("100,000 entries");
  expect(format.countText(2n ** 63n)).toBe("9,223,372,036,854,775,808");
});

test("digests keep what tells their kind", () => {
  expect(format.shortDigest(`sha256:${"ab".repeat(32)}`)).toBe("sha256:abababababab…");
  expect(format.shortDigest("abab")).toBe("abab");
});

describe("modes as ls has them", () => {
  test.each([
    [0o100755, "-rwxr-xr-x"],
    [0o104755, "-rwsr-xr-x"],
    [0o104644, "-rwSr--r--"],
    [0o102755, "-rwxr-sr-x"],
    [0o041777, "drwxrwxrwt"],
    [0o041776, "drwxrwxrwT"],
    [0o120777, "lrwxrwxrwx"],
    [0o020666, "crw-rw-rw-"],
    [0o060660, "brw-rw----"],
    [0o010600, "prw-------"],
    [0o140755, "srwxr-xr-x"],
  ])("%o", (mode, text) => expect(format.modeText(mode)).toBe(text));
});

test("days, also those that no Date has", () => {
  expect(format.dayText(0)).toBe("1970-01-01");
  expect(format.dayText(-1)).toBe("1969-12-31");
  expect(format.dayText(8_640_000_000_001)).toBe("@8640000000001");
});
