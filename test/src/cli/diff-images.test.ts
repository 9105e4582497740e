/** `composefs diff` of equal trees: what it says of the images. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFixture } from "../../support/fixtures.ts";
import { imageOf } from "../../support/images.ts";
import { composefs, emptyFolder } from "./run.ts";

const dump = readFixture("dump/shared-order.dump");

/** Runs `composefs diff` on two files; `args` follow. */
function diff(a: Uint8Array, b: Uint8Array, ...args: string[]) {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "a"), a);
  writeFileSync(join(cwd, "b"), b);
  return composefs(["diff", "a", "b", ...args], { cwd });
}

test("the image of a dumpfile", () => {
  const { exitCode, stdout } = diff(dump, imageOf(dump, "v0"));
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /The trees are equal.*\nThe image is the one that the dumpfile gives in format v0\.\nB is canonical: .*\n$/,
  );
});

test("images of two formats", () => {
  const root = readFixture("dump/empty-root.dump");
  const { exitCode, stdout } = diff(imageOf(root, "v1"), imageOf(root, "v2"));
  expect(exitCode).toBe(1);
  expect(stdout).toContain("\nThe formats of the images differ: A is v1, B is v2.\nA is canonical");
});

test("a field, as text and as JSON; not when only classes of the tree are compared", () => {
  const image = imageOf(dump, "v1");
  const other = Buffer.from(image);
  other.writeUInt32LE(0x12345678, 1028);
  const text = diff(image, other);
  expect(text.exitCode).toBe(1);
  expect(text.stdout).toMatch(
    /\n {2}superblock, checksum \(0x000404\): A 0x0, B 0x12345678\nA is canonical: .*\nB is not/,
  );
  const json = diff(image, other, "--json");
  expect(json.exitCode).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    equal: true,
    images: {
      equal: false,
      comparison: { bytes: 4, head: [{ structure: "superblock", field: "checksum", offset: 1028 }], first: null },
      a: { canonical: true },
      b: { canonical: false, cause: "superblock-stamp" },
    },
  });
  expect(diff(image, other, "--ignore", "mtime").exitCode).toBe(0);
  expect(diff(image, other, "--quiet")).toEqual({ exitCode: 1, stdout: "", stderr: "" });
});
