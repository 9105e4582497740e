/**
 * Runs a build command: without a shell, in a process group of its own, with nothing on standard input. What it prints is
 * kept at its end only.
 */

import { type ChildProcess, spawn } from "node:child_process";

/** How a command is run. */
export interface BuildCommand {
  /** Program and arguments. */
  argv: readonly string[];
  folder: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** Null: that of this process. */
  umask: number | null;
  /** User and group; null: those of this process. */
  userId: number | null;
  /** Null: as long as it takes. */
  timeoutSeconds: number | null;
  /** Ends the command. */
  signal: AbortSignal;
  /** Told of what it prints, in bytes. */
  onOutput?: ((bytes: number) => void) | undefined;
}

/** How a command ended. */
export interface BuildEnd {
  /** Exit status; null when a signal ended it. */
  status: number | null;
  signal: string | null;
  /** Why it was not started; null when it was. */
  error: (Error & { code?: string }) | null;
  isTimedOut: boolean;
  /** The end of what it printed. */
  output: string;
  seconds: number;
}

/** Bytes of the output of a command that are kept: several screens. */
export const OUTPUT_KEPT_BYTES = 16384;
/** Milliseconds that a command has to end when it is asked to. */
const GRACE_MS = 2000;
/** Milliseconds that output is waited for when the command has ended: what it left behind may hold the pipe. */
const DRAIN_MS = 500;

/** Runs a command and waits for its end. @returns how it ended; never rejected */
export function runBuild(command: BuildCommand): Promise<BuildEnd> {
  const { timeoutSeconds, signal, onOutput } = command;
  const began = performance.now();
  const output = new OutputTail(OUTPUT_KEPT_BYTES);
  let isTimedOut = false;
  const ended = (how: Partial<BuildEnd>): BuildEnd => {
    const seconds = (performance.now() - began) / 1000;
    return { status: null, signal: null, error: null, isTimedOut, output: output.text(), seconds, ...how };
  };
  let child: ChildProcess;
  try {
    child = start(command);
  } catch (error) {
    return Promise.resolve(ended({ error: error as Error }));
  }
  let grace: NodeJS.Timeout | undefined;
  const stop = () => {
    killGroup(child, "SIGTERM");
    grace ??= setTimeout(() => killGroup(child, "SIGKILL"), GRACE_MS);
  };
  const stopLate = () => {
    isTimedOut = true;
    stop();
  };
  const limit = timeoutSeconds === null ? undefined : setTimeout(stopLate, timeoutSeconds * 1000);
  const streams = [child.stdout!, child.stderr!];
  for (const stream of streams) {
    stream.on("data", (bytes: Buffer) => {
      output.add(bytes);
      onOutput?.(bytes.length);
    });
  }
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  return new Promise<BuildEnd>((resolve) => {
    child.on("error", (error) => resolve(ended({ error })));
    child.on("exit", (status, by) => {
      // What the command started and left behind would go on writing.
      killGroup(child, "SIGKILL");
      const drain = setTimeout(() => {
        for (const stream of streams) stream.destroy();
      }, DRAIN_MS);
      child.on("close", () => {
        clearTimeout(drain);
        resolve(ended({ status, signal: by }));
      });
    });
  }).finally(() => {
    clearTimeout(limit);
    clearTimeout(grace);
    signal.removeEventListener("abort", stop);
  });
}

/** @throws what the system refuses, and an error that comes later for the most usual ones */
function start({ argv, folder, environment, umask, userId }: BuildCommand): ChildProcess {
  const [program, ...args] = argv as [string, ...string[]];
  const before = umask === null ? null : process.umask(umask);
  try {
    return spawn(program, args, {
      cwd: folder,
      // A shell and others trust PWD.
      env: { ...environment, PWD: folder },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
      ...(userId !== null && { uid: userId, gid: userId }),
    });
  } finally {
    if (before !== null) process.umask(before);
  }
}

/** Ends a command with all that it started and that did not leave its group. Windows has no groups. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody is left.
  }
}

/** The last bytes of a stream. */
class OutputTail {
  readonly #max: number;
  readonly #pieces: Buffer[] = [];
  #length = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    while (this.#length - this.#pieces[0]!.length >= this.#max) this.#length -= this.#pieces.shift()!.length;
  }

  text(): string {
    return Buffer.concat(this.#pieces).subarray(-this.#max).toString();
  }
}
