/**
 * The queue of one process: in memory, with a journal in a directory from which it comes back.
 *
 * The journal has one line for each thing that happened, `CRC32 JSON\n`, appended and never changed:
 *
 *   9a0364b9 {"op":"add","key":"…","data":{…}}      waits
 *   1c291ca3 {"op":"take","key":"…"}                is worked on
 *   0e2b3f11 {"op":"done","key":"…"}                is done
 *   77a4be20 {"op":"fail","key":"…","failures":1}   waits for its next try
 *   51d0a1e7 {"op":"back","key":"…"}                was put back
 *   b3c9e4d5 {"op":"dead","key":"…","code":"…",…}   was given up
 *
 * A process that is killed leaves a torn last line at worst: reading ends at the first line that is not whole. When most
 * lines are about jobs that are done, what is left is written into a new file, which takes the place of the old one. What was
 * taken and not ended when the process died goes to the end, one crash older. Nothing waits for the disk: after a loss of
 * power the next scan finds what the journal lacks.
 */

import { join } from "node:path";
import { Journal } from "./journal.ts";
import {
  type DeadJob,
  failureOf,
  mayPass,
  type Queue,
  type QueueCounts,
  type QueueEvents,
  type QueueJob,
  type QueueWork,
  RETRY_RULES,
  type RetryRules,
} from "./queue.ts";

/** A job with what only this queue knows. */
interface Entry<Data> extends QueueJob<Data> {
  crashes: number;
  state: "waiting" | "running" | "dead";
  /** Whether it was added once more while it was worked on, with what. */
  again: Data | undefined;
  death: Pick<DeadJob<Data>, "code" | "reason" | "atMs"> | undefined;
}

/** A line of the journal. */
interface Line {
  op: "add" | "take" | "done" | "fail" | "back" | "dead";
  key: string;
  data?: unknown;
  failures?: number;
  crashes?: number;
  code?: string;
  reason?: string;
  atMs?: number;
}

/** Of the file in the directory of a queue. */
const NAME = "queue.journal";
/** Lines beyond those of jobs that are left, before the journal is written anew. */
const COMPACT_FROM_LINES = 10_000;

/** Options of {@link JournalQueue}. */
export interface JournalQueueOptions<Data> extends QueueEvents<Data> {
  rules?: Partial<RetryRules>;
}

export class JournalQueue<Data> implements Queue<Data> {
  readonly isReachable = true;
  readonly #journal: Journal | null;
  readonly #rules: RetryRules;
  readonly #events: QueueEvents<Data>;
  readonly #entries = new Map<string, Entry<Data>>();
  /** Keys in the order in which they are taken; a Set, so that the first one is found and removed at once. */
  readonly #ready = new Set<string>();
  /** Timers of jobs that wait for their next try. */
  readonly #delays = new Map<string, NodeJS.Timeout>();
  readonly #running = new Map<string, AbortController>();
  readonly #idlers = new Set<() => void>();
  #work: QueueWork<Data> | undefined;
  #parallel = 0;
  #isClosed = false;

  private constructor(journal: Journal | null, { rules, ...events }: JournalQueueOptions<Data>) {
    this.#journal = journal;
    this.#rules = { ...RETRY_RULES, ...rules };
    this.#events = events;
  }

  /**
   * Opens the queue of a directory, which is made when it is not there.
   *
   * @param directory null for a queue that ends with the process
   * @throws {ComposefsError} IO_*; IO_LOCKED when another process has it
   */
  static async open<Data>(
    directory: string | null,
    options: JournalQueueOptions<Data> = {},
  ): Promise<JournalQueue<Data>> {
    const journal = directory === null ? null : Journal.open(join(directory, NAME));
    const queue = new JournalQueue<Data>(journal, options);
    for (const line of journal?.read() ?? []) queue.#replay(line as Line);
    queue.#recover();
    return queue;
  }

  /**
   * The queue of a directory as it is now, which another process may have open: for its counts and what was given up, not to
   * be worked on.
   *
   * @throws {ComposefsError} IO_READ when there is none
   */
  static look<Data>(directory: string): Pick<Queue<Data>, "counts" | "dead"> {
    const queue = new JournalQueue<Data>(null, {});
    for (const line of Journal.look(join(directory, NAME))) queue.#replay(line as Line);
    for (const { key, state } of queue.#entries.values()) {
      if (state === "running") queue.#running.set(key, new AbortController());
      else if (state === "waiting") queue.#ready.add(key);
    }
    return queue;
  }

  async add(key: string, data: Data): Promise<boolean> {
    const known = this.#entries.get(key);
    if (known?.state === "waiting") return false;
    if (known?.state === "running") {
      known.again = data;
      return true;
    }
    if (known?.state === "dead" && !mayPass(known.death!.code)) return false;
    this.#entries.set(key, freshEntry(key, data));
    this.#log({ op: "add", key, data });
    this.#ready.add(key);
    this.#turn();
    return true;
  }

  work(work: QueueWork<Data>, parallel: number): void {
    this.#work = work;
    this.#parallel = parallel;
    this.#turn();
  }

