/**
 * The queue of many machines: BullMQ on Redis, the key as the id of the job, so that in the whole fleet there is one of a key.
 *
 * A worker holds a lock on its job and renews it. When it dies or hangs the lock runs out, and another worker takes the job; what
 * ends its workers `crashes` times is given up. Jobs that are done are removed: the registry and the layer cache are the truth,
 * and a key that is wanted again is added again. Jobs that were given up stay, with the reason, until they are tried again.
 *
 * BullMQ and its client of Redis are loaded when a queue is opened, and not before.
 */

import type { QueueEvents as BullEvents, Queue as BullQueue, Job, Worker } from "bullmq";
import { ComposefsError } from "../error.ts";
import { sleep } from "../registry/endpoint.ts";
import {
  type DeadJob,
  failureOf,
  mayPass,
  type Queue,
  type QueueCounts,
  type QueueEvents,
  type QueueWork,
  RETRY_RULES,
  type RetryRules,
} from "./queue.ts";
import type { RedisPlace } from "./redis-place.ts";

/** Options of {@link RedisQueue}. */
export interface RedisQueueOptions<Data> extends QueueEvents<Data> {
  rules?: Partial<RetryRules>;
  /** Milliseconds until a worker that gives no sign is taken for dead. */
  lockMs?: number;
  /** Jobs of the whole fleet that are begun in a second, at most. */
  perSecond?: number | undefined;
  /** Jobs of the whole fleet that are worked on at the same time, at most. */
  fleetParallel?: number | undefined;
  /** Told when Redis cannot be reached, in words without secrets. It is tried again for ever. */
  onTrouble?: (reason: string) => void;
}

/** Two missed renewals of a process that is busy with hashing, and then some. */
const LOCK_MS = 30_000;
/** Milliseconds between two looks at jobs whose event may have been missed, while Redis was away. */
const LOOK_MS = 2_000;
/** What BullMQ says of a job whose worker died too often. */
const STALLED = /stalled/;
/** A code before the text of a failure, as this queue stores it. */
const CODED = /^([A-Z][A-Z0-9_]*): (.*)$/s;

export class RedisQueue<Data> implements Queue<Data> {
  readonly #bull: typeof import("bullmq");
  readonly #name: string;
  readonly #base: { connection: RedisPlace["connection"]; prefix: string };
  readonly #options: RedisQueueOptions<Data>;
  readonly #rules: RetryRules;
  readonly #queue: BullQueue<Data>;
  readonly #running = new Map<string, AbortController>();
  readonly #waiters = new Map<string, Set<() => void>>();
  #events: BullEvents | undefined;
  #worker: Worker<Data> | undefined;

  private constructor(
    bull: typeof import("bullmq"),
    { connection, prefix }: RedisPlace,
    name: string,
    options: RedisQueueOptions<Data>,
  ) {
    this.#bull = bull;
    this.#name = name;
    this.#base = { connection, prefix };
    this.#options = options;
    this.#rules = { ...RETRY_RULES, ...options.rules };
    this.#queue = new bull.Queue<Data>(name, this.#base);
    this.#hearTrouble(this.#queue);
  }

  /**
   * Opens a queue. Redis need not be there yet.
   *
   * @param name letters; other names are other queues
   */
  static async open<Data>(
    place: RedisPlace,
    name: string,
    options: RedisQueueOptions<Data> = {},
  ): Promise<RedisQueue<Data>> {
    const queue = new RedisQueue<Data>(await import("bullmq"), place, name, options);
    if (options.fleetParallel !== undefined) await queue.#queue.setGlobalConcurrency(options.fleetParallel);
    return queue;
  }

  async add(key: string, data: Data): Promise<boolean> {
    const id = idOf(key);
    const state = await this.#queue.getJobState(id);
    if (state === "failed") {
      const job = await this.#queue.getJob(id);
      if (job && !mayPass(failureIn(job).code)) return false;
      return this.retry(key);
    }
    if (state === "active") {
      await this.#again(id, data);
      return true;
    }
    if (state !== "unknown" && state !== "completed") return false;
    await this.#insert(id, data);
    return true;
  }

