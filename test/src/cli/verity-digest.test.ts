/** `composefs verity digest` beside `fsverity digest`, and what it does with files that are not as they should be. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findOracle, runOracle } from "../../support/oracle.ts";
import { composefs, emptyFolder } from "./run.ts";

const fsverity = findOracle("fsverity");

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

  test("--json: one object for all files", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "a"), "hello world");
    writeFileSync(join(cwd, "b"), "");
    const { stdout } = composefs(["verity", "digest", "--json", "a", "b"], { cwd });
    const digests = composefs(["verity", "digest", "--compact", "a", "b"], { cwd }).stdout.split("\n");
    expect(JSON.parse(stdout)).toEqual({
      files: [
        { file: "a", hash: "sha256", blockSize: 4096, digest: digests[0] },
        { file: "b", hash: "sha256", blockSize: 4096, digest: digests[1] },
      ],
    });
    const { exitCode, stderr, stdout: none } = composefs(["verity", "digest", "--json", "a", "missing"], { cwd });
    expect({ exitCode, none }).toEqual({ exitCode: 2, none: "" });
    expect(JSON.parse(stderr)).toMatchObject({ code: "IO_OPEN", data: { path: "missing" } });
  });

  test("more threads than anybody has are as many as help", () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, "large"), large.subarray(0, 17 << 20));
    const one = composefs(["verity", "digest", "--threads", "1", "large"], { cwd });
    expect(composefs(["verity", "digest", "--threads", "999999999", "large"], { cwd })).toEqual(one);
  });

  test("a file that is shorter than it says is IO_CHANGED", () => {
    // Files of sysfs say 4096 bytes, whatever they hold.
    const path = "/sys/kernel/mm/transparent_hugepage/enabled";
    if (!existsSync(path)) return console.warn("SKIPPED: no sysfs: nothing says another size than it has");
    expect(composefs(["verity", "digest", path])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `IO_CHANGED: "${path}" became shorter while it was read\n`,
    });
  });

  test("stops at the first file that cannot be read", () => {
    const { exitCode, stdout, stderr } = composefs(["verity", "digest", "/dev/null", "missing", "/dev/null"]);
    expect({ exitCode, lines: stdout.split("\n").length - 1 }).toEqual({ exitCode: 2, lines: 1 });
    expect(stderr).toBe('IO_OPEN: cannot open "missing": No such file or directory\n');
    expect(composefs(["verity", "digest", "/"]).stderr).toBe('IO_READ: cannot read "/": Is a directory\n');
  });
});
