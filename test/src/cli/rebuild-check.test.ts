/** `composefs rebuild-check` from outside: each cause is found and named, nothing else is blamed, nothing stays behind. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { pathOf } from "./run.ts";

const IS_ROOT = process.getuid?.() === 0;
/** tmpfs lists what was made last first, and others in an order of their own. */
const IS_SHM = spawnSync("stat", ["-f", "-c", "%T", "/dev/shm"]).stdout?.toString().trim() === "tmpfs";

/** A build that gives the same whatever is around it, and what a line of shell adds to it. */
const tar = (how = "") =>
  `tar --sort=name --format=gnu ${how || "--mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX"} -cf out.tar -C root .`;
const buildWith = (line: string, how?: string) => `mkdir -p root/usr && cp a b root/usr && ${line} && ${tar(how)}`;

interface Answer {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A source, and a place for temporary files in which nothing may stay. */
function makeFolders({ onTestFinished }: TestContext, place = tmpdir()) {
  const folder = mkdtempSync(join(place, "composefs-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [source, temporary] = [join(folder, "source"), join(folder, "tmp")];
  mkdirSync(source);
  mkdirSync(temporary, { mode: 0o755 });
  writeFileSync(join(source, "a"), "first\n");
  writeFileSync(join(source, "b"), "second\n");
  // Others shall reach it.
  spawnSync("chmod", ["755", folder]);
  return { folder, source, temporary };
}

type Folders = ReturnType<typeof makeFolders>;

/** Starts a check; several run beside each other, since most of the time is waited for the clock. */
function start({ source, temporary, folder }: Folders, args: readonly string[], command: readonly string[]) {
  const argv = [pathOf("composefs"), "rebuild-check", "--source", source, ...args, "--", ...command];
  const env = { ...process.env, TMPDIR: temporary, SOURCE_DATE_EPOCH: undefined };
  const child = spawn(process.execPath, argv, { cwd: folder, env });
  const answer = new Promise<Answer & { signal: string | null }>((resolve) => {
    const parts = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => {
      parts.stdout += text;
    });
    child.stderr.on("data", (text) => {
      parts.stderr += text;
    });
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, ...parts }));
  });
  return { child, answer };
}

/** Runs a line of shell as the build of a check. */
async function check(folders: Folders, line: string, args: readonly string[] = []) {
  const before = spawnSync("find", [folders.source, "-printf", "%P %m %T@ %C@\\n"]).stdout.toString();
  const answer = await start(folders, ["--output", "out.tar", ...args], ["sh", "-c", line]).answer;
  expect(readdirSync(folders.temporary)).toEqual([]);
  expect(spawnSync("find", [folders.source, "-printf", "%P %m %T@ %C@\\n"]).stdout.toString()).toBe(before);
  return answer;
}

interface BuildJson {
  name: string;
  state: string;
  change: string | null;
  reason: string | null;
  limit: string | null;
  digests: Array<{ label: string; control: string; actual: string }>;
  diff: { classes: Array<{ class: string; count: number; examples: Array<{ path: string }> }> } | null;
  failure: { code: string; message: string; output: string } | null;
}

async function checkJson(folders: Folders, line: string, args: readonly string[] = []) {
  const { exitCode, stdout, stderr } = await check(folders, line, ["--json", ...args]);
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as { counts: Record<string, number>; builds: BuildJson[]; notCopied: string[] };
  const of = (state: string) => report.builds.filter((build) => build.state === state);
  return { exitCode, report, of, names: (state: string) => of(state).map(({ name }) => name) };
}

/** Causes: the line that has it, how the archive is made, what is blamed, and the class of the difference. */
const CAUSES: Array<[cause: string, line: string, how: string | undefined, blamed: string, classes: string[]]> = [
  ["umask", "true", "--mtime=@0 --owner=0 --group=0 --numeric-owner", "umask", ["mode"]],
  ["the language", "echo $LC_ALL > root/usr/f", undefined, "locale", ["content"]],
  [
    "local time",
    "find root -exec touch -d '2020-01-01 12:00' {} +",
    "--owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX",
    "time-zone",
    ["mtime-seconds"],
  ],
  ["the path", "pwd > root/usr/f", undefined, "build-path", ["content"]],
  ["processors", "nproc > root/usr/f", undefined, "cpus", ["content"]],
  ["HOME", "echo $HOME > root/usr/f", undefined, "home", ["content"]],
];

