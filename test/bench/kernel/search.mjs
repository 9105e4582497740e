/**
 * The search behind the spelling of the four-lane SHA-256 kernel.
 *
 *   node test/bench/kernel/search.mjs [rounds]
 *
 * Takes assembly/hash/sha256lanes.ts and sha256x4.ts as they are committed, writes each alternative of `alternatives.mjs`
 * into them, compiles every result with asc, checks it against node:crypto, and measures it: all alternatives of one
 * axis interleaved, the fastest time of each kept, since noise only ever slows down. Axis after axis keeps its winner,
 * twice over, because the axes are not independent. What is committed is called `committed` and is the first
 * candidate of each axis; it stays unless something else is faster by more than the noise. The search has nothing to
 * say when it ends with `committed` everywhere.
 * Takes about a minute, and wants a machine that does nothing else. Nothing is written.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import asc from "assemblyscript/asc";
import { axes } from "./alternatives.mjs";

// Optimised code from the first call on: on a busy machine it can come too late otherwise, and the alternative looks slow.
// Set here, after the imports, since the compiler of asc is itself a large module.
setFlagsFromString("--no-liftoff");

/** An alternative must be faster by this factor to take the place of what is committed. */
const CLEARLY = 1.01;
const ROUNDS = Number(process.argv[2] ?? 15);
const BLOCK = 4096;
/** Blocks hashed for one measurement. */
const BLOCKS = 512;
const hashFolder = new URL("../../../assembly/hash/", import.meta.url);

const committed = Object.fromEntries(
  ["sha256.ts", "sha256compress.ts", "sha256lanes.ts", "sha256x4.ts"].map((name) => [
    name,
    readFileSync(new URL(name, hashFolder), "utf8"),
  ]),
);
/** Runs the kernel over consecutive groups of four blocks, as fs-verity does. */
const ENTRY = `
import { SHA256_IV } from './sha256'
import { sha256x4, sha256x4Length } from './sha256x4'
const data: usize = memory.data(${64 * BLOCK}, 4096)
const out: usize = memory.data(${64 * 32}, 64)
export function dataPtr(): usize { return data }
export function outPtr(): usize { return out }
export function run(): void {
  sha256x4Length(${BLOCK})
  for (let i: usize = 0; i < 64; i += 4) {
    const p = data + i * ${BLOCK}
    sha256x4(SHA256_IV, p, p + ${BLOCK}, p + ${2 * BLOCK}, p + ${3 * BLOCK}, ${BLOCK / 64}, out + i * 32)
  }
}`;

const message = Buffer.alloc(64 * BLOCK);
for (let i = 0; i < message.length; i++) message[i] = Math.imul(i + 1, 2654435761) >>> 24;
const wanted = Buffer.concat(
  Array.from({ length: 64 }, (_, i) =>
    createHash("sha256")
      .update(message.subarray(i * BLOCK, (i + 1) * BLOCK))
      .digest(),
  ),
);

/** Compiles one choice of alternatives, and stops when it hashes wrongly. */
async function build(choice) {
  const files = { ...committed, "entry.ts": ENTRY };
  for (const [axis, name] of Object.entries(choice)) axes[axis][name]?.(files);
  let wasm;
  const flags = [
    "--runtime",
    "stub",
    "--use",
    "abort=",
    "--enable",
    "simd",
    "-O3",
    "--converge",
    "--initialMemory",
    "16",
  ];
  const result = await asc.main(["entry.ts", "--outFile", "engine.wasm", ...flags], {
    readFile: (name) => files[name] ?? null,
    writeFile: (name, bytes) => {
      if (name === "engine.wasm") wasm = bytes;
    },
    listFiles: () => [],
  });
  if (result.error) throw new Error(`${JSON.stringify(choice)}: ${result.stderr}`);
  const engine = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports;
  new Uint8Array(engine.memory.buffer).set(message, engine.dataPtr());
  engine.run();
  if (!wanted.equals(new Uint8Array(engine.memory.buffer, engine.outPtr(), wanted.length))) {
    throw new Error(`${JSON.stringify(choice)} hashes wrongly`);
  }
  return engine;
}

const built = new Map();
async function contender(choice) {
  const key = JSON.stringify(choice);
  if (!built.has(key)) built.set(key, await build(choice));
  return { choice, engine: built.get(key), best: Number.POSITIVE_INFINITY };
}

/** Best time of each contender in milliseconds, and that of node:crypto for as many bytes in one message. */
function measure(contenders) {
  const long = Buffer.alloc(BLOCKS * BLOCK, message);
  let openssl = Number.POSITIVE_INFINITY;
  const timed = (work) => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  for (const { engine } of contenders) for (let i = 0; i < 50; i++) engine.run();
  for (let round = 0; round < ROUNDS; round++) {
    openssl = Math.min(
      openssl,
      timed(() => createHash("sha256").update(long).digest()),
    );
    for (const one of contenders) {
      const time = timed(() => {
        for (let i = 0; i < BLOCKS / 64; i++) one.engine.run();
      });
      one.best = Math.min(one.best, time);
    }
  }
  return openssl;
}

const megabytes = (milliseconds) => `${((BLOCKS * BLOCK) / 1000 / milliseconds).toFixed(0)} MB/s`;

const choice = Object.fromEntries(Object.keys(axes).map((axis) => [axis, "committed"]));
for (const pass of [1, 2]) {
  for (const axis of Object.keys(axes)) {
    const contenders = [];
    for (const name of ["committed", ...Object.keys(axes[axis])]) {
      contenders.push(await contender({ ...choice, [axis]: name }));
    }
    const openssl = measure(contenders);
    contenders.sort((x, y) => x.best - y.best);
    const committedBest = contenders.find((one) => one.choice[axis] === "committed").best;
    if (committedBest > contenders[0].best * CLEARLY) choice[axis] = contenders[0].choice[axis];
    else choice[axis] = "committed";
    const row = contenders.map(
      (one) => `${one.choice[axis]} ${megabytes(one.best)} (${(openssl / one.best).toFixed(2)})`,
    );
    console.log(`${pass} ${axis.padEnd(9)} node:crypto ${megabytes(openssl)}; ${row.join(", ")}`);
  }
}
console.log("winner:", JSON.stringify(choice));
