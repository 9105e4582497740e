/** The merge sort against the host's, and what it costs. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testingEngine } from "../../support/testing-engine.ts";

const ITEM_BYTES = 16;
const engine = testingEngine();

type Item = [key: bigint, value: number];

/** Sorts in the engine; returns the items and the number of comparisons of equal keys. */
function sort(items: Item[]): { sorted: Item[]; comparisons: number } {
  const bytes = Buffer.alloc(items.length * ITEM_BYTES);
  for (const [i, [key, value]] of items.entries()) {
    bytes.writeBigUInt64LE(key, i * ITEM_BYTES);
    bytes.writeUInt32LE(value, i * ITEM_BYTES + 8);
  }
  engine.put(engine.scratch, bytes);
  const comparisons = engine.testSort(engine.scratch, items.length);
  const out = engine.get(engine.scratch, bytes.length);
  return {
    sorted: items.map((_, i): Item => [out.readBigUInt64LE(i * ITEM_BYTES), out.readUInt32LE(i * ITEM_BYTES + 8)]),
    comparisons,
  };
}

/** Array.prototype.sort is stable, as ours must be: the low byte of a value takes no part in the order. */
function sortSlowly(items: Item[]): Item[] {
  return [...items].sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : (x >> 8) - (y >> 8)));
}

describe("sort", () => {
  it("orders by key, then value, and keeps what is equal in place", () => {
    const key = fc.oneof(
      fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 64n - 1n),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    );
    const item = fc.tuple(key, fc.nat({ max: 0xffff }));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 200 }), (items) => {
        expect(sort(items).sorted).toEqual(sortSlowly(items));
      }),
      { numRuns: 500 },
    );
  });

  const count = 20_000;
  const numbered = (value: (i: number) => number) => Array.from({ length: count }, (_, i): Item => [0n, value(i) << 8]);

  it("takes one pass over what ascends or descends", () => {
    const ascending = numbered((i) => i);
    expect(sort(ascending)).toEqual({ sorted: ascending, comparisons: count - 1 });
    expect(sort([...ascending].reverse())).toEqual({ sorted: ascending, comparisons: count - 1 });
  });

  it("never takes more than n log n", () => {
    const shapes: Array<(i: number) => number> = [
      (i) => (i * 7919) % count,
      (i) => (i % 2 ? i : count - i),
      (i) => i % 2,
      (i) => (i < count / 2 ? i : count - i),
      (i) => Math.imul(i, 2654435761) >>> 16,
    ];
    for (const shape of shapes) {
      const items = numbered(shape);
      const { sorted, comparisons } = sort(items);
      expect(sorted).toEqual(sortSlowly(items));
      expect(comparisons).toBeLessThan(count * Math.ceil(Math.log2(count)) + count);
    }
  });
});
