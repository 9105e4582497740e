/**
 * Differential fuzzer: random dumpfiles through our engine and through the reference mkcomposefs.
 *
 *     npm run fuzz:diff -- [--count N] [--seed S] [--jobs J]
 *     npm run fuzz:diff -- --seed S --case N        one case again, with the smallest dumpfile that still fails
 *
 * Images must be equal byte for byte; refusals must agree, except for the written list in `intended.mjs`. A failing
 * case is saved below build/fuzz/ and printed as one line that reproduces it. Exit code 1 when anything differs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";
import { compareAnswers, runEngine } from "./compare.mjs";
import { makeCase } from "./random-dump.mjs";
import { hasReference, Reference } from "./reference.mjs";
import { shrinkDump } from "./shrink.mjs";

const BATCH = 250;
const FAILURES_PRINTED = 20;

/** Compares the cases `first`, `first + step`, ... below `count`. */
async function runJob({ seed, count, first, step }, onFailure) {
  const module = compileEngine();
  let engine = new RawEngine(module);
  const reference = new Reference();
  const tally = { same: 0, refused: 0, intended: 0, different: 0 };
  const details = {};
  try {
    for (let start = first * BATCH; start < count; start += step * BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, count - start) }, (_, i) => start + i);
      const cases = numbers.map((number) => makeCase(seed, number));
      const answers = reference.run(cases);
      const ours = cases.map((one) => {
        try {
          return runEngine(engine, one);
        } catch (error) {
          engine = new RawEngine(module);
          return error;
        }
      });
      const theirs = await answers;
      numbers.forEach((number, i) => {
        const trapped = ours[i] instanceof Error && ours[i].code === undefined;
        const result = trapped
          ? { kind: "different", detail: `the engine failed: ${ours[i].stack}` }
          : compareAnswers(ours[i], theirs[i], cases[i]);
        tally[result.kind]++;
        if (result.kind === "intended" || result.kind === "refused") {
          const key = `${result.kind} ${result.detail}`;
          details[key] = (details[key] ?? 0) + 1;
        }
        if (result.kind === "different") onFailure({ number, detail: result.detail });
      });
    }
  } finally {
    reference.close();
  }
  return { tally, details };
}

function save(seed, number, dump, suffix = "") {
  const folder = fileURLToPath(new URL("../../build/fuzz/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const path = `${folder}diff-${seed}-${number}${suffix}.dump`;
  writeFileSync(path, dump);
  return path;
}

/** One case again: prints both answers, and shrinks it when they differ. */
async function repeatCase(seed, number) {
  const module = compileEngine();
  const reference = new Reference();
  const one = makeCase(seed, number);
  const compare = async (dump) => {
    const changed = { ...one, dump };
    let ours;
    try {
      ours = runEngine(new RawEngine(module), changed);
    } catch (error) {
      return { kind: "different", detail: String(error) };
    }
    return compareAnswers(ours, (await reference.run([changed]))[0], changed);
  };
  const result = await compare(one.dump);
  console.log(
    `case ${number}, mkcomposefs ${one.options.join(" ") || "(no options)"}: ${result.kind} ${result.detail}`,
  );
  console.log(`saved as ${save(seed, number, one.dump)}`);
  if (result.kind === "different") {
    const small = await shrinkDump(one.dump, async (dump) => (await compare(dump)).kind === "different");
    console.log(`smallest: ${save(seed, number, small, "-small")}: ${(await compare(small)).detail}`);
  }
  reference.close();
  return result.kind !== "different";
}

async function runAll({ seed, count, jobs, verbose }) {
  const began = performance.now();
  console.log(`fuzz:diff seed ${seed}, ${count} cases, ${jobs} jobs`);
  const failures = [];
  const results = await Promise.all(
    Array.from({ length: jobs }, (_, first) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { seed, count, first, step: jobs } });
      return new Promise((resolve, reject) => {
        worker.on("error", reject);
        worker.on("message", (message) => {
          if (message.result !== undefined) return resolve(message.result);
          failures.push(message);
          if (failures.length > FAILURES_PRINTED) return;
          const path = save(seed, message.number, makeCase(seed, message.number).dump);
          console.log(
            `DIFFERENT: npm run fuzz:diff -- --seed ${seed} --case ${message.number}   # ${path}\n  ${message.detail}`,
          );
        });
      });
    }),
  );
  const total = {};
  const details = {};
  for (const result of results) {
    for (const [kind, number] of Object.entries(result.tally)) total[kind] = (total[kind] ?? 0) + number;
    for (const [key, number] of Object.entries(result.details)) details[key] = (details[key] ?? 0) + number;
  }
  if (verbose) for (const key of Object.keys(details).sort()) console.log(`  ${key}: ${details[key]}`);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `fuzz:diff: ${total.same} images equal, ${total.refused} refused by both, ${total.intended} intended differences, ` +
      `${total.different} different, ${seconds.toFixed(1)} s`,
  );
  return total.different === 0;
}

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "2000" },
      seed: { type: "string", default: String(Date.now() % 1000000) },
      jobs: { type: "string", default: "2" },
      case: { type: "string" },
      verbose: { type: "boolean", default: false },
    },
  });
  if (!hasReference()) {
    console.error("SKIPPED: oracle mkcomposefs is missing (test/oracle/fetch-mkcomposefs.sh)");
    process.exitCode = process.env.CI === "true" ? 1 : 0;
    return;
  }
  const seed = Number(values.seed);
  const good =
    values.case === undefined
      ? await runAll({ seed, count: Number(values.count), jobs: Number(values.jobs), verbose: values.verbose })
      : await repeatCase(seed, Number(values.case));
  process.exitCode = good ? 0 : 1;
}

if (isMainThread) {
  await main();
} else {
  const result = await runJob(workerData, (failure) => parentPort.postMessage(failure));
  parentPort.postMessage({ result });
}
