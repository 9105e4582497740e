/**
 * Mutation fuzzer, without an oracle: bytes of the fixture dumpfiles flipped, cut, doubled and spliced.
 *
 *     npm run fuzz:mutate -- [--count N] [--seed S]
 *     npm run fuzz:mutate -- --seed S --case N
 *
 * Whatever comes in, the engine answers with an image or with a status that names a line inside the input. It never
 * traps, takes at most a second for one case, and its memory stays below a bound that the input's size gives.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ABI } from "../support/abi.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { mutateBytes } from "./mutations.mjs";

const CASE_SECONDS = 1;
/** Memory that an engine may hold after small inputs: its windows, tables and what one byte of input can cause. */
const MEMORY_BYTES = 32 << 20;
const FORMATS = [ABI.FORMAT_AUTO, ABI.FORMAT_V0, ABI.FORMAT_V1, ABI.FORMAT_V2];

const folder = new URL("../fixtures/dump/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".dump") && name !== "reject-empty-input.dump");
const readAll = (wanted) => wanted.sort().map((name) => readFileSync(new URL(name, folder), "latin1"));
const accepted = readAll(names.filter((name) => !name.startsWith("reject-")));
const rejected = readAll(names.filter((name) => name.startsWith("reject-")));

function makeCase(seed, number) {
  const random = new SplitMix64((BigInt(seed) << 32n) ^ BigInt(number));
  const dump = Buffer.from(mutateBytes(random, random.pick(random.chance(85) ? accepted : rejected)), "latin1");
  const cut = random.below(dump.length + 1);
  return {
    dump,
    format: random.pick(FORMATS),
    flags: random.below(2),
    chunks: [dump.subarray(0, cut), dump.subarray(cut)],
  };
}

/** Throws what is wrong with the engine's answer; returns the code, or `image`. */
function checkCase(engine, { dump, format, flags, chunks }) {
  const began = performance.now();
  let answer = "image";
  try {
    engine.parse(chunks, { flags });
    const { image } = engine.image(format);
    if (image.length % 4096 !== 0) throw new Error(`an image of ${image.length} bytes`);
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    answer = error.code;
    const lines = dump.toString("latin1").split("\n").length;
    if (error.line > lines) throw new Error(`${error.message}: the input has ${lines} lines`);
    if (error.offset > dump.length) throw new Error(`${error.message}: offset ${error.offset} of ${dump.length}`);
    if (error.code.startsWith("status") || error.field.startsWith("field"))
      throw new Error(`unknown: ${error.message}`);
  }
  const seconds = (performance.now() - began) / 1000;
  if (seconds > CASE_SECONDS) throw new Error(`${seconds.toFixed(1)} s for ${dump.length} bytes`);
  const bytes = engine.memory.buffer.byteLength;
  if (bytes > MEMORY_BYTES) throw new Error(`${bytes} bytes of memory for ${dump.length} bytes of input`);
  return answer;
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "50000" },
    seed: { type: "string", default: String(Date.now() % 1000000) },
    case: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const first = Number(values.case ?? 0);
const last = values.case === undefined ? Number(values.count) : first + 1;
const module = compileEngine();
let engine = new RawEngine(module);
const answers = new Map();
let failures = 0;
const began = performance.now();
console.log(`fuzz:mutate seed ${seed}, ${last - first} cases`);
for (let number = first; number < last; number++) {
  const one = makeCase(seed, number);
  try {
    const answer = checkCase(engine, one);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  } catch (error) {
    failures++;
    engine = new RawEngine(module);
    const path = fileURLToPath(new URL("../../build/fuzz/", import.meta.url));
    mkdirSync(path, { recursive: true });
    writeFileSync(`${path}mutate-${seed}-${number}.dump`, one.dump);
    console.log(`FAILED: npm run fuzz:mutate -- --seed ${seed} --case ${number}\n  ${error.stack}`);
  }
}
if (values.verbose) for (const [answer, count] of [...answers].sort()) console.log(`  ${answer}: ${count}`);
const seconds = (performance.now() - began) / 1000;
const images = answers.get("image") ?? 0;
console.log(
  `fuzz:mutate: ${images} images, ${last - first - images - failures} refusals of ${answers.size} kinds, ${failures} failed, ${seconds.toFixed(1)} s`,
);
process.exitCode = failures === 0 ? 0 : 1;
