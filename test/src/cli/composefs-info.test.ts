/**
 * `composefs-info` beside that of C composefs 1.0.8: the same texts and exit codes. What C prints stands here as text;
 * when the reference is installed, every case runs against it, too. What `dump` prints: test/golden/info.test.ts.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FORMAT_AUTO, FORMAT_V1 } from "../../../assembly/abi.ts";
import { debian, readFixture } from "../../support/fixtures.ts";
import { generateDumpBytes } from "../../support/generate-dump.mjs";
import { findOracle, type OracleRun, runOracle } from "../../support/oracle.ts";
import { compileEngine, RawEngine } from "../../support/raw-engine.mjs";
import { emptyFolder } from "./run.ts";

const engine = new RawEngine(compileEngine());
const reference = findOracle("composefs-info");
const OURS = fileURLToPath(new URL("../../../build/src/cli/composefs-info.js", import.meta.url));

const USAGE = "usage: composefs-info [--basedir=path] [ls|objects|dump|missing-objects|measure-file] IMAGES...\n";

const DIGEST = "5a".repeat(32);
const OBJECT = `5a/${DIGEST.slice(2)}`;
const TREE = `/ 0 40755 4 0 0 0 1.0 - - -
/a 0 40755 2 0 0 0 1.0 - - -
/a/big 200 100644 1 0 0 0 1.0 ${OBJECT} - ${DIGEST}
/a/plain 9 100644 1 0 0 0 1.0 - - ${DIGEST}
/a/x\\x20y 20 100644 3 0 0 0 1.0 ab/cde\\x20\\xff - -
/b 0 40755 2 0 0 0 1.0 - - -
/b/\\\\x20=\\n 0 10644 1 0 0 0 1.0 - - -
/b/dash 1 120777 1 0 0 0 1.0 \\x2d - -
/b/dashed 1 100644 1 0 0 0 1.0 \\x2d - -
/b/link 0 @100644 2 0 0 0 1.0 /a/x\\x20y - -
/b/link2 0 @100644 2 0 0 0 1.0 /a/x\\x20y - -
/b/s 3 120777 1 0 0 0 1.0 t\\x20a - -
/c 3 100644 1 0 0 0 1.0 - a\\n\\x20 -
/g 0 20644 1 0 0 0 1.0 - - -
`;
const OTHER = `/ 0 40755 2 0 0 0 1.0 - - -
/1 20 100644 1 0 0 0 1.0 zz - -
/2 20 100644 1 0 0 0 1.0 ab/cde\\x20\\xff - -
/3 20 100644 1 0 0 0 1.0 / - -
/4 20 100644 1 0 0 0 1.0 ../other.img.x - -
/5 0 100644 1 0 0 0 1.0 empty - -
`;

/** A folder with images and a store of objects, as the cases below expect it. No test changes it. */
let workshop: string;

beforeAll(() => {
  workshop = mkdtempSync(join(tmpdir(), "composefs-test-"));
  const folder = workshop;
  const write = (name: string, dump: Uint8Array | string, format = FORMAT_AUTO) =>
    writeFileSync(join(folder, name), engine.build(Buffer.from(dump), format).image);
  write("tree.img", TREE);
  write("v1.img", TREE, FORMAT_V1);
  write("other.img", OTHER);
  write("debian.img", readFixture(debian.file));
  writeFileSync(join(folder, "tree.dump"), TREE);
  writeFileSync(join(folder, "empty"), "");
  writeFileSync(join(folder, "zeros"), Buffer.alloc(8192));
  mkdirSync(join(folder, "store/ab"), { recursive: true });
  mkdirSync(join(folder, "store/5a"));
  mkdirSync(join(folder, "hole"));
  writeFileSync(Buffer.from(`${folder}/store/ab/cde \xff`, "latin1"), "");
  symlinkSync("nowhere", join(folder, `store/${OBJECT}`));
  symlinkSync("loop", join(folder, "loop"));
});

afterAll(() => rmSync(workshop, { recursive: true, force: true }));

function runIn(cwd: string, command: readonly string[]): OracleRun {
  return runOracle("/bin/sh", ["-c", 'cd "$0" && exec "$@"', cwd, ...command]);
}

