import { describe, expect, it } from "vitest";
import { sipHashNaive } from "../../support/naive/sip.ts";
import { testingEngine } from "../../support/testing-engine.ts";

const engine = testingEngine();

function naive(k0: bigint, k1: bigint, extra: bigint, data: Uint8Array): bigint {
  const leading = Buffer.alloc(8);
  leading.writeBigUInt64LE(extra);
  return sipHashNaive(1, 3, k0, k1, Buffer.concat([leading, data]));
}

describe("the naive reference", () => {
  it("gives the values of the paper with two and four rounds", () => {
    const key = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n] as const;
    const message = Uint8Array.from({ length: 15 }, (_, i) => i);
    // SipHash paper, appendix A; and the first of vectors.h in the authors' code.
    expect(sipHashNaive(2, 4, ...key, message)).toBe(0xa129ca6149be45e5n);
    expect(sipHashNaive(2, 4, ...key, new Uint8Array(0))).toBe(0x726fdb47dd0e0e31n);
  });
});

describe("sipHash", () => {
  const seeds = [
    [0n, 0n],
    [0x0706050403020100n, 0x0f0e0d0c0b0a0908n],
    [0xffffffffffffffffn, 1n],
  ] as const;

  it("equals the naive reference for every length up to 80 bytes, at the end of other bytes too", () => {
    const data = Uint8Array.from({ length: 80 }, (_, i) => (i * 37 + 129) & 255);
    for (const [k0, k1] of seeds) {
      engine.sipHashSeed(k0, k1);
      for (let len = 0; len <= data.length; len++) {
        for (const around of [0x00, 0xff]) {
          engine.put(engine.scratch, new Uint8Array(128).fill(around));
          engine.put(engine.scratch + 16, data.subarray(0, len));
          const got = BigInt.asUintN(64, engine.sipHash(engine.scratch + 16, len, 0x1122334455667788n));
          expect(got, `${len} bytes`).toBe(naive(k0, k1, 0x1122334455667788n, data.subarray(0, len)));
        }
      }
    }
  });

  it("hashes a message of one leading word as CPython hashes bytes without randomisation", () => {
    // PYTHONHASHSEED=0 python3 -c "print(hash(b'abcdefgh'))" where sys.hash_info.algorithm is siphash13.
    engine.sipHashSeed(0n, 0n);
    const extra = Buffer.from("abcdefgh").readBigUInt64LE();
    expect(engine.sipHash(engine.scratch, 0, extra)).toBe(4574395652268504554n);
  });

  it("can read the very last bytes of memory", () => {
    engine.sipHashSeed(1n, 2n);
    const end = engine.memory.buffer.byteLength;
    for (let len = 0; len <= 24; len++) {
      const data = Uint8Array.from({ length: len }, (_, i) => i + 1);
      engine.put(end - len, data);
      expect(BigInt.asUintN(64, engine.sipHash(end - len, len, 9n))).toBe(naive(1n, 2n, 9n, data));
    }
  });
});
