import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { testingEngine } from "../../support/testing-engine.ts";

const engine = testingEngine();
const message = engine.scratch + 4096;
const state = engine.scratch;
const out = engine.scratch + 1024;

/** Bytes that repeat nowhere near, different for each seed. */
function bytes(len: number, seed: number): Uint8Array {
  let x = (seed * 2654435761 + 12345) >>> 0;
  return Uint8Array.from({ length: len }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x >>> 24;
  });
}

const hex = (algorithm: string, data: Uint8Array): string => createHash(algorithm).update(data).digest("hex");

for (const { name, block, digest } of [
  { name: "sha256", block: 64, digest: 32 },
  { name: "sha512", block: 128, digest: 64 },
] as const) {
  const begin = engine[`${name}Begin`];
  const update = engine[`${name}Update`];
  const end = engine[`${name}End`];

  describe(name, () => {
    it("equals node:crypto for every length of 0 to 3 blocks and a bit", () => {
      const data = bytes(3 * block + 9, 1);
      engine.put(message, data);
      for (let len = 0; len <= data.length; len++) {
        engine[name](message, len, out);
        expect(engine.get(out, digest).toString("hex"), `${len} bytes`).toBe(hex(name, data.subarray(0, len)));
      }
    });

    it("does not care where a message is split", () => {
      const data = bytes(3 * block, 2);
      engine.put(message, data);
      // The lengths next to the block and padding boundaries, each cut in two at every place.
      const room = block / 8;
      const lengths = [0, 1, 2, 3].flatMap((n) => [-room - 1, -room, -1, 0, 1].map((d) => n * block + d));
      for (const len of lengths.filter((n) => n >= 0 && n <= data.length)) {
        const want = hex(name, data.subarray(0, len));
        for (let cut = 0; cut <= len; cut++) {
          begin(state);
          update(state, message, cut);
          update(state, message + cut, len - cut);
          end(state, out);
          expect(engine.get(out, digest).toString("hex"), `${len} bytes cut at ${cut}`).toBe(want);
        }
      }
    });

    it("takes a message byte by byte, from any alignment", () => {
      const data = bytes(3 * block + 5, 3);
      engine.put(message + 1, data);
      begin(state);
      for (let at = 0; at < data.length; at++) update(state, message + 1 + at, 1);
      end(state, out);
      expect(engine.get(out, digest).toString("hex")).toBe(hex(name, data));
    });

    it("writes no byte outside of its digest", () => {
      engine.put(out - 8, new Uint8Array(digest + 16).fill(0xee));
      engine[name](message, 100, out);
      expect(engine.get(out - 8, 8).every((b) => b === 0xee)).toBe(true);
      expect(engine.get(out + digest, 8).every((b) => b === 0xee)).toBe(true);
    });
  });
}

describe("sha256x4", () => {
  it("hashes four different messages, each in its own lane", () => {
    for (const len of [64, 128, 192, 1024, 4096, 4160, 65536]) {
      const messages = [0, 1, 2, 3].map((lane) => bytes(len, 10 * len + lane));
      // An odd stride: nothing may want alignment.
      const stride = len + 13;
      messages.forEach((data, lane) => {
        engine.put(message + lane * stride, data);
      });
      engine.sha256Lanes(message, stride, len, out);
      messages.forEach((data, lane) => {
        const got = engine.get(out + 32 * lane, 32).toString("hex");
        expect(got, `lane ${lane}, ${len} bytes`).toBe(hex("sha256", data));
        engine.sha256(message + lane * stride, len, out + 256);
        expect(engine.get(out + 256, 32).toString("hex")).toBe(got);
      });
    }
  });

  it("carries the extremes of every bit", () => {
    const messages = [0x00, 0xff, 0x80, 0x7f].map((b) => new Uint8Array(4096).fill(b));
    messages.forEach((data, lane) => {
      engine.put(message + lane * 4096, data);
    });
    engine.sha256Lanes(message, 4096, 4096, out);
    expect(engine.get(out, 128).toString("hex")).toBe(messages.map((data) => hex("sha256", data)).join(""));
  });

  it("takes the same message in all lanes", () => {
    engine.put(message, bytes(256, 4));
    engine.sha256Lanes(message, 0, 256, out);
    expect(engine.get(out, 128).toString("hex")).toBe(hex("sha256", bytes(256, 4)).repeat(4));
  });
});

describe("sha512x2", () => {
  it("hashes two different messages, each in its own lane", () => {
    for (const len of [128, 256, 1024, 4096, 4224, 65536]) {
      const messages = [0, 1].map((lane) => bytes(len, 20 * len + lane));
      const stride = len + 13;
      messages.forEach((data, lane) => {
        engine.put(message + lane * stride, data);
      });
      engine.sha512Lanes(message, stride, len, out);
      messages.forEach((data, lane) => {
        const got = engine.get(out + 64 * lane, 64).toString("hex");
        expect(got, `lane ${lane}, ${len} bytes`).toBe(hex("sha512", data));
        engine.sha512(message + lane * stride, len, out + 256);
        expect(engine.get(out + 256, 64).toString("hex")).toBe(got);
      });
    }
  });

  it("carries the extremes of every bit", () => {
    for (const pair of [[0x00, 0xff] as const, [0x80, 0x7f] as const]) {
      const messages = pair.map((b) => new Uint8Array(4096).fill(b));
      messages.forEach((data, lane) => {
        engine.put(message + lane * 4096, data);
      });
      engine.sha512Lanes(message, 4096, 4096, out);
      expect(engine.get(out, 128).toString("hex")).toBe(messages.map((data) => hex("sha512", data)).join(""));
    }
  });
});
