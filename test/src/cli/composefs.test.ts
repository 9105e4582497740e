/** The `composefs` command from outside: what it prints, where, and how it ends. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { debian, readFixture, vectors } from "../../support/fixtures.ts";
import { findOracle, runOracle } from "../../support/oracle.ts";
import { emptyFolder, pathOf, run, start } from "./run.ts";

const dump = readFixture(debian.file);
const v1 = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
const v0 = debian.runs.find(({ options }) => options.includes("--max-version=0"))!;
const sha512Dump = readFixture(vectors.sha512[0]!.file);
const fsverity = findOracle("fsverity");
const BAD = "/ 0 40755 2 0 0 0 0.0 - - -\n/f 1 100644 one 0 0 0 0.0 - - -\n";
const BAD_TEXT = 'dumpfile line 2, field 4 (nlink): expected decimal digits, in a mode octal digits, got "one"';

/** Runs `composefs` and reads its output as text. */
function composefs(args: readonly string[], options: Parameters<typeof run>[2] = {}) {
  const { exitCode, stdout, stderr } = run("composefs", args, options);
  return { exitCode, stdout: stdout.toString("latin1"), stderr };
}

describe("composefs", () => {
  test("--version: package, ABI, hash of the engine", () => {
    const root = new URL("../../../", import.meta.url);
    const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    const sha256 = createHash("sha256")
      .update(readFileSync(new URL("build/engine.wasm", root)))
      .digest("hex");
    expect(composefs(["--version"])).toEqual({
      exitCode: 0,
      stdout: `composefs-wasm ${version}\nengine ABI 1\nengine.wasm sha256 ${sha256}\n`,
      stderr: "",
    });
  });

  test("--help exits with 0, wrong usage with 2", () => {
    expect(composefs(["--help"])).toMatchObject({ exitCode: 0, stderr: "" });
    for (const args of [[], ["bogus"], ["mkfs"], ["digest", "--bogus", "x"], ["verity"], ["verity", "digest"]]) {
      const { exitCode, stdout, stderr } = composefs(args);
      expect({ args, exitCode, stdout }).toEqual({ args, exitCode: 2, stdout: "" });
      expect(stderr).not.toBe("");
    }
  });
});

