/** Who hashes: the rules of the race, with made-up times. */
import { expect, test } from "vitest";
import { HashRace } from "../../../src/engine/race.ts";

const PIECE = 1 << 18;
const HEAD_START_PIECES = 16;

/** Runs pieces through a race; `cost` gives milliseconds for a piece. Returns who had the turns. */
function run(race: HashRace, pieces: number, cost: (runner: "engine" | "host", turn: number) => number): string[] {
  return Array.from({ length: pieces }, (_, turn) => {
    const runner = race.next();
    race.report(runner, PIECE, cost(runner, turn));
    return runner;
  });
}

test("the host has the first pieces: a short job never tries the engine", () => {
  expect(new Set(run(new HashRace(), HEAD_START_PIECES, () => 1))).toEqual(new Set(["host"]));
});

test("the faster one gets everything after the race, though it was slow at first", () => {
  const race = new HashRace();
  run(race, 100, (runner, turn) => (runner === "host" ? 2 : turn < 30 ? 9 : 1));
  expect(new Set(run(race, 10, () => 5))).toEqual(new Set(["engine"]));
});

test("the host wins where it is faster", () => {
  const race = new HashRace();
  run(race, 100, (runner) => (runner === "host" ? 1 : 2));
  expect(new Set(run(race, 10, () => 5))).toEqual(new Set(["host"]));
});

test("empty pieces do not count", () => {
  const race = new HashRace();
  for (let i = 0; i < 1000; i++) race.report(race.next(), 0, 0);
  expect(race.next()).toBe("host");
});
