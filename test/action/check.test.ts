/**
 * The GitHub Action as a runner starts it: from a folder without packages, with inputs and files in the environment. A sample
 * project has a pull request that changes the mtime of one directory; the check must name it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { composefs, emptyFolder } from "../src/cli/run.ts";

const ACTION = fileURLToPath(new URL("../../.github/actions/check/", import.meta.url));
const DUMP = "/ 0 40755 3 0 0 0 1700000000.0 - - -\n/etc 0 40755 2 0 0 0 1700000001.0 - - -\n";

/** Path of the entry point that action.yml names, in a copy of the action's folder and nothing else. */
function entryPoint(): string {
  const folder = join(emptyFolder(), "check");
  cpSync(ACTION, folder, { recursive: true });
  const [, main] = /^ {2}main: (.+)$/m.exec(readFileSync(join(folder, "action.yml"), "utf8"))!;
  return join(folder, main!);
}

/** A repository whose main has a locked image; its checkout and that of a pull request. */
function sampleProject() {
  const root = emptyFolder();
  const [main, pull] = [join(root, "main"), join(root, "pull")];
  const git = (cwd: string, ...args: string[]) => {
    const identity = ["-c", "user.name=Sample", "-c", "user.email=sample@example.org"];
    execFileSync("git", [...identity, ...args], { cwd, stdio: "pipe" });
  };
  git(root, "init", "-q", "-b", "main", main);
  writeFileSync(join(main, "root.dump"), DUMP);
  composefs(["lock", "root.dump"], { cwd: main });
  git(main, "add", ".");
  git(main, "commit", "-qm", "Lock the image");
  git(main, "worktree", "add", "-q", "-b", "pull", pull);
  return { root, main, pull, commit: () => git(pull, "commit", "-qam", "Change a directory") };
}

/** Runs the action as a step of a job. */
function runStep(workspace: string, root: string, inputs: Record<string, string> = {}) {
  const [output, summary] = [join(root, "output"), join(root, "summary")];
  for (const file of [output, summary]) writeFileSync(file, "");
  const env = {
    ...{ PATH: process.env["PATH"]!, HOME: root, GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: workspace },
    ...{ GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [entryPoint()], { cwd: root, env });
  const texts = { stdout: stdout.toString(), stderr: stderr.toString() };
  return { status, ...texts, output: readFileSync(output, "utf8"), summary: readFileSync(summary, "utf8") };
}

test("a pull request that changes one directory's mtime gets a check that names it", () => {
  const { root, main, pull, commit } = sampleProject();
  expect(runStep(pull, root)).toMatchObject({
    status: 0,
    stderr: "",
    output: expect.stringContaining("different=0\n"),
  });
  writeFileSync(join(pull, "root.dump"), DUMP.replace("1700000001.0", "1700000099.0"));
  commit();
  const inputs = { lockfile: "composefs.lock.json", "against-folder": main, sarif: "check.sarif", junit: "check.xml" };
  const { status, stdout, stderr, output, summary } = runStep(pull, root, inputs);
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  const [annotation] = stdout.split("\n");
  expect(annotation).toMatch(/^::error file=composefs\.lock\.json,line=5,title=root\.dump is not what is locked::/);
  expect(annotation).toContain("mtime-seconds: 1 of 2 entries: /etc (");
  expect(summary).toContain("mtime-seconds: 1 of 2 entries, directories only\n    /etc ");
  expect(output).toBe("same=0\ndifferent=1\nunreadable=0\nsummary=1 input: 0 as locked, 1 different\n");
  expect(JSON.parse(readFileSync(join(pull, "check.sarif"), "utf8")).runs[0].results[0].message.text).toContain("/etc");
  expect(existsSync(join(pull, "check.xml"))).toBe(true);
});

test("a lock file that is not there fails the step with its name", () => {
  const { root, pull } = sampleProject();
  const { status, stderr } = runStep(pull, root, { lockfile: "other.json" });
  expect(status).toBe(2);
  expect(stderr).toContain('IO_OPEN: cannot open "other.json"');
});

test("inputs are kebab-case, and those that the entry point reads", () => {
  const text = readFileSync(join(ACTION, "action.yml"), "utf8");
  const [, section] = /^inputs:\n(.*?)^outputs:/ms.exec(text)!;
  const names = [...section!.matchAll(/^ {2}(\S+):$/gm)].map(([, name]) => name!);
  const source = readFileSync(join(ACTION, "../../../src/cli/action.ts"), "utf8");
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name) || !source.includes(`"${name}"`))).toEqual([]);
});
