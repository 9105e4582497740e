/**
 * `composefs conformance` from outside: the reference tools and our own commands at every level, implementations with
 * faults, and those that hang, crash, flood or are not there.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { CaseResult } from "../../../src/conformance/report.ts";
import { findOracle } from "../../support/oracle.ts";
import { composefs, emptyFolder, pathOf, start } from "./run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const VECTORS = join(ROOT, "build/vectors");
const NODE = `'${process.execPath}'`;
const OURS = `${NODE} '${pathOf("composefs")}'`;
const FAULTY = `${NODE} '${join(ROOT, "test/support/implementation.mjs")}'`;

const call = (command: string, ...args: string[]) => composefs(["conformance", "--command", command, ...args]);

interface Report extends Record<"cases" | "pass" | "fail" | "optional" | "unsupported", number> {
  command: string;
  levels: Array<{ level: string; pass: number }>;
  results: CaseResult[];
}

function report(command: string, ...args: string[]): Report & { exitCode: number | null } {
  const { exitCode, stdout, stderr } = call(command, "--json", ...args);
  expect(stderr).toBe("");
  return { exitCode, ...JSON.parse(stdout) };
}

const failed = ({ results }: Report) => results.filter(({ state }) => state === "fail");
const idsOf = (results: readonly CaseResult[]) => results.map(({ id }) => id);

const mkcomposefs = findOracle("mkcomposefs");
const info = findOracle("composefs-info");
const fsverity = findOracle("fsverity");

/** Passes, failures and optional ones of a row of README. */
function rowOf(level: string): number[] {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  const row = new RegExp(`^\\|[^|]*\\| ${level} \\|(.*)\\|$`, "m").exec(text)!;
  return row[1]!.split("|").map((cell) => Number(cell.trim()));
}

const counts = ({ cases, pass, fail, optional }: Report) => [cases, pass, fail, optional];

describe.skipIf(mkcomposefs === undefined)("C mkcomposefs", () => {
  const command = `'${mkcomposefs}' [--min-version={version} --max-version={version}] --from-file - -`;

  test.each([
    ["auto", []],
    // It takes a digest of SHA-512 for one of SHA-256 (dumpfile.md 5).
    ["v0", ["v0/sha512-basic", "v0/sha512-shared"]],
    ["v1", ["v1/sha512-basic", "v1/sha512-shared"]],
  ])("level %s", (level, expected) => {
    const found = report(command, "--level", level);
    expect(idsOf(failed(found))).toEqual(expected);
    expect(found.exitCode).toBe(expected.length === 0 ? 0 : 1);
    expect(counts(found)).toEqual(rowOf(level));
    for (const { explanation } of failed(found)) expect(explanation).toContain("hint: other-hash");
    for (const { state, reason } of found.results) {
      if (state === "optional") expect(reason).toMatch(/^not refused: C mkcomposefs/);
    }
  });

  test("what is optional counts with --strict", () => {
    expect(call(command, "--level", "auto", "--only", "reject-ours").exitCode).toBe(0);
    expect(call(command, "--level", "auto", "--only", "reject-ours", "--strict").exitCode).toBe(1);
  });
});

describe.skipIf(info === undefined)("C composefs-info", () => {
  /** What its dump is known for (dumpfile.md 7.1, 7.2; erofs-reader.md), by the difference that it makes. */
  const KNOWN = [
    // Two bytes behind a payload whose length is 3 modulo 4.
    /object-path: .*hint: object-layout/s,
    /^the answer is no dumpfile: .*payload is too long: 4097 bytes/,
    // A last xattr with neither suffix nor value.
    /xattr:(user|security)\.: 1 of \d+ entr\w+, in A only/,
    // Whiteouts: markers of v1 stay, those of v2 are left out, and so are markers that somebody else set.
    /xattr:(trusted|user)\.overlay\.(opaque|whiteouts?): /,
    /removed: \d+ of \d+ entries.*whiteout/s,
    // SHA-512.
    /content: .*B (no digest|SHA-256 digest)/s,
  ];

  test("level reader: good images are shown but for known faults", () => {
    const found = report(`'${info}' dump {input}`, "--level", "reader");
    const [good, bad] = [/\.v\d$/, /\/[\w-]+$/].map((form) => failed(found).filter(({ id }) => form.test(id)));
    for (const { id, reason, explanation } of good!) {
      expect(
        KNOWN.some((known) => known.test(explanation ?? reason!)),
        `${id}: ${explanation ?? reason}`,
      ).toBe(true);
    }
    expect(good).toHaveLength(53);
    // Of malformed images the rest is a matter of what lies behind them in memory.
    expect(new Set(bad!.map(({ reason }) => reason))).toEqual(new Set(["not refused", "ended by SIGSEGV"]));
    const [cases, , fail] = rowOf("reader");
    expect(found.cases).toBe(cases);
    expect(Math.abs(found.fail - fail!)).toBeLessThanOrEqual(2);
  });
});

