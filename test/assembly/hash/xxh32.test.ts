import { describe, expect, it } from "vitest";
import { testingEngine } from "../../support/testing-engine.ts";

const engine = testingEngine();
/** Seed base of the EROFS xattr name filter; linux fs/erofs/xattr.h. */
const FILTER_SEED = 0x25bbe08f;

function xxh32(text: string | Uint8Array, seed: number): number {
  const data = Buffer.from(text);
  engine.put(engine.scratch, data);
  return engine.xxh32(engine.scratch, data.length, seed) >>> 0;
}

describe("xxh32", () => {
  it("gives the check values of the image format", () => {
    expect(xxh32("", 0)).toBe(0x02cc5d05);
    expect(xxh32("overlay.metacopy", FILTER_SEED + 4)).toBe(0xdbe5e05f);
    expect(xxh32("overlay.redirect", FILTER_SEED + 4) % 32).toBe(17);
  });

  it("gives the sanity values of the reference implementation", () => {
    // The generator and the values of xxHash's own self test (tests/sanity_test_vectors.h of v0.8.2).
    const PRIME32 = 2654435761;
    const PRIME64 = 11400714785074694797n;
    let x = BigInt(PRIME32);
    const buffer = Uint8Array.from({ length: 256 }, () => {
      const byte = Number(x >> 56n);
      x = BigInt.asUintN(64, x * PRIME64);
      return byte;
    });
    for (const [len, seed, want] of [
      [0, 0, 0x02cc5d05],
      [0, PRIME32, 0x36b78ae7],
      [1, 0, 0xcf65b03e],
      [1, PRIME32, 0xb4545aa4],
      [14, 0, 0x1208e7e2],
      [14, PRIME32, 0x6af1d1fe],
      [222, 0, 0x5bd11dbd],
      [222, PRIME32, 0x58803c5f],
    ] as const) {
      expect(xxh32(buffer.subarray(0, len), seed), `${len} bytes, seed ${seed}`).toBe(want);
    }
  });

  it("reads nothing behind the message", () => {
    for (let len = 0; len <= 40; len++) {
      const data = new Uint8Array(len).fill(7);
      engine.put(engine.scratch, new Uint8Array(64).fill(0xff));
      const one = xxh32(data, 1);
      engine.put(engine.scratch, new Uint8Array(64));
      expect(xxh32(data, 1)).toBe(one);
    }
  });
});
