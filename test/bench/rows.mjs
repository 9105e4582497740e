/**
 * The rows of the table, each measured beside its reference in this run.
 */

import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImage } from "../../build/src/index.js";
import { containers } from "./containers.mjs";
import { directory } from "./directory.mjs";
import { distroFile, hardlinks, reversedDirectory, uniqueXattrs } from "./inputs.mjs";
import { inspector } from "./inspector.mjs";
import { labels } from "./labels.mjs";
import { inTurn, median, ratioRow, row, runPeakMiB, runSeconds, scratch } from "./measure.mjs";
import { service } from "./service.mjs";

const root = new URL("../../", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));
const reference = at(".oracles/bin/mkcomposefs");
const referenceInfo = at(".oracles/bin/composefs-info");
const mkcomposefs = [process.execPath, at("build/src/cli/mkcomposefs.js")];
const composefs = [process.execPath, at("build/src/cli/composefs.js")];
const composefsInfo = [process.execPath, at("build/src/cli/composefs-info.js")];

/** Arguments that make an image of a dumpfile and print its digest. */
const makeImage = (dump, name) => ["--from-file", "--print-digest", dump, join(scratch, name)];

/** 64k entries: the whole process, and a warm instance. */
async function* entries64k(rounds) {
  const dump = distroFile(64_000);
  const referenceRun = () => runSeconds([reference, ...makeImage(dump, "c.img")]);
  const whole = await inTurn(() => runSeconds([...mkcomposefs, ...makeImage(dump, "wasm.img")]), referenceRun, rounds);
  yield ratioRow("64k-entry dumpfile to image and digest, whole process", whole, "ms", 0.6, 0.4);

  const bytes = readFileSync(dump);
  const warm = async () => {
    const start = performance.now();
    await buildImage(bytes, { format: "auto", sink: () => {} });
    return (performance.now() - start) / 1000;
  };
  for (let i = 0; i < 5; i++) await warm();
  yield ratioRow("the same, warm, in process", await inTurn(warm, referenceRun, rounds), "ms", 0.3, 0.2);
}

/** A million entries: time and memory of the whole process. */
async function* entries1m(rounds) {
  const dump = distroFile(1_000_000, 2);
  const ours = [...mkcomposefs, ...makeImage(dump, "wasm.img")];
  const theirs = [reference, ...makeImage(dump, "c.img")];
  const wall = await inTurn(
    () => runSeconds(ours),
    () => runSeconds(theirs),
    Math.min(rounds, 3),
    0,
  );
  yield ratioRow("1,000,000 entries, wall", wall, "s", 0.15, 0.1);
  const peak = { ours: runPeakMiB(ours), reference: runPeakMiB(theirs) };
  yield ratioRow("1,000,000 entries, peak memory", peak, "MiB", 0.6, 0.5);
}

/** The text of an image of 64k entries: the whole process. */
async function* infoDump(rounds) {
  const image = join(scratch, "info.img");
  runSeconds([...mkcomposefs, "--from-file", distroFile(64_000), image]);
  const whole = await inTurn(
    () => runSeconds([...composefsInfo, "dump", image]),
    () => runSeconds([referenceInfo, "dump", image]),
    rounds,
  );
  yield ratioRow("composefs-info dump of a 64k-entry image, whole process", whole, "ms", 0.6, 0.4);
}

/** Two images that differ in every tenth mtime against one canonical dump of one of them. */
async function* diff(rounds) {
  const paths = ["a.img", "b.img"].map((name) => join(scratch, name));
  const text = readFileSync(distroFile(64_000), "utf8");
  let line = 0;
  const moved = text.replace(/^(.*? )(\d+)\.(\d+)( .*)$/gm, (all, before, seconds, rest, after) =>
    line++ % 10 === 0 ? `${before}${Number(seconds) + 1}.${rest}${after}` : all,
  );
  [text, moved].forEach((dump, i) => {
    const file = join(scratch, `diff-${i}.dump`);
    writeFileSync(file, dump);
    runSeconds([...mkcomposefs, "--from-file", file, paths[i]]);
  });
  const whole = await inTurn(
    () => runSeconds([...composefs, "diff", ...paths], {}, 1),
    () => runSeconds([...composefs, "dump", paths[0]]),
    rounds,
  );
  yield ratioRow("diff of two 64k-entry images, whole process, against one dump", whole, "ms", 2.5, 2);
}