describe.skipIf(fsverity === undefined)("fsverity digest", () => {
  const command = `'${fsverity}' digest --compact --hash-alg={hash} --block-size={blockSize}`;

  test("level verity", () => {
    const found = report(`${command} [--salt={salt}] {}`, "--level", "verity", "--only", "sha512-4096/");
    expect([found.exitCode, found.fail, found.unsupported]).toEqual([0, 0, 0]);
    expect(found.pass).toBeGreaterThan(100);
  });

  test("a parameter that the command does not name", () => {
    const found = report(`'${fsverity}' digest {input}`, "--level", "verity", "--only", "/lin251-4097");
    expect([found.exitCode, found.fail, found.pass]).toEqual([0, 0, 1]);
    const reasons = new Set(found.results.map(({ reason }) => reason));
    expect(reasons).toEqual(
      new Set([null, ...["blockSize", "hash", "salt"].map((name) => `the command has no {${name}}`)]),
    );
    expect(call(`'${fsverity}' digest {}`, "--level", "verity", "--only", "/ff-", "--strict").exitCode).toBe(1);
  });
});

describe("our own commands, some cases of every level", () => {
  test.each([
    ["auto", "whiteout", `${NODE} '${pathOf("mkcomposefs")}' --from-file - -`],
    ["v0", "reject-link", `${OURS} mkfs {input} {output} --format {format}`],
    ["v1", "sha512", `${OURS} mkfs - - -f {format}`],
    ["v1", "dir-20", `${OURS} digest - -p {format}-sha256-12`],
    ["v2", "hardlink", `${OURS} mkfs {} {output} -f {format} --quiet`],
    ["reader", "whiteout", `${OURS} dump {}`],
    ["verity", "/lin251-4097", `${OURS} verity digest --hash-alg {hash} --block-size {blockSize} [--salt {salt}] {}`],
    [
      "oci",
      "/boot-1",
      `${OURS} digest oci:{} --no-cache -p {profile} --role {role} [--layer {layer}] [--xattrs {xattrs}]`,
    ],
    ["oci", "bad-type", `${OURS} digest oci:{}:latest --no-cache -p {profile}`],
  ])("%s, %s", (level, only, command) => {
    const found = report(command, "--level", level, "--only", only);
    expect(failed(found)).toEqual([]);
    expect(found).toMatchObject({ exitCode: 0, optional: 0, pass: found.cases });
    expect(found.levels).toEqual([expect.objectContaining({ level, pass: found.cases })]);
  });
});

describe("an implementation with a fault is caught and explained", () => {
  const explained = (fault: string, only = "v1/mtime-compact") => {
    const found = report(`${FAULTY} ${fault} --min-version=1`, "--level", "v1", "--only", only);
    expect(found.exitCode).toBe(1);
    return failed(found)[0]!;
  };

  test("a byte of an inode", () => {
    // i_uid of the root, whose inode is extended and the first.
    const { reason, explanation } = explained("flip=1176");
    expect(reason).toMatch(/^another image, SHA-256 [0-9a-f]{64}; wanted [0-9a-f]{64}$/);
    expect(explanation).toMatch(/^A: wanted, B: the answer\nThe trees differ\.\n\nowner: 1 of 5 entries, the root\n/);
  });

  test("a byte that no tree has: structure and offset", () => {
    const { explanation } = explained("flip=1072");
    expect(explanation).toMatch(
      /^A: wanted, B: the answer\nThe trees are equal: .*\nThe images differ: 1 byte of A in 1 of \d+ structures\.\n/,
    );
    expect(explanation).toMatch(/superblock, uuid \(0x000430\): A 0+, B ff0+\n/);
  });

  test("a byte that makes it no image", () => {
    const { explanation } = explained("flip=1024");
    expect(explanation).toMatch(/^A: wanted, B: the answer, no image that can be read: IMAGE_\w+: /);
    expect(explanation).toMatch(/superblock, magic \(0x000400\)/);
  });

  test("a cut end", () => {
    expect(explained("cut=5000").explanation).toMatch(/B: the answer, no image that can be read/);
  });

  test("an mtime", () => {
    const { explanation } = explained("mtime=77", "v1/nlink-dirs");
    expect(explanation).toMatch(/mtime-seconds: .*\n +\/\S+ +A \S+ +B 1970-01-01T00:01:17Z/);
    expect(explanation).toContain("equal after: ");
  });

  test("another format", () => {
    const { reason } = failed(report(`${FAULTY} none --min-version=1`, "--level", "v0", "--only", "v0/devices"))[0]!;
    expect(reason).toMatch(/^another image, it is the one of v1\/devices; wanted /);
  });

  test("text for people: failures with what is known, others by reason, the table", () => {
    const { exitCode, stdout } = call(`${FAULTY} flip=1072`, "--level", "auto", "--only", "mtime-", "--max", "1");
    expect(exitCode).toBe(1);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^FAIL {2}auto\/mtime-compact: another image, SHA-256 /);
    expect(stdout.match(/The trees are equal/g)).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("FAIL  "))).toHaveLength(4);
    expect(stdout).toMatch(
      /\n\nlevel {2}cases {2}pass {2}fail {2}optional {2}unsupported\nauto {7}4 {5}0 {5}4 {9}0 {12}0\n$/,
    );
  });
});

