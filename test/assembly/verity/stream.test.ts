/** Pieces: every chunking, digests from elsewhere, slots side by side, and what is refused. */

import { describe, expect, it } from "vitest";
import * as abi from "../../../assembly/abi.ts";
import { blockHashes, fileDigest, type VerityParameters } from "../../support/naive/verity.ts";
import { type TestingEngine, testingEngine } from "../../support/testing-engine.ts";
import { close, dataPtr, digest, noise, open, update } from "./support.ts";

const engine = testingEngine();
const SHA256: VerityParameters = { algorithm: "sha256", blockSize: 1024 };
const SHA512: VerityParameters = { algorithm: "sha512", blockSize: 2048, salt: Buffer.from("salt") };

/** Level-0 digests by the engine. They land behind the data. */
function blockDigests(from: TestingEngine, data: Uint8Array, slot = 0): Buffer {
  const out = dataPtr(from) + data.length + 1;
  from.put(dataPtr(from), data);
  const count = from.testVerityBlockDigests(slot, dataPtr(from), data.length, out);
  return from.get(out, count * 64);
}

function append(digests: Uint8Array, count: number, dataLen: number, slot = 0): number {
  engine.put(dataPtr(engine), digests);
  return engine.testVerityAppendDigests(slot, dataPtr(engine), count, BigInt(dataLen));
}

describe("update", () => {
  it("does not care where a file is cut in two", () => {
    for (const parameters of [SHA256, SHA512]) {
      const data = noise(6 * parameters.blockSize + 3, 1);
      const want = fileDigest(data, parameters).toString("hex");
      engine.put(dataPtr(engine), data);
      for (let cut = 0; cut <= data.length; cut++) {
        open(engine, parameters);
        engine.testVerityUpdate(0, dataPtr(engine), cut);
        engine.testVerityUpdate(0, dataPtr(engine) + cut, data.length - cut);
        expect(close(engine), `cut at ${cut}`).toBe(want);
      }
    }
  });

  it("does not care about the size of the pieces", () => {
    const data = noise(40 * 1024 + 1, 2);
    const want = fileDigest(data, SHA256).toString("hex");
    engine.put(dataPtr(engine), data);
    for (const piece of [1, 7, 1000, 1023, 1024, 1025, 3000, 4096, 5000, 16384, 33333]) {
      open(engine, SHA256);
      for (let at = 0; at < data.length; at += piece) {
        engine.testVerityUpdate(0, dataPtr(engine) + at, Math.min(piece, data.length - at));
        engine.testVerityUpdate(0, 0, 0);
      }
      expect(close(engine), `pieces of ${piece}`).toBe(want);
    }
  });

  it("takes three pieces, cut at every pair of places around the block edges", () => {
    const data = noise(3 * 1024 + 2, 3);
    const want = fileDigest(data, SHA256).toString("hex");
    engine.put(dataPtr(engine), data);
    const cuts = [0, 1, 2, 3].flatMap((n) => [-1, 0, 1].map((d) => n * 1024 + d)).filter((n) => n >= 0);
    for (const first of cuts) {
      for (const second of cuts.filter((n) => n >= first)) {
        open(engine, SHA256);
        engine.testVerityUpdate(0, dataPtr(engine), first);
        engine.testVerityUpdate(0, dataPtr(engine) + first, second - first);
        engine.testVerityUpdate(0, dataPtr(engine) + second, data.length - second);
        expect(close(engine), `cut at ${first} and ${second}`).toBe(want);
      }
    }
  });
});

