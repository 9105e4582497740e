/**
 * The queue of many machines: BullMQ on Redis, the key as the id of the job, so that in the whole fleet there is one of a key.
 *
 * A worker holds a lock on its job and renews it. When it dies or hangs the lock runs out, and another worker takes the job; what
 * ends its workers `crashes` times is given up. Jobs that are done are removed: the registry and the layer cache are the truth,
 * and a key that is wanted again is added again. Jobs that were given up stay, with the reason, until they are tried again.
 *
 * BullMQ and its client of Redis are loaded when a queue is opened, and not before.
 */

import type { Queue as BullQueue, Job, Worker } from "bullmq";
import { ComposefsError } from "../error.ts";
import { sleep } from "../registry/endpoint.ts";
import { stuckError, TurnClock, within } from "./job-time.ts";
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
import { RedisEndings } from "./redis-endings.ts";
import { RedisHealth } from "./redis-health.ts";
import { failureIn, failureText, idOf, keyOf } from "./redis-job.ts";
import { RedisNotes } from "./redis-notes.ts";
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
  /** False where what is worked on need not be done once more: it comes to the same. */
  repeats?: boolean;
  /** Milliseconds that one process may have a job, from taking it to its end: SERVICE_STUCK; default: for ever. */
  jobMs?: number;
  /** Told when Redis cannot be reached, once for each reason, in words without secrets. It is tried again for ever. */
  onTrouble?: ((reason: string) => void) | undefined;
}

/** Two missed renewals of a process that is busy with hashing, and then some. */
const LOCK_MS = 30_000;
/** Milliseconds that the last words to Redis may take when a queue closes. */
const CLOSE_MS = 5_000;

