/** `composefs dump`: one text for each tree, whatever it was read from. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { debian, readFixture, vectors } from "../../support/fixtures.ts";
import { composefs, emptyFolder, NOT_MADE, run, start } from "./run.ts";

/** Out of order, with link counts that are not true, an owner behind its other name, sizes that mean nothing. */
const SLOPPY = [
  "/ 9 40755 1 0 0 0 1.5 - - -",
  "/z 6 100600 7 1 2 0 -3.0 - a\\x20\\xff\\n\\xc3- - user.b=2 user.a=\\x00-",
  "/d 4096 40755 2 0 0 0 0.0 - - -",
  "/d/a 0 @100644 - - - - - /z - -",
  "/d/null 77 20666 1 0 0 259 0.0 - - -",
  "/l 0 120777 1 0 0 0 0.0 z - -",
  `/e 9007199254740992 100644 1 0 0 0 9223372036854775807.0 x/y - ${"AB".repeat(32)}`,
].map((line) => `${line}\n`);
const CANONICAL = [
  "/ 0 40755 3 0 0 0 1.5 - - -",
  "/d 0 40755 2 0 0 0 0.0 - - -",
  "/d/a 6 100600 2 1 2 0 -3.0 - a\\x20\\xff\\n\\xc3- - user.a=\\x00- user.b=2",
  "/d/null 0 20666 1 0 0 259 0.0 - - -",
  `/e 9007199254740992 100644 1 0 0 0 9223372036854775807.0 x/y - ${"ab".repeat(32)}`,
  "/l 1 120777 1 0 0 0 0.0 z - -",
  "/z 0 @120000 - - - - 0.0 /d/a - -",
].map((line) => `${line}\n`);
const input = SLOPPY.join("");
const canonical = CANONICAL.join("");
const sha256 = createHash("sha256").update(canonical).digest("hex");

test("the canonical form of a dumpfile, which is its own canonical form", () => {
  expect(composefs(["dump", "-"], { input })).toEqual({ exitCode: 0, stdout: canonical, stderr: "" });
  expect(composefs(["dump", "-"], { input: canonical }).stdout).toBe(canonical);
});

test("--digest is labelled as what it is, and is no fs-verity digest", () => {
  expect(composefs(["dump", "--digest", "-"], { input })).toEqual({
    exitCode: 0,
    stdout: `canonical-dump-sha256:${sha256}\n`,
    stderr: "",
  });
  expect(JSON.parse(composefs(["dump", "--digest", "--json", "-"], { input }).stdout)).toEqual({
    canonicalDumpSha256: sha256,
    size: canonical.length,
    entries: 7,
    made: NOT_MADE,
  });
});

test("the digest of a tree, from a dumpfile and from its images", () => {
  const cwd = emptyFolder();
  const vector = vectors.vectors.find(({ name }) => name === "reader-base")!;
  const expected = `canonical-dump-sha256:${vector.canonical.sha256}\n`;
  writeFileSync(join(cwd, "dump"), readFixture(vector.file!));
  expect(composefs(["dump", "--digest", "dump"], { cwd }).stdout).toBe(expected);
  for (const format of ["v0", "v1"]) {
    composefs(["mkfs", "-q", "-f", format, "dump", "image"], { cwd });
    expect(composefs(["dump", "--digest", "image"], { cwd })).toEqual({ exitCode: 0, stdout: expected, stderr: "" });
  }
});

test("--json: an object for each line, with the values of the canonical form", () => {
  const { stdout, exitCode } = composefs(["dump", "--json", "-"], { input });
  expect(exitCode).toBe(0);
  const objects = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const epoch = { seconds: 0, nanoseconds: 0 };
  const owner = { uid: 0, gid: 0 };
  expect(objects).toEqual([
    { path: "/", type: "directory", mode: "40755", nlink: 3, ...owner, mtime: { seconds: 1, nanoseconds: 5 } },
    { path: "/d", type: "directory", mode: "40755", nlink: 2, ...owner, mtime: epoch },
    {
      path: "/d/a",
      type: "file",
      mode: "100600",
      nlink: 2,
      uid: 1,
      gid: 2,
      mtime: { seconds: -3, nanoseconds: 0 },
      size: 6,
      content: "a\\x20\\xff\\n\\xc3-",
      xattrs: { "user.a": "\\x00-", "user.b": "2" },
    },
    {
      path: "/d/null",
      type: "character device",
      mode: "20666",
      nlink: 1,
      ...owner,
      mtime: epoch,
      device: { major: 1, minor: 3 },
    },
    {
      path: "/e",
      type: "file",
      mode: "100644",
      nlink: 1,
      ...owner,
      mtime: { seconds: "9223372036854775807", nanoseconds: 0 },
      size: "9007199254740992",
      payload: "x/y",
      digest: "ab".repeat(32),
    },
    { path: "/l", type: "symlink", mode: "120777", nlink: 1, ...owner, mtime: epoch, size: 1, target: "z" },
    { path: "/z", type: "hardlink", of: "/d/a" },
  ]);
});

test("--json has as many lines as the dumpfile, page by page", () => {
  const lines = composefs(["dump", "--json", "-"], { input: readFixture(debian.file) }).stdout.split("\n");
  expect(lines.length).toBe(6768 + 1);
});

test("-o: the whole file or none", () => {
  const cwd = emptyFolder();
  expect(composefs(["dump", "-", "-o", "out"], { cwd, input })).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(readFileSync(join(cwd, "out"), "latin1")).toBe(canonical);
  const { exitCode, stderr } = composefs(["dump", "-", "-o", "out"], { cwd, input: `${input}/bad` });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^DUMP_FIELD_MISSING: dumpfile line 8/);
  expect(readFileSync(join(cwd, "out"), "latin1")).toBe(canonical);
  expect(composefs(["dump", "-", "-o", "no/out"], { cwd, input }).stderr).toMatch(/^IO_OPEN: cannot open "no\/out"/);
  expect(readdirSync(cwd)).toEqual(["out"]);
});

test("--strict and wrong usage", () => {
  expect(composefs(["dump", "--strict", "-"], { input }).stderr).toMatch(/^DUMP_STRICT_/);
  const cwd = emptyFolder();
  expect(composefs(["dump", "--digest", "-o", "out", "-"], { cwd, input })).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "USAGE: --digest prints a digest only; there is nothing for -o\n",
  });
  expect(existsSync(join(cwd, "out"))).toBe(false);
});

test("the image of a canonical dumpfile is that of its input, where that was true", () => {
  const dumped = run("composefs", ["dump", "-"], { input: readFixture(debian.file) }).stdout;
  const { fsverity_sha256 } = debian.runs.find(({ composefs_version }) => composefs_version === 1)!;
  expect(composefs(["digest", "-q", "-"], { input: dumped }).stdout).toBe(`${fsverity_sha256}\n`);
});

test("a closed pipe is no error to talk about", async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), readFixture(debian.file));
  const { child, ended } = start("composefs", ["dump", "--json", "dump"], cwd);
  child.stdout.once("data", () => child.stdout.destroy());
  expect(await ended).toMatchObject({ exitCode: 141, stderr: "" });
});
