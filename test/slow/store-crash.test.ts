/** Importers that are killed leave nothing damaged behind: 200 of them. */
import { expect, test } from "vitest";
import { emptyFolder } from "../src/cli/run.ts";
import { killImporters } from "../support/store-crash.ts";

const KILLS = 200;

test.skipIf(process.platform !== "linux")(`${KILLS} kills at random moments (needs Linux)`, async () => {
  const counts = await killImporters(emptyFolder(), KILLS, 2n);
  console.log(JSON.stringify(counts));
  expect(counts.killed + counts.ended).toBe(KILLS);
  expect(counts.completed).toBe(KILLS / 5);
  expect(counts.interrupted).toBeGreaterThan(KILLS / 5);
});