export class RedisQueue<Data> implements Queue<Data> {
  readonly #bull: typeof import("bullmq");
  readonly #name: string;
  readonly #base: { connection: RedisPlace["connection"]; prefix: string };
  readonly #options: RedisQueueOptions<Data>;
  readonly #rules: RetryRules;
  readonly #queue: BullQueue<Data>;
  readonly #notes: RedisNotes<Data>;
  readonly #health: RedisHealth;
  readonly #running = new Map<string, AbortController>();
  #endings: RedisEndings | undefined;
  #worker: Worker<Data> | undefined;
  #looks: NodeJS.Timeout | undefined;

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
    this.#notes = new RedisNotes(this.#queue);
    this.#health = new RedisHealth(this.#queue, options.onTrouble);
  }

  /**
   * Opens a queue. Redis need not be there yet.
   *
   * @param name letters; other names are other queues
   * @throws {ComposefsError} SERVICE_QUEUE when the packages are not there
   */
  static async open<Data>(
    place: RedisPlace,
    name: string,
    options: RedisQueueOptions<Data> = {},
  ): Promise<RedisQueue<Data>> {
    const bull = await import("bullmq").catch((cause) => {
      const what = "a queue in Redis needs the packages bullmq and ioredis, which cannot be loaded here";
      throw new ComposefsError("SERVICE_QUEUE", `${what}; npm install bullmq ioredis`, {}, { cause });
    });
    return new RedisQueue<Data>(bull, place, name, options);
  }

  get isReachable(): boolean {
    return this.#health.isReachable;
  }

  /** Waits until Redis is there. @param ms at most so many milliseconds @throws {ComposefsError} SERVICE_QUEUE */
  reach(ms: number): Promise<void> {
    return this.#health.reach(ms);
  }

  async add(key: string, data: Data): Promise<boolean> {
    const id = idOf(key);
    const state = await this.#queue.getJobState(id);
    if (state === "failed") {
      const job = await this.#queue.getJob(id);
      if (job && !mayPass(failureIn(job).code)) return false;
      return this.retry(key);
    }
    if (state === "active" && this.#repeats) {
      await this.#notes.write(id, data);
      // It may have ended between the look and the note.
      await this.#heed(id);
      return true;
    }
    if (state !== "unknown" && state !== "completed") return false;
    await this.#insert(id, data);
    return true;
  }

  work(work: QueueWork<Data>, parallel: number): void {
    const { lockMs = LOCK_MS, perSecond, fleetParallel } = this.#options;
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
    this.#health.hear(worker);
    worker.on("failed", (job) => {
      if (job === undefined) return;
      const isDead = job.finishedOn !== undefined;
      const { attemptsMade: failures, data } = job;
      this.#options.onFailure?.({ key: keyOf(job.id!), data, failures }, failureIn(job), isDead);
      void this.#afterwards(job.id!);
    });
    worker.on("completed", (job) => void this.#afterwards(job.id!));
    // Who was to heed a note may have died.
    this.#looks = setInterval(() => void this.#afterwards(null), lockMs);
    const bound =
      fleetParallel === undefined
        ? this.#queue.removeGlobalConcurrency()
        : this.#queue.setGlobalConcurrency(fleetParallel);
    bound.catch(() => {
      // The queue was closed before Redis was there.
    });
  }

  async idle(): Promise<void> {
    for (;;) {
      const { waiting, running } = await this.counts();
      if (waiting + running === 0 && (await this.#notes.all()).length === 0) return;
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
    // How often workers died of it is not among the counts that BullMQ sets to nothing.
    const client = await this.#queue.backend.client;
    await client.hdel(this.#queue.toKey(job.id!), "stc");
    try {
      await job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
    } catch (error) {
      // Another process was faster.
      if (await job.isFailed()) throw error;
    }
    return true;
  }

  /**
   * Settles when a job that was added is done, wherever in the fleet.
   *
   * @throws {ComposefsError} what the job failed with, when it was given up; the reason of the signal; SERVICE_STUCK
   */
  async finished(key: string, signal?: AbortSignal): Promise<void> {
    const id = idOf(key);
    const endings = this.#listen();
    const clock = new TurnClock();
    for (;;) {
      signal?.throwIfAborted();
      const heard = endings.next(id, signal);
      const state = await this.#queue.getJobState(id);
      if (state === "unknown" || state === "completed") return;
      if (state === "failed") {
        const job = await this.#queue.getJob(id);
        if (!job) return;
        const { code, reason } = failureIn(job);
        throw new ComposefsError(code as ComposefsError["code"], reason);
      }
      if (state === "active") await this.#checkTurn(id, clock);
      await heard;
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#health.close();
    clearInterval(this.#looks);
    // Who does nothing, and reaches nobody, has no last words.
    const isMute = this.#running.size === 0 && !this.isReachable;
    const closing = this.#close(isMute);
    // What is done while Redis is away cannot be told to it: another worker does it again.
    if (await isLate(closing, this.isReachable ? graceMs : 0)) {
      for (const control of this.#running.values()) control.abort(new Error("the queue is closed"));
    }
    if (await isLate(closing, isMute ? 0 : CLOSE_MS)) {
      for (const one of [this.#worker, this.#endings?.events, this.#queue]) if (one !== undefined) hangUp(one.backend);
    }
  }

  /** @param isMute whether nothing is waited for: a worker that never reached Redis waits for that, too */
  async #close(isMute: boolean): Promise<void> {
    await this.#worker?.close(isMute);
    await Promise.all([this.#endings?.close(), this.#queue.close()]);
  }

  get #repeats(): boolean {
    return this.#options.repeats ?? true;
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
    const { jobMs } = this.#options;
    let isLate = false;
    const onLate = (error: ComposefsError) => {
      isLate = true;
      control.abort(error);
    };
    try {
      const working = work({ key: keyOf(id), data: job.data, failures: job.attemptsMade }, control.signal);
      await (jobMs === undefined ? working : within(jobMs, working, onLate));
    } catch (error) {
      if (control.signal.aborted && !isLate) {
        await job.moveToWait(token);
        throw new this.#bull.WaitingError();
      }
      throw new Error(failureText(failureOf(error)));
    } finally {
      this.#running.delete(id);
    }
  }

  /**
   * Refuses to wait any longer for a process that has a job for too long. It should have failed the job by itself; until a lock
   * of it had run out, it may only have been slow to say so.
   */
  async #checkTurn(id: string, clock: TurnClock): Promise<void> {
    const { jobMs, lockMs = LOCK_MS } = this.#options;
    if (jobMs === undefined) return;
    const client = await this.#queue.backend.client;
    const turn = await client.hget(this.#queue.toKey(id), "processedOn");
    if (turn && clock.msOf(turn) > jobMs + lockMs) throw stuckError(jobMs);
  }

  /** Adds jobs that were wanted once more and are not worked on now. @param only the id of one; null for all */
  async #heed(only: string | null): Promise<void> {
    for (const note of await this.#notes.all()) {
      if (only !== null && note.id !== only) continue;
      if ((await this.#queue.getJobState(note.id)) === "active") continue;
      await this.add(keyOf(note.id), note.data);
      await this.#notes.remove(note);
    }
  }

  async #afterwards(id: string | null): Promise<void> {
    if (!this.#repeats || !this.isReachable) return;
    await this.#heed(id).catch(() => {
      // Redis is away or closed: whoever looks next finds the note.
    });
  }

  #listen(): RedisEndings {
    if (this.#endings === undefined) {
      const events = new this.#bull.QueueEvents(this.#name, this.#base);
      this.#health.hear(events);
      this.#endings = new RedisEndings(events);
    }
    return this.#endings;
  }
}

/** Ends connections on which nothing is answered: those that were there once, and those that never came about. */
function hangUp(backend: BullQueue["backend"]): void {
  const { client, blockingClient } = backend;
  for (const one of [client, blockingClient]) one?.then((it) => it.disconnect()).catch(() => {});
  backend.close(true).catch(() => {});
}

/** Whether something has not ended within so many milliseconds. */
async function isLate(work: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), ms);
  });
  try {
    return await Promise.race([work.then(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