const ours = (cwd: string, args: readonly string[]) => runIn(cwd, [process.execPath, OURS, ...args]);

/** The reference, with the name that it would have if it were installed. */
function theirs(cwd: string, args: readonly string[]): OracleRun {
  const run = runIn(cwd, [reference!, ...args]);
  return { ...run, stderr: run.stderr.replaceAll(/[^\s]*\/composefs-info/g, "composefs-info") };
}

const failed = (message: string) => `composefs-info: ${message}\n`;
const LS_A = `/a/\t
/a/big\t@ ${OBJECT}
/a/plain
/a/x y\t@ ab/cde\\x20\\xff
`;
const LS_B = "/b/\t\n/b/\\\\x20=\\n\n/b/dash\t-> -\n/b/dashed\t@ -\n";
const LS = `${LS_A}${LS_B}/b/link\n/b/link2\n/b/s\t-> t\\x20a\n/c\n/g\n`;
const WITHOUT_A = `${LS_B}/b/link\t@ ab/cde\\x20\\xff\n/b/link2\n/b/s\t-> t\\x20a\n`;
const OBJECTS = `-\n${OBJECT}\nab/cde \xff\n`;
const ROOT_LINE = "/ 4096 40755 4 0 0 0 1.0 - - - trusted.overlay.opaque=x user.overlay.opaque=x\n";

/** Arguments, standard output (undefined: what C says), exit code, standard error. */
type Case = [args: string[], stdout: string | undefined, exitCode?: number, stderr?: string];

const LISTS: Case[] = [
  [["ls", "tree.img"], LS],
  [["ls", "tree.img", "v1.img"], LS + LS],
  [["ls", "debian.img"], undefined],
  [["objects", "tree.img"], OBJECTS],
  [["objects", "tree.img", "v1.img", "other.img"], `-\n../other.img.x\n/\n${OBJECT}\nab/cde \xff\nzz\n`],
  [["objects", "debian.img"], undefined],
  [["dump", "debian.img"], undefined],
  [["dump", "tree.img", "debian.img"], undefined],
  [["missing-objects", "tree.img"], OBJECTS],
  [["missing-objects", "other.img"], "../other.img.x\nab/cde \xff\nzz\n"],
  [["missing-objects", "--basedir=hole", "tree.img"], OBJECTS],
  // A dangling symbolic link is as good as nothing.
  [["missing-objects", "--basedir=store", "tree.img", "other.img"], `-\n../other.img.x\n${OBJECT}\nzz\n`],
  [["objects", "--basedir=store", "tree.img"], OBJECTS],
];

const FILTERS: Case[] = [
  [["ls", "--filter=a", "tree.img"], LS_A],
  [["ls", "--filter", "b", "tree.img"], WITHOUT_A],
  [["ls", "--filter=c", "--filter=g", "--filter=a", "--filter=a", "tree.img"], `${LS_A}/c\n/g\n`],
  [["ls", "--filter=", "tree.img"], ""],
  [["objects", "--filter=b", "tree.img"], "-\nab/cde \xff\n"],
  [["missing-objects", "--filter=b", "--basedir=store", "tree.img"], "-\n"],
  [["dump", "--filter=none", "tree.img"], ROOT_LINE],
  [["dump", "--filter=c", "tree.img"], `${ROOT_LINE}/c 3 100644 1 0 0 0 1.0 - a\\n\\x20 -\n`],
  [["dump", "--filter=b", "--filter=c", "tree.img"], undefined],
  [["dump", "--filter=a", "tree.img", "other.img"], undefined],
  [["dump", "--filter=usr", "--filter=etc", "debian.img"], undefined],
];

