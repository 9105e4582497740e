/**
 * The queue: what is to be done, each thing once, with tries that are counted and an end for what never succeeds.
 *
 * The registry is the truth: whatever a queue loses, the next scan finds again. What it must not do is work on one key twice
 * at a time, forget a key that was added while it was worked on, or try for ever.
 *
 *   const queue = await JournalQueue.open("/var/lib/composefs")
 *   await queue.add("registry.example/app@sha256:9f1c…", data)
 *   await queue.work(async ({ data }, signal) => …, 4)
 *   await queue.close(30_000)
 */

import { ComposefsError } from "../error.ts";

/** What waits or is worked on. */
export interface QueueJob<Data> {
  /** Of two jobs with one key there is one. */
  key: string;
  /** Plain JSON; never a secret: it lies on a disk or in Redis. */
  data: Data;
  /** Tries that failed so far. */
  failures: number;
}

/** A job that was given up: the quarantine. */
export interface DeadJob<Data> extends QueueJob<Data> {
  /** A code of ComposefsError, or `CRASHED`: the process ended while it worked on this, several times. */
  code: string;
  reason: string;
  /** Milliseconds since 1970. */
  atMs: number;
}

/** How many jobs there are. */
export interface QueueCounts {
  /** Those that wait for their next try included. */
  waiting: number;
  running: number;
  dead: number;
}

/** Does one job. What it throws is a failed try. @param signal says that the job is to be put back */
export type QueueWork<Data> = (job: QueueJob<Data>, signal: AbortSignal) => Promise<void>;

/** How often something is tried, and how long one waits in between. */
export interface RetryRules {
  /** Tries until a job is given up, the first included. */
  tries: number;
  /** Times that a process may end while it works on a job, until that is given up. */
  crashes: number;
  /** Milliseconds before the second try; they double with each one. */
  backoffMs: number;
  /** Most milliseconds between two tries. */
  backoffMaxMs: number;
}

export const RETRY_RULES: Readonly<RetryRules> = {
  // The client of registries has its own five tries within seconds; these are for what lasts minutes.
  tries: 3,
  // Images are looked into by processes that may die without this one: what ends it is hardly ever a job, and those that it has
  // at hand are innocent. Yet none may keep a service from coming up for ever.
  crashes: 25,
  backoffMs: 5_000,
  backoffMaxMs: 300_000,
};

/** Told of what happens to jobs, for metrics and logs. */
export interface QueueEvents<Data> {
  onFailure?(job: QueueJob<Data>, failure: { code: string; reason: string }, isDead: boolean): void;
}

/** A queue of jobs, in a directory or in Redis. */
export interface Queue<Data> {
  /** Whether what is asked is answered soon; a queue in Redis waits while Redis is away. */
  readonly isReachable: boolean;
  /**
   * Adds a job. One whose key waits already stays as it is; one that is worked on is done once more afterwards; one that was
   * given up stays so, unless it failed for a reason that passes ({@link mayPass}).
   *
   * @returns whether there is something new to do
   */
  add(key: string, data: Data): Promise<boolean>;
  /** Takes jobs in turn and works on them, so many at a time, until `close`. Called once. */
  work(work: QueueWork<Data>, parallel: number): void;
  /** Settles when nothing waits and nothing is worked on; jobs that wait for their next try are waited for. */
  idle(): Promise<void>;
  counts(): Promise<QueueCounts>;
  dead(): Promise<DeadJob<Data>[]>;
  /** Gives a job that was given up all its tries again. @returns false when there is no such job */
  retry(key: string): Promise<boolean>;
  /**
   * Takes no further job. What is worked on may end within `graceMs`; after that its signal is aborted, and it is put back
   * without counting as a failure.
   */
  close(graceMs: number): Promise<void>;
}

/** Code and text of what a job threw. Whatever is no error of ours is a bug of ours, and is named so. */
export function failureOf(error: unknown): { code: string; reason: string } {
  if (error instanceof ComposefsError) return { code: error.code, reason: error.message };
  return { code: "BUG", reason: `${(error as Error)?.message ?? error}` };
}

/** Whether what failed with a code may succeed later on: registries, disks and workers recover, images stay what they are. */
export function mayPass(code: string): boolean {
  return /^(REGISTRY_|IO_|SERVICE_STUCK$)/.test(code);
}
