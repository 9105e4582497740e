/** The arena: zeroed, aligned, and never beyond its limit. */

import { describe, expect, it } from "vitest";
import { testingEngine } from "../../support/testing-engine.ts";

describe("the arena", () => {
  it("hands out zeroed memory at multiples of 8, also where an earlier job wrote", () => {
    const engine = testingEngine();
    for (let job = 0; job < 3; job++) {
      engine.arenaReset();
      for (const size of [1, 7, 8, 9, 4096, 65536, 1 << 20, 5_000_001]) {
        const at = engine.arenaAllocate(BigInt(size));
        expect(at % 8).toBe(0);
        expect(engine.get(at, size).every((byte) => byte === 0)).toBe(true);
        new Uint8Array(engine.memory.buffer).fill(0xa5, at, at + size);
      }
    }
  });

  it("returns to a mark", () => {
    const engine = testingEngine();
    engine.arenaReset();
    const before = engine.arenaAllocate(24n);
    const mark = engine.arenaMark();
    const dropped = engine.arenaAllocate(1000n);
    new Uint8Array(engine.memory.buffer).fill(0xff, dropped, dropped + 1000);
    engine.arenaRelease(mark);
    expect(engine.arenaUsed()).toBe(24n);
    const again = engine.arenaAllocate(1000n);
    expect(again).toBe(dropped);
    expect(before).toBeLessThan(again);
    expect(engine.get(again, 1000).every((byte) => byte === 0)).toBe(true);
  });

  it("refuses what would pass the limit, and only that", () => {
    const engine = testingEngine();
    engine.arenaReset();
    engine.arenaLimit(32n << 20n);
    expect(engine.arenaAllocate(33n << 20n)).toBe(0);
    expect(engine.arenaAllocate(2n ** 32n)).toBe(0);
    expect(engine.arenaAllocate(2n ** 63n)).toBe(0);
    let last = 0;
    for (let at = engine.arenaAllocate(4096n); at !== 0; at = engine.arenaAllocate(4096n)) last = at;
    expect(engine.memory.buffer.byteLength).toBe(32 << 20);
    // All of it is used but for the readable bytes that always follow, and less than one more allocation.
    expect((32 << 20) - (last + 4096)).toBeLessThan(4096 + 64);
    expect(engine.arenaAllocate(8n)).toBeGreaterThan(0);
  });
});
