/** Platforms as text, and which one fits which. */
import { describe, expect, test } from "vitest";
import { parsePlatform, platformMatches, platformText } from "../../../src/source/platform.ts";

test("text to platform and back", () => {
  for (const text of ["linux/amd64", "linux/arm/v7", "windows/amd64"]) {
    expect(platformText(parsePlatform(text))).toBe(text);
  }
});

test.each(["", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/v7/x", "linux/arm 64", "linux/am\u0000d64"])(
  "no platform: %j",
  (text) => {
    expect(() => parsePlatform(text)).toThrow(RangeError);
  },
);

test("no text", () => {
  expect(() => parsePlatform(7 as unknown as string)).toThrow(TypeError);
});

describe("what fits", () => {
  test.each([
    ["linux/arm/v6", "linux/arm", true],
    ["linux/arm", "linux/arm", true],
    ["linux/arm/v6", "linux/arm/v6", true],
    ["linux/arm/v6", "linux/arm/v7", false],
    ["linux/arm", "linux/arm/v7", true],
    ["linux/arm", "linux/arm/v6", false],
    ["linux/arm64", "linux/arm64/v8", true],
    ["linux/arm64/v8", "linux/arm64", true],
    ["linux/amd64", "linux/amd64/v1", true],
    ["linux/amd64", "linux/amd64/v3", false],
    ["linux/ppc64le", "linux/ppc64le/power9", false],
    ["linux/amd64", "linux/arm64", false],
    ["windows/amd64", "linux/amd64", false],
  ])("%s for %s: %s", (actual, wanted, fits) => {
    expect(platformMatches(parsePlatform(actual), parsePlatform(wanted))).toBe(fits);
  });
});
