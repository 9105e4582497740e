/** Names of profiles, and which of them a dumpfile allows. */
import { describe, expect, test } from "vitest";
import { FORMAT_AUTO, FORMAT_V0, FORMAT_V1, FORMAT_V2 } from "../../../assembly/abi.ts";
import {
  algorithmParameters,
  byFormat,
  checkAlgorithm,
  formatNumber,
  ownAlgorithm,
  parseProfile,
} from "../../../src/image/profile.ts";

describe("parseProfile", () => {
  test.each([
    ["v0-sha256-12", { format: "v0", algorithm: "sha256-12" }],
    ["v1-sha512-12", { format: "v1", algorithm: "sha512-12" }],
    ["v2-sha256-16", { format: "v2", algorithm: "sha256-16" }],
    ["v1-sha512-16", { format: "v1", algorithm: "sha512-16" }],
  ])("takes %s", (name, expected) => {
    expect(parseProfile(name)).toEqual(expected);
  });

  test.each([
    "",
    "v1",
    "v3-sha256-12",
    "V1-sha256-12",
    "v1-sha256-13",
    "v1-sha384-12",
    "v1-sha256",
    "sha256-12",
    "v1-sha256-12 ",
    "v1-toString",
    "v1_sha256-12",
  ])("refuses %j", (name) => {
    expect(() => parseProfile(name)).toThrowError(expect.objectContaining({ code: "PROFILE_NAME" }));
  });
});

test("parseProfile takes strings only", () => {
  for (const name of [undefined, null, 1, ["v1-sha256-12"]]) {
    expect(() => parseProfile(name as unknown as string)).toThrowError(TypeError);
  }
});

test("formatNumber: own names only", () => {
  expect([formatNumber("v0"), formatNumber("v1"), formatNumber("v2"), formatNumber("auto")]).toEqual([
    FORMAT_V0,
    FORMAT_V1,
    FORMAT_V2,
    FORMAT_AUTO,
  ]);
  for (const name of ["", "v3", "V0", "constructor", undefined]) {
    expect(() => formatNumber(name as "v0")).toThrowError(RangeError);
  }
});

test("algorithmParameters refuses other names", () => {
  expect(algorithmParameters("sha512-16")).toEqual({ hash: "sha512", blockBits: 16 });
  expect(() => algorithmParameters("sha1-12" as "sha256-12")).toThrowError(RangeError);
});

test("the default follows the digests in the dumpfile", () => {
  expect(ownAlgorithm(null)).toBe("sha256-12");
  expect(ownAlgorithm("sha256")).toBe("sha256-12");
  expect(ownAlgorithm("sha512")).toBe("sha512-12");
});

test("the hash must be that of the digests in the dumpfile, where it has any", () => {
  checkAlgorithm("sha256-16", "sha256");
  checkAlgorithm("sha512-12", null);
  expect(() => checkAlgorithm("sha512-12", "sha256")).toThrowError(expect.objectContaining({ code: "PROFILE_HASH" }));
});

test("byFormat groups, keeps the order and drops repetitions", () => {
  const groups = byFormat(["v1-sha256-12", "v0-sha256-12", "v1-sha256-16", "v1-sha256-12"]);
  expect([...groups]).toEqual([
    ["v1", ["sha256-12", "sha256-16"]],
    ["v0", ["sha256-12"]],
  ]);
});
