/** The `composefs` command from outside: what it prints, where, and how it ends. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../../assembly/abi.ts";
import { debian, readFixture, vectors } from "../../support/fixtures.ts";
import { runOracle } from "../../support/oracle.ts";
import { composefs, emptyFolder, pathOf, run, start } from "./run.ts";

const dump = readFixture(debian.file);
const v1 = debian.runs.find(({ options }) => options.includes("--min-version=1"))!;
const v0 = debian.runs.find(({ options }) => options.includes("--max-version=0"))!;
const sha512Dump = readFixture(vectors.sha512[0]!.file);
const BAD = "/ 0 40755 2 0 0 0 0.0 - - -\n/f 1 100644 one 0 0 0 0.0 - - -\n";
const BAD_TEXT = 'dumpfile line 2, field 4 (nlink): expected decimal digits, in a mode octal digits, got "one"';

describe("composefs", () => {
  test("--version: package, ABI, hash of the engine", () => {
    const root = new URL("../../../", import.meta.url);
    const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    const sha256 = createHash("sha256")
      .update(readFileSync(new URL("build/engine.wasm", root)))
      .digest("hex");
    expect(composefs(["--version"])).toEqual({
      exitCode: 0,
      stdout: `composefs-wasm ${version}\nengine ABI ${ABI_VERSION}\nengine.wasm sha256 ${sha256}\n`,
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

  test.each([
    [["foo"], "unknown command 'foo'"],
    [["foo", "--bar"], "unknown command 'foo'"],
    [["verity", "foo"], "unknown command 'foo'"],
    [["digest"], "missing required argument 'input'"],
    [["digest", "--bogus", "x"], "unknown option '--bogus'"],
    [["mkfs", "a", "b", "c"], "too many arguments for 'mkfs'. Expected 2 arguments but got 3."],
    [["digest", "a", "b"], 'expected one input, "a", and got "b"; profiles are named by -p'],
    [["digest", "-p", "v1-sha256-12", "v0-sha256-12", "a"], 'expected one input, "v0-sha256-12", and got "a"'],
    [["verity", "digest", "--hash-alg", "md5", "a"], '--hash-alg: expected sha256 or sha512, got "md5"'],
    [["verity", "digest", "--block-size", "512", "a"], "--block-size: expected a power of two from 1024 to 65536"],
    [["verity", "digest", "--salt", "x", "a"], '--salt: expected pairs of hex digits, got "x"'],
    [["mkfs", "-f", "v3", "a", "b"], '--format: expected v0, v1 or v2, got "v3"'],
  ])("wrong usage %j, as text and as JSON", (args, message) => {
    const text = composefs(args);
    expect({ ...text, stderr: text.stderr.slice(0, 7 + message.length) }).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `USAGE: ${message}`,
    });
    const json = composefs([...args, "--json"]);
    expect({ exitCode: json.exitCode, stdout: json.stdout }).toEqual({ exitCode: 2, stdout: "" });
    const error = JSON.parse(json.stderr);
    expect(error.code).toBe("USAGE");
    expect(error.message.slice(0, message.length)).toBe(message);
  });

  test("no argument steers the terminal through a message", () => {
    const evil = "x\x1b[2J\x9b";
    for (const args of [[evil], ["mkfs", `--${evil}`], ["digest", evil], ["mkfs", "-f", evil, "a", "b"]]) {
      const { exitCode, stderr } = composefs(args);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("x\\u001b[2J\\u009b");
    }
  });

  test("standard error that takes nothing leaves the exit code", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "dump"), dump);
    for (const args of ["digest missing", "foo", "mkfs dump -"]) {
      const command = `cd "$0" && '${process.execPath}' '${pathOf("composefs")}' ${args} > /dev/null 2> /dev/full`;
      expect({ args, ...runOracle("/bin/sh", ["-c", command, cwd]) }).toMatchObject({ args, exitCode: 2 });
    }
  });

  test("the strict checks are named where they are offered", () => {
    for (const command of ["mkfs", "digest", "dump", "info", "ls"]) {
      const help = composefs([command, "--help"]).stdout.replace(/\s+/g, " ");
      for (const check of [
        "last line without LF",
        "length of its target",
        "xattr key given twice",
        "number of links",
      ]) {
        expect(help).toContain(check);
      }
    }
  });

  test("standard output that takes nothing is IO_WRITE, not a bug", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "dump"), dump);
    for (const args of [
      "digest dump",
      "digest --json dump",
      "mkfs dump image",
      "mkfs dump -",
      "dump dump",
      "dump --digest dump",
      "ls dump",
      "ls -R --json dump",
      "info dump",
      `identify --expected ${v1.fsverity_sha256} dump`,
      "verity digest dump",
      "verity digest --json dump",
      "--help",
      "--version",
    ]) {
      const command = `cd "$0" && '${process.execPath}' '${pathOf("composefs")}' ${args} > /dev/full`;
      const { exitCode, stderr } = runOracle("/bin/sh", ["-c", command, cwd]);
      const { code, message } = args.includes("--json")
        ? JSON.parse(stderr)
        : { code: stderr.split(": ")[0], message: stderr.slice("IO_WRITE: ".length).trimEnd() };
      expect({ args, exitCode, code, message }).toEqual({
        args,
        exitCode: 2,
        code: "IO_WRITE",
        message: "cannot write standard output: No space left on device",
      });
    }
  });

  test("an operand that is not UTF-8 is refused by name, for input and output", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "dump"), dump);
    for (const args of [
      "digest bad",
      "mkfs bad image",
      "mkfs dump bad",
      "verity digest bad",
      "ls bad",
      "dump dump -o bad",
    ]) {
      const command = `cd "$0" && '${process.execPath}' '${pathOf("composefs")}' ${args.replace("bad", "$(printf 'b\\377')")}`;
      const { exitCode, stderr } = runOracle("/bin/sh", ["-c", command, cwd]);
      expect({ args, exitCode }).toEqual({ args, exitCode: 2 });
      expect(stderr).toMatch(/^IO_OPEN: cannot open "b\ufffd": the name is not UTF-8/);
    }
    expect(readdirSync(cwd)).toEqual(["dump"]);
    writeFileSync(join(cwd, "real\ufffd"), dump);
    expect(composefs(["digest", "real\ufffd"], { cwd }).exitCode).toBe(0);
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
    [["mkfs", "missing", "image"], 'IO_OPEN: cannot open "missing": No such file or directory\n'],
    [["mkfs", "-", "no/where"], 'IO_OPEN: cannot open "no/where": No such file or directory\n'],
    [["mkfs", "-f", "v3", "-", "image"], 'USAGE: --format: expected v0, v1 or v2, got "v3"'],
    [["mkfs", "-f", "v2", "-", "image"], "EROFS_V2_SYMLINK: dumpfile line 2"],
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
    const profiles = ["-p", "v1-sha256-12", "-p", "v0-sha256-12"];
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

  test("-p before or after the dumpfile, repeated, with commas, or followed by more", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "dump"), dump);
    const [first, second] = [`v1-sha256-12:${v1.fsverity_sha256}\n`, `v0-sha256-12:${v0.fsverity_sha256}\n`];
    for (const [args, stdout] of [
      [["-p", "v1-sha256-12", "dump"], first],
      [["dump", "--profile", "v1-sha256-12"], first],
      [["-p", "v1-sha256-12", "-p", "v0-sha256-12", "dump"], first + second],
      [["dump", "-p", "v1-sha256-12,v0-sha256-12"], first + second],
      [["-p", "v1-sha256-12", "dump", "-p", "v0-sha256-12"], first + second],
      [["dump", "--profile", "v1-sha256-12", "v0-sha256-12"], first + second],
      [["dump", "-p", "v0-sha256-12", "v1-sha256-12", "--no-progress"], second + first],
    ] as const) {
      expect({ args, ...composefs(["digest", ...args], { cwd }) }).toEqual({ args, exitCode: 0, stdout, stderr: "" });
    }
  });

  test("a dumpfile that is still packed is called so", () => {
    const input = gzipSync(dump);
    const { exitCode, stderr } = composefs(["digest", "-"], { input });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^SOURCE_KIND: .*; a compressed dumpfile has to be unpacked first\n$/);
    expect(composefs(["digest", "-"], { input: BAD }).stderr).not.toContain("gzip");
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
