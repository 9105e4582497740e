/**
 * How fast the hash kernels are, beside node:crypto, in one run on one thread.
 *
 *   npm run build:testing && node test/bench/kernel/throughput.mjs [rounds]
 *
 * Every round measures all of them, so that a machine that changes its mind changes it for all; medians are printed,
 * and the ratio to what node:crypto (OpenSSL) does with one long message in the same rounds. On machines with SHA
 * instructions OpenSSL is about three times as fast as on those without.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const ROUNDS = Number(process.argv[2] ?? 21);
const BYTES = 2 << 20;
const BLOCK = 4096;

const wasm = readFileSync(new URL("../../../build/testing/engine.wasm", import.meta.url));
const engine = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
const data = engine.scratchPtr();
const out = data + BYTES;
const bytes = new Uint8Array(engine.memory.buffer, data, BYTES);
for (let i = 0; i < BYTES; i++) bytes[i] = (Math.imul(i, 2654435761) >>> 13) & 255;
const buffer = Buffer.from(bytes);

/** Calls `hashPiece` for every `size` bytes. */
const pieces = (size, hashPiece) => () => {
  for (let at = 0; at < BYTES; at += size) hashPiece(at);
};
const verity = (algorithm, scalarOnly, size) => () => {
  engine.verityScalarOnly(scalarOnly);
  engine.testVerityOpen(0, algorithm, 12, 0, 0);
  for (let at = 0; at < BYTES; at += size) engine.testVerityUpdate(0, data + at, size);
  engine.testVerityClose(0, out);
};
const verityFiles = (blocks) =>
  pieces(blocks * BLOCK, (at) => {
    engine.verityScalarOnly(0);
    engine.testVerityOpen(0, 1, 12, 0, 0);
    engine.testVerityUpdate(0, data + at, blocks * BLOCK);
    engine.testVerityClose(0, out);
  });

const contenders = [
  { name: "node:crypto sha256, one message", of: "sha256", run: () => createHash("sha256").update(buffer).digest() },
  {
    name: "node:crypto sha256, blocks of 4096",
    of: "sha256",
    run: pieces(BLOCK, (at) =>
      createHash("sha256")
        .update(buffer.subarray(at, at + BLOCK))
        .digest(),
    ),
  },
  {
    name: "sha256x4, 4 messages of 4096",
    of: "sha256",
    run: pieces(4 * BLOCK, (at) => engine.sha256Lanes(data + at, BLOCK, BLOCK, out)),
  },
  { name: "sha256 scalar, one message", of: "sha256", run: () => engine.sha256(data, BYTES, out) },
  { name: "verity sha256, calls of 128 KiB", of: "sha256", run: verity(1, 0, 1 << 17) },
  { name: "verity sha256, calls of 1 MiB", of: "sha256", run: verity(1, 0, 1 << 20) },
  { name: "verity sha256, files of 2 blocks", of: "sha256", run: verityFiles(2) },
  { name: "verity sha256, files of 1 block", of: "sha256", run: verityFiles(1) },
  { name: "verity sha256 scalar", of: "sha256", run: verity(1, 1, 1 << 17) },
  { name: "node:crypto sha512, one message", of: "sha512", run: () => createHash("sha512").update(buffer).digest() },
  {
    name: "sha512x2, 2 messages of 4096",
    of: "sha512",
    run: pieces(2 * BLOCK, (at) => engine.sha512Lanes(data + at, BLOCK, BLOCK, out)),
  },
  { name: "sha512 scalar, one message", of: "sha512", run: () => engine.sha512(data, BYTES, out) },
  { name: "verity sha512, calls of 128 KiB", of: "sha512", run: verity(2, 0, 1 << 17) },
  { name: "verity sha512 scalar", of: "sha512", run: verity(2, 1, 1 << 17) },
].map((contender) => ({ ...contender, times: [] }));

const median = (times) => [...times].sort((x, y) => x - y)[times.length >> 1];

// The first calls run unoptimised code and start its compilation.
for (const { run } of contenders) for (let i = 0; i < 10; i++) run();
for (let round = 0; round < ROUNDS; round++) {
  for (const { run, times } of contenders) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
}
for (const { name, of, times } of contenders) {
  const base = contenders.find((contender) => contender.of === of);
  const ratio = (median(base.times) / median(times)).toFixed(3);
  console.log(`${name.padEnd(36)} ${(BYTES / 1000 / median(times)).toFixed(0).padStart(6)} MB/s   ${ratio}`);
}
