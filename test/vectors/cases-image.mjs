/**
 * Cases of a dumpfile and the image that it gives: levels auto, v0, v1 and v2.
 *
 * A dumpfile that must be refused is a case of each level. Where one of the two other implementations takes it, or
 * refuses one that the other takes, the case says so: nobody is held to what they do not agree on.
 */
import { debian, fixture, readJson } from "./fixtures.mjs";

const LEVELS = ["auto", "v0", "v1", "v2"];

/** Levels by the options of mkcomposefs that made a run. */
const LEVEL_OF_OPTIONS = { "": "auto", "--max-version=0": "v0", "--min-version=1": "v1" };

const REFERENCES = { c: "C mkcomposefs 1.0.8", composefs_rs: "composefs-rs 0.9.0" };

const dumpOf = (name) => `dump/${name}.dump`;

function expectedImage({ size, sha256, fsverity_sha256, fsverity_sha512 }) {
  return { image: { size, sha256, fsverity: { sha256: fsverity_sha256, sha512: fsverity_sha512 } } };
}

function imageCase(level, { name, rule, file, note }, image) {
  return {
    id: `${level}/${name}`,
    ...{ level, rule, input: { file } },
    expected: expectedImage(image),
    ...(note && { optional: note }),
  };
}

/** Cases of a dumpfile that C mkcomposefs takes. */
function acceptedCases(vector) {
  const { runs, v2, composefs_rs: other } = vector;
  const note = other?.startsWith("rejects") ? `${REFERENCES.composefs_rs} refuses it` : undefined;
  const images = runs.map((run) => [LEVEL_OF_OPTIONS[run.options.join(" ")], run]);
  if (v2 !== undefined) images.push(["v2", v2]);
  return images.map(([level, image]) => imageCase(level, { ...vector, note }, image));
}

/** Cases of a dumpfile whose objects have SHA-512 digests. */
function sha512Cases(vector) {
  return Object.entries(vector.images).map(([level, image]) => imageCase(level, vector, image));
}

function rejectCases({ name, rule, file, ...answers }) {
  const takers = Object.keys(REFERENCES).filter((reference) => answers[reference] === "accept");
  const note = takers.map((reference) => REFERENCES[reference]).join(" and ");
  return LEVELS.map((level) => ({
    id: `${level}/${name}`,
    ...{ level, rule, input: { file }, expected: { refusal: true } },
    ...(note && { optional: `${note} ${takers.length === 1 ? "takes" : "take"} it` }),
  }));
}

/** @param {Map<string, Uint8Array>} files the inputs are added @returns {object[]} cases by level */
export function imageCases(files) {
  const { vectors, rejects, sha512 } = readJson("vectors.json");
  for (const { name } of [...vectors, ...rejects, ...sha512]) files.set(dumpOf(name), fixture(dumpOf(name)));
  files.set(debian.file, fixture(debian.file));
  const cases = [...vectors, debian].flatMap(acceptedCases);
  cases.push(...sha512.flatMap(sha512Cases), ...rejects.flatMap(rejectCases));
  return LEVELS.flatMap((level) => cases.filter((one) => one.level === level));
}
