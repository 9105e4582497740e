/**
 * Mutation fuzzer of the image reader: good images, broken by fields, by structures and by bytes.
 *
 *     npm run fuzz:image -- [--count N] [--seed S] [--seconds T]
 *     npm run fuzz:image -- --seed S --case N          one case again
 *     npm run fuzz:image -- --file IMAGE               one image
 *
 * `image-check.mjs` says what must be true of every answer. A failing case is written below build/fuzz/ and printed with
 * what makes it again. Exit code 1 when anything failed, or when the time was over before the count was reached.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { checkCase } from "./image-check.mjs";
import { makeCorpus } from "./image-corpus.mjs";
import { mutateImage } from "./image-mutations.mjs";

const FAILURES_PRINTED = 20;

/** Three of five cases are refused, and the trace of a refusal costs more than the refusal. */
Error.stackTraceLimit = 2;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "50000" },
    seed: { type: "string", default: String(Date.now() % 1000000) },
    seconds: { type: "string", default: "600" },
    case: { type: "string" },
    file: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const module = compileEngine();
let engine = new RawEngine(module);

if (values.file !== undefined) {
  console.log(`${values.file}: ${checkCase(engine, readFileSync(values.file))}`);
  process.exit(0);
}

const corpus = makeCorpus(engine);
const bytes = corpus.reduce((sum, { image }) => sum + image.length, 0);

function makeImage(number) {
  const random = new SplitMix64((BigInt(seed) << 32n) ^ BigInt(number));
  const base = random.pick(corpus);
  return { name: base.name, image: mutateImage(random, base, random.pick(corpus).image) };
}

function report(number, { name, image }, error) {
  const folder = fileURLToPath(new URL("../../build/fuzz/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const path = `${folder}image-${seed}-${number}.img`;
  writeFileSync(path, image);
  console.log(
    `FAILED: npm run fuzz:image -- --seed ${seed} --case ${number}\n  made of ${name}: ${path}\n  ${error.stack}`,
  );
}

const first = Number(values.case ?? 0);
const last = values.case === undefined ? Number(values.count) : first + 1;
const answers = new Map();
let failures = 0;
let number = first;
const began = performance.now();
const elapsed = () => (performance.now() - began) / 1000;
console.log(`fuzz:image seed ${seed}, ${last - first} cases of ${corpus.length} images, ${bytes} bytes`);
for (; number < last && elapsed() < Number(values.seconds); number++) {
  const one = makeImage(number);
  try {
    const answer = checkCase(engine, one.image);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  } catch (error) {
    if (failures++ < FAILURES_PRINTED) report(number, one, error);
    // A trap leaves an instance in no known state.
    engine = new RawEngine(module);
  }
}
if (values.verbose) for (const [answer, count] of [...answers].sort()) console.log(`  ${answer}: ${count}`);
const done = number - first;
const taken = (answers.get("image") ?? 0) + (answers.get("strict") ?? 0);
console.log(
  `fuzz:image: ${done} cases, ${taken} accepted, ${done - taken - failures} refusals of ${answers.size} kinds, ` +
    `${failures} failed, ${elapsed().toFixed(1)} s, ${(done / elapsed()).toFixed(0)} a second`,
);
if (number < last) console.log(`fuzz:image: ${values.seconds} s were over before ${last} cases`);
process.exitCode = failures === 0 && number === last ? 0 : 1;
