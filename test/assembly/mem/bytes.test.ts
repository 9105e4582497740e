/** Comparing and copying bytes, against Buffer. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testingEngine } from "../../support/testing-engine.ts";

const engine = testingEngine();
const A = engine.scratch;
const B = engine.scratch + 4096;
/** What lies around the strings: no result may depend on it. */
const AROUND = 0x5a;

function place(at: number, text: Buffer, padding: number): void {
  new Uint8Array(engine.memory.buffer).fill(AROUND, at - 16, at + text.length + 32);
  engine.put(at, text);
  if (padding) new Uint8Array(engine.memory.buffer).fill(0, at + text.length, at + ((text.length + 7) & ~7));
}

const bytes = (min: number) =>
  fc
    .array(fc.oneof(fc.constantFrom(min, 1, 0x7f, 0x80, 0xff), fc.integer({ min, max: 255 })), { maxLength: 40 })
    .map((array) => Buffer.from(array));

/** Pairs that often share their beginning. */
const pairs = (min: number) =>
  fc
    .tuple(bytes(min), bytes(min), bytes(min))
    .map(([head, a, b]) => [Buffer.concat([head, a]), Buffer.concat([head, b])] as const);

describe("bytes", () => {
  it("are compared as unsigned, a prefix first", () => {
    fc.assert(
      fc.property(pairs(0), fc.integer({ min: 0, max: 7 }), ([a, b], shift) => {
        place(A + 16 + shift, a, 0);
        place(B + 16, b, 0);
        expect(Math.sign(engine.compare(A + 16 + shift, a.length, B + 16, b.length))).toBe(a.compare(b));
        const len = Math.min(a.length, b.length);
        const same = a.subarray(0, len).equals(b.subarray(0, len));
        expect(engine.equal(A + 16 + shift, B + 16, len) !== 0).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  it("without zeros are compared the same way in whole words", () => {
    fc.assert(
      fc.property(pairs(1), ([a, b]) => {
        place(A + 16, a, 1);
        place(B + 16, b, 1);
        expect(Math.sign(engine.comparePadded(A + 16, a.length, B + 16, b.length))).toBe(a.compare(b));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([0, 1, 7, 8, 9, 15, 16, 17, 255, 256, 257, 1000])("%i of them are copied, padded and zeroed", (length) => {
    const text = Buffer.from(Array.from({ length }, (_, i) => 1 + ((i * 7) % 255)));
    const padded = (length + 7) & ~7;
    place(A + 16, text, 0);
    new Uint8Array(engine.memory.buffer).fill(0, B, B + padded + 16);
    engine.copyAndPad(B, A + 16, length);
    expect(engine.get(B, padded + 8)).toEqual(Buffer.concat([text, Buffer.alloc(padded - length + 8)]));

    new Uint8Array(engine.memory.buffer).fill(AROUND, A, A + length + 32);
    engine.copyPadded(A, B, length);
    expect(engine.get(A, length)).toEqual(text);
    expect(engine.get(A + padded, 8)).toEqual(Buffer.alloc(8, AROUND));

    engine.zero(A, length);
    expect(engine.get(A, length)).toEqual(Buffer.alloc(length));
    expect(engine.get(A + ((length + 15) & ~15), 8)).toEqual(Buffer.alloc(8, AROUND));
  });
});
