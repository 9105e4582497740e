/** `composefs diff` from outside: what it prints, where, and how it ends. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DIFF_PAIRS } from "../../support/diff-pairs.ts";
import { composefs, emptyFolder } from "./run.ts";

const { a, b } = DIFF_PAIRS.find(({ cause }) => cause === "directory mtimes, a mode and a file")!;
const BAD = "/ 0 40755 2 0 0 0 0.0 - - -\n/f 1 100644 one 0 0 0 0.0 - - -\n";

/** A folder with both trees, one that is no tree, and one that strict mode refuses. */
function folder(): string {
  const cwd = emptyFolder();
  for (const [name, text] of Object.entries({ a, b, bad: BAD, loose: a.trimEnd() }))
    writeFileSync(join(cwd, `${name}.dump`), text);
  return cwd;
}

const diff = (args: string, options: { cwd?: string; input?: string } = {}) =>
  composefs(["diff", ...args.split(" ")], { cwd: options.cwd ?? folder(), input: options.input ?? "" });

describe("composefs diff", () => {
  test("trees that differ", () => {
    const { exitCode, stdout, stderr } = diff("a.dump b.dump --max 1");
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    expect(stdout).toBe(`A: a.dump (dumpfile, 16 entries)
B: b.dump (dumpfile, 16 entries)

The trees differ.

content: 1 of 6 entries
    /etc/group  A "root:x:0\\n"  B "wheel:x:\\n"

mode: 1 of 15 entries
    /etc/shadow  A 0640  B 0600
  hint: modes-umask: B lacks permission bits of 0040: a umask took them away. Extract with tar -p,
    copy with cp -p.

mtime-seconds: 7 of 15 entries, directories only
    /  A 2023-11-14T22:13:20Z  B 2023-11-14T22:14:11Z
    \xe2\x80\xa6 and 6 more
  hint: directory-mtimes: Only directories differ: B took their mtimes live, from an extracted,
    copied or mounted tree, the other side has those that an archive recorded. Whatever is put into
    a directory moves its mtime. Take both from the archive, or set the mtimes of directories last.

no normalisation removes: 1 content
all else is equal after: ignore directory mtimes, ignore modes
`);
  });

  test("trees that are equal", () => {
    expect(diff("a.dump a.dump")).toEqual({
      exitCode: 0,
      stdout:
        "A: a.dump (dumpfile, 16 entries)\nB: a.dump (dumpfile, 16 entries)\n\nThe trees are equal: 16 entries.\n",
      stderr: "",
    });
  });

  test("--json prints one object", () => {
    const { exitCode, stdout, stderr } = diff("a.dump b.dump --json");
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      a: { name: "a.dump", kind: "dump", format: null },
      b: { name: "b.dump", kind: "dump", format: null },
      equal: false,
      entries: { a: 16, b: 16, common: 16 },
      classes: [{ class: "content" }, { class: "mode", count: 1, of: 15 }, { class: "mtime-seconds" }],
      equalAfter: [{ id: "directory-mtimes" }, { id: "modes" }],
      remaining: [{ class: "content", count: 1 }],
    });
    expect(JSON.parse(diff("a.dump a.dump --json").stdout)).toMatchObject({ equal: true, classes: [], hints: [] });
  });

  test("--quiet leaves the exit code", () => {
    expect(diff("a.dump b.dump -q")).toEqual({ exitCode: 1, stdout: "", stderr: "" });
    expect(diff("a.dump a.dump --quiet")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  test("--only and --ignore decide what counts, in the exit code too", () => {
    expect(diff("a.dump b.dump --ignore mtime,content --ignore mode").exitCode).toBe(0);
    expect(diff("a.dump b.dump --only added --only xattr").exitCode).toBe(0);
    expect(diff("a.dump b.dump --only mode,mtime --ignore mtime-seconds").stdout).toContain(
      "equal after: ignore modes\n",
    );
  });

  test.each([
    ["a.dump b.dump --only bogus", "--only: expected one of added, removed, type, content,"],
    ["a.dump b.dump --ignore mode,", "--ignore: expected one of"],
    ["a.dump b.dump --max many", '--max: expected a number of examples, got "many"'],
    ["a.dump b.dump --max -1", "--max: expected a number of examples"],
    ["- -", "standard input can be one of the inputs, not both"],
    ["dump:- erofs:-", "standard input can be one of the inputs, not both"],
    ["a.dump", "missing required argument 'b'"],
  ])("wrong usage: %s", (args, message) => {
    const { exitCode, stdout, stderr } = diff(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`USAGE: ${message}`);
  });

  test("standard input may be one of the two", () => {
    expect(diff("- a.dump", { input: a }).exitCode).toBe(0);
    expect(diff("a.dump dump:-", { input: b })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("B: standard input (dumpfile, 16 entries)"),
    });
  });

  test("an error says which input it is in", () => {
    expect(diff("a.dump bad.dump")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        'DUMP_NUMBER: "bad.dump": dumpfile line 2, field 4 (nlink): expected decimal digits, in a mode octal digits, got "one"\n',
    });
    expect(diff("none.dump a.dump")).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("IO_OPEN") });
    expect(JSON.parse(diff("bad.dump a.dump --json").stderr)).toMatchObject({ code: "DUMP_NUMBER", data: { line: 2 } });
    expect(diff("a.dump loose.dump --strict")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("DUMP_STRICT_"),
    });
  });

  test("names of files cannot steer the terminal", () => {
    const cwd = folder();
    mkdirSync(join(cwd, "\x1b[2J"));
    writeFileSync(join(cwd, "\x1b[2J/a"), a);
    expect(diff("\x1b[2J/a a.dump", { cwd }).stdout).toContain("A: \\u001b[2J/a (dumpfile, 16 entries)\n");
  });

  test("images are read too", () => {
    const cwd = folder();
    for (const format of ["v0", "v1"]) composefs(["mkfs", "-q", "-f", format, "a.dump", `${format}.cfs`], { cwd });
    composefs(["mkfs", "-q", "b.dump", "b.cfs"], { cwd });
    expect(diff("a.dump v1.cfs", { cwd }).exitCode).toBe(0);
    expect(diff("v1.cfs v1.cfs", { cwd }).exitCode).toBe(0);
    expect(diff("v0.cfs b.cfs --max 0", { cwd })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("all else is equal after: ignore directory mtimes, ignore modes\n"),
    });
    expect(diff("v0.cfs v1.cfs", { cwd })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("The trees are equal: 16 entries.\n"),
    });
    expect(diff("v0.cfs v1.cfs --ignore mode", { cwd }).exitCode).toBe(0);
  });
});