const OPTION_CASES: Case[] = [
  [["--", "ls", "tree.img"], LS],
  [["ls", "--", "tree.img"], LS],
  [["ls", "tree.img", "--b", "store"], LS],
  [["--f", "a", "ls", "tree.img"], LS_A],
  [["--basedir=none", "--basedir=store", "ls", "tree.img"], LS],
  [[], "", 1, `No command specified\n${USAGE}`],
  [["--basedir=none"], "", 1, `No command specified\n${USAGE}`],
  [["ls"], "", 1, `No image path specified\n${USAGE}`],
  [["ls", "--basedir=none"], "", 1, failed("Can't open basedir `none`\n: No such file or directory")],
  [["ls", "--basedir=", "x"], "", 1, failed("Can't open basedir ``\n: No such file or directory")],
  [["ls", "--basedir=tree.img", "x"], "", 1, failed("Can't open basedir `tree.img`\n: Not a directory")],
  [["ls", "--basedir=loop", "x"], "", 1, failed("Can't open basedir `loop`\n: Too many levels of symbolic links")],
  [["foo"], "", 1, failed("Unknown command 'foo'\n")],
  [["foo", "--basedir=none", "x"], "", 1, failed("Unknown command 'foo'\n")],
  [[""], "", 1, failed("Unknown command ''\n")],
  [["-", "x"], "", 1, failed("Unknown command '-'\n")],
  [["--", "--basedir"], "", 1, failed("Unknown command '--basedir'\n")],
  [["--filter", "ls", "tree.img"], "", 1, failed("Unknown command 'tree.img'\n")],
  [["--filter=a/b", "ls", "x"], "", 1, failed("Filter must be a single name: a/b: Success")],
  [["--filter=a/b", "--bogus"], "", 1, failed("Filter must be a single name: a/b: Success")],
  [["--bogus", "--filter=a/b"], "Def\n", 1, `${failed("unrecognized option '--bogus'")}${USAGE}`],
  [["ls", "x", "--bogus=1"], "Def\n", 1, `${failed("unrecognized option '--bogus=1'")}${USAGE}`],
  [["--help"], "Def\n", 1, `${failed("unrecognized option '--help'")}${USAGE}`],
  [["-h"], "Def\n", 1, `${failed("invalid option -- 'h'")}${USAGE}`],
  [["-basedir=x"], "Def\n", 1, `${failed("invalid option -- 'b'")}${USAGE}`],
  [["ls", "--basedir"], "Def\n", 1, `${failed("option '--basedir' requires an argument")}${USAGE}`],
  [["--filter=a", "--f"], "Def\n", 1, `${failed("option '--filter' requires an argument")}${USAGE}`],
  [["--=x"], "Def\n", 1, `${failed("option '--=x' is ambiguous; possibilities: '--basedir' '--filter'")}${USAGE}`],
];

const FILE_CASES: Case[] = [
  [["ls", "none"], "", 1, failed("Failed to open 'none': No such file or directory")],
  [["ls", ""], "", 1, failed("Failed to open '': No such file or directory")],
  [["ls", "-"], "", 1, failed("Failed to open '-': No such file or directory")],
  [["ls", "tree.img/x"], "", 1, failed("Failed to open 'tree.img/x': Not a directory")],
  [["ls", "loop"], "", 1, failed("Failed to open 'loop': Too many levels of symbolic links")],
  [["ls", "n".repeat(300)], "", 1, failed(`Failed to open '${"n".repeat(300)}': File name too long`)],
  [["ls", "tree.img", "none"], LS, 1, failed("Failed to open 'none': No such file or directory")],
  [["objects", "tree.img", "none"], "", 1, failed("Failed to open 'none': No such file or directory")],
];

const ZEROS_DIGEST = "be54121da3877f8852c65136d731784f134c4dd9d95071502e80d7be9f99b263\n";
const MEASURE_CASES: Case[] = [
  [["measure-file", "zeros"], ZEROS_DIGEST],
  [["measure-file", "tree.dump", "debian.img", "zeros"], undefined],
  [["measure-file", "--basedir=none", "--filter=x", "zeros"], ZEROS_DIGEST],
  [["measure-file"], "", 1, `No files specified\n${USAGE}`],
  [["measure-file", "zeros", "none", "a"], ZEROS_DIGEST, 1, failed("Failed to open 'none': No such file or directory")],
];

