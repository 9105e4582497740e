/** `mkcomposefs DIR IMAGE` beside C mkcomposefs 1.0.8: the same images, digests, stores, messages. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fillDirectory, isRoot, SIZES, someBytes } from "../../support/directory.ts";
import { findOracle, runOracle } from "../../support/oracle.ts";
import { composefs, emptyFolder, run } from "./run.ts";

const reference = findOracle("mkcomposefs");

/** Runs both in a folder; the reference only where it is installed. */
function both(cwd: string, args: readonly string[]) {
  const ours = run("mkcomposefs", args, { cwd });
  if (reference === undefined) return { ours, theirs: undefined };
  return { ours, theirs: runOracle("/bin/sh", ["-c", 'cd "$0" && exec "$@"', cwd, reference, ...args]) };
}

const OPTIONS: readonly string[][] = [
  [],
  ["--use-epoch"],
  ["--skip-devices"],
  ["--skip-xattrs"],
  ["--user-xattrs"],
  ["--min-version=1"],
  ["--max-version=0"],
  ["--use-epoch", "--skip-devices", "--skip-xattrs", "--min-version=1"],
  ["--threads=1"],
  ["--threads=5"],
];

describe.skipIf(reference === undefined)("the same as C", () => {
  test("images and digests, with every option", async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "d"));
    await fillDirectory(join(cwd, "d"));
    for (const options of OPTIONS) {
      const { ours, theirs } = both(cwd, [...options, "d", "-"]);
      expect({ options, stderr: ours.stderr, exitCode: ours.exitCode }).toEqual({ options, stderr: "", exitCode: 0 });
      expect({ options, stderr: theirs!.stderr, exitCode: theirs!.exitCode }).toEqual({
        options,
        stderr: "",
        exitCode: 0,
      });
      expect({ options, isSame: ours.stdout.equals(theirs!.output) }).toEqual({ options, isSame: true });
    }
    // C starts as many threads as it is told to, whatever the system says to that.
    expect(run("mkcomposefs", ["--threads=100000", "d", "-"], { cwd }).stdout).toEqual(
      run("mkcomposefs", ["d", "-"], { cwd }).stdout,
    );
    const digests = both(cwd, ["--print-digest-only", "d/"]);
    expect(digests.ours.stdout.toString()).toBe(digests.theirs!.output.toString());
    if (!isRoot) return;
    // Whiteouts make a difference to the format: one with, one without.
    expect(run("mkcomposefs", ["d", "-"], { cwd }).stdout[12]).not.toBe(
      run("mkcomposefs", ["--skip-devices", "d", "-"], { cwd }).stdout[12],
    );
  });

  test("messages and exit codes", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "d"));
    writeFileSync(join(cwd, "f"), "f");
    symlinkSync("d", join(cwd, "l"));
    for (const args of [
      ["missing", "-"],
      ["l", "-"],
      ["f", "-"],
      ["d", "no/where"],
      ["--skip-xattrs", "--user-xattrs", "d", "-"],
      ["--digest-store", "f/store", "--print-digest-only", "d"],
      ["", "-"],
      ["--threads=0", "d", "-"],
    ]) {
      const { ours, theirs } = both(cwd, args);
      const { stderr, exitCode } = theirs!;
      expect({ args, stderr: ours.stderr, exitCode: ours.exitCode }).toEqual({ args, stderr, exitCode });
    }
  });

  test("objects: names, contents, permissions", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "d/e"), { recursive: true });
    for (const [i, size] of SIZES.entries()) writeFileSync(join(cwd, `d/e/${i}`), someBytes(size, i), { mode: 0o600 });
    linkSync(join(cwd, "d/e/9"), join(cwd, "d/link"));
    writeFileSync(join(cwd, "d/copy"), someBytes(SIZES[9]!, 9), { mode: 0o4711 });
    const stores = { ours: join(cwd, "a/b/ours"), theirs: join(cwd, "a/theirs") };
    expect(run("mkcomposefs", [`--digest-store=${stores.ours}`, "d", "ours.cfs"], { cwd }).stderr).toBe("");
    expect(both(cwd, [`--digest-store=${stores.theirs}`, "d", "theirs.cfs"]).theirs!.exitCode).toBe(0);
    const listed = (store: string) => (readdirSync(store, { recursive: true }) as string[]).sort();
    expect(listed(stores.ours)).toEqual(listed(stores.theirs));
    for (const name of listed(stores.ours)) {
      const [a, b] = [join(stores.ours, name), join(stores.theirs, name)];
      expect({ name, mode: statSync(a).mode }).toEqual({ name, mode: statSync(b).mode });
      if (statSync(a).isFile()) expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    }
    expect(readFileSync(join(cwd, "ours.cfs")).equals(readFileSync(join(cwd, "theirs.cfs")))).toBe(true);
  });
});

describe("a digest store", () => {
  test("keeps objects that are there, and nothing else", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "d"));
    writeFileSync(join(cwd, "d/one"), someBytes(100_000));
    writeFileSync(join(cwd, "d/two"), someBytes(100_000));
    writeFileSync(join(cwd, "d/inline"), "small");
    const make = () => run("mkcomposefs", ["--digest-store=store", "d", "image"], { cwd });
    expect(make()).toMatchObject({ exitCode: 0, stderr: "" });
    const files = () =>
      (readdirSync(join(cwd, "store"), { recursive: true }) as string[]).filter((name) =>
        statSync(join(cwd, "store", name)).isFile(),
      );
    const [object, ...others] = files();
    expect(others).toEqual([]);
    expect(object).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{62}$/);
    const digest = composefs(["verity", "digest", "--compact", "d/one"], { cwd }).stdout.trim();
    expect(object!.replace("/", "")).toBe(digest);
    utimesSync(join(cwd, "store", object!), 1, 1);
    expect(make().exitCode).toBe(0);
    expect(statSync(join(cwd, "store", object!)).mtimeMs).toBe(1000);
    expect(files()).toEqual([object]);
  });

  test("that cannot be written leaves no image", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "d"));
    writeFileSync(join(cwd, "d/f"), someBytes(100));
    writeFileSync(join(cwd, "store"), "");
    const { exitCode, stderr } = run("mkcomposefs", ["--digest-store=store", "d", "image"], { cwd });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "mkcomposefs: cannot fill store: Not a directory\n" });
    expect(existsSync(join(cwd, "image"))).toBe(false);
  });
});

describe("hard links", () => {
  test("are lost, as in C, unless they are asked for", () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, "d"));
    writeFileSync(join(cwd, "d/a"), "a");
    linkSync(join(cwd, "d/a"), join(cwd, "d/b"));
    const inodesOf = (options: string[]) => {
      expect(run("mkcomposefs", [...options, "d", "image"], { cwd }).exitCode).toBe(0);
      return composefs(["dump", "image"], { cwd }).stdout;
    };
    expect(inodesOf([])).not.toContain("@");
    const linked = inodesOf(["--hardlinks"]);
    expect(linked).toContain("/b 0 @120000 - - - - 0.0 /a - -");
    expect(linked).toBe(composefs(["dump", "dir:d", "--no-transform"], { cwd }).stdout);
  });
});
