/** Runs a built command as its users do: as a process of its own, in an empty folder. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const CLI = fileURLToPath(new URL("../../../build/src/cli/", import.meta.url));

/** Path of a built command. */
export function pathOf(command: "composefs" | "mkcomposefs"): string {
  return join(CLI, `${command}.js`);
}

export interface Run {
  exitCode: number | null;
  stdout: Buffer;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  input?: Uint8Array | string;
  env?: Record<string, string>;
}

/** Runs a command to its end. */
export function run(command: "composefs" | "mkcomposefs", args: readonly string[], options: RunOptions = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [pathOf(command), ...args], {
    cwd: options.cwd ?? tmpdir(),
    input: options.input ?? "",
    env: { ...process.env, ...options.env },
    maxBuffer: 1 << 28,
  });
  return { exitCode: status, stdout, stderr: stderr.toString() };
}

/** Runs `composefs` and reads its output as text. */
export function composefs(args: readonly string[], options: RunOptions = {}) {
  const { exitCode, stdout, stderr } = run("composefs", args, options);
  return { exitCode, stdout: stdout.toString("latin1"), stderr };
}

/** Starts a command whose end the test decides. */
export function start(
  command: "composefs" | "mkcomposefs",
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
) {
  const child = spawn(process.execPath, [pathOf(command), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise<{ exitCode: number | null; signal: string | null; stderr: string }>((resolve) => {
    let stderr = "";
    child.stderr.on("data", (text) => {
      stderr += text;
    });
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, stderr }));
  });
  return { child, ended };
}

/** An empty folder for one test. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "composefs-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What JSON says of how a tree was made that was taken as it is. */
export const NOT_MADE = {
  ...{ layers: null, role: null, layer: null, transform: false, xattrs: null },
  ...{ transformRevision: null, policy: null, unseen: [] },
};
