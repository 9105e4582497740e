/** `npm start` with files that are not what they should be, and with a very small one. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { emptyFolder } from "./run.ts";

const START = fileURLToPath(new URL("../../../build/src/cli/start.js", import.meta.url));

function start(file: string, cwd: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [START, file], { cwd, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a missing file, a directory and what is not gzip have a code and exit with 2", () => {
  const cwd = emptyFolder();
  mkdirSync(join(cwd, "folder"));
  writeFileSync(join(cwd, "bad.gz"), "no gzip");
  for (const [file, stderr] of [
    ["missing", 'IO_OPEN: cannot open "missing": No such file or directory\n'],
    ["folder", 'IO_READ: cannot read "folder": Is a directory\n'],
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
