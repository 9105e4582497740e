/**
 * How long one process may have a job of a fleet. A process that dies or hangs as a whole renews no lock, and another one gets
 * its job. One that lives, and whose work on the job never ends, renews it for ever, and all who wait for the job wait with it.
 * Therefore its time ends here: it fails the job itself, and those who wait believe it for no longer than that and a moment.
 */

import { ComposefsError } from "../error.ts";

/** @param ms the limit, in milliseconds */
export function stuckError(ms: number): ComposefsError {
  const limit = ms / 1000;
  const message = `one worker has had this for more than ${limit} seconds (by imageSeconds), and does not end`;
  return new ComposefsError("SERVICE_STUCK", message, { limit });
}

/**
 * Waits for work, though not for ever: what the work does after that is nobody's business any more.
 *
 * @param onLate told before this fails, to call off the work
 * @throws {ComposefsError} SERVICE_STUCK after `ms` milliseconds, and what the work gives
 */
export async function within(ms: number, work: Promise<void>, onLate: (error: ComposefsError) => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = stuckError(ms);
      onLate(error);
      reject(error);
    }, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Tells how long a job has been seen with one process. By the clock of whoever looks: those of machines differ. */
export class TurnClock {
  #turn: string | null = null;
  #beganMs = 0;

  /** @param turn differs each time that a process takes the job @returns milliseconds since it was first seen */
  msOf(turn: string): number {
    const now = performance.now();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#beganMs = now;
    }
    return now - this.#beganMs;
  }
}
