/** What the image fuzzer starts from: small images of the golden dumpfiles and of random trees, in all three formats. */
import { readdirSync, readFileSync } from "node:fs";
import { ABI } from "../support/abi.mjs";
import { EngineStatus } from "../support/raw-engine.mjs";
import { fieldsOf } from "./image-fields.mjs";
import { makeCase } from "./random-dump.mjs";

const FORMATS = [ABI.FORMAT_V0, ABI.FORMAT_V1, ABI.FORMAT_V2];

/** Larger ones cost time and find nothing more. */
const IMAGE_BYTES = 32_768;

/** Random trees, always the same: the seed of a run moves what is done to them. */
const TREE_SEED = 99;
const TREES = 150;

function* dumps() {
  const folder = new URL("../fixtures/dump/", import.meta.url);
  for (const name of readdirSync(folder).sort()) {
    if (!name.startsWith("reject-")) yield [name, readFileSync(new URL(name, folder))];
  }
  for (let number = 0; number < TREES; number++) {
    const { dump, broken } = makeCase(TREE_SEED, number);
    if (!broken) yield [`tree ${number}`, dump];
  }
}

/** @returns {{ name: string, image: Buffer, fields: object }[]} */
export function makeCorpus(engine) {
  const corpus = [];
  for (const [name, dump] of dumps()) {
    for (const format of FORMATS) {
      try {
        const { image } = engine.build(dump, format);
        if (image.length > IMAGE_BYTES) continue;
        corpus.push({ name: `${name} V${format}`, image, fields: fieldsOf(image) });
      } catch (error) {
        // Not every tree fits V2.
        if (!(error instanceof EngineStatus)) throw error;
      }
    }
  }
  return corpus;
}
