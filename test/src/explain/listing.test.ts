/** Entries as objects, and the texts around them; whole lists are tested where commands print them. */
import { describe, expect, test } from "vitest";
import { jsonNumber, pathOfText, timeText } from "../../../src/explain/listing.ts";

describe("a path that people write", () => {
  test.each([
    ["", "/"],
    ["/", "/"],
    [".", "/"],
    ["///", "/"],
    ["a", "/a"],
    ["/a/", "/a"],
    ["./a//b/.", "/a/b"],
    ["..", "/.."],
    ["a\\n\\t\\r\\\\b", "/a\n\t\r\\b"],
    ["\\x41\\xfF", "/A\xff"],
    ["\\x2fa", "/a"],
    ["\\x00", "/\0"],
    ["é", "/\xc3\xa9"],
    ["😀 x", "/\xf0\x9f\x98\x80 x"],
  ])("%j", (text, path) => {
    expect(Buffer.from(pathOfText(text)!).toString("latin1")).toBe(path);
  });

  test.each(["\\", "a\\q", "\\x4", "\\x4g", "\\xg", "\\X41", "a\\ b"])("%j has no such escape", (text) => {
    expect(pathOfText(text)).toBeUndefined();
  });

  test("may be as long as a line allows", () => {
    expect(pathOfText("a".repeat(200_000))!.length).toBe(200_001);
  });
});

test("times are UTC, with nanoseconds where there are any", () => {
  expect(timeText(0n, 0)).toBe("1970-01-01T00:00:00Z");
  expect(timeText(-1n, 1)).toBe("1969-12-31T23:59:59.000000001Z");
  expect(timeText(1700000000n, 999_999_999)).toBe("2023-11-14T22:13:20.999999999Z");
  expect(timeText(8_640_000_000_000n, 0)).toBe("+275760-09-13T00:00:00Z");
  expect(timeText(8_640_000_000_001n, 5)).toBe("@8640000000001.000000005");
  expect(timeText(-(2n ** 63n), 0)).toBe("@-9223372036854775808");
});

test("numbers are numbers as far as JSON keeps them", () => {
  expect(jsonNumber(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
  expect(jsonNumber(2n ** 53n)).toBe("9007199254740992");
  expect(jsonNumber(-(2n ** 63n))).toBe("-9223372036854775808");
});
