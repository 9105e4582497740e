/**
 * The jobs that every host does, and what must be among its answers.
 *
 * All dumpfiles of test/fixtures/vectors.json, the refused ones included, Debian's, and all container images of
 * test/fixtures/oci: in each view, and each layer alone. The expected values are those of the fixtures, which other
 * implementations made. The files are written to one folder, so that a browser gets them from a server.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ABI } from "../support/abi.mjs";
import { generateDumpBytes } from "../support/generate-dump.mjs";
import { makeLayers } from "../support/oci/images.mjs";
import { mergeFlags } from "../support/oci/raw-layers.mjs";

const FIXTURES = new URL("../fixtures/", import.meta.url);

function readJson(name) {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), "utf8"));
}

/** Answers for an image of the fixtures, by format. */
function imageAnswers(format, { fsverity_sha256, fsverity_sha512 }) {
  return [`${format}-sha256-12:${fsverity_sha256}`, `${format}-sha512-12:${fsverity_sha512}`];
}

function runAnswers({ runs, v2 }) {
  const answers = runs.flatMap((run) => imageAnswers(`v${run.composefs_version}`, run));
  return [...new Set(v2 === undefined ? answers : [...answers, ...imageAnswers("v2", v2)])];
}

/** Answers for a tree of layers: `{ "v1-sha256": digest, … }`. */
function treeAnswers(expected) {
  return Object.entries(expected)
    .filter(([profile]) => /^v\d-sha\d+$/.test(profile))
    .map(([profile, digest]) => `${profile}-12:${digest}`);
}

function* dumpVectors() {
  const { vectors, sha512, generated, rejects } = readJson("vectors.json");
  const codes = readJson("rejects.json");
  const debian = readJson("debian.json");
  for (const vector of vectors) yield { file: vector.file, answers: runAnswers(vector) };
  for (const { file, images } of sha512) {
    yield { file, answers: Object.entries(images).flatMap(([format, image]) => imageAnswers(format, image)) };
  }
  for (const vector of generated) {
    const bytes = generateDumpBytes(...vector.generator);
    yield { file: `dump/${vector.name}.dump`, bytes, answers: runAnswers(vector) };
  }
  yield {
    file: "dump/debian-minbase.dump",
    bytes: gunzipSync(readFileSync(new URL(debian.file, FIXTURES))),
    answers: runAnswers(debian),
  };
  for (const { name, file } of rejects) {
    const { code, line, field } = codes[name];
    const answer = [ABI[`STATUS_${code}`], line, ABI[`FIELD_${field.toUpperCase()}`]].join(":");
    yield { file, answers: [`refused:${answer}`] };
  }
}

const VIEWS = ["allowlist-only", "keep-user-xattrs", "untransformed"];

/** Each image in each view, and its layers alone; `answers` of those that must be refused are not written down here. */
function* layerVectors() {
  const { images, refused, "refused-ours": refusedOurs } = readJson("oci/oci-golden.json");
  for (const image of images) {
    const name = `${image.image}-${image.seed}-${image.scale}`;
    const layers = makeLayers(image.image, image).map((bytes, i) => ({ file: `${name}/layer-${i}.tar`, bytes }));
    for (const view of image["allowlist-only"] === undefined ? [] : VIEWS) {
      yield { flags: mergeFlags(view), layers, answers: treeAnswers(image[view] ?? image["allowlist-only"]) };
    }
    for (const [i, { class: kind, ...expected }] of image.layers.entries()) {
      const answers = kind === "none" ? [] : treeAnswers(expected);
      yield { flags: mergeFlags("layer"), layers: [layers[i]], answers };
    }
  }
  for (const name of [...refused, ...refusedOurs]) {
    const layers = makeLayers(name).map((bytes, i) => ({ file: `${name}/layer-${i}.tar`, bytes }));
    yield { flags: mergeFlags("allowlist-only"), layers, answers: [] };
  }
}

/**
 * Writes the files of all vectors.
 *
 * @param {string} folder emptied first
 * @returns {{ job: string, answers: string[] }[]} jobs with files relative to the folder; no answers: it must be refused
 */
export function writeVectors(folder) {
  rmSync(folder, { recursive: true, force: true });
  const write = ({ file, bytes }) => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes ?? readFileSync(new URL(file, FIXTURES)));
  };
  const jobs = [];
  for (const vector of dumpVectors()) {
    write(vector);
    jobs.push({ job: `dump ${vector.file}`, answers: vector.answers });
  }
  for (const { flags, layers, answers } of layerVectors()) {
    layers.forEach(write);
    jobs.push({ job: ["layers", flags, ...layers.map(({ file }) => file)].join(" "), answers });
  }
  return jobs;
}
