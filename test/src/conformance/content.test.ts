/** Inputs that are made: by formula, and by patches. */
import { describe, expect, test } from "vitest";
import { makeContent, patchFile } from "../../../src/conformance/content.ts";

describe("contents", () => {
  // Byte by byte, as the README of the vectors says it.
  const FORMULAS = {
    lin251: (i: number) => (7 * i + 3) % 251,
    quad: (i: number) => (i * i + 13 * i + 5) % 256,
    zero: () => 0,
    ff: () => 255,
  } as const;
  const SIZES = [0, 1, 250, 251, 252, 255, 256, 257, 501, 502, 503, 4097, 70_001];

  test.each(Object.keys(FORMULAS) as Array<keyof typeof FORMULAS>)("%s", (name) => {
    for (const size of SIZES) {
      const expected = Uint8Array.from({ length: size }, (_, i) => FORMULAS[name](i));
      expect(Buffer.from(expected).equals(makeContent(name, size)), `${size}`).toBe(true);
    }
  });
});

describe("patches", () => {
  const FILE = Uint8Array.of(0, 1, 2, 3);
  const at = (offset: number, ...bytes: number[]) => ({ offset, bytes: Uint8Array.from(bytes) });

  test("take the place of bytes, before the end is cut off", () => {
    expect([...patchFile(FILE, [at(1, 9), at(2, 8, 7)])]).toEqual([0, 9, 8, 7]);
    expect([...patchFile(FILE, [at(3, 9)], 2)]).toEqual([0, 1]);
    expect([...patchFile(FILE, [], 0)]).toEqual([]);
    expect([...FILE]).toEqual([0, 1, 2, 3]);
  });

  test.each([
    ["a patch", [at(3, 1, 1)], 4],
    ["what is left", [], 5],
  ])("%s beyond the end is refused", (_, patches, truncate) => {
    expect(() => patchFile(FILE, patches, truncate, "v1/a")).toThrow(/v1\/a: patches reach byte 5 of a file of 4/);
  });
});
