/**
 * Batches of files on several threads. Each thread is given the next batch before it has done the one before, so that
 * none waits for the main thread, which scans meanwhile.
 */

import { Worker } from "node:worker_threads";
import { engineModuleSync } from "../engine/load.ts";
import { errorOf, type WorkerFailure } from "../engine/worker-failure.ts";
import type { FileBatch, HashTask } from "./directory-batch.node.ts";

/** Batches that a thread holds: the one it works on, and the next. */
const BATCHES_PER_WORKER = 2;

/** What a worker is asked. */
export interface BatchTask extends HashTask {
  batch: FileBatch;
  /** Bytes of its contents. */
  bytes: number;
}

/** What it answers, in the order in which it was asked. */
export type BatchAnswer = { kind: "done"; fillings: Uint8Array<ArrayBuffer> } | WorkerFailure;

/** A batch on its way. */
interface Job {
  task: BatchTask;
  resolve: (fillings: Uint8Array) => void;
  reject: (error: unknown) => void;
}

/** A thread and what it was asked, in that order. */
interface Thread {
  worker: Worker;
  jobs: Job[];
}

/** Threads that hash files of directories. */
export class DirectoryPool {
  readonly #threads: Thread[] = [];
  readonly #urgent: Job[] = [];
  readonly #waiting: Job[] = [];
  #failure: { error: unknown } | undefined;

  /** @param threads 1 or more */
  constructor(threads: number) {
    for (let i = 0; i < threads; i++) this.#start();
  }

  /**
   * Hashes the files of a batch.
   *
   * @param isUrgent before all that are not: what takes long must not come last
   * @returns FILLING_BYTES for each file
   * @throws {ComposefsError} what `hashBatch` gives; from then on for all batches
   */
  hash(task: BatchTask, isUrgent = false): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure.error);
        return;
      }
      (isUrgent ? this.#urgent : this.#waiting).push({ task, resolve, reject });
      this.#dispatch();
    });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.#fail(new Error("the pool was closed"));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(): void {
    const worker = new Worker(new URL("./directory-worker.node.js", import.meta.url), {
      workerData: engineModuleSync(),
    });
    const thread: Thread = { worker, jobs: [] };
    this.#threads.push(thread);
    worker.on("message", (answer: BatchAnswer) => {
      if (answer.kind === "done") thread.jobs.shift()?.resolve(answer.fillings);
      else this.#fail(errorOf(answer));
      this.#dispatch();
    });
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", (code) => this.#fail(new Error(`a worker ended with exit code ${code}`)));
  }

  #dispatch(): void {
    for (let round = 0; round < BATCHES_PER_WORKER; round++) {
      for (const { worker, jobs } of this.#threads) {
        if (jobs.length > round) continue;
        const job = this.#urgent.shift() ?? this.#waiting.shift();
        if (job === undefined) return;
        jobs.push(job);
        worker.postMessage(job.task, [
          job.task.batch.paths.buffer as ArrayBuffer,
          job.task.batch.identities.buffer as ArrayBuffer,
        ]);
      }
    }
  }

  /** The first failure is that of all. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { jobs } of this.#threads) for (const job of jobs.splice(0)) job.reject(this.#failure.error);
    for (const job of [...this.#urgent.splice(0), ...this.#waiting.splice(0)]) job.reject(this.#failure.error);
  }
}
