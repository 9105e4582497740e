/** Whole digests: the published vectors, and the sizes at which the tree gains a block or a level. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fileDigest, type VerityParameters } from "../../support/naive/verity.ts";
import { testingEngine } from "../../support/testing-engine.ts";
import { digest, noise } from "./support.ts";

interface Vector {
  content: "lin251" | "zero" | "ff" | "quad";
  size: number;
  alg: "sha256" | "sha512";
  block_size: number;
  salt: string;
  digest: string;
}

const engine = testingEngine();
const fixture = new URL("../../fixtures/fsverity.json", import.meta.url);
const vectors = (JSON.parse(readFileSync(fixture, "utf8")) as { digests: Vector[] }).digests;

/** The formulas of the fixture's `contents`. */
const CONTENTS: Record<Vector["content"], (i: number) => number> = {
  lin251: (i) => (7 * i + 3) % 251,
  zero: () => 0,
  ff: () => 255,
  // The low byte of i is all that matters, and keeps the square exact.
  quad: (i) => ((i & 255) * (i & 255) + 13 * (i & 255) + 5) & 255,
};

const contents = new Map<string, Uint8Array>();

/** The bytes of a vector. They are kept: many vectors differ in their parameters only. */
function content({ content, size }: Vector): Uint8Array {
  const key = `${content} ${size}`;
  const kept = contents.get(key);
  if (kept) return kept;
  const at = CONTENTS[content];
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i++) data[i] = at(i);
  contents.set(key, data);
  return data;
}

/** What the scalar path does not repeat: no size beyond this takes another way through the tree. */
const SCALAR_MAX_BYTES = 1 << 20;

const ALGORITHMS = [
  { algorithm: "sha256", digestBytes: 32 },
  { algorithm: "sha512", digestBytes: 64 },
] as const;

describe.each([
  ["lanes", 0],
  ["scalar", 1],
] as const)("verity, %s", (_name, scalarOnly) => {
  const check = (data: Uint8Array, parameters: VerityParameters): void => {
    engine.verityScalarOnly(scalarOnly);
    const { algorithm, blockSize } = parameters;
    expect(digest(engine, data, parameters), `${algorithm}, blocks of ${blockSize}, ${data.length} bytes`).toBe(
      fileDigest(data, parameters).toString("hex"),
    );
  };

  const chosen = vectors.filter(({ size }) => !scalarOnly || size <= SCALAR_MAX_BYTES);

  it(`gives the ${chosen.length} digests that fsverity gave`, () => {
    engine.verityScalarOnly(scalarOnly);
    for (const vector of chosen) {
      const { alg, block_size, salt, size } = vector;
      const parameters = { algorithm: alg, blockSize: block_size, salt: Buffer.from(salt, "hex") };
      const got = digest(engine, content(vector), parameters);
      expect(got, `${vector.content} ${size} ${alg} ${block_size} salt ${salt}`).toBe(vector.digest);
    }
  });

  it.each(ALGORITHMS)("gets the small sizes right: $algorithm", ({ algorithm }) => {
    for (let blockSize = 1024; blockSize <= 65536; blockSize *= 2) {
      for (const n of [0, 1, 2, 3, 4, 5, 8, 9]) {
        for (const d of [-1, 0, 1]) {
          const size = n * blockSize + d;
          if (size >= 0) check(noise(size, size), { algorithm, blockSize });
        }
      }
    }
  });

  it.each(ALGORITHMS)("gains a level exactly where it should: $algorithm", ({ algorithm, digestBytes }) => {
    for (const [blockSize, most] of [
      [1024, 3],
      [2048, 2],
      [4096, 1],
      [8192, 1],
    ] as const) {
      const fanOut = blockSize / digestBytes;
      for (let level = 1, size = blockSize * fanOut; level <= most; level++, size *= fanOut) {
        // The largest of these is 32 MiB; beyond it the time goes to node:crypto.
        if (size > 1 << 25) break;
        for (const d of [-1, 0, 1, blockSize]) check(noise(size + d, level), { algorithm, blockSize });
      }
    }
  });

  it("fills a level buffer of 16 KiB to the byte, and one more", () => {
    for (const { algorithm, digestBytes } of ALGORITHMS) {
      const blocks = 16384 / digestBytes;
      for (const d of [-1, 0, 1]) check(noise(blocks * 1024 + d, 5), { algorithm, blockSize: 1024 });
    }
  });

  it("salts every block: all salt lengths", () => {
    for (let len = 1; len <= 32; len++) {
      const salt = noise(len, 99);
      for (const { algorithm } of ALGORITHMS) check(noise(5 * 1024 + 7, len), { algorithm, blockSize: 1024, salt });
    }
    check(noise(600000, 3), { algorithm: "sha256", blockSize: 4096, salt: noise(32, 1) });
  });
});
