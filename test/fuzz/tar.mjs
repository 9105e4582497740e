/**
 * Differential fuzzer of layers: entries, headers, PAX records and bytes of test images changed, the engine against its
 * naive twin.
 *
 *     npm run fuzz:tar -- [--count N] [--seconds T] [--seed S]
 *     npm run fuzz:tar -- --seed S --case N
 *
 * Whatever comes in, both refuse it or both make the same tree, and the engine's images of it are those of its dumpfile.
 * The engine never traps, takes at most a second for one case, and its memory stays below a bound. Damaged records, as a
 * broken cache could hold them, give a status or a tree that reads back as itself.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runnerImport } from "vite";
import { ABI } from "../support/abi.mjs";
import { FAMILIES, makeImage } from "../support/oci/images.mjs";
import { mergeFlags, mergeLayers, readLayer } from "../support/oci/raw-layers.mjs";
import { REFUSED, REFUSED_OURS } from "../support/oci/refused.mjs";
import { dirs, tarball } from "../support/oci/tar.mjs";
import { compileEngine, EngineStatus, RawEngine } from "../support/raw-engine.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { mutateBytes, mutateEntries, mutateHeaders } from "./tar-mutations.mjs";

const CASE_SECONDS = 1;
/** Memory that an engine may hold after small inputs: its windows, tables and what these inputs can cause. */
const MEMORY_BYTES = 48 << 20;
/** Most entries of a layer: the twin is slow, and faults need few. */
const LAYER_ENTRIES = 24;
const FORMATS = [ABI.FORMAT_AUTO, ABI.FORMAT_V0, ABI.FORMAT_V1, ABI.FORMAT_V2];
/** Counts in the control record that belong to a tree, whatever it was made of. */
const COUNTS = [
  "ENTRIES",
  "DIRECTORIES",
  "HARDLINKS",
  "EXTERNAL_FILES",
  "INLINE_FILES",
  "SYMLINKS",
  "WHITEOUTS",
].concat(["DIGEST_BYTES", "EXTERNAL_BYTES"]);
const VIEWS = ["allowlist-only", "keep-user-xattrs", "untransformed", "untransformed", "layer"];

const load = async (path) => {
  const file = fileURLToPath(new URL(path, import.meta.url));
  return (await runnerImport(file, { configFile: false, logLevel: "error" })).module;
};
const { layerNaively, mergeNaively, Refusal } = await load("../support/naive/oci-tree.ts");
const { LIMITS } = await load("../support/oci/limits.ts");

/** Images to start from, by their entries; nothing that is large. */
const IMAGES = [
  ...Object.keys(FAMILIES)
    .filter((name) => !["large", "sizes"].includes(name))
    .flatMap((name) => [1, 2, 3].map((seed) => makeImage(name, { seed }))),
  ...Object.keys({ ...REFUSED, ...REFUSED_OURS }).map((name) => makeImage(name)),
  ...LIMITS.flatMap(([, taken, refused]) =>
    [taken, refused].map((items) => ({ layers: [[...dirs("usr", "etc"), ...items]], options: {} })),
  ),
];

/** Directories, what is in extensions, and some of the rest in their order. */
function someEntries(random, layer) {
  const percent = (LAYER_ENTRIES * 100) / layer.length;
  return layer.filter((one) => one.kind === "dir" || one instanceof Uint8Array || random.chance(percent));
}

function makeTar(random, layer, options, isRough) {
  let entries = layer.length > LAYER_ENTRIES && random.chance(50) ? someEntries(random, layer) : layer;
  if (random.chance(80)) entries = mutateEntries(random, entries, isRough ? 60 : 3);
  const tar = tarball(entries, options);
  if (!isRough || random.chance(40)) return tar;
  return random.chance(65) ? mutateHeaders(random, tar) : mutateBytes(random, tar);
}

/** Case `number` of a seed: layers and what is done with them. */
function makeCase(seed, number) {
  const random = new SplitMix64((BigInt(seed) << 32n) ^ BigInt(number));
  const { layers, options } = random.pick(IMAGES);
  const view = random.pick(VIEWS);
  const isRough = random.chance(20);
  const tars = layers.slice(0, view === "layer" ? 1 : 3).map((layer) => makeTar(random, layer, options, isRough));
  return {
    tars,
    view,
    hash: random.pick(["sha256", "sha512"]),
    format: random.pick(FORMATS),
    cuts: tars.map((tar) => random.below(tar.length + 1)),
    damageSeed: random.chance(15) ? random.below(2 ** 32) : undefined,
  };
}

/** The engine's canonical dumpfile, or the code of its refusal. */
function askEngine(engine, { tars, cuts, view, hash }) {
  try {
    const records = tars.map((tar, i) => readLayer(engine, [tar.subarray(0, cuts[i]), tar.subarray(cuts[i])]));
    mergeLayers(engine, records, mergeFlags(view, hash));
    return { dump: engine.print(), records };
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    if (!/^(TAR|LAYER)_/.test(error.code)) throw error;
    const longest = Math.max(...tars.map((tar) => tar.length));
    if (error.offset > longest) throw new Error(`${error.message}: offset ${error.offset} of ${longest}`);
    return { code: error.code };
  }
}

