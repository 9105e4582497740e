/**
 * Runs the command of an implementation: for a bounded time, with bounded output, and to its end together with all that
 * it started.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { SystemError } from "../source/files.node.ts";
import type { End } from "./verdict.ts";

/** Bytes of standard error that are kept: its end. */
const STDERR_BYTES = 2048;

export interface ProcessLimits {
  timeoutSeconds: number;
  /** Bytes of standard output. */
  outputBytes: number;
}

export interface ProcessResult {
  end: End;
  output: Uint8Array;
  /** The end of standard error. */
  stderr: string;
}

/** Programs that run, each the leader of its group. */
const running = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();

/** Ends all programs that run, at once. */
export function killPrograms(): void {
  for (const child of running) killGroup(child);
}

/**
 * Runs a program.
 *
 * @param argv program and arguments
 * @param input what it finds on standard input
 * @throws {SystemError} when there is no such program, or it cannot be run
 */
export function runProgram(
  argv: readonly string[],
  input: Uint8Array,
  { timeoutSeconds, outputBytes }: ProcessLimits,
): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    // A group of its own: a shell may have started what goes on without it.
    const child = spawn(program!, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    running.add(child);
    const output: Buffer[] = [];
    let bytes = 0;
    let stderr = Buffer.alloc(0);
    /** Set when it was us who ended it. */
    let broken: End | undefined;
    const finish = (end: End) => {
      if (!running.delete(child)) return;
      clearTimeout(timer);
      // What it left behind may hold the pipes, or go on.
      killGroup(child);
      for (const stream of child.stdio) stream?.destroy();
      resolve({ end, output: Buffer.concat(output), stderr: stderr.toString() });
    };
    const stop = (end: End) => {
      if (broken !== undefined) return;
      broken = end;
      // Already gone, but the pipes are held: no further event comes.
      if (child.exitCode !== null || child.signalCode !== null) finish(end);
      else killGroup(child);
    };
    const timer = setTimeout(() => stop({ kind: "timeout", seconds: timeoutSeconds }), timeoutSeconds * 1000);
    child.stdout.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > outputBytes) stop({ kind: "flood", bytes: outputBytes });
      else output.push(piece);
    });
    child.stderr.on("data", (piece: Buffer) => {
      stderr = Buffer.concat([stderr, piece]).subarray(-STDERR_BYTES);
    });
    child.on("error", (error: SystemError) => {
      clearTimeout(timer);
      running.delete(child);
      reject(error);
    });
    child.on("exit", () => broken !== undefined && finish(broken));
    child.on("close", (code, signal) => {
      finish(broken ?? (code === null ? { kind: "signal", signal: signal! } : { kind: "exit", code }));
    });
    // Not all of them read all that they are given.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function killGroup({ pid }: { pid?: number | undefined }): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}
