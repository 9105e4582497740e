/** Operands of lock files, on this system and as they would be on Windows. */
import { posix, win32 } from "node:path";
import { describe, expect, test } from "vitest";
import { rebaseOperand } from "../../../src/cli/lock-operand.ts";
import { ComposefsError } from "../../../src/error.ts";

/** Operand, folder it is meant from, folder it is stored for, what is stored. */
const ROWS: ReadonlyArray<readonly [string, string, string, string]> = [
  ["root.dump", "/w", "/w", "root.dump"],
  ["root.dump", "/w", "/w/ci", "../root.dump"],
  ["../root.dump", "/w/ci", "/w", "root.dump"],
  ["oci:out/web:latest", "/w", "/w/ci", "oci:../out/web:latest"],
  ["oci-archive:./a.tar:v1", "/w", "/w", "oci-archive:a.tar:v1"],
  ["docker-archive:a.tar:host/name:tag", "/w", "/w/ci", "docker-archive:../a.tar:host/name:tag"],
  ["docker://host/name:tag", "/w", "/w/ci", "docker://host/name:tag"],
  ["dir:.", "/w/root", "/w", "dir:root"],
  ["/srv/root.dump", "/w", "/w/ci", "/srv/root.dump"],
  ["erofs:/srv/a.cfs", "/w", "/w/ci", "erofs:/srv/a.cfs"],
  ["./dump:odd", "/w", "/w", "./dump:odd"],
];

test.each(ROWS)("%s from %s for %s", (operand, from, to, stored) => {
  expect(rebaseOperand(operand, from, to, posix)).toBe(stored);
  // Back again it means the same file.
  const back = rebaseOperand(stored, to, from, posix);
  expect(rebaseOperand(back, from, to, posix)).toBe(stored);
});

describe("on Windows", () => {
  test("backslashes become slashes, drives stay", () => {
    expect(rebaseOperand("out\\root.dump", "C:\\w", "C:\\w\\ci", win32)).toBe("../out/root.dump");
    expect(rebaseOperand("oci:out\\web:latest", "C:\\w", "C:\\w", win32)).toBe("oci:out/web:latest");
    expect(rebaseOperand("D:\\root.dump", "C:\\w", "C:\\w\\ci", win32)).toBe("D:\\root.dump");
  });

  test("what Linux has written means the same", () => {
    for (const [, from, to, stored] of ROWS.filter(([operand]) => !/^(\w+:)?\//.test(operand))) {
      const [there, here] = [`C:${from.replaceAll("/", "\\")}`, `C:${to.replaceAll("/", "\\")}`];
      expect(rebaseOperand(stored, here, here, win32)).toBe(stored);
      expect(rebaseOperand(rebaseOperand(stored, here, there, win32), there, here, win32)).toBe(stored);
    }
  });
});

test.each(["-", "dump:-", "tar:-", "", "oci:"])("%j cannot be read again", (operand) => {
  expect(() => rebaseOperand(operand, "/w", "/w", posix)).toThrow(ComposefsError);
});