  work(work: QueueWork<Data>, parallel: number): void {
    const { lockMs = LOCK_MS, perSecond } = this.#options;
    const { crashes, backoffMs, backoffMaxMs } = this.#rules;
    const run = async (job: Job<Data>, token?: string) => this.#run(job, token, work);
    const worker = new this.#bull.Worker<Data>(this.#name, run, {
      ...this.#base,
      concurrency: parallel,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: crashes - 1,
      ...(perSecond !== undefined && { limiter: { max: perSecond, duration: 1000 } }),
      settings: { backoffStrategy: (made: number) => Math.min(backoffMs * 2 ** (made - 1), backoffMaxMs) },
    });
    this.#worker = worker;
    this.#hearTrouble(worker);
    worker.on("failed", (job) => {
      if (job === undefined) return;
      const isDead = job.finishedOn !== undefined;
      const { attemptsMade: failures, data } = job;
      this.#options.onFailure?.({ key: keyOf(job.id!), data, failures }, failureIn(job), isDead);
      void this.#afterwards(job.id!);
    });
    worker.on("completed", (job) => void this.#afterwards(job.id!));
  }

  async idle(): Promise<void> {
    for (;;) {
      const { waiting, running } = await this.counts();
      if (waiting + running === 0) return;
      await sleep(100);
    }
  }

  async counts(): Promise<QueueCounts> {
    const counts = await this.#queue.getJobCounts("waiting", "delayed", "prioritized", "active", "failed");
    const of = (...names: string[]) => names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
    return { waiting: of("waiting", "delayed", "prioritized"), running: of("active"), dead: of("failed") };
  }

  async dead(): Promise<DeadJob<Data>[]> {
    const jobs = await this.#queue.getFailed();
    return jobs.flatMap((job) => {
      if (!job?.id) return [];
      const { data, attemptsMade, finishedOn = 0 } = job;
      return [{ key: keyOf(job.id), data, failures: attemptsMade, ...failureIn(job), atMs: finishedOn }];
    });
  }

  async retry(key: string): Promise<boolean> {
    const job = await this.#queue.getJob(idOf(key));
    if (!job || !(await job.isFailed())) return false;
    // Anew, and not by `job.retry`: the counts of tries and of dead workers begin at nothing.
    await job.remove();
    return (await this.#insert(job.id!, job.data)) !== undefined;
  }

  /**
   * Settles when a job that was added is done, wherever in the fleet.
   *
   * @throws {ComposefsError} what the job failed with, when it was given up; the reason of the signal
   */
  async finished(key: string, signal?: AbortSignal): Promise<void> {
    const id = idOf(key);
    await this.#listen();
    for (;;) {
      signal?.throwIfAborted();
      const heard = this.#hear(id, signal);
      const state = await this.#queue.getJobState(id);
      if (state === "unknown" || state === "completed") return;
      if (state === "failed") {
        const job = await this.#queue.getJob(id);
        if (!job) return;
        const { code, reason } = failureIn(job);
        throw new ComposefsError(code as ComposefsError["code"], reason);
      }
      await heard;
    }
  }

  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const control of this.#running.values()) control.abort(new Error("the queue is closed"));
    }, graceMs);
    await this.#worker?.close();
    clearTimeout(timer);
    await Promise.all([this.#events?.close(), this.#queue.close()]);
  }

  async #insert(id: string, data: Data) {
    const { tries } = this.#rules;
    const options = { jobId: id, attempts: tries, backoff: { type: "custom" }, removeOnComplete: true };
    // The types of BullMQ want to know of `Data` what cannot be known here.
    const add = this.#queue.add.bind(this.#queue) as unknown as (...job: [string, Data, object]) => Promise<Job<Data>>;
    return (await add(this.#name, data, { ...options, stackTraceLimit: 0 })).id;
  }

  async #run(job: Job<Data>, token: string | undefined, work: QueueWork<Data>): Promise<void> {
    const id = job.id!;
    const control = new AbortController();
    this.#running.set(id, control);
    try {
      await work({ key: keyOf(id), data: job.data, failures: job.attemptsMade }, control.signal);
    } catch (error) {
      if (control.signal.aborted) {
        await job.moveToWait(token);
        throw new this.#bull.WaitingError();
      }
      const { code, reason } = failureOf(error);
      throw new Error(`${code}: ${reason}`);
    } finally {
      this.#running.delete(id);
    }
  }

  /** Notes that a job is to be done once more after its worker has ended. */
  async #again(id: string, data: Data): Promise<void> {
    const client = await this.#queue.backend.client;
    await client.hset(this.#queue.toKey("again"), { [id]: JSON.stringify(data) });
    // It may have ended between the look and the note.
    if ((await this.#queue.getJobState(id)) === "unknown") await this.#afterwards(id);
  }

  /** Adds a job that was wanted once more. Of those who see the note one removes it. */
  async #afterwards(id: string): Promise<void> {
    try {
      const client = await this.#queue.backend.client;
      const note = await client.hget(this.#queue.toKey("again"), id);
      if (note !== null && (await client.hdel(this.#queue.toKey("again"), id)) === 1) {
        await this.add(keyOf(id), JSON.parse(note) as Data);
      }
    } catch {
      // Redis is away or closed: the next scan finds what was wanted.
    }
  }

  async #listen(): Promise<void> {
    if (this.#events !== undefined) return;
    const events = new this.#bull.QueueEvents(this.#name, this.#base);
    this.#events = events;
    this.#hearTrouble(events);
    const wake = ({ jobId }: { jobId: string }) => {
      for (const wake of this.#waiters.get(jobId) ?? []) wake();
    };
    events.on("completed", wake).on("failed", wake);
  }

  /** Settles when a job has ended, or after a while. */
  #hear(id: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(id) ?? new Set();
      this.#waiters.set(id, waiters);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        waiters.delete(end);
        if (waiters.size === 0) this.#waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(end, LOOK_MS);
      signal?.addEventListener("abort", end);
      waiters.add(end);
    });
  }

  #hearTrouble(emitter: BullQueue<Data> | Worker<Data> | BullEvents): void {
    const hear = (error: Error) => {
      const { code } = error as Error & { code?: unknown };
      this.#options.onTrouble?.(typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : error.name);
    };
    (emitter as { on(event: "error", listener: (error: Error) => void): unknown }).on("error", hear);
  }
}

/** BullMQ allows neither a colon in an id nor one that is a number. */
function idOf(key: string): string {
  return `k${encodeURIComponent(key)}`;
}

function keyOf(id: string): string {
  return decodeURIComponent(id.slice(1));
}

function failureIn({ failedReason = "" }: { failedReason?: string }): { code: string; reason: string } {
  const [, code, reason] = CODED.exec(failedReason) ?? [];
  if (code !== undefined) return { code, reason: reason! };
  if (STALLED.test(failedReason))
    return { code: "CRASHED", reason: "the process ended several times while it worked on this" };
  return { code: "BUG", reason: failedReason };
}
