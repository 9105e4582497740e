/**
 * The rows of the service: how fast images that were never seen get their digests, with one, two and four worker processes,
 * beside Debian's registry on the same machine; and what a scan of images costs that all have theirs.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { wantedKey } from "../../build/src/service/wanted.js";
import { makeLayout, writeLayout } from "../support/oci/forms.mjs";
import { startDebianRegistry } from "../support/registry/real.mjs";
import { layer } from "./containers.mjs";
import { median, row, runPeakMiB, runSeconds, scratch } from "./measure.mjs";
import { subjectOf } from "./sealed-registry.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const composefs = [process.execPath, at("../../build/src/cli/composefs.js")];
const floor = [process.execPath, at("gunzip-floor.mjs"), "--checked"];

/**
 * Images that share a few bases: each has one of them and a layer of its own. They are so many that what is measured is the
 * work and not the start of processes, which a service does once.
 */
const BASES = 6;
const BASE_BYTES = 64e6;
const IMAGES = 24;
const OWN_BYTES = 64e6;
const DISTINCT_BYTES = BASES * BASE_BYTES + IMAGES * OWN_BYTES;

/** Writes images as layouts. @returns their folders, and one that has each distinct layer once */
function writeImages() {
  const bases = Array.from({ length: BASES }, (_, i) => layer(i, BASE_BYTES));
  const owns = Array.from({ length: IMAGES }, (_, i) => layer(BASES + i, OWN_BYTES));
  const write = (name, layers) => {
    const path = join(scratch, name);
    mkdirSync(path);
    writeLayout(makeLayout(layers, { compression: "gzip" }), path);
    return path;
  };
  const images = owns.map((own, i) => write(`service-${i}`, [bases[i % BASES], own]));
  return { images, distinct: write("service-distinct", [...bases, ...owns]) };
}

/** A registry with images, of which no one has an artifact, as often as wanted. @param images folders of layouts */
async function startImages(images) {
  const registry = await startDebianRegistry();
  const copy = (from, to) => runSeconds([...composefs, "copy", from, `docker://${registry.host}/${to}`]);
  for (const [i, path] of images.entries()) copy(`oci:${path}:latest`, `app:v${i}`);
  let runs = 0;
  return {
    /** Seconds for all images, with an empty cache. */
    precomputeSeconds(workers) {
      const repository = `run${runs++}`;
      // Within a registry blobs are mounted.
      for (const i of images.keys()) copy(`docker://${registry.host}/app:v${i}`, `${repository}:v${i}`);
      const home = join(scratch, "service-home");
      const options = ["--workers", `${workers}`, "--state", join(home, "state"), "--cache", join(home, "cache")];
      try {
        const source = `docker://${registry.host}/${repository}`;
        return runSeconds([...composefs, "precompute", source, ...options, "--no-progress"]);
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
    close: () => registry.close(),
  };
}

/** Workers against the floor, each in turn in every round. */
async function* workers(rounds) {
  const { images, distinct } = writeImages();
  const counts = [1, 2, 4];
  const times = { floor: [], 1: [], 2: [], 4: [] };
  const registry = await startImages(images);
  try {
    for (let round = 0; round < rounds; round++) {
      times.floor.push(runSeconds([...floor, distinct]));
      for (const count of counts) times[count].push(registry.precomputeSeconds(count));
    }
  } finally {
    registry.close();
  }
  const speed = (seconds) => DISTINCT_BYTES / 1e6 / median(seconds);
  for (const count of counts) {
    const perMinute = Math.round((IMAGES * 60) / median(times[count]));
    yield row(
      `precompute, ${count} worker${count === 1 ? "" : "s"}, ${perMinute} images/min, against gunzip with hashes`,
      speed(times[count]),
      speed(times.floor),
      "MB/s",
      speed(times[count]) / speed(times.floor),
      count === 2 ? 0.7 : 0,
      count === 2 ? 0.9 : 0,
      true,
    );
  }
}

const SMALL_IMAGES = 60;
const SMALL_BYTES = 4096;

/** What an image costs besides its bytes: layers that are next to nothing. */
async function* smallImages(rounds) {
  const images = Array.from({ length: SMALL_IMAGES }, (_, i) => {
    const path = join(scratch, `small-${i}`);
    mkdirSync(path);
    writeLayout(makeLayout([layer(1000, SMALL_BYTES), layer(i, SMALL_BYTES)], { compression: "gzip" }), path);
    return path;
  });
  const times = [];
  const registry = await startImages(images);
  try {
    for (let round = 0; round < rounds; round++) times.push(registry.precomputeSeconds(1));
  } finally {
    registry.close();
  }
  const ms = (1000 * median(times)) / SMALL_IMAGES;
  yield row("precompute, small images, 1 worker, for each", ms, undefined, "ms", ms, 200, 100);
}

const SEALED = 10_000;
/** As deploy/ starts it. */
const DEPLOYED = { NODE_OPTIONS: "--max-semi-space-size=1" };

/** A scan of images that have all that is wanted, as the one before left them. */
async function* scan() {
  const wanted = wantedKey({ algorithms: ["sha512-12"], bootable: false, signing: null }, "sha512-12");
  const state = join(scratch, "scan-state");
  mkdirSync(state);
  const lines = Array.from({ length: SEALED }, (_, i) => {
    const { subject, artifact } = subjectOf(i);
    return `${subject} ${artifact} ${wanted}\n`;
  });
  writeFileSync(join(state, "verified"), lines.join(""));
  const registry = spawn(process.execPath, [at("sealed-registry.mjs"), `${SEALED}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const output = createInterface(registry.stdout);
    const [port] = await once(output, "line");
    const command = [...composefs, "precompute", `docker://127.0.0.1:${port}/app`, "--state", state, "--no-progress"];
    const memory = runPeakMiB(command, DEPLOYED);
    registry.stdin.write("\n");
    const [requests] = await once(output, "line");
    const each = Number(requests) / SEALED;
    yield row("scan of 10,000 sealed images, requests for each", each, undefined, "requests", each, 2.01, 2.01);
    yield row(
      "scan of 10,000 sealed images, peak memory, with the options of deploy/",
      memory,
      undefined,
      "MiB",
      memory,
      100,
      100,
    );
  } finally {
    registry.kill();
  }
}

export async function* service(rounds) {
  yield* scan();
  yield* smallImages(rounds);
  yield* workers(rounds);
}
