/** Times of timers, which take no more than some 24 days: setTimeout() of Node ends a longer one at once. */

const TIMER_MAX_MS = 2 ** 31 - 1;

/** Milliseconds that a timer takes, of seconds that may be more. @returns at most 2^31 - 1 */
export function timerMs(seconds: number): number {
  return Math.min(seconds * 1000, TIMER_MAX_MS);
}
