/** Runs `composefs rebuild-check` on a source of two files, beside other tests: most of its time it waits for the clock. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type TestContext } from "vitest";
import { pathOf } from "./run.ts";

/** A build that gives the same whatever is around it, and what a line of shell adds to it. */
export const tar = (how = "") =>
  `tar --sort=name --format=gnu ${how || "--mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX"} -cf out.tar -C root .`;
export const buildWith = (line: string, how?: string) =>
  `mkdir -p root/usr && cp a b root/usr && ${line} && ${tar(how)}`;

interface Answer {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A source, and a place for temporary files in which nothing may stay. */
export function makeFolders({ onTestFinished }: TestContext, place = tmpdir()) {
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

export type Folders = ReturnType<typeof makeFolders>;

/** Starts a check; several run beside each other, since most of the time is waited for the clock. */
export function start({ source, temporary, folder }: Folders, args: readonly string[], command: readonly string[]) {
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
export async function check(folders: Folders, line: string, args: readonly string[] = []) {
  const before = spawnSync("find", [folders.source, "-printf", "%P %m %T@ %C@\\n"]).stdout.toString();
  const answer = await start(folders, ["--output", "out.tar", ...args], ["sh", "-c", line]).answer;
  expect(readdirSync(folders.temporary)).toEqual([]);
  expect(spawnSync("find", [folders.source, "-printf", "%P %m %T@ %C@\\n"]).stdout.toString()).toBe(before);
  return answer;
}

export interface BuildJson {
  name: string;
  state: string;
  change: string | null;
  reason: string | null;
  limit: string | null;
  digests: Array<{ label: string; control: string; actual: string }>;
  diff: { classes: Array<{ class: string; count: number; examples: Array<{ path: string }> }> } | null;
  failure: { code: string; message: string; output: string } | null;
}

export async function checkJson(folders: Folders, line: string, args: readonly string[] = []) {
  const { exitCode, stdout, stderr } = await check(folders, line, ["--json", ...args]);
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as {
    counts: Record<string, number>;
    builds: BuildJson[];
    notCopied: string[];
    unseen: string[];
  };
  const of = (state: string) => report.builds.filter((build) => build.state === state);
  return { exitCode, report, of, names: (state: string) => of(state).map(({ name }) => name) };
}
