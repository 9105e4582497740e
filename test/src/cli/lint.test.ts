/** `composefs lint` from outside: what it prints, and how it ends. */
import { describe, expect, test } from "vitest";
import { BOOT_RULES } from "../../../src/explain/lint-boot.ts";
import { LAYER_RULES } from "../../../src/explain/lint-layers.ts";
import { RULES } from "../../../src/explain/rules.ts";
import { debian, readFixture } from "../../support/fixtures.ts";
import { composefs } from "./run.ts";

const RULE_COUNT = RULES.length + LAYER_RULES.length + BOOT_RULES.length;

const dump = readFixture(debian.file);
const bad = readFixture("lint/nlink.dump");
const clean = readFixture("lint/clean.dump");

describe("composefs lint", () => {
  test("of Debian: what its maintainers should know, and nothing that stops them", () => {
    expect(composefs(["lint", "-", "--max", "2"], { input: dump })).toEqual({
      exitCode: 0,
      stdout: `warning: run-content: content in /run (2)
    The transform of OCI images empties /run, so the digest of a sealed image does not cover it.
    /run/lock
    /run/mount
note: mtime-fraction: mtime with a fraction of a second (948)
    Layers without PAX records and format v2 drop it: the same tree may have another digest.
    /
    /bin
    and 946 more
note: mounted-over: content in /dev, /proc or /sys (14)
    A running system mounts something over it, so that nobody sees what the digest covers.
    /dev/console
    /dev/fd
    and 12 more
0 errors, 2 warnings, 962 notes in 6,768 entries
`,
      stderr: "",
    });
  });

  test("exits with 1 when there is an error, shown or not", () => {
    expect(composefs(["lint", "-"], { input: bad })).toEqual({
      exitCode: 1,
      stdout: `error: nlink: link count that is not the number of names (2)
    C mkcomposefs stores the number, composefs-rs counts, and refuses images where the two differ.
    /f (nlink 2, names 1)
    /h (nlink 0, names 1)
2 errors, 0 warnings, 0 notes in 5 entries
`,
      stderr: "",
    });
    expect(composefs(["lint", "-", "--ignore", "nlink"], { input: bad })).toMatchObject({
      exitCode: 0,
      stdout: "0 errors, 0 warnings, 0 notes in 5 entries\n",
    });
    expect(composefs(["lint", "-"], { input: clean })).toMatchObject({
      exitCode: 0,
      stdout: "0 errors, 0 warnings, 0 notes in 14 entries\n",
    });
  });

  test("--level shows less and counts all, --ignore leaves rules out", () => {
    expect(composefs(["lint", "-", "--level", "error"], { input: dump })).toMatchObject({
      exitCode: 0,
      stdout: "0 errors, 2 warnings, 962 notes in 6,768 entries\n",
    });
    const ignore = ["--ignore", "run-content,mounted-over", "--ignore", "mtime-fraction"];
    expect(composefs(["lint", "-", ...ignore], { input: dump })).toMatchObject({
      exitCode: 0,
      stdout: "0 errors, 0 warnings, 0 notes in 6,768 entries\n",
    });
  });

  test("--json", () => {
    const { exitCode, stdout, stderr } = composefs(["lint", "-", "--json", "--max", "1"], { input: bad });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      entries: 5,
      counts: { error: 2, warning: 0, note: 0 },
      findings: [{ rule: "nlink", count: 2, places: [{ path: "/f", line: 2, detail: "nlink 2, names 1" }] }],
    });
  });

  test("--explain says more about one rule, or lists all", () => {
    const one = composefs(["lint", "--explain", "socket"]);
    expect(one).toEqual({
      exitCode: 0,
      stdout: `warning: socket: UNIX socket
    Layers are tar streams, which have no sockets: no OCI image has this tree.
    A program left it behind when the tree was read from a directory. Remove it.
`,
      stderr: "",
    });
    const all = composefs(["lint", "--explain"]);
    expect(all.stdout.split("\n").filter((line) => line !== "")).toHaveLength(RULE_COUNT);
    const { rules } = JSON.parse(composefs(["lint", "--explain", "--json"]).stdout);
    expect(rules).toHaveLength(RULE_COUNT);
    expect(JSON.parse(composefs(["lint", "--json", "--explain", "socket"]).stdout)).toEqual(
      rules.find(({ rule }: { rule: string }) => rule === "socket"),
    );
  });

  test.each([
    [["lint"], "USAGE: missing required argument 'input'"],
    [["lint", "a", "b"], "USAGE: too many arguments for 'lint'"],
    [["lint", "a", "--max", "many"], 'USAGE: --max: expected a whole number, got "many"'],
    [["lint", "a", "--level", "bad"], 'USAGE: --level: expected error, warning or note, got "bad"'],
    [["lint", "a", "--ignore", "nlink,x"], 'USAGE: --ignore: there is no rule "x"; lint --explain lists them'],
    [["lint", "--explain", "x"], 'USAGE: --explain: there is no rule "x"; lint --explain lists them'],
    [["lint", "a", "--explain"], 'USAGE: --explain takes no input, got "a"'],
    [["lint", "missing"], 'IO_OPEN: cannot open "missing"'],
  ])("%j is refused", (args, message) => {
    const { exitCode, stdout, stderr } = composefs(args);
    expect({ exitCode, stdout, stderr: stderr.slice(0, message.length) }).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: message,
    });
  });

  test("a dumpfile that is refused is no finding", () => {
    const { exitCode, stdout, stderr } = composefs(["lint", "-", "--json"], {
      input: "/ 0 40755 two 0 0 0 0.0 - - -\n",
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ code: "DUMP_NUMBER", data: { line: 1 } });
  });
});
