/** Escaped texts as people read them. */
import { expect, test } from "vitest";
import { baseName, parentOf, readable } from "../../../../../src/inspector/page/model/text.ts";

test.each([
  ["/usr/bin", "/usr/bin"],
  ["a\\x20b", "a b"],
  ["caf\\xc3\\xa9", "café"],
  // Not UTF-8: the bytes stay visible.
  ["\\xff\\xfe", "\\xff\\xfe"],
  // What could steer the eye stays visible, too.
  ["\\xe2\\x80\\xae", "\\xe2\\x80\\xae"],
  ["a\\\\b", "a\\\\b"],
  ["a\\nb", "a\\nb"],
  [".", "."],
  ["a\\x20//./b", "a //./b"],
  ["\\q", "\\q"],
])("%s", (escaped, text) => expect(readable(escaped)).toBe(text));

test("parts of paths", () => {
  expect(baseName("/")).toBe("/");
  expect(baseName("/usr/bin")).toBe("bin");
  expect(parentOf("/usr/bin")).toBe("/usr");
  expect(parentOf("/usr")).toBe("/");
  expect(parentOf("/")).toBe("/");
});
