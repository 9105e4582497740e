/** The model of a fleet against what queueing theory says of queues that it can compute, and against itself without a queue. */
import { describe, expect, test } from "vitest";
import { makePushes, type Push, simulate, uniform } from "./fleet-model.mjs";

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean wait in a queue with c servers, random arrivals and exponential times: Erlang's C formula. */
function erlangWait(perSecond: number, meanSeconds: number, servers: number): number {
  const load = perSecond * meanSeconds;
  let term = 1;
  let sum = 0;
  for (let k = 0; k < servers; k++) {
    sum += term;
    term *= load / (k + 1);
  }
  const busy = term / (1 - load / servers);
  return ((busy / (sum + busy)) * meanSeconds) / (servers - load);
}

describe.each([1, 2, 5])("%d workers", (workers) => {
  test.each([0.5, 0.8])("at a load of %d wait as long as Erlang says", (load) => {
    const next = uniform(workers);
    let at = 0;
    const pushes = Array.from({ length: 400_000 }, (): Push => {
      at -= Math.log(next()) / (load * workers);
      return { at, layers: [-Math.log(next())] };
    });
    const { waits, busySeconds } = simulate(pushes, workers, 0);
    const queued = mean(waits) - busySeconds / pushes.length;
    const expected = erlangWait(load * workers, 1, workers);
    expect(Math.abs(queued / expected - 1)).toBeLessThan(0.06);
  });
});

test("alone, an image takes its longest layer and what comes after it", () => {
  const { waits, busySeconds } = simulate([{ at: 5, layers: [3, 1, 2] }], 3, 0.5);
  expect([waits[0], busySeconds]).toEqual([3.5, 6.5]);
});

test("one worker takes all layers in turn, and the image that was pushed first", () => {
  const pushes = [
    { at: 0, layers: [1, 1] },
    { at: 0.5, layers: [1] },
  ];
  expect([...simulate(pushes, 1, 0.25).waits]).toEqual([2.25, 3]);
});

test("pushes come as often as they are said to", () => {
  const pushes = makePushes({ pushesPerHour: 5000, hours: 24, seed: 1 });
  expect(Math.abs(pushes.length / 120_000 - 1)).toBeLessThan(0.02);
  expect(pushes.every(({ at }, i) => i === 0 || at >= pushes[i - 1]!.at)).toBe(true);
});