describe("ends", () => {
  const one = ["--only", "auto/empty-root"];
  // Long enough for a shell to begin on a machine that is busy.
  const SHORT = ["--timeout", "4"];
  const reasonOf = (command: string, ...args: string[]) => report(command, ...one, ...args).results[0]!;

  test("no end: the whole group is ended", async () => {
    const file = join(emptyFolder(), "pid");
    const began = performance.now();
    const { state, reason } = reasonOf(`sh -c 'sleep 600 & echo $! >${file}; sleep 600'`, ...SHORT);
    expect([state, reason]).toEqual(["fail", "no end within 4 s"]);
    expect(performance.now() - began).toBeLessThan(30_000);
    await hasEnded(file);
  });

  test("what goes on behind it, holding its output", async () => {
    const file = join(emptyFolder(), "pid");
    expect(reasonOf(`sh -c 'sleep 600 & echo $! >${file}; exit 3'`, ...SHORT)).toMatchObject({
      reason: "no end within 4 s",
    });
    await hasEnded(file);
  });

  test("a crash", () => {
    expect(reasonOf("sh -c 'echo dying >&2; kill -SEGV $$'")).toMatchObject({
      ...{ state: "fail", reason: "ended by SIGSEGV", stderr: "dying\n" },
    });
  });

  test("too much output, in the pipe and in the file", () => {
    expect(reasonOf("yes").reason).toBe("more than 1048576 bytes of output");
    expect(reasonOf("sh -c 'head -c 2000000 /dev/zero >$0' {output}").reason).toBe("more than 1048576 bytes of output");
  });

  test("much on standard error: its end is shown", () => {
    const { stdout } = call("sh -c 'yes nonsense | head -n 100000 >&2; echo the reason >&2; exit 4'", ...one);
    expect(stdout).toContain("refused with exit code 4\n");
    expect(stdout).toMatch(/stderr: nonsense\n {2}stderr: the reason\n/);
    expect(stdout.length).toBeLessThan(3000);
  });

  test("77", () => {
    expect(reasonOf("sh -c 'exit 77'")).toMatchObject({ state: "unsupported", reason: "exit code 77" });
    expect(call("sh -c 'exit 77'", ...one)).toMatchObject({ exitCode: 0 });
    expect(call("sh -c 'exit 77'", ...one, "--strict")).toMatchObject({ exitCode: 1 });
  });

  test("a wrong line with a digest, and one that is none", () => {
    expect(reasonOf(`echo v0-sha256-12:${"0".repeat(64)}`).reason).toMatch(/^another digest, 0{64}; wanted 77f156e6/);
    expect(reasonOf("echo hello").reason).toMatch(/^another image, SHA-256 5891b5b5/);
    expect(reasonOf("echo hello", "--level", "auto")).toMatchObject({
      explanation: expect.stringMatching(/B: the answer, no image that can be read: IMAGE_/),
    });
  });

  test("nothing at all", () => {
    expect(reasonOf("true").reason).toBe("no answer, and exit code 0");
  });

  test("no escape of its output gets through", () => {
    const { stdout } = call("sh -c 'printf \"\\033[31mred\" >&2; exit 1'", ...one);
    expect(stdout).toContain("\\x1b[31mred");
    expect(stdout).not.toContain("\x1b");
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s ends what runs, and leaves no file", async (signal) => {
    const [folder, temporary] = [emptyFolder(), emptyFolder()];
    const file = join(folder, "pid");
    const command = `sh -c 'echo $$ >${file}; sleep 600'`;
    const { child, ended } = start(
      "composefs",
      ["conformance", "--command", command, "--only", "auto/empty-root"],
      folder,
      { TMPDIR: temporary },
    );
    while (!existsSync(file) || readFileSync(file, "utf8") === "")
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    expect((await ended).signal).toBe(signal);
    await hasEnded(file);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

/** Waits until the process whose number is in a file has ended: one that is killed takes a moment. */
async function hasEnded(file: string): Promise<void> {
  await vi.waitFor(() => expect(isAlive(readFileSync(file, "utf8"))).toBe(false), 10_000);
}

/** Whether a process runs; one that nobody has waited for yet does not. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid.trim()}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("wrong usage", () => {
  test.each<[string[], RegExp]>([
    [["--command", ""], /^USAGE: --command: expected a command/],
    [["--command", "x {colour}"], /^USAGE: --command: expected one of \{input\}/],
    [["--command", "/no/such/program"], /^USAGE: --command: cannot run "\/no\/such\/program": No such file/],
    [["--command", "/etc/passwd"], /^USAGE: --command: cannot run "\/etc\/passwd": Permission denied/],
    [["--command", "x", "--level", "v3"], /^USAGE: --level: expected auto, v0/],
    [["--command", "x", "--level", "oci"], /^USAGE: --command: level oci has folders/],
    [["--command", "x", "--only", "nothing"], /^USAGE: no case of auto has "nothing"/],
    [["--command", "x", "--timeout", "0"], /^USAGE: --timeout: expected a number from 1 to 3600, got "0"/],
    [["--command", "x", "--jobs", "65"], /^USAGE: --jobs: expected a number from 1 to 64/],
    [["--command", "x", "--max", "-1"], /^USAGE: --max: /],
    [["--command", "x", "--vectors", "/nowhere"], /^IO_OPEN: .*cases\.json/],
    [[], /--command/],
  ])("%j", (args, message) => {
    const { exitCode, stdout, stderr } = composefs(["conformance", ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

describe("another copy of the vectors", () => {
  function copy(change: (cases: Array<Record<string, unknown>>) => void): string {
    const folder = emptyFolder();
    const list = JSON.parse(readFileSync(join(VECTORS, "cases.json"), "utf8"));
    list.cases = list.cases.filter(({ id }: { id: string }) => id === "v1/empty-root" || id === "reader/empty-root.v1");
    for (const { input } of list.cases) {
      mkdirSync(dirname(join(folder, input.file)), { recursive: true });
      copyFileSync(join(VECTORS, input.file), join(folder, input.file));
    }
    change(list.cases);
    writeFileSync(join(folder, "cases.json"), JSON.stringify(list));
    return folder;
  }
  const ask = (folder: string, level = "v1") => call(`${OURS} mkfs - -`, "--vectors", folder, "--level", level);

  test("is taken", () => {
    expect(ask(copy(() => {}))).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("explains nothing by an image that it does not name", () => {
    const folder = copy(([one]) => {
      (one!["expected"] as { image: { sha256: string } }).image.sha256 = "0".repeat(64);
    });
    const { results } = report(`${OURS} mkfs - -`, "--vectors", folder, "--level", "v1");
    expect(results[0]).toMatchObject({
      state: "fail",
      explanation: null,
      reason: expect.stringMatching(/wanted 0{64}$/),
    });
  });

  test.each<[string, string, (cases: Array<Record<string, unknown>>) => void, RegExp]>([
    [
      "a file is missing",
      "v1",
      ([one]) => Object.assign(one!, { input: { file: "dump/no.dump" } }),
      /^IO_OPEN: .*no\.dump/,
    ],
    ["a list is damaged", "v1", (cases) => cases.push({}), /^SOURCE_JSON: .*cases\[2\]\.id/],
    [
      "a patch lies outside",
      "reader",
      ([, one]) => Object.assign(one!["input"] as object, { truncate: 1_000_000 }),
      /^VECTORS_FORM: reader\/empty-root\.v1: patches reach byte 1000000/,
    ],
    [
      "a packed file is none",
      "v1",
      ([one]) => Object.assign(one!, { input: { file: "cases.json.gz" } }),
      /^(IO_OPEN|VECTORS_FORM): /,
    ],
  ])("%s", (_, level, change, message) => {
    expect(ask(copy(change), level)).toMatchObject({ exitCode: 2, stdout: "", stderr: expect.stringMatching(message) });
  });

  test("a packed file that is damaged", () => {
    const folder = copy(() => {});
    writeFileSync(join(folder, "image/empty-root.v1.cfs.gz"), "no gzip");
    expect(ask(folder, "reader").stderr).toMatch(/^VECTORS_FORM: .*empty-root\.v1\.cfs\.gz: cannot be unpacked/);
  });
});
