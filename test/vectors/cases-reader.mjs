/**
 * Cases of an image and the tree that is read from it: level reader.
 *
 * What a tree must be is the SHA-256 of its canonical dumpfile. Our engine prints it here; test/vectors/cases.test.ts
 * holds each against what is worked out of the canonical dumpfile of the vector alone, text by text. Debian's image is
 * left out for its size.
 */
import { ABI } from "../support/abi.mjs";
import { compileEngine, RawEngine } from "../support/raw-engine.mjs";
import { fixture, pack, readJson, sha256 } from "./fixtures.mjs";

/** Patches that say an image by another one: as many as are worth it. */
const PATCHES_MAX = 16;

/** Its image has the form of a whiteout of many names, which no reader takes (erofs-reader.md). */
const UNREADABLE = "random-13";

const imageOf = (name, format) => `image/${name}.${format}.cfs.gz`;

/** The images of a vector, v1 first: format, and the SHA-256 that another implementation gave it. */
function imagesOf({ runs, v2, images }) {
  if (images !== undefined) return ["v1", "v0", "v2"].map((format) => [format, images[format].sha256]);
  const found = ["--min-version=1", "--max-version=0"].map((option) => {
    const run = runs.find(({ options }) => options[0] === option);
    return [`v${run.composefs_version}`, run.sha256];
  });
  return v2 === undefined ? found : [...found, ["v2", v2.sha256]];
}

/** What makes `image` of `base`; undefined when it takes too many patches. */
function patchesBetween(base, image) {
  if (base?.length !== image.length) return undefined;
  const patches = [];
  for (let start = 0; start < image.length; start++) {
    if (base[start] === image[start]) continue;
    let end = start + 1;
    while (end < image.length && base[end] !== image[end]) end++;
    patches.push({ offset: start, hex: image.subarray(start, end).toString("hex") });
    if (patches.length > PATCHES_MAX) return undefined;
    start = end;
  }
  return patches;
}

function goodCases(engine, vector, files) {
  const { name, rule, file } = vector;
  const dump = fixture(file);
  let v1;
  return imagesOf(vector).map(([format, hash]) => {
    const { image } = engine.build(dump, ABI[`FORMAT_${format.toUpperCase()}`]);
    if (sha256(image) !== hash) throw new Error(`${name}: the image of ${format} is not that of the fixtures`);
    // Most images of v0 are those of v1 but for the version.
    const patches = patchesBetween(v1, image);
    if (patches === undefined) files.set(imageOf(name, format), pack(image));
    v1 ??= image;
    engine.scan([image]);
    const canonical = engine.print();
    return {
      id: `reader/${name}.${format}`,
      ...{ level: "reader", rule },
      input: patches === undefined ? { file: imageOf(name, format) } : { file: imageOf(name, "v1"), patches },
      expected: { dump: { size: canonical.length, sha256: sha256(canonical) } },
    };
  });
}

/** Those that are refused in strict mode alone are left out: both answers are right. */
function badCases({ cases }) {
  const bases = { v1: imageOf("reader-base", "v1"), v2: imageOf("reader-base-v2", "v2") };
  return cases
    .filter(({ expect }) => expect === "reject")
    .map(({ name, base, rule, patches, truncate, composefs_rs: other }) => ({
      id: `reader/${name}`,
      ...{ level: "reader", rule },
      input: { file: bases[base], patches, ...(truncate !== undefined && { truncate }) },
      expected: { refusal: true },
      ...(other === "accept" && { optional: "composefs-rs 0.9.0 takes it" }),
    }));
}

/** @param {Map<string, Uint8Array>} files the inputs are added @returns {object[]} cases */
export function readerCases(files) {
  const engine = new RawEngine(compileEngine("engine.wasm"));
  const { vectors, sha512 } = readJson("vectors.json");
  const readable = [...vectors.filter(({ name }) => name !== UNREADABLE), ...sha512];
  return [
    ...readable.flatMap((vector) => goodCases(engine, vector, files)),
    ...badCases(readJson("reader-negative.json")),
  ];
}
