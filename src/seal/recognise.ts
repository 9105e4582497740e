/**
 * What of an image has a digest that was stated for something else: another layout, block size, transform or tree. Such a
 * seal is wrong all the same; but who made it then knows what they did.
 */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { allViews } from "../explain/identify-views.ts";
import type { ImageFormat, VerityAlgorithm } from "../image/profile.ts";
import type { LayeredImage } from "../image/view.ts";

/** What a digest is really of. */
export interface RecognisedDigest {
  /** Such as `v2-sha512-12`. */
  profile: string;
  /** For people: which tree of the image. */
  tree: string;
}

const FORMATS: readonly ImageFormat[] = ["v1", "v0", "v2"];

/**
 * Tries all images of all trees.
 *
 * @param digest lower-case hex, 64 or 128 digits
 * @returns null when none has it
 * @throws {ComposefsError} ENGINE_MEMORY
 */
export async function recogniseDigest(trees: LayeredImage, digest: string): Promise<RecognisedDigest | null> {
  const hash: HashName = digest.length === 64 ? "sha256" : "sha512";
  const algorithms: VerityAlgorithm[] = [`${hash}-12`, `${hash}-16`];
  for (const { view, text } of allViews(trees.layers.length)) {
    const engine = await acquireEngine();
    try {
      const tree = await trees.tree(engine, view, hash);
      for (const format of FORMATS) {
        const image = tree.openImage(format, algorithms);
        while (image.read().length > 0);
        const digests = image.digests();
        const found = algorithms.find((algorithm) => digests[algorithm] === digest);
        if (found !== undefined) return { profile: `${format}-${found}`, tree: text };
      }
    } catch (error) {
      // Not every image makes every tree, and not every format holds every tree.
      if (!(error instanceof ComposefsError) || error.code.startsWith("ENGINE_")) throw error;
    } finally {
      releaseEngine(engine);
    }
  }
  return null;
}
