/**
 * The naive twin of tar reader and merge against the golden images: what the engine is compared with on random layers is
 * itself right.
 */
import { describe, expect, test } from "vitest";
import { FORMAT_V1 } from "../../assembly/abi.ts";
import { layerNaively, mergeNaively } from "../support/naive/oci-tree.ts";
import { Refusal } from "../support/naive/refusal.ts";
import {
  dumpOf,
  expectedTrees,
  golden,
  hasDump,
  layersOf,
  sequenceLayers,
  sha256,
  titleOf,
} from "../support/oci/golden.ts";
import { makeLayers } from "../support/oci/images.mjs";
import { REFUSAL_CODES } from "../support/oci/refusal-codes.ts";
import { RawEngine, VERITY_4K } from "../support/raw-engine.mjs";

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return "accepted";
}

/** The twin is slow, the largest image is for the engine. */
const images = golden.images.filter(({ scale }) => scale < 5).map((image) => [titleOf(image), image] as const);

describe("canonical dumpfiles", () => {
  test.each(images)("%s", (_, image) => {
    const layers = layersOf(image);
    for (const [view, expected] of expectedTrees(image)) {
      const dump = mergeNaively(layers, view);
      const text = dump.toString("latin1");
      if (view === "allowlist-only" && hasDump(image)) expect(text).toBe(dumpOf(image));
      expect([sha256(dump), text.split("\n").length - 1]).toEqual([expected.dump_sha256, expected.lines]);
    }
  });

  test("those that can be read are all compared", () => {
    expect(images.filter(([, image]) => hasDump(image))).toHaveLength(20);
  });
});

describe("layers alone", () => {
  const engine = new RawEngine();
  test.each(images)("%s", (_, image) => {
    layersOf(image).forEach((layer, i) => {
      const expected = image.layers[i]!;
      if (expected.class === "none") {
        expect(codeOf(() => layerNaively(layer))).toBe("LAYER_LINK_MISSING");
        return;
      }
      const digests = (["sha256", "sha512"] as const).map(
        (hash, slot) => engine.build(layerNaively(layer, hash), FORMAT_V1, VERITY_4K).digests[slot],
      );
      expect(digests).toEqual([expected["v1-sha256"], expected["v1-sha512"]]);
    });
  });
});

test.each(golden.sequences.map((sequence) => [sequence.note, sequence] as const))("sequence: %s", (_, sequence) => {
  const layers = sequenceLayers(sequence);
  sequence.steps.forEach(({ paths }, i) => {
    const dump = mergeNaively(layers.slice(0, i + 1), "untransformed").toString();
    expect(dump.split("\n").flatMap((line) => (line === "" ? [] : [line.split(" ")[0]]))).toEqual(paths);
  });
});

test.each([...golden.refused, ...golden["refused-ours"]])("%s is refused for its reason", (name) => {
  expect(codeOf(() => mergeNaively(makeLayers(name), "allowlist-only"))).toBe(REFUSAL_CODES[name]);
});
