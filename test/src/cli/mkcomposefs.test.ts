/**
 * `mkcomposefs` beside C mkcomposefs 1.0.8: the same texts, exit codes and images. What C prints stands here as text;
 * when the reference is installed, every case runs against it, too.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { debian, readFixture } from "../../support/fixtures.ts";
import { generateDumpBytes } from "../../support/generate-dump.mjs";
import { findOracle, runOracle } from "../../support/oracle.ts";
import { emptyFolder, pathOf, run, start } from "./run.ts";

const reference = findOracle("mkcomposefs");
const WHITEOUT = "/ 0 40755 2 0 0 0 0.0 - - -\n/gone 0 20644 1 0 0 0 0.0 - - -\n";
const USAGE = `Usage: mkcomposefs [OPTIONS] SOURCE IMAGE
Options:
  --digest-store=PATH   Store content files in this directory
  --use-epoch           Make all mtimes zero
  --skip-devices        Don't store device nodes
  --skip-xattrs         Don't store file xattrs
  --user-xattrs         Only store user.* xattrs
  --print-digest        Print the digest of the image
  --print-digest-only   Print the digest of the image, don't write image
  --from-file           The source is a dump file, not a directory
  --min-version=N       Use this minimal format version (default=0)
  --max-version=N       Use this maximum format version (default=1)
  --threads=N           Use this to override the default number of threads used to calculate digest and copy files (default=${availableParallelism()})
`;

/** A folder with dumpfiles, as the cases below expect it. */
function workshop(): string {
  const folder = emptyFolder();
  writeFileSync(join(folder, "debian.dump"), readFixture(debian.file));
  writeFileSync(join(folder, "whiteout.dump"), WHITEOUT);
  writeFileSync(join(folder, "empty.dump"), "");
  mkdirSync(join(folder, "folder"));
  return folder;
}

const ONLY = ["--from-file", "--print-digest-only"];

/** Arguments, exit code, standard error, where both must agree. Standard output is compared with the reference. */
const SAME: [string[], number, string][] = [
  [[], 1, `No source path specified\n${USAGE}`],
  [["--help"], 1, USAGE],
  [["--bogus"], 1, USAGE],
  [["--print", "x"], 1, USAGE],
  [["--from-file=1", "x", "y"], 1, USAGE],
  [["-C", "x"], 1, USAGE],
  [["--min-version"], 1, "option needs a value\n"],
  [["--from-file", "debian.dump"], 1, `No destination path specified\n${USAGE}`],
  [["--from-file", "a", "b", "c"], 1, `Too many arguments\n${USAGE}`],
  [[...ONLY, "a", "b"], 1, `Cannot specify destination path with --print-digest-only\n${USAGE}`],
  [[...ONLY, "--min-version=x", "a"], 1, "Invalid min version x\n"],
  [[...ONLY, "--max-version=1 ", "a"], 1, "Invalid max version 1 \n"],
  [[...ONLY, "--threads=0", "a"], 1, "Invalid threads count 0\n"],
  [[...ONLY, ""], 1, "mkcomposefs: Empty source path specified\n"],
  [[...ONLY, "missing"], 1, "mkcomposefs: open `missing`: No such file or directory\n"],
  [[...ONLY, "folder"], 1, "mkcomposefs: Error reading from file\n"],
  [[...ONLY, "--min-version=2", "debian.dump"], 1, "mkcomposefs: cannot write file: Invalid argument\n"],
  [[...ONLY, "--max-version=-1", "debian.dump"], 1, "mkcomposefs: cannot write file: Invalid argument\n"],
  [
    ["--from-file", "debian.dump", "no/where"],
    1,
    "mkcomposefs: failed to open output file: No such file or directory\n",
  ],
  [["--from-file", "debian.dump", "folder"], 1, "mkcomposefs: failed to open output file: Is a directory\n"],
  [["--from-file", "debian.dump", ""], 1, "mkcomposefs: failed to open output file: No such file or directory\n"],
  [["--from-file", "debian.dump", "/dev/full"], 1, "mkcomposefs: cannot write file: No space left on device\n"],
  [[...ONLY, "debian.dump"], 0, ""],
  [["debian.dump", ...ONLY], 0, ""],
  [["--from", "--print-digest-o", "debian.dump"], 0, ""],
  [[...ONLY, "--print-digest", "debian.dump"], 0, ""],
  [[...ONLY, "--", "debian.dump"], 0, ""],
  ...["--digest-store=x", "--use-epoch", "--skip-devices", "--skip-xattrs", "--user-xattrs"].map(
    (option): [string[], number, string] => [[...ONLY, option, "debian.dump"], 0, ""],
  ),
  [["--from-file", "debian.dump", "-"], 0, ""],
  [["--from-file", "--print-digest", "debian.dump", "-"], 0, ""],
  [["--from-file", "--print-digest", "debian.dump", "/dev/null"], 0, ""],
  [[...ONLY, "--threads=3", "debian.dump"], 0, ""],
  ...["--min-version=0", "--min-version=1", "--max-version=0", "--max-version=1", "--min=+1", "--min= 01"].map(
    (option): [string[], number, string] => [[...ONLY, option, "whiteout.dump"], 0, ""],
  ),
  [[...ONLY, "--min-version", "0", "--max-version", "1", "whiteout.dump"], 0, ""],
  [[...ONLY, "--min-version=1", "--max-version=0", "whiteout.dump"], 0, ""],
  [[...ONLY, "--min-version=4294967297", "whiteout.dump"], 0, ""],
  [[...ONLY, "whiteout.dump"], 0, ""],
];

