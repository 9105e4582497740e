/**
 * The rows of container images: the whole process against plain gunzip of the same layers, which is the floor, and what
 * memory and caches do.
 */

import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ABI } from "../support/abi.mjs";
import { makeLayout, writeLayout } from "../support/oci/forms.mjs";
import { readLayer } from "../support/oci/raw-layers.mjs";
import { dir, file, header, tarball } from "../support/oci/tar.mjs";
import { RawEngine } from "../support/raw-engine.mjs";
import { SplitMix64 } from "../support/splitmix64.mjs";
import { inTurn, plainRow, ratioRow, row, runPeakMiB, runSeconds, scratch } from "./measure.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const composefs = [process.execPath, at("../../build/src/cli/composefs.js")];
const gunzip = [process.execPath, at("gunzip-floor.mjs")];

/** Bytes of all layers of the image, uncompressed. */
const IMAGE_BYTES = 200e6;
const LAYERS = 3;

/** Phrases that content is made of: as many as the window of gzip still remembers most of. */
const PHRASES = 800;
const PHRASE_BYTES = 32;
const NOISE_PERCENT = 15;

/** Bytes that compress as the files of a Debian base system do: to 45 %, and back at about the same rate (measured). */
function content(random, length) {
  const bytes = Buffer.alloc(length);
  for (let start = 0; start < length; start += PHRASE_BYTES) {
    random.next();
    const isNoise = random.low % 100 < NOISE_PERCENT;
    let state = isNoise ? random.high : (random.high % PHRASES) * 2654435761;
    for (let i = start; i < Math.min(start + PHRASE_BYTES, length); i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[i] = isNoise ? state >>> 24 : 32 + ((state >>> 24) % 64);
    }
  }
  return bytes;
}

/** A layer of about `total` bytes: files of sizes as an operating system has them, below a directory of its own. */
export function layer(index, total, random = new SplitMix64(index + 1)) {
  const entries = [dir("usr"), dir(`usr/layer${index}`)];
  let count = 0;
  for (let bytes = 0; bytes < total; count++) {
    random.next();
    const size = 64 + (random.low % 2 ** (8 + (random.high % 14)));
    entries.push(file(`usr/layer${index}/file${count}`, content(random, size), { mtime: 1700000000 + count }));
    bytes += size + 512;
  }
  return tarball(entries);
}

/** Writes layers as an OCI layout. */
function layout(name, layers) {
  const path = join(scratch, name);
  mkdirSync(path);
  writeLayout(makeLayout(layers, { compression: "gzip" }), path);
  return path;
}

const digest = (operand, ...options) => [...composefs, "digest", operand, "--no-progress", ...options];

/** Whole process against the floor, with one worker and with two, for one hash each. */
async function* layersOf200MB(rounds) {
  const path = layout(
    "image-200",
    Array.from({ length: LAYERS }, (_, i) => layer(i, IMAGE_BYTES / LAYERS)),
  );
  const floor = () => runSeconds([...gunzip, path]);
  // What no reader of an image can leave out: where the processor has no instructions for SHA-256, it costs more than gunzip.
  const checked = await inTurn(() => runSeconds([...gunzip, "--checked", path]), floor, rounds);
  yield plainRow(
    "gunzip of 3 layers, 200 MB, with blob digests and diff_ids by node:crypto, against gunzip",
    checked,
    "ms",
  );
  const bounds = [
    ["v1-sha256-12", [1.6, 1.3], [1, 0.85]],
    ["v1-sha512-12", [1.9, 1.6], [1.2, 1]],
  ];
  for (const [profile, ...byWorkers] of bounds) {
    for (const [i, [must, aim]] of byWorkers.entries()) {
      const ours = () => runSeconds(digest(`oci:${path}`, "-p", profile, "--no-cache", "--workers", `${i + 1}`));
      const workers = i === 0 ? "one worker" : "two workers";
      const times = await inTurn(ours, floor, rounds);
      yield ratioRow(`${LAYERS} layers, 200 MB, gzip, ${profile}, ${workers}, against gunzip`, times, "ms", must, aim);
    }
  }
  const peak = runPeakMiB(digest(`oci:${path}`, "--no-cache", "--workers", "2"));
  yield row("the same, peak memory, two workers", peak, undefined, "MiB", peak, 250, 200);
}

/** A layer beyond 4 GiB: one file of zeros, which takes no place on the disk. */
async function* layerBeyond4GiB() {
  const path = join(scratch, "4gib.tar");
  const fd = openSync(path, "w");
  const size = 2 ** 32 + 2 ** 20;
  const blocks = [header("usr/", "5", { mode: 0o755 }), header("usr/zeros", "0", { mode: 0o644, size })];
  for (const block of blocks) writeSync(fd, block);
  ftruncateSync(fd, 1024 + size + 1024);
  closeSync(fd);
  const peak = runPeakMiB(digest(`tar:${path}`, "--no-cache", "-p", "v1-sha256-12"));
  yield row("one layer of 4 GiB, peak memory", peak, undefined, "MiB", peak, 250, 200);
}

/** Ten images on one base: what the second to the tenth cost, against the first. */
async function* tenImages() {
  const base = [layer(0, 60e6), layer(1, 60e6)];
  const cache = join(scratch, "cache");
  const seconds = [];
  for (let i = 0; i < 10; i++) {
    const path = layout(`on-base-${i}`, [...base, layer(10 + i, 2e6)]);
    seconds.push(runSeconds(digest(`oci:${path}`, "--cache", cache, "--workers", "2")));
  }
  const later = seconds.slice(1).reduce((sum, one) => sum + one, 0) / 9;
  const times = { ours: later, reference: seconds[0] };
  yield ratioRow("10 images of 2 MB on a base of 120 MB: a later one, against the first", times, "ms", 0.35, 0.25);
}

/** Hashing files out of an uncompressed tar against hashing the same bytes alone, both in the engine. */
async function* tarOfLargeFiles(rounds) {
  const files = Array.from({ length: 4 }, (_, i) => file(`usr/large${i}`, content(new SplitMix64(99 + i), 16e6)));
  const tar = tarball([dir("usr"), ...files]);
  const engine = new RawEngine();
  const { exports } = engine;
  const pieces = function* () {
    for (let start = 0; start < tar.length; start += 1 << 18) yield tar.subarray(start, start + (1 << 18));
  };
  const asLayer = () => {
    const start = performance.now();
    readLayer(engine, pieces(), { flags: ABI.LAYER_SHA256 });
    return (performance.now() - start) / 1000;
  };
  const alone = () => {
    const start = performance.now();
    exports.reset(1, 2);
    engine.check(exports.verityOpen(0, ABI.HASH_SHA256, 12, 0));
    for (const piece of pieces()) {
      engine.view(exports.inputPtr(), piece.length).set(piece);
      engine.check(exports.verityWrite(0, piece.length));
    }
    exports.verityClose(0);
    return (performance.now() - start) / 1000;
  };
  const { ours, reference } = await inTurn(asLayer, alone, rounds, 3);
  const rate = (seconds) => tar.length / 1e6 / seconds;
  const ratio = reference / ours;
  yield row(
    "uncompressed tar of large files, against hashing alone",
    rate(ours),
    rate(reference),
    "MB/s",
    ratio,
    0.8,
    0.95,
    true,
  );
}

/** All rows of container images. */
export async function* containers(rounds) {
  yield* layersOf200MB(rounds);
  yield* layerBeyond4GiB();
  yield* tenImages();
  yield* tarOfLargeFiles(rounds);
}
