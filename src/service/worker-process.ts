/**
 * A worker process, as seen by the one that starts it: gets a task, is watched while it works, and is killed when that takes
 * too long or too much memory. It may be killed at any time: all that it writes are entries of the layer cache, which are
 * there as a whole or not at all.
 */

import { type ChildProcess, fork } from "node:child_process";
import { errorOf } from "../engine/worker-failure.ts";
import { ComposefsError } from "../error.ts";
import { isMemorySeen, MEMORY_LOOK_MS, residentBytes } from "./process-memory.ts";
import { timerMs } from "./timer.ts";
import type { WorkerMessage, WorkerRequest } from "./worker-messages.ts";
import type { WorkerAnswer, WorkerTask } from "./worker-tasks.ts";

/** How worker processes are started. */
export interface WorkerOptions {
  /** Place of the layer cache; null for that of this user. */
  cache: string | null;
  /** Bytes of memory that one may take. */
  memoryBytes: number;
  onCacheFailure?: ((reason: string) => void) | undefined;
  /** What it runs: another file in tests. */
  entry?: URL | undefined;
}

/** The task of a process. */
interface Running {
  resolve(answer: WorkerAnswer): void;
  reject(error: unknown): void;
}

/** Seconds that processes may work for something, and how many they did. */
export interface TimeBudget {
  limitSeconds: number;
  usedSeconds: number;
}

/** Variables that hold secrets which are none of its business. */
const HIDDEN = ["COMPOSEFS_SECRET", "COMPOSEFS_QUEUE", "COMPOSEFS_REDIS_PASSWORD"];

/** One that took more than this part of what it may was not tidied up: the next task gets another one. */
const TIRED_PART = 0.5;

export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #options: WorkerOptions;
  #running: Running | undefined;
  /** Why it was killed. */
  #reason: unknown;
  #bytes = 0;
  #hasEnded = false;
  /** Settles when it is gone. */
  readonly ended: Promise<void>;

  constructor(options: WorkerOptions) {
    const { cache, memoryBytes, entry = new URL("./worker-entry.js", import.meta.url) } = options;
    this.#options = options;
    // What it needs to reach a bucket it has from the environment.
    const env = { ...process.env };
    for (const name of HIDDEN) delete env[name];
    this.#child = fork(entry, [], {
      env,
      // The young generation as V8 has it by default, whatever NODE_OPTIONS say of the service.
      execArgv: ["--max-semi-space-size=16", `--max-old-space-size=${Math.ceil(memoryBytes / 2 ** 20)}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.ended = new Promise((resolve) => {
      const onEnd = (how: string) => {
        this.#hasEnded = true;
        const error = new ComposefsError("WORKER_DIED", `a worker process ended while it worked: ${how}`);
        this.#running?.reject(this.#reason ?? error);
        this.#running = undefined;
        resolve();
      };
      this.#child.on("exit", (code, signal) => onEnd(signal ?? `exit code ${code}`));
      // It could not be started, or not be told something: then its end says the rest.
      this.#child.on("error", ({ message }) => (this.#child.pid === undefined ? onEnd(message) : this.kill(undefined)));
    });
    this.#child.on("message", (message: WorkerMessage) => this.#hear(message));
    this.#send({ kind: "begin", cache });
  }

  /**
   * Does a task. Once it failed by something else than an error of the task, the process is gone, or soon will be.
   *
   * @param budget what it takes is noted in it; it is killed when nothing is left
   * @throws {ComposefsError} WORKER_DIED, WORKER_TIME, WORKER_MEMORY, and what the task gives
   */
  async run(task: WorkerTask, budget: TimeBudget, signal?: AbortSignal): Promise<WorkerAnswer> {
    signal?.throwIfAborted();
    if (this.#hasEnded) throw new ComposefsError("WORKER_DIED", "a worker process cannot be started");
    const { limitSeconds: limit, usedSeconds } = budget;
    const onTime = () => {
      const message = `worker processes worked on this for more than ${limit} seconds (imageSeconds)`;
      this.kill(new ComposefsError("WORKER_TIME", message, { limit }));
    };
    const began = performance.now();
    const onAbort = () => this.kill(signal!.reason);
    const timer = setTimeout(onTime, timerMs(limit - usedSeconds));
    const watch = isMemorySeen ? setInterval(() => this.#look(), MEMORY_LOOK_MS) : undefined;
    signal?.addEventListener("abort", onAbort);
    try {
      return await new Promise<WorkerAnswer>((resolve, reject) => {
        this.#running = { resolve, reject };
        this.#send({ kind: "task", task });
      });
    } finally {
      budget.usedSeconds += (performance.now() - began) / 1000;
      clearTimeout(timer);
      clearInterval(watch);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Whether it can do another task. */
  get isUsable(): boolean {
    const { connected, exitCode, signalCode, killed } = this.#child;
    if (!connected || killed || exitCode !== null || signalCode !== null) return false;
    if (isMemorySeen) this.#look();
    return this.#bytes <= this.#options.memoryBytes * TIRED_PART;
  }

  /** Ends it at once. @param reason what its task fails with */
  kill(reason: unknown): void {
    this.#reason ??= reason;
    this.#child.kill("SIGKILL");
  }

  #hear(message: WorkerMessage): void {
    if (message.kind === "cache") this.#options.onCacheFailure?.(message.reason);
    else if (message.kind === "memory") this.#weigh(message.bytes);
    else {
      const running = this.#running;
      this.#running = undefined;
      if (message.kind === "done") running?.resolve(message.answer);
      else running?.reject(errorOf(message));
    }
  }

  #look(): void {
    this.#weigh(residentBytes(this.#child.pid!) ?? this.#bytes);
  }

  #weigh(bytes: number): void {
    const { memoryBytes: limit } = this.#options;
    this.#bytes = bytes;
    if (bytes <= limit || this.#running === undefined) return;
    const message = `a worker process took ${bytes} bytes of memory, at most ${limit} are allowed (workerBytes)`;
    this.kill(new ComposefsError("WORKER_MEMORY", message, { actual: bytes, limit }));
  }

  /** Whether it was told shows in its answer, or in its end. */
  #send(request: WorkerRequest): void {
    if (this.#child.connected) this.#child.send(request, () => {});
  }
}