describe.each([
  ["lists", LISTS],
  ["--filter", FILTERS],
  ["options", OPTION_CASES],
  ["files", FILE_CASES],
  ["measure-file", MEASURE_CASES],
])("the same as C: %s", (_, cases) => {
  test.each(cases)("%j", (args, stdout, exitCode = 0, stderr = "") => {
    const run = ours(workshop, args);
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode, stderr });
    if (stdout !== undefined) expect(run.output.toString("latin1")).toBe(stdout);
    if (reference === undefined) return;
    const other = theirs(workshop, args);
    expect({ exitCode: other.exitCode, stderr: other.stderr }).toEqual({ exitCode, stderr });
    expect(run.output.equals(other.output)).toBe(true);
  });
});

describe("other than C", () => {
  test.each(["empty", "tree.dump", "zeros", ".", "/dev/null"])("says what is wrong with the image %s", (name) => {
    const { exitCode, stderr, output } = ours(workshop, ["dump", name]);
    expect({ exitCode, output: output.toString() }).toEqual({ exitCode: 1, output: "" });
    expect(stderr).toMatch(/^composefs-info: Failed to load '.*': (.* \(IMAGE_[A-Z_]+\)|Is a directory)\n$/);
    if (reference !== undefined) {
      expect(theirs(workshop, ["dump", name])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/Failed to load/),
      });
    }
  });

  test("payloads are whole, whatever their length", () => {
    const cwd = emptyFolder();
    const dump = "/ 0 40755 2 0 0 0 1.0 - - -\n/f 9 100644 1 0 0 0 1.0 ab/cdef - -\n";
    writeFileSync(join(cwd, "image"), engine.build(Buffer.from(dump), FORMAT_AUTO).image);
    expect(ours(cwd, ["ls", "image"]).output.toString()).toBe("/f\t@ ab/cdef\n");
    expect(ours(cwd, ["objects", "image"]).output.toString()).toBe("ab/cdef\n");
    mkdirSync(join(cwd, "ab"));
    writeFileSync(join(cwd, "ab/cdef"), "");
    expect(ours(cwd, ["missing-objects", "--basedir=.", "image"]).output.toString()).toBe("");
  });

  test("an image through a pipe", () => {
    const script = `cat tree.img | '${process.execPath}' '${OURS}' ls /dev/stdin`;
    expect(runIn(workshop, ["sh", "-c", script]).output.toString("latin1")).toBe(LS);
  });

  test("measure-file through a pipe, and of a directory", () => {
    const script = `cat zeros | '${process.execPath}' '${OURS}' measure-file /dev/stdin`;
    expect(runIn(workshop, ["sh", "-c", script]).output.toString()).toBe(ZEROS_DIGEST);
    expect(ours(workshop, ["measure-file", "."])).toMatchObject({
      exitCode: 1,
      stderr: "failed to measure '.': Is a directory\n",
    });
  });

  test("the digest of an empty file is that of the kernel", () => {
    // C 1.0.8 takes the hash of a block of zeros for the root of an empty file.
    const digest = "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95\n";
    expect(ours(workshop, ["measure-file", "empty"]).output.toString()).toBe(digest);
  });

  test("a filter that Node cannot read is refused", () => {
    const command = `exec '${process.execPath}' '${OURS}' ls --filter="$(printf '\\377')" x`;
    const { exitCode, stderr } = runOracle("/bin/sh", ["-c", command]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: failed("Filter must be UTF-8: \ufffd") });
  });

  test.each([["ls"], ["objects"], ["dump"], ["measure-file"]])("%s that cannot be printed is a failure", (command) => {
    const script = `exec '${process.execPath}' '${OURS}' ${command} tree.img >/dev/full`;
    expect(runIn(workshop, ["sh", "-c", script])).toMatchObject({
      exitCode: 1,
      stderr: failed("cannot write standard output: No space left on device (IO_WRITE)"),
    });
  });

  test("nobody reads the output: quiet, as SIGPIPE would end it", () => {
    const cwd = emptyFolder();
    const dump = generateDumpBytes("distro", 20_000, 3);
    writeFileSync(join(cwd, "image"), engine.build(dump, FORMAT_AUTO).image);
    for (const command of ["dump", "ls"]) {
      const script = `{ '${process.execPath}' '${OURS}' ${command} image; echo $? >&2; } | head -c 1`;
      expect(runIn(cwd, ["sh", "-c", script])).toMatchObject({ stderr: "141\n" });
    }
  });
});