function askTwin({ tars, view, hash }) {
  try {
    return { dump: view === "layer" ? layerNaively(tars[0], hash) : mergeNaively(tars, view, hash) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { code: error.code };
  }
}

/** The image of the tree that is there, or the code of its refusal. */
function imageOf(engine, format) {
  try {
    return engine.image(format).image.toString("latin1");
  } catch (error) {
    if (!(error instanceof EngineStatus)) throw error;
    return error.code;
  }
}

/** What the control record counts, as text. */
function countsOf(engine) {
  return COUNTS.map((name) => `${name} ${engine.control(ABI[`CONTROL_${name}`])}`).join(", ");
}

/** Merges damaged records: a status, or a tree whose dumpfile reads back as the same. */
function checkDamaged(engine, { view, hash, damageSeed }, records) {
  const random = new SplitMix64(damageSeed);
  const damaged = records.map((one) => mutateBytes(random, one));
  try {
    mergeLayers(engine, damaged, mergeFlags(view, hash));
  } catch (error) {
    if (!(error instanceof EngineStatus) || !error.code.startsWith("LAYER_")) throw error;
    return;
  }
  const dump = engine.print();
  engine.parse([dump]);
  if (!engine.print().equals(dump)) throw new Error("the tree of damaged records prints what reads as another");
}

/** First line in which two dumpfiles differ. */
function difference(ours, theirs) {
  const [left, right] = [ours, theirs].map((dump) => dump.toString("latin1").split("\n"));
  const at = left.findIndex((line, i) => line !== right[i]);
  return `line ${at + 1}\n  engine: ${left[at]}\n  twin:   ${right[at]}`;
}

/** Throws what is wrong; returns the engine's code, or `tree`, and the twin's. */
function checkCase(engine, one) {
  const began = performance.now();
  const ours = askEngine(engine, one);
  if (ours.dump !== undefined) {
    const [counts, image] = [countsOf(engine), imageOf(engine, one.format)];
    engine.parse([ours.dump]);
    if (countsOf(engine) !== counts) throw new Error(`counted: ${counts}\n  in truth: ${countsOf(engine)}`);
    if (imageOf(engine, one.format) !== image) throw new Error("the image of the tree is not that of its dumpfile");
    if (one.damageSeed !== undefined) checkDamaged(engine, one, ours.records);
  }
  const seconds = (performance.now() - began) / 1000;
  if (seconds > CASE_SECONDS) throw new Error(`${seconds.toFixed(1)} s`);
  const memory = engine.memory.buffer.byteLength;
  if (memory > MEMORY_BYTES) throw new Error(`${memory} bytes of memory`);

  const theirs = askTwin(one);
  if ((ours.dump === undefined) !== (theirs.dump === undefined)) {
    throw new Error(`engine: ${ours.code ?? "tree"}, twin: ${theirs.code ?? "tree"}`);
  }
  if (ours.dump !== undefined && !ours.dump.equals(theirs.dump)) throw new Error(difference(ours.dump, theirs.dump));
  return [ours.code ?? "tree", theirs.code ?? "tree"];
}

/** Writes the layers of a case; returns the path without the number of the layer. */
function save(seed, number, { tars }) {
  const folder = fileURLToPath(new URL("../../build/fuzz/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const path = `${folder}tar-${seed}-${number}`;
  for (const [i, tar] of tars.entries()) writeFileSync(`${path}-${i}.tar`, tar);
  return path;
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "5000" },
    seconds: { type: "string", default: "Infinity" },
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
const seconds = () => (performance.now() - began) / 1000;
console.log(`fuzz:tar seed ${seed}, ${last - first} cases`);
let number = first;
for (; number < last && seconds() < Number(values.seconds); number++) {
  const one = makeCase(seed, number);
  try {
    const [ours, theirs] = checkCase(engine, one);
    const answer = ours === theirs ? ours : `${ours} (twin: ${theirs})`;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  } catch (error) {
    failures++;
    engine = new RawEngine(module);
    const path = save(seed, number, one);
    console.log(
      `FAILED: npm run fuzz:tar -- --seed ${seed} --case ${number}   # ${one.view}, ${path}\n  ${error.stack}`,
    );
  }
}
if (values.verbose) for (const [answer, count] of [...answers].sort()) console.log(`  ${answer}: ${count}`);
const trees = answers.get("tree") ?? 0;
console.log(
  `fuzz:tar: ${trees} trees equal, ${number - first - trees - failures} refused by both, ${failures} failed, ` +
    `${seconds().toFixed(1)} s`,
);
process.exitCode = failures === 0 ? 0 : 1;