  async idle(): Promise<void> {
    if (this.#ready.size + this.#delays.size + this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#idlers.add(resolve));
  }

  async counts(): Promise<QueueCounts> {
    const waiting = this.#ready.size + this.#delays.size;
    const running = this.#running.size;
    return { waiting, running, dead: this.#entries.size - waiting - running };
  }

  async dead(): Promise<DeadJob<Data>[]> {
    return [...this.#entries.values()].flatMap(({ state, key, data, failures, death }) =>
      state === "dead" ? [{ key, data, failures, ...death! }] : [],
    );
  }

  async retry(key: string): Promise<boolean> {
    const entry = this.#entries.get(key);
    if (entry?.state !== "dead") return false;
    this.#entries.set(key, freshEntry(key, entry.data));
    this.#log({ op: "add", key, data: entry.data });
    this.#ready.add(key);
    this.#turn();
    return true;
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#delays.values()) clearTimeout(timer);
    this.#delays.clear();
    if (this.#running.size > 0) {
      const timer = setTimeout(() => {
        for (const control of this.#running.values()) control.abort(new Error("the queue is closed"));
      }, graceMs);
      while (this.#running.size > 0) await new Promise<void>((resolve) => this.#idlers.add(resolve));
      clearTimeout(timer);
    }
    this.#wakeIdlers();
    this.#journal?.close();
  }

  /** Notes what has happened already: the entries are what a journal that is written anew is made of. */
  #log(line: Line): void {
    if (this.#journal === null) return;
    this.#journal.append(line);
    if (this.#journal.lines > 3 * this.#entries.size + COMPACT_FROM_LINES) this.#journal.replace(this.#lines());
  }

  /** The journal of what is left. */
  *#lines(): Generator<Line> {
    for (const { key, data, failures, crashes, state, death } of this.#entries.values()) {
      yield { op: "add", key, data, failures, crashes };
      if (state === "running") yield { op: "take", key };
      if (state === "dead") yield { op: "dead", key, ...death! };
    }
  }

  #replay({ op, key, data, failures, crashes, code, reason, atMs }: Line): void {
    if (op === "add") {
      this.#entries.set(key, {
        ...freshEntry(key, data as Data),
        failures: failures ?? 0,
        crashes: crashes ?? 0,
      });
      return;
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    if (op === "done") this.#entries.delete(key);
    else if (op === "take") entry.state = "running";
    else if (op === "dead") Object.assign(entry, { state: "dead", death: { code, reason, atMs } });
    else Object.assign(entry, { state: "waiting", failures: failures ?? entry.failures });
  }

  /** After the journal was read: what waits is ready at once, and what was taken when the process ended goes to the end. */
  #recover(): void {
    const torn: Entry<Data>[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.state === "running") torn.push(entry);
      else if (entry.state === "waiting") this.#ready.add(entry.key);
    }
    for (const entry of torn) {
      const crashes = entry.crashes + 1;
      const { key, data, failures } = entry;
      Object.assign(entry, { crashes, state: "waiting" });
      this.#log({ op: "add", key, data, failures, crashes });
      const reason = `the process ended ${crashes} times while it worked on this`;
      if (crashes >= this.#rules.crashes) this.#bury(entry, { code: "CRASHED", reason });
      else this.#ready.add(key);
    }
  }

  #turn(): void {
    while (this.#work !== undefined && !this.#isClosed && this.#running.size < this.#parallel) {
      const [key] = this.#ready;
      if (key === undefined) return;
      this.#ready.delete(key);
      void this.#run(this.#entries.get(key)!, this.#work);
    }
  }

  async #run(entry: Entry<Data>, work: QueueWork<Data>): Promise<void> {
    const { key } = entry;
    const control = new AbortController();
    entry.state = "running";
    this.#running.set(key, control);
    this.#log({ op: "take", key });
    try {
      await work({ key, data: entry.data, failures: entry.failures }, control.signal);
      this.#log({ op: "done", key });
      this.#entries.delete(key);
    } catch (error) {
      if (control.signal.aborted) {
        entry.state = "waiting";
        this.#log({ op: "back", key });
        this.#ready.add(key);
      } else this.#fail(entry, failureOf(error));
    }
    this.#running.delete(key);
    if (entry.again !== undefined) {
      const { again } = entry;
      entry.again = undefined;
      if (entry.state !== "waiting") await this.add(key, again);
    }
    if (this.#isClosed || this.#ready.size + this.#delays.size + this.#running.size === 0) this.#wakeIdlers();
    this.#turn();
  }

  #fail(entry: Entry<Data>, failure: { code: string; reason: string }): void {
    const { tries, backoffMs, backoffMaxMs } = this.#rules;
    const { key } = entry;
    entry.failures++;
    const isDead = entry.failures >= tries;
    if (isDead) this.#bury(entry, failure);
    else {
      entry.state = "waiting";
      this.#log({ op: "fail", key, failures: entry.failures });
      const delay = Math.min(backoffMs * 2 ** (entry.failures - 1), backoffMaxMs);
      const wake = () => {
        this.#delays.delete(key);
        this.#ready.add(key);
        this.#turn();
      };
      // Whoever opens the journal next tries at once.
      if (!this.#isClosed) this.#delays.set(key, setTimeout(wake, delay));
    }
    this.#events.onFailure?.({ key, data: entry.data, failures: entry.failures }, failure, isDead);
  }

  #bury(entry: Entry<Data>, { code, reason }: { code: string; reason: string }): void {
    entry.state = "dead";
    entry.death = { code, reason, atMs: Date.now() };
    this.#log({ op: "dead", key: entry.key, failures: entry.failures, ...entry.death });
  }

  #wakeIdlers(): void {
    for (const wake of this.#idlers) wake();
    this.#idlers.clear();
  }
}

function freshEntry<Data>(key: string, data: Data): Entry<Data> {
  return { key, data, failures: 0, crashes: 0, state: "waiting", again: undefined, death: undefined };
}
