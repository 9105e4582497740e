/**
 * Speed and remaining time of something whose progress is told now and then.
 */

/** The speed is that of the last seconds, so that it follows what happens, and does not dance. */
const WINDOW_MS = 3000;
/** Before that nothing is known. */
const SETTLED_MS = 400;

/** What is said of a running job. */
export interface Pace {
  bytesPerSecond: number;
  /** Seconds; undefined when the whole is not known. */
  remainingSeconds: number | undefined;
}

/** Follows one job. */
export class PaceMeter {
  readonly #points: Array<{ atMs: number; bytes: number }> = [];

  /** @param atMs of a clock that goes forward @param bytes done so far */
  add(atMs: number, bytes: number): void {
    this.#points.push({ atMs, bytes });
    while (this.#points.length > 2 && atMs - this.#points[0]!.atMs > WINDOW_MS) this.#points.shift();
  }

  /** @param totalBytes null when nobody knows @returns undefined before it can be said */
  pace(totalBytes: number | null): Pace | undefined {
    const first = this.#points[0];
    const last = this.#points.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < SETTLED_MS) return undefined;
    const bytesPerSecond = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
    const isKnown = totalBytes !== null && bytesPerSecond > 0;
    return {
      bytesPerSecond,
      remainingSeconds: isKnown ? Math.max(totalBytes - last.bytes, 0) / bytesPerSecond : undefined,
    };
  }
}
