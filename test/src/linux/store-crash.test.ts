/** Importers that are killed leave nothing damaged behind. test/slow/store-crash.test.ts does more of the same. */
import { expect, test } from "vitest";
import { killImporters } from "../../support/store-crash.ts";
import { emptyFolder } from "../cli/run.ts";

const KILLS = 20;
/** Each of them starts a process, on a machine that may be busy. */
const TIMEOUT_MS = 300_000;

test.skipIf(process.platform !== "linux")(
  `${KILLS} kills at random moments (needs Linux)`,
  async () => {
    const counts = await killImporters(emptyFolder(), KILLS, 1n);
    expect(counts.killed + counts.ended).toBe(KILLS);
    expect(counts.completed).toBe(KILLS / 5);
    // Otherwise the moments are no test.
    expect(counts.interrupted).toBeGreaterThan(KILLS / 5);
  },
  TIMEOUT_MS,
);
