/** `composefs walk` from outside. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readFixture } from "../../support/fixtures.ts";
import { imageOf } from "../../support/images.ts";
import { composefs, emptyFolder } from "./run.ts";

const dump = readFixture("walk/spec-10-1.dump");
const golden = readFileSync(new URL("../../fixtures/walk/spec-10-1.v1.txt", import.meta.url), "latin1");
let image: Buffer;

beforeAll(() => {
  image = imageOf(dump, "v1");
});

/** Runs `composefs walk` on the image, which comes on standard input. */
const walk = (...args: string[]) => composefs(["walk", "-", ...args], { input: image });

describe("composefs walk", () => {
  test("a file", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "image"), image);
    expect(composefs(["walk", "image"], { cwd })).toEqual({ exitCode: 0, stdout: golden, stderr: "" });
  });

  test("standard input, from one offset to another, decimal or hexadecimal", () => {
    const lines = golden.split("\n");
    const at = lines.findIndex((line) => line.startsWith("0x001f00"));
    const end = lines.findIndex((line) => line.startsWith("0x001f94"));
    const part = `${lines.slice(at, end).join("\n")}\n`;
    for (const [from, to] of [
      ["0x1f00", "0x1f94"],
      ["7936", "8084"],
      ["7967", "0X1F21"],
    ] as const) {
      expect(walk("--from", from, "--to", to)).toEqual({ exitCode: 0, stdout: part, stderr: "" });
    }
  });

  test("one entry by its path, a hardlink by either name, a stub", () => {
    const { stdout } = walk("--path", "/z");
    expect(stdout.match(/^0x.*$/gm)).toEqual([
      "0x002620  compact inode  /z  nid 305",
      "0x002640  xattrs  /z",
      "0x0026a8  chunk pointers  /z",
    ]);
    expect(walk("--path", "z2").stdout).toBe(stdout);
    expect(walk("--path", "/d0").stdout).toMatch(/^0x001fc0 {2}stub {2}\/d0 {2}nid 254\n/);
    expect(walk("--path", "/d/w").stdout).toMatch(/^0x0026c0 {2}compact inode {2}\/d\/w {2}nid 310\n/);
  });

  test("no such entry", () => {
    expect(walk("--path", "/nothing")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "TREE_PATH: the tree has no /nothing\n",
    });
  });

  test("JSON", () => {
    const { exitCode, stdout } = walk("--json", "--path", "/l");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      image: { format: "v1", size: 16384 },
      structures: [
        { kind: "extended inode", offset: 0x25c0, bytes: 64, path: "/l" },
        { kind: "content", fields: [{ name: "content", offset: 0, bytes: 1, data: "a" }] },
      ],
    });
  });

  test.each([
    [["--from", "x"], '--from: expected an offset such as 4096 or 0x1000, got "x"'],
    [["--to", "-1"], '--to: expected an offset such as 4096 or 0x1000, got "-1"'],
    [["--path", "/\\q"], '--path: expected an escape such as \\xff or \\\\, got "/\\\\q"'],
  ])("wrong usage %j", (args, message) => {
    expect(walk(...args)).toEqual({ exitCode: 2, stdout: "", stderr: `USAGE: ${message}\n` });
  });

  test("a dumpfile is no image", () => {
    const { exitCode, stdout, stderr } = composefs(["walk", "-"], { input: dump });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toBe(
      'USAGE: walk: expected an EROFS image, "standard input" is a dumpfile; make an image with mkfs\n',
    );
  });

  test("an image that is none is refused by what is wrong with it", () => {
    const { exitCode, stderr } = composefs(["walk", "-"], { input: image.subarray(0, 5000) });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^IMAGE_/);
  });
});
