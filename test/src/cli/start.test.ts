/** `npm start` with files that are not what they should be, and with a very small one. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { emptyFolder } from "./run.ts";

const START = fileURLToPath(new URL("../../../build/src/cli/start.js", import.meta.url));
const DEBIAN = fileURLToPath(new URL("../../fixtures/debian-minbase.dump.gz", import.meta.url));
const IMAGE = fileURLToPath(new URL("../../fixtures/oci/base.oci.tar", import.meta.url));

function start(file: string, cwd: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [START, file], { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a missing file, an empty directory and what is not gzip have a code and exit with 2", () => {
  const cwd = emptyFolder();
  mkdirSync(join(cwd, "folder"));
  writeFileSync(join(cwd, "bad.gz"), "no gzip");
  for (const [file, stderr] of [
    ["missing", 'IO_OPEN: cannot open "missing": No such file or directory\n'],
    ["folder", "LAYER_USR_MISSING: image: the image has no /usr, whose metadata the root would take\n"],
    ["bad.gz", 'IO_READ: cannot read "bad.gz": not a gzip file: incorrect header check\n'],
  ] as const) {
    expect({ file, ...start(file, cwd) }).toEqual({ file, status: 2, stdout: "", stderr });
  }
});

test("one of a thing is one, and little work has no rate", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), "/ 0 40755 2 0 0 0 0.0 - - -\n");
  const { status, stdout, stderr } = start("dump", cwd);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("1 entry: 1 directory, 0 files, 0 symlinks, 0 hardlinks\n");
  expect(stdout).not.toContain("entries/s");
});

test("the bundled image and the Debian dumpfile have their pinned digests", () => {
  const cwd = emptyFolder();
  for (const [args, line] of [
    [[], "Reference the same digests (test/fixtures/oci/oci-golden.json)"],
    [[DEBIAN], "Reference the same digest (C mkcomposefs 1.0.8)"],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [START, ...args], { cwd, encoding: "utf8" });
    expect({ status, stderr, last: stdout.trimEnd().split("\n").at(-1) }).toEqual({
      status: 0,
      stderr: "",
      last: line,
    });
  }
});

test("an image in a compressed archive is told from a compressed dumpfile", () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "image.tar.gz"), gzipSync(readFileSync(IMAGE)));
  const { status, stdout, stderr } = start("image.tar.gz", cwd);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Image {5}image\.tar\.gz: oci-archive, linux\/amd64\n/);
});
