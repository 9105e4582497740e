/** Files beyond 2 GiB and 4 GiB: where a length or a count that is only 32 bits wide would show. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { close, dataPtr, noise, open } from "../assembly/verity/support.ts";
import { blockHashes, digestOfBlockHashes, type VerityParameters } from "../support/naive/verity.ts";
import { testingEngine } from "../support/testing-engine.ts";

const GIB = 2 ** 30;
const WINDOW = 1 << 20;
const engine = testingEngine();

/** Digest of the window repeated `repeats` times and `rest` bytes of it, by bytes. */
function byBytes(parameters: VerityParameters, window: Uint8Array, repeats: number, rest: number): string {
  engine.put(dataPtr(engine), window);
  open(engine, parameters);
  for (let i = 0; i < repeats; i++) engine.testVerityUpdate(0, dataPtr(engine), window.length);
  engine.testVerityUpdate(0, dataPtr(engine), rest);
  return close(engine);
}

/** The same by the naive reference, which hashes the blocks of the window once and repeats their hashes. */
function naively(parameters: VerityParameters, window: Uint8Array, repeats: number, rest: number): string {
  const once = blockHashes(window, parameters);
  const level0 = Buffer.concat([
    Buffer.alloc(once.length * repeats, once),
    blockHashes(window.subarray(0, rest), parameters),
  ]);
  const size = BigInt(window.length) * BigInt(repeats) + BigInt(rest);
  return digestOfBlockHashes(level0, size, parameters).toString("hex");
}

describe("files of more than 32 bits", () => {
  const window = noise(WINDOW, 1);

  it.each([
    [2 * GIB, 5],
    [4 * GIB, 0],
    [4 * GIB, 5],
  ])(
    "%d + %d bytes, SHA-256",
    (size, rest) => {
      const parameters = { algorithm: "sha256", blockSize: 4096 } as const;
      expect(byBytes(parameters, window, size / WINDOW, rest)).toBe(naively(parameters, window, size / WINDOW, rest));
    },
    600_000,
  );

  it("4 GiB + 4097 bytes, SHA-512, salted, small blocks", () => {
    const parameters = { algorithm: "sha512", blockSize: 1024, salt: Buffer.from("pepper") } as const;
    const repeats = (4 * GIB) / WINDOW;
    expect(byBytes(parameters, window, repeats, 4097)).toBe(naively(parameters, window, repeats, 4097));
  }, 600_000);

  it("64 GiB as digests", () => {
    const parameters = { algorithm: "sha256", blockSize: 65536 } as const;
    const once = blockHashes(window, parameters);
    const repeats = (64 * GIB) / WINDOW;
    engine.put(dataPtr(engine), once);
    open(engine, parameters);
    for (let i = 0; i < repeats; i++) {
      expect(engine.testVerityAppendDigests(0, dataPtr(engine), once.length / 32, BigInt(WINDOW))).toBe(0);
    }
    expect(close(engine)).toBe(naively(parameters, window, repeats, 0));
  }, 600_000);

  it("4 GiB in one call of digests", () => {
    const parameters = { algorithm: "sha256", blockSize: 65536 } as const;
    const count = (4 * GIB) / 65536 + 1;
    const zeros = new Uint8Array(65536);
    const level0 = Buffer.alloc(count * 32, blockHashes(zeros, parameters));
    engine.put(dataPtr(engine), level0);
    open(engine, parameters);
    expect(engine.testVerityAppendDigests(0, dataPtr(engine), count, BigInt(4 * GIB + 1))).toBe(0);
    expect(close(engine)).toBe(digestOfBlockHashes(level0, BigInt(4 * GIB + 1), parameters).toString("hex"));
  });

  const tool = spawnSync("fsverity", ["--version"]).status === 0;
  it.skipIf(!tool)(
    "a sparse file of 4 GiB + 5 bytes, against the fsverity tool (skipped when it is missing)",
    () => {
      const folder = mkdtempSync(join(tmpdir(), "composefs-verity-"));
      try {
        const file = join(folder, "sparse");
        writeFileSync(file, "");
        truncateSync(file, 4 * GIB + 5);
        const printed = execFileSync("fsverity", ["digest", "--compact", file], { encoding: "utf8" });
        const zeros = new Uint8Array(WINDOW);
        const parameters = { algorithm: "sha256", blockSize: 4096 } as const;
        expect(byBytes(parameters, zeros, (4 * GIB) / WINDOW, 5)).toBe(printed.trim().split(/[\s:]/).pop());
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    600_000,
  );
});