describe.concurrent("a cause", () => {
  test("none: a build that is the same everywhere", async (context) => {
    const { exitCode, report, names } = await checkJson(makeFolders(context), buildWith("true"));
    expect(exitCode).toBe(0);
    expect(names("control")).toEqual(["control"]);
    expect(report.counts).toMatchObject({ differs: 0, follows: 0, "as-repeat": 0, failed: 0 });
    for (const { name, reason } of report.builds.filter(({ state }) => state === "not-varied")) {
      expect(["file-order", "user", "cpus"]).toContain(name);
      expect(reason).not.toBe(null);
    }
    for (const { digests } of report.builds.filter(({ state }) => state === "same")) {
      expect(digests).toHaveLength(1);
      expect(digests[0]!.actual).toBe(digests[0]!.control);
    }
  });

  test.for(CAUSES)("%s", async ([, line, how, blamed, classes], context) => {
    const { exitCode, of, names, report } = await checkJson(makeFolders(context), buildWith(line, how));
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: [blamed] });
    expect(of("differs")[0]!.diff!.classes.map((found) => found.class)).toEqual(classes);
    expect(report.counts).toMatchObject({ follows: 0, "as-repeat": 0, failed: 0 });
  });

  test.skipIf(!IS_ROOT)("the user", async (context) => {
    const how = "--mtime=@0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, of } = await checkJson(makeFolders(context), buildWith("true", how));
    expect(exitCode).toBe(1);
    expect(of("differs")).toMatchObject([{ name: "user", diff: { classes: [{ class: "owner", count: 4 }] } }]);
  });

  test.skipIf(!IS_SHM)("the order of files", async (context) => {
    const line = buildWith("ls -U > root/usr/f");
    const { exitCode, names } = await checkJson(makeFolders(context, "/dev/shm"), line);
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: ["file-order"] });
  });

  test("SOURCE_DATE_EPOCH, which a build may follow", async (context) => {
    const how = "--mtime=@$SOURCE_DATE_EPOCH --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, of, names } = await checkJson(makeFolders(context), buildWith("true", how));
    expect({ exitCode, differs: names("differs"), repeated: names("as-repeat") }).toEqual({
      ...{ exitCode: 0, differs: [], repeated: [] },
    });
    expect(of("follows")).toMatchObject([
      { name: "source-date-epoch", diff: { classes: [{ class: "mtime-seconds" }] } },
    ]);
  });

  test("the clock: found by the repeat, and no variation is blamed for it", async (context) => {
    const how = "--owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX";
    const { exitCode, of, names, report } = await checkJson(makeFolders(context), buildWith("true", how));
    expect({ exitCode, differs: names("differs") }).toEqual({ exitCode: 1, differs: ["repeat"] });
    expect(of("differs")[0]!.diff!.classes[0]!.class).toBe("mtime-seconds");
    expect(report.counts).toMatchObject({ same: 0, follows: 0, failed: 0 });
  });

  test("random data and names beside a cause: the cause is told apart", async (context) => {
    const random = "r=$(od -An -tx1 -N8 /dev/urandom | tr -d ' ') && echo $r > root/usr/random && echo > root/usr/$r";
    const { exitCode, of } = await checkJson(
      makeFolders(context),
      buildWith(`${random} && nproc > root/usr/jobs && pwd > root/usr/path`),
    );
    expect(exitCode).toBe(1);
    const found = of("differs").map(({ name, diff }) => [
      name,
      ...diff!.classes.flatMap(({ examples }) => examples.map(({ path }) => path)),
    ]);
    expect(found).toMatchObject([
      ["repeat", expect.any(String), expect.any(String), "/usr/random"],
      ["build-path", "/usr/path"],
      ["cpus", "/usr/jobs"],
    ]);
  });
});
