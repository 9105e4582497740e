/** A time that is too long for a timer is the longest that one takes, not none at all. */
import { expect, test } from "vitest";
import { timerMs } from "../../../src/service/timer.ts";

test.each([
  [1, 1000],
  [0.5, 500],
  [2_147_483, 2_147_483_000],
  // One second more than a timer takes.
  [2_147_484, 2_147_483_647],
  [1e300, 2_147_483_647],
])("%d seconds are %d milliseconds", (seconds, ms) => {
  expect(timerMs(seconds)).toBe(ms);
});
