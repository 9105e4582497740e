/** Speed and remaining time: those of the last seconds. */
import { expect, test } from "vitest";
import { PaceMeter } from "../../../../../src/inspector/page/model/pace.ts";

test("nothing is said before there is something to say", () => {
  const meter = new PaceMeter();
  expect(meter.pace(100)).toBeUndefined();
  meter.add(0, 0);
  meter.add(300, 10);
  expect(meter.pace(100)).toBeUndefined();
});

test("speed and the time that remains", () => {
  const meter = new PaceMeter();
  meter.add(0, 0);
  meter.add(1000, 250);
  expect(meter.pace(1000)).toEqual({ bytesPerSecond: 250, remainingSeconds: 3 });
  expect(meter.pace(null)).toEqual({ bytesPerSecond: 250, remainingSeconds: undefined });
});

test("what was long ago counts no more", () => {
  const meter = new PaceMeter();
  for (let second = 0; second <= 10; second++) meter.add(second * 1000, second * 1000);
  for (let second = 11; second <= 20; second++) meter.add(second * 1000, 10_000 + (second - 10) * 10);
  expect(meter.pace(null)?.bytesPerSecond).toBe(10);
});

test("a job that stands has no end", () => {
  const meter = new PaceMeter();
  meter.add(0, 5);
  meter.add(2000, 5);
  expect(meter.pace(10)).toEqual({ bytesPerSecond: 0, remainingSeconds: undefined });
});