describe("blockDigests and appendDigests", () => {
  it("give the hashes of the blocks, and the digest of the file from them", () => {
    for (const parameters of [SHA256, SHA512, { algorithm: "sha256", blockSize: 4096 } as const]) {
      const digestBytes = parameters.algorithm === "sha256" ? 32 : 64;
      for (const blocks of [0, 1, 2, 3, 4, 5, 7, 8, 33, 200]) {
        for (const d of [-1, 0]) {
          const data = noise(Math.max(0, blocks * parameters.blockSize + d), blocks);
          open(engine, parameters);
          const level0 = blockDigests(engine, data).subarray(0, blocks * digestBytes);
          expect(level0.equals(blockHashes(data, parameters)), `${blocks} blocks`).toBe(true);
          expect(append(level0, blocks, data.length)).toBe(abi.STATUS_OK);
          expect(close(engine), `${blocks} blocks`).toBe(fileDigest(data, parameters).toString("hex"));
        }
      }
    }
  });

  it("mix with bytes in any order, and come from another instance", () => {
    const worker = testingEngine();
    open(worker, SHA256);
    const data = noise(700 * 1024 + 100, 6);
    for (let seed = 1; seed <= 20; seed++) {
      open(engine, SHA256);
      let at = 0;
      for (let step = seed; at < data.length; step = (step * 37 + 11) % 101) {
        const len = Math.min(data.length - at, (step + 1) * 1024);
        const part = data.subarray(at, at + len);
        if (step & 1) update(engine, part);
        else {
          const count = Math.ceil(len / 1024);
          expect(append(blockDigests(worker, part).subarray(0, count * 32), count, len)).toBe(abi.STATUS_OK);
        }
        at += len;
      }
      expect(close(engine)).toBe(fileDigest(data, SHA256).toString("hex"));
    }
  });

  it("leave what is under way alone", () => {
    const data = noise(10000, 7);
    open(engine, SHA256);
    update(engine, data.subarray(0, 3333));
    blockDigests(engine, noise(5555, 8));
    update(engine, data.subarray(3333));
    expect(close(engine)).toBe(fileDigest(data, SHA256).toString("hex"));
  });

  it("refuse digests while a block is incomplete, or after the last one", () => {
    open(engine, SHA256);
    update(engine, noise(1025, 1));
    expect(append(new Uint8Array(32), 1, 1024)).toBe(abi.STATUS_ENGINE_STATE);
    open(engine, SHA256);
    expect(append(new Uint8Array(32), 1, 1)).toBe(abi.STATUS_OK);
    expect(append(new Uint8Array(32), 1, 1024)).toBe(abi.STATUS_ENGINE_STATE);
    expect(engine.testVerityIsOpen(0)).toBe(1);
    // Bytes cannot follow either, and no digest comes of it.
    update(engine, noise(1, 1));
    expect(engine.testVerityIsOpen(0)).toBe(0);
    expect(close(engine)).toBe("");
    expect(append(new Uint8Array(32), 1, 1024)).toBe(abi.STATUS_ENGINE_STATE);
  });

  it("refuse a count that does not fit the length", () => {
    open(engine, SHA256);
    for (const [count, len] of [
      [1, 0],
      [0, 1],
      [1, 1025],
      [2, 1024],
      [3, 2048],
      [2, 3000],
    ] as const) {
      expect(append(new Uint8Array(96), count, len), `${count} for ${len}`).toBe(abi.STATUS_ENGINE_ARGUMENT);
    }
    expect(engine.testVerityAppendDigests(0, 0, 1, 0xffffffffffffffffn)).toBe(abi.STATUS_ENGINE_ARGUMENT);
    expect(append(new Uint8Array(0), 0, 0)).toBe(abi.STATUS_OK);
    expect(close(engine)).toBe(fileDigest(new Uint8Array(0), SHA256).toString("hex"));
  });
});

describe("slots", () => {
  it("compute side by side, each with its own parameters", () => {
    const all: VerityParameters[] = [
      { algorithm: "sha256", blockSize: 4096 },
      { algorithm: "sha256", blockSize: 1024, salt: noise(9, 1) },
      { algorithm: "sha512", blockSize: 65536 },
      { algorithm: "sha256", blockSize: 65536, salt: noise(32, 2) },
    ];
    const data = all.map((_, slot) => noise(1200000 + slot, slot));
    all.forEach((parameters, slot) => {
      expect(open(engine, parameters, slot)).toBe(abi.STATUS_OK);
    });
    for (let at = 0; at < 1300000; at += 50001) {
      for (let slot = 0; slot < abi.VERITY_SLOTS; slot++) update(engine, data[slot]!.subarray(at, at + 50001), slot);
    }
    all.forEach((parameters, slot) => {
      expect(close(engine, slot), `slot ${slot}`).toBe(fileDigest(data[slot]!, parameters).toString("hex"));
    });
  });

  it("can be opened anew at any time, and forget what was there", () => {
    open(engine, SHA512);
    update(engine, noise(100001, 1));
    expect(digest(engine, noise(5000, 2), SHA256)).toBe(fileDigest(noise(5000, 2), SHA256).toString("hex"));
    expect(digest(engine, new Uint8Array(0), SHA256)).toBe(fileDigest(new Uint8Array(0), SHA256).toString("hex"));
  });

  it("refuse parameters outside of the specification", () => {
    const saltPtr = engine.scratch;
    for (const [slot, algorithm, bits, saltLen] of [
      [abi.VERITY_SLOTS, 1, 12, 0],
      [-1, 1, 12, 0],
      [0, 0, 12, 0],
      [0, 3, 12, 0],
      [0, 1, abi.VERITY_BLOCK_BITS_MIN - 1, 0],
      [0, 1, abi.VERITY_BLOCK_BITS_MAX + 1, 0],
      [0, 1, -1, 0],
      [0, 1, 12, abi.VERITY_SALT_MAX_BYTES + 1],
      [0, 1, 12, -1],
    ] as const) {
      const status = engine.testVerityOpen(slot, algorithm, bits, saltPtr, saltLen);
      expect(status, [slot, algorithm, bits, saltLen].join()).toBe(abi.STATUS_VERITY_PARAMETERS);
    }
  });

  it("do nothing while closed", () => {
    for (const slot of [0, abi.VERITY_SLOTS, 0xffffffff]) {
      engine.testVerityClose(slot, engine.scratch);
      expect(engine.testVerityIsOpen(slot)).toBe(0);
      engine.testVerityUpdate(slot, dataPtr(engine), 5);
      expect(engine.testVerityBlockDigests(slot, dataPtr(engine), 5, engine.scratch)).toBe(0);
      expect(append(new Uint8Array(32), 1, 1024, slot)).toBe(abi.STATUS_ENGINE_STATE);
      expect(engine.testVerityClose(slot, engine.scratch)).toBe(0);
    }
  });
});