describe("composefs mkfs", () => {
  test("makes the image of the reference and prints its digest", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "dump"), dump);
    for (const [args, expected, format] of [
      [[], v1, "v1"],
      [["--format", "v0"], v0, "v0"],
    ] as const) {
      expect(composefs(["mkfs", ...args, "dump", "image"], { cwd })).toEqual({
        exitCode: 0,
        stdout: `${format}-sha256-12:${expected.fsverity_sha256}\n`,
        stderr: "",
      });
      expect(
        createHash("sha256")
          .update(readFileSync(join(cwd, "image")))
          .digest("hex"),
      ).toBe(expected.sha256);
    }
  });

  test("format v0 stays v0 with whiteouts", () => {
    const input = "/ 0 40755 2 0 0 0 0.0 - - -\n/gone 0 20644 1 0 0 0 0.0 - - -\n";
    const json = JSON.parse(composefs(["mkfs", "-f", "v0", "--json", "-", "/dev/null"], { input }).stdout);
    expect(json).toMatchObject({ image: "/dev/null", format: "v0", counts: { entries: 2, whiteouts: 1 } });
    expect(Object.keys(json.digests)).toEqual(["v0-sha256-12"]);
  });

  test("an image on standard output: the digest goes to standard error", () => {
    const { exitCode, stdout, stderr } = run("composefs", ["mkfs", "-", "-"], { input: dump });
    expect(exitCode).toBe(0);
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(v1.sha256);
    expect(stderr).toBe(`v1-sha256-12:${v1.fsverity_sha256}\n`);
  });

  test("--quiet and --sync", () => {
    const cwd = emptyFolder();
    expect(composefs(["mkfs", "-q", "--sync", "-", "image"], { cwd, input: dump })).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(existsSync(join(cwd, "image"))).toBe(true);
  });

  test("bad input: code and message, exit 2, no file", () => {
    const cwd = emptyFolder();
    expect(composefs(["mkfs", "-", "image"], { cwd, input: BAD })).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `DUMP_NUMBER: ${BAD_TEXT}\n`,
    });
    const { exitCode, stderr } = composefs(["mkfs", "--json", "-", "image"], { cwd, input: BAD });
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      code: "DUMP_NUMBER",
      message: BAD_TEXT,
      data: { line: 2, field: "nlink" },
    });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each([
    [["mkfs", "missing", "image"], "IO_OPEN: cannot open missing: "],
    [["mkfs", "-", "no/where"], "IO_OPEN: cannot open no/where: "],
    [["mkfs", "-f", "v3", "-", "image"], "--format: expected v0, v1 or v2, got v3"],
    [["mkfs", "-f", "v2", "-", "image"], "EROFS_V2_SYMLINK: dumpfile line 2: "],
    [["mkfs", "--strict", "-", "image"], "DUMP_STRICT_SYMLINK_SIZE: dumpfile line 2, field 2 (size): "],
  ])("%j exits with 2", (args, stderr) => {
    const cwd = emptyFolder();
    const input = `/ 0 40755 2 0 0 0 0.0 - - -\n/l 1 120777 1 0 0 0 0.0 ${"x".repeat(1025)} - -\n`;
    const result = composefs(args, { cwd, input });
    expect(result.exitCode).toBe(2);
    expect(result.stderr.slice(0, stderr.length)).toBe(stderr);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe("composefs digest", () => {
  test("the default profile", () => {
    expect(composefs(["digest", "-"], { input: dump })).toEqual({
      exitCode: 0,
      stdout: `v1-sha256-12:${v1.fsverity_sha256}\n`,
      stderr: "",
    });
    expect(composefs(["digest", "-"], { input: sha512Dump }).stdout).toBe(
      `v1-sha512-12:${vectors.sha512[0]!.images.v1.fsverity_sha512}\n`,
    );
  });

  test("several profiles, --quiet, --json", () => {
    const profiles = ["-p", "v1-sha256-12", "v0-sha256-12"];
    expect(composefs(["digest", "-", ...profiles], { input: dump }).stdout).toBe(
      `v1-sha256-12:${v1.fsverity_sha256}\nv0-sha256-12:${v0.fsverity_sha256}\n`,
    );
    expect(composefs(["digest", "-", "-q", "-p", "v0-sha256-12"], { input: dump }).stdout).toBe(
      `${v0.fsverity_sha256}\n`,
    );
    const json = JSON.parse(composefs(["digest", "-", "--json", ...profiles], { input: dump }).stdout);
    expect(json.images[1]).toEqual({
      profile: "v0-sha256-12",
      format: "v0",
      size: v0.size,
      inodes: json.images[1].inodes,
      digest: v0.fsverity_sha256,
    });
    expect(json.counts.entries).toBe(6768);
  });

  test.each([
    [["-p", "v1-sha512-12"], "PROFILE_HASH: "],
    [["-p", "v1-sha256-13"], "PROFILE_NAME: "],
  ])("%j exits with 2", (args, stderr) => {
    const result = composefs(["digest", "-", ...args], { input: dump });
    expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(result.stderr.startsWith(stderr)).toBe(true);
  });

  test("the accelerator changes nothing", () => {
    for (const env of [{ COMPOSEFS_ACCELERATOR: "on" }, { COMPOSEFS_ACCELERATOR: "off" }]) {
      expect(composefs(["digest", "-q", "-"], { input: dump, env }).stdout).toBe(`${v1.fsverity_sha256}\n`);
    }
    expect(composefs(["digest", "-q", "--no-accelerator", "-"], { input: dump }).stdout).toBe(
      `${v1.fsverity_sha256}\n`,
    );
  });
});

describe("composefs verity digest", () => {
  /** Bytes that differ from block to block; above the size from which several threads work. */
  const large = Buffer.from(Uint8Array.from({ length: (40 << 20) + 4097 }, (_, i) => (i * 31 + (i >> 12) * 7) & 255));

  const CASES = [
    ["a", "b"],
    ["--compact", "a", "b"],
    ["--hash-alg=sha512", "a"],
    ["--hash-alg", "2", "--block-size=1024", "--salt=00ff10", "a"],
    ["--block-size", "65536", "b"],
    ["large"],
    ["--hash-alg=sha512", "--block-size=1024", "--salt=abcd", "large", "a", "large"],
  ];

  test.each(CASES.map((args) => [args]))("%j: what fsverity prints", (args) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "a"), "hello world");
    writeFileSync(join(cwd, "b"), "");
    if (args.includes("large")) writeFileSync(join(cwd, "large"), large);
    const ours = composefs(["verity", "digest", ...args], { cwd });
    expect({ exitCode: ours.exitCode, stderr: ours.stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const more of [["--threads", "1"], ["--threads", "3"], ["--no-accelerator"]]) {
      expect(composefs(["verity", "digest", ...more, ...args], { cwd }).stdout).toBe(ours.stdout);
    }
    const env = { COMPOSEFS_ACCELERATOR: "on" };
    expect(composefs(["verity", "digest", ...args], { cwd, env }).stdout).toBe(ours.stdout);
    if (fsverity === undefined) return;
    const theirs = runOracle("/bin/sh", ["-c", 'cd "$0" && exec "$@"', cwd, fsverity, "digest", ...args]);
    expect(ours.stdout).toBe(theirs.output.toString());
  });

  test("a pipe is read to its end", () => {
    expect(composefs(["verity", "digest", "-"], { input: "hello world" }).stdout).toBe(
      "sha256:1e2eaa4202d750a41174ee454970b92c1bc2f925b1e35076d8c7d5f56362ba64 -\n",
    );
  });

  test.each([
    ["--hash-alg=md5"],
    ["--block-size=512"],
    ["--block-size=5000"],
    ["--salt=abc"],
    ["--salt=xy"],
    [`--salt=${"00".repeat(33)}`],
    ["--threads=0"],
  ])("%s exits with 2", (option) => {
    const { exitCode, stdout, stderr } = composefs(["verity", "digest", option, "/dev/null"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).not.toMatch(/bug|\n {4}at /);
  });

  test("stops at the first file that cannot be read", () => {
    const { exitCode, stdout, stderr } = composefs(["verity", "digest", "/dev/null", "missing", "/dev/null"]);
    expect({ exitCode, lines: stdout.split("\n").length - 1 }).toEqual({ exitCode: 2, lines: 1 });
    expect(stderr).toMatch(/^IO_OPEN: cannot open missing: /);
    expect(composefs(["verity", "digest", "/"]).stderr).toMatch(/^IO_READ: cannot read \/: /);
  });
});

test("a closed pipe is no error to talk about", async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), dump);
  const { child, ended } = start("composefs", ["mkfs", "dump", "-"], cwd);
  child.stdout.once("data", () => child.stdout.destroy());
  expect(await ended).toMatchObject({ exitCode: 141, stderr: "" });
});

test("progress is for terminals", () => {
  const script = findScript();
  if (script === undefined) return;
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "dump"), dump);
  const command = `'${process.execPath}' '${pathOf("composefs")}' mkfs dump image`;
  const { output, exitCode } = runOracle("/bin/sh", ["-c", `cd "$0" && ${script} -qec "${command}" /dev/null`, cwd]);
  expect(exitCode).toBe(0);
  expect(output.toString()).toMatch(/image: v1 image of 6,768 entries, 1\.5 MB/);
});

/** script(1) of util-linux gives a command a terminal. */
function findScript(): string | undefined {
  if (existsSync("/usr/bin/script")) return "/usr/bin/script";
  console.warn("SKIPPED: script(1) is missing (util-linux): nothing gives the commands a terminal");
  return undefined;
}