describe("the same as C", () => {
  test.each(SAME)("mkcomposefs %j", (args, exitCode, stderr) => {
    const cwd = workshop();
    const ours = run("mkcomposefs", args, { cwd });
    expect({ exitCode: ours.exitCode, stderr: ours.stderr }).toEqual({ exitCode, stderr });
    if (reference === undefined) return;
    const theirs = runOracle("/bin/sh", ["-c", 'cd "$0" && exec "$@"', cwd, reference, ...args]);
    expect({ exitCode: theirs.exitCode, stderr: theirs.stderr }).toEqual({ exitCode, stderr });
    expect(ours.stdout.equals(theirs.output)).toBe(true);
  });

  test("a dumpfile on standard input, an image on standard output", () => {
    const { stdout, exitCode } = run("mkcomposefs", ["--from-file", "--min-version=1", "-", "-"], {
      input: readFixture(debian.file),
    });
    expect(exitCode).toBe(0);
    expect(stdout.length).toBe(debian.runs[0]!.size);
    expect(run("mkcomposefs", [...ONLY, "-"], { input: readFixture(debian.file) }).stdout.toString()).toBe(
      `${debian.runs.find(({ options }) => options.length === 0)!.fsverity_sha256}\n`,
    );
  });
});

describe("other than C", () => {
  test("a digest that cannot be printed is a failure", () => {
    const cwd = workshop();
    const command = `cd "$0" && '${process.execPath}' '${pathOf("mkcomposefs")}' ${ONLY.join(" ")} debian.dump > /dev/full`;
    expect(runOracle("/bin/sh", ["-c", command, cwd])).toMatchObject({
      exitCode: 1,
      stderr: "mkcomposefs: cannot write file: No space left on device\n",
    });
  });

  test("what is wrong in a dumpfile has a line, a field and a code", () => {
    const input = "/ 0 40755 2 0 0 0 0.0 - - -\n/f 1 100644 one 0 0 0 0.0 - - -\n";
    const { exitCode, stderr, stdout } = run("mkcomposefs", [...ONLY, "-"], { input });
    expect({ exitCode, stderr, stdout: stdout.toString() }).toEqual({
      exitCode: 1,
      stderr:
        'mkcomposefs: dumpfile line 2, field 4 (nlink): expected decimal digits, in a mode octal digits, got "one" (DUMP_NUMBER)\n',
      stdout: "",
    });
  });
});

describe("the image file", () => {
  const names = (folder: string) => readdirSync(folder).sort();

  test("a refused dumpfile leaves nothing behind, and an older image as it was", () => {
    const cwd = emptyFolder();
    expect(run("mkcomposefs", ["--from-file", "-", "new"], { cwd, input: "bad\n" }).exitCode).toBe(1);
    writeFileSync(join(cwd, "old"), "kept");
    expect(run("mkcomposefs", ["--from-file", "-", "old"], { cwd, input: "bad\n" }).exitCode).toBe(1);
    expect(readFileSync(join(cwd, "old"), "utf8")).toBe("kept");
    expect(names(cwd)).toEqual(["old"]);
  });

  test("has the mode that C would leave", () => {
    const cwd = emptyFolder();
    const make = (name: string) => run("mkcomposefs", ["--from-file", "-", name], { cwd, input: WHITEOUT }).exitCode;
    const umask = process.umask();
    expect(make("fresh")).toBe(0);
    expect(statSync(join(cwd, "fresh")).mode & 0o7777).toBe(0o666 & ~umask);
    writeFileSync(join(cwd, "tight"), "");
    chmodSync(join(cwd, "tight"), 0o640);
    expect(make("tight")).toBe(0);
    expect(statSync(join(cwd, "tight")).mode & 0o7777).toBe(0o640);
    expect(names(cwd)).toEqual(["fresh", "tight"]);
  });

  test("is written behind a symbolic link, even one that leads nowhere yet", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "real"));
    symlinkSync("real/image", join(cwd, "link"));
    expect(run("mkcomposefs", ["--from-file", "-", "link"], { cwd, input: WHITEOUT }).exitCode).toBe(0);
    expect(statSync(join(cwd, "real/image")).size).toBeGreaterThan(0);
    expect(names(cwd)).toEqual(["link", "real"]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s while it is written leaves nothing behind", async (signal) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "big.dump"), generateDumpBytes("distro", 150_000, 7));
    const { child, ended } = start("mkcomposefs", ["--from-file", "big.dump", "image"], cwd);
    while (!readdirSync(cwd).some((name) => name.endsWith(".tmp")) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    child.kill(signal);
    const end = await ended;
    // A fast machine may be done before the signal comes: then the image is whole.
    if (end.exitCode === 0) expect(names(cwd)).toEqual(["big.dump", "image"]);
    else expect({ signal: end.signal, names: names(cwd) }).toEqual({ signal, names: ["big.dump"] });
  });

  test("a signal while the dumpfile is read ends it at once", async () => {
    const cwd = emptyFolder();
    const { child, ended } = start("mkcomposefs", ["--from-file", "-", "image"], cwd);
    child.stdin.write(WHITEOUT);
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGINT");
    expect((await ended).signal).toBe("SIGINT");
    expect(names(cwd)).toEqual([]);
  });

  test("nobody reads the output: quiet, as SIGPIPE would end it", async () => {
    const cwd = workshop();
    const { child, ended } = start("mkcomposefs", ["--from-file", "debian.dump", "-"], cwd);
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await ended).toMatchObject({ exitCode: 141, stderr: "" });
  });
});
