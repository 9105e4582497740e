/** `composefs serve` and `composefs worker` as processes of their own, with their logs. */
import { type ChildProcess, spawn } from "node:child_process";
import { pathOf } from "../../src/cli/run.ts";

export const SECRET = "a secret of the test";

export interface RunningService {
  /** Empty for one that does not listen. */
  origin: string;
  child: ChildProcess;
  /** Lines of its log, parsed. */
  log: Array<Record<string, unknown>>;
  /** All that it wrote to standard error. */
  stderr(): string;
  /** Ends it with a signal, and waits. @returns the exit code */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a service, and waits until it listens. */
export function startService(args: readonly string[], cwd: string): Promise<RunningService> {
  return start(["serve", ...args], cwd, { COMPOSEFS_SECRET: SECRET });
}

/** Starts a worker of a fleet, and waits until it works. */
export function startWorker(
  args: readonly string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<RunningService> {
  return start(["worker", ...args], cwd, environment);
}

async function start(
  args: readonly string[],
  cwd: string,
  environment: Record<string, string>,
): Promise<RunningService> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [pathOf("composefs"), ...args], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: RunningService["log"] = [];
  let stderr = "";
  let rest = "";
  child.stderr.on("data", (text) => {
    stderr += text;
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) log.push(line.startsWith("{") ? JSON.parse(line) : { line });
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let origin = "";
  child.stdout.once("data", (text) => {
    origin = `${text}`.trim();
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", () => log.some(({ message }) => message === "started") && resolve());
    child.once("exit", () => reject(new Error(`the service does not come up: ${stderr}`)));
  });
  return {
    ...{ origin, child, log, stderr: () => stderr },
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Waits for something that comes by itself. @param what for people @param everyMs between two looks, which may cost something */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  ms = 30_000,
  everyMs = 50,
): Promise<void> {
  for (const began = performance.now(); performance.now() - began < ms; ) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`not within ${ms} milliseconds: ${what}`);
}
