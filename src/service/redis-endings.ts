/** Tells when jobs end, wherever in the fleet. An event may be missed, while Redis is away: whoever waits looks now and then. */

import type { QueueEvents as BullEvents } from "bullmq";

/** Milliseconds between two looks. */
const LOOK_MS = 2_000;

export class RedisEndings {
  readonly events: BullEvents;
  readonly #waiters = new Map<string, Set<() => void>>();

  constructor(events: BullEvents) {
    this.events = events;
    const wake = ({ jobId }: { jobId: string }) => {
      for (const end of this.#waiters.get(jobId) ?? []) end();
    };
    events.on("completed", wake).on("failed", wake);
  }

  /** Settles when a job has ended, the signal was aborted, or it is time for a look. */
  next(id: string, signal: AbortSignal | undefined): Promise<void> {
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

  close(): Promise<void> {
    return this.events.close();
  }
}
