/**
 * Container images through the bare engine: every digest of every golden image, in every view, format and hash, from one
 * reading of each layer.
 */
import { describe, expect, test } from "vitest";
import { FORMAT_V0, FORMAT_V1 } from "../../assembly/abi.ts";
import { expectedTrees, golden, layersOf, sequenceLayers, sha256, titleOf } from "../support/oci/golden.ts";
import { mergeFlags, mergeLayers, readLayer } from "../support/oci/raw-layers.mjs";
import { compileEngine, RawEngine, VERITY_4K } from "../support/raw-engine.mjs";

const engine = new RawEngine(compileEngine());
const images = golden.images.map((image) => [titleOf(image), image] as const);
const HASHES = ["sha256", "sha512"] as const;

/** Digests of the images of the tree that was merged last, by profile. */
function digestsOf(hash: (typeof HASHES)[number], formats: Record<string, number>): Record<string, string> {
  const slot = HASHES.indexOf(hash);
  const digest = (format: number) => engine.image(format, [VERITY_4K[slot]!]).digests[0]!;
  return Object.fromEntries(Object.entries(formats).map(([name, format]) => [`${name}-${hash}`, digest(format)]));
}

describe("merged trees", () => {
  test.each(images)("%s", (_, image) => {
    const records = layersOf(image).map((layer) => readLayer(engine, layer));
    for (const [view, { lines, ...expected }] of expectedTrees(image)) {
      const found: Record<string, string> = {};
      for (const hash of HASHES) {
        mergeLayers(engine, records, mergeFlags(view, hash));
        if (hash === "sha256") {
          const dump = engine.print();
          expect(dump.toString("latin1").split("\n")).toHaveLength(lines + 1);
          found["dump_sha256"] = sha256(dump);
        }
        Object.assign(found, digestsOf(hash, { v0: FORMAT_V0, v1: FORMAT_V1 }));
      }
      expect(found, view).toEqual(expected);
    }
  });
});

describe("layers alone", () => {
  const treeOf = (records: Buffer): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const hash of HASHES) {
      mergeLayers(engine, [records], mergeFlags("layer", hash));
      Object.assign(found, digestsOf(hash, { v1: FORMAT_V1 }));
    }
    return found;
  };

  test.each(images)("%s", (_, image) => {
    layersOf(image).forEach((layer, i) => {
      const records = readLayer(engine, layer);
      const expected = image.layers[i]!;
      if (expected.class === "none") {
        expect(() => treeOf(records)).toThrow("LAYER_LINK_MISSING");
      } else {
        const { "v1-sha256": short, "v1-sha512": long } = expected;
        expect(treeOf(records), `layer ${i}`).toEqual({ "v1-sha256": short, "v1-sha512": long });
      }
    });
  });
});

test.each(golden.sequences.map((sequence) => [sequence.note, sequence] as const))("sequence: %s", (_, sequence) => {
  const records = sequenceLayers(sequence).map((layer) => readLayer(engine, layer));
  sequence.steps.forEach(({ paths }, i) => {
    mergeLayers(engine, records.slice(0, i + 1), mergeFlags("untransformed"));
    const lines = engine.print().toString().trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(paths);
  });
});