/** Shapes that punish quadratic steps: time an entry against that of 50,000 entries of the same shape. */
async function* shapes(rounds) {
  const microsecondsPerEntry = async (dump) => {
    const times = [];
    let entries = 0;
    for (let round = -2; round < rounds; round++) {
      const start = performance.now();
      const image = await buildImage(dump, { format: "auto" });
      if (round >= 0) times.push(performance.now() - start);
      entries = image.counts.entries;
    }
    return (median(times) * 1000) / entries;
  };
  for (const [work, count, make] of [
    ["200,000 hardlinks", 200_000, hardlinks],
    ["500,000 entries of one directory, reversed", 500_000, reversedDirectory],
    ["100,000 files with 4 unique xattrs each", 100_000, uniqueXattrs],
  ]) {
    const base = await microsecondsPerEntry(make(50_000));
    const time = await microsecondsPerEntry(make(count));
    yield row(`${work}: time an entry, against 50,000`, time, base, "us", time / base, 2, 1.5);
  }
}

/** fs-verity of a large file on two threads. */
async function* verity(rounds) {
  const file = join(scratch, "256MiB");
  const block = Buffer.alloc(1 << 20);
  for (let i = 0; i < block.length; i++) block[i] = Math.imul(i, 2654435761) >>> 24;
  const parts = [];
  for (let i = 0; i < 256; i++) {
    block.writeUInt32LE(i, i * 16);
    parts.push(Buffer.from(block));
  }
  writeFileSync(file, Buffer.concat(parts));
  const theirs = () => runSeconds(["fsverity", "digest", file]);
  const command = [...composefs, "verity", "digest", "--threads", "2", file];
  const shipped = await inTurn(() => runSeconds(command), theirs, rounds);
  yield ratioRow("verity digest of 256 MiB, two threads, as shipped", shipped, "ms", 0.9, 0.75);
  const wasmOnly = await inTurn(() => runSeconds([...command, "--no-accelerator"]), theirs, rounds);
  yield ratioRow("verity digest of 256 MiB, two threads, WebAssembly only", wasmOnly, "ms", 1.4, 1.05);
}

/** The SIMD kernel beside one stream of node:crypto, which is OpenSSL. */
async function* kernel(rounds) {
  const engine = new WebAssembly.Instance(
    new WebAssembly.Module(readFileSync(new URL("build/testing/engine.wasm", root))),
  ).exports;
  const BYTES = 2 << 20;
  const data = engine.scratchPtr() >>> 0;
  const bytes = new Uint8Array(engine.memory.buffer, data, BYTES);
  for (let i = 0; i < BYTES; i++) bytes[i] = Math.imul(i, 2654435761) >>> 24;
  const copy = Buffer.from(bytes);
  const timed = (run) => () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  };
  const ours = timed(() => {
    for (let i = 0; i < BYTES; i += 16384) engine.sha256Lanes(data + i, 4096, 4096, data + BYTES);
  });
  const theirs = timed(() => createHash("sha256").update(copy).digest());
  const times = await inTurn(ours, theirs, rounds * 10, 20);
  const speed = { ours: BYTES / 1e6 / times.ours, reference: BYTES / 1e6 / times.reference };
  yield row(
    "SHA-256 SIMD kernel against one OpenSSL stream",
    speed.ours,
    speed.reference,
    "MB/s",
    speed.ours / speed.reference,
    0.45,
    0.47,
    true,
  );
}

/** Size of the module. */
async function* size() {
  const kib = statSync(new URL("build/engine.wasm", root)).size / 1024;
  // 96 was for writing images; by now it also reads them, tars and layers, and labels trees.
  yield row("engine.wasm", kib, undefined, "KiB", kib, 128, 112);
}

/** All rows, by the names that `--only` takes. */
export const groups = {
  entries64k,
  entries1m,
  infoDump,
  diff,
  containers,
  directory,
  labels,
  inspector,
  service,
  shapes,
  verity,
  kernel,
  size,
};
