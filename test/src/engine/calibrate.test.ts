/** Who hashes: the rules, with a made-up clock. */
import { expect, test } from "vitest";
import { calibrate, HashChoice, type Sample } from "../../../src/engine/calibrate.ts";

const host = () => 0;
const digests = Uint8Array.of(1, 2, 3);

/** A sample whose hashing moves the clock: milliseconds for each round. */
function race(engine: number[], hosts: number[], theirs = digests) {
  let time = 0;
  const sample: Sample = {
    byEngine() {
      time += engine.shift()!;
      return digests;
    },
    byHost() {
      time += hosts.shift()!;
      return theirs;
    },
  };
  return calibrate(sample, host, () => time);
}

test("the faster one wins, by its best round", () => {
  expect(race([5, 2, 5], [9, 9, 1])).toBe(host);
  expect(race([9, 9, 1], [5, 2, 5])).toBeUndefined();
});

test("a host that gives other digests is never used", () => {
  expect(race([9, 9, 9], [1, 1, 1], Uint8Array.of(1, 2, 4))).toBeUndefined();
  expect(race([9, 9, 9], [1, 1, 1], Uint8Array.of(1, 2))).toBeUndefined();
});

const never: Sample = {
  byEngine: () => {
    throw new Error("calibrated");
  },
  byHost: () => digests,
};

test("a job known to be short never compares", () => {
  const choice = new HashChoice("short", "auto", (1 << 25) - 1);
  for (let i = 0; i < 100; i++) {
    expect(choice.hasher(never)).toBeUndefined();
    choice.count(1 << 20);
  }
});

test("a long one compares after it has warmed up", () => {
  const choice = new HashChoice("long", "auto", 1 << 25);
  expect(choice.hasher(never)).toBeUndefined();
  choice.count(1 << 20);
  expect(() => choice.hasher(never)).toThrowError("calibrated");
});

test("one of unknown length compares when it has become long", () => {
  const choice = new HashChoice("unknown", "auto");
  choice.count((1 << 24) - 1);
  expect(choice.hasher(never)).toBeUndefined();
  choice.count(1);
  expect(() => choice.hasher(never)).toThrowError("calibrated");
});

test("off and on need no comparison", () => {
  expect(new HashChoice("sha256", "off", 1 << 30).hasher(never)).toBeUndefined();
  expect(new HashChoice("sha256", "on", 1 << 30).hasher(never)).toBeTypeOf("function");
});
