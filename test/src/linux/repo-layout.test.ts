/** The layout that is shared with the reference tools. */
import { expect, test } from "vitest";
import { imagePath, objectPath } from "../../../src/linux/repo-layout.ts";

test.each([64, 128])("paths of %d digits", (digits) => {
  const digest = "3f".padEnd(digits, "0123456789abcdef");
  expect(objectPath(digest)).toBe(`objects/3f/${digest.slice(2)}`);
  expect(objectPath(digest).length).toBe("objects/".length + digits + 1);
  expect(imagePath(digest)).toBe(`images/${digest}`);
});
