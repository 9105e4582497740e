/**
 * Worker processes: whatever an image makes of the one that looks into it, the service lives on and knows why. Each does one
 * task at a time; who comes first is served first. One that ended is replaced when the next task needs it.
 *
 *   const pool = new WorkerPool({ count: 4, cache: "/var/cache/composefs", memoryBytes: 4_000_000_000 })
 *   const { placed } = await pool.run(task, { limitSeconds: 3600, usedSeconds: 0 }, signal)
 *   await pool.close()
 */

import { ComposefsError } from "../error.ts";
import { type TimeBudget, type WorkerOptions, WorkerProcess } from "./worker-process.ts";
import type { WorkerAnswer, WorkerTask } from "./worker-tasks.ts";

/** How many processes there are. */
export interface WorkerCounts {
  busy: number;
  idle: number;
  /** Ended while they worked, so far. */
  lost: number;
}

export interface WorkerPoolOptions extends WorkerOptions {
  /** Processes; they are started when they are first needed. */
  count: number;
}

export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #all = new Set<WorkerProcess>();
  readonly #idle: WorkerProcess[] = [];
  /** Those who wait for a process, in turn. */
  readonly #waiting = new Set<(process: WorkerProcess) => void>();
  #lost = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  get counts(): WorkerCounts {
    const idle = this.#idle.length;
    return { busy: this.#all.size - idle, idle, lost: this.#lost };
  }

  /**
   * Has a task done, by a process that is killed when the budget is used up, or when it is called off.
   *
   * @throws {ComposefsError} WORKER_DIED, WORKER_TIME, WORKER_MEMORY, and what the task gives
   */
  async run(task: WorkerTask, budget: TimeBudget, signal?: AbortSignal): Promise<WorkerAnswer> {
    const worker = await this.#take(signal);
    try {
      return await worker.run(task, budget, signal);
    } catch (error) {
      if (error instanceof ComposefsError && error.code.startsWith("WORKER_")) this.#lost++;
      throw error;
    } finally {
      this.#give(worker);
    }
  }

  /** Ends all processes, whatever they do. */
  async close(): Promise<void> {
    for (const worker of this.#all) worker.kill(new Error("the worker processes are ended"));
    await Promise.all([...this.#all].map(({ ended }) => ended));
  }

  async #take(signal: AbortSignal | undefined): Promise<WorkerProcess> {
    signal?.throwIfAborted();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.size < this.#options.count) return this.#start();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(take);
        reject(signal!.reason);
      };
      const take = (worker: WorkerProcess) => {
        this.#waiting.delete(take);
        signal?.removeEventListener("abort", onAbort);
        resolve(worker);
      };
      this.#waiting.add(take);
      signal?.addEventListener("abort", onAbort);
    });
  }

  #start(): WorkerProcess {
    const worker = new WorkerProcess(this.#options);
    this.#all.add(worker);
    void worker.ended.then(() => {
      this.#all.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      // Its memory is free by now, not before.
      const [next] = this.#waiting;
      if (next !== undefined) next(this.#start());
    });
    return worker;
  }

  #give(worker: WorkerProcess): void {
    if (!worker.isUsable) {
      worker.kill(undefined);
      return;
    }
    const [next] = this.#waiting;
    if (next !== undefined) next(worker);
    else this.#idle.push(worker);
  }
}
