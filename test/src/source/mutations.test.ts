/** Damaged archives: an error with a code, or the very image; never a trap, a hang or another image. */
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { openContainerBlob } from "../../../src/source/container.web.ts";
import { openLayer } from "../../../src/source/layer-stream.ts";
import { makeForm } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import { blobOf, digestOf, HOSTS } from "../../support/source.ts";
import { SplitMix64 } from "../../support/splitmix64.mjs";

const TARS = makeLayers("repeat");
const DIFF_IDS = TARS.map(digestOf);
const COUNT = 150;
const LIMITS = { layerBytes: 1 << 22, spoolBytes: 1 << 22 };
const [, HOST] = HOSTS[0]!;

/** The diff_ids that come out, or the code of the error. */
async function outcome(bytes: Uint8Array): Promise<string[] | string> {
  try {
    const image = await openContainerBlob(blobOf(bytes), { limits: LIMITS });
    const diffIds = [];
    for (const layer of image.layers) {
      const stream = openLayer(layer, LIMITS, undefined, HOST);
      for await (const _ of stream);
      diffIds.push(stream.totals!.diffId);
    }
    return image.kind === "tar" ? "a layer" : diffIds;
  } catch (error) {
    if ((error as Error).name !== ComposefsError.name) throw error;
    return (error as ComposefsError).code;
  }
}

/** Flips bits, cuts, doubles or moves a piece. */
function mutate(original: Uint8Array, random: SplitMix64): Buffer {
  const bytes = Buffer.from(original);
  const at = random.below(bytes.length);
  const length = 1 + random.below(600);
  switch (random.below(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 3:
      bytes.copyWithin(at, random.below(bytes.length), at + length);
      return bytes;
    default:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
  }
}

describe.each(["oci-archive", "docker-archive", "docker-archive-legacy"])("%s", (form) => {
  test.each([1, 2, 3])("seed %i", async (seed) => {
    const archive = makeForm(form, TARS, { compression: "mixed" });
    const random = new SplitMix64(seed);
    for (let i = 0; i < COUNT; i++) {
      const found = await outcome(mutate(archive, random));
      if (typeof found === "string") expect(found).toMatch(/^(SOURCE|BLOB)_|^a layer$/);
      else expect(found).toEqual(DIFF_IDS);
    }
  });
});
