/**
 * What of an image has a digest that was stated for something else: another layout, block size, transform or tree. Such a
 * seal is wrong all the same; but who made it then knows what they did.
 */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { allViews } from "../explain/identify-views.ts";
import type { ImageFormat, VerityAlgorithm } from "../image/profile.ts";
import type { LayeredImage, View } from "../image/view.ts";

/** What a digest is really of. */
export interface RecognisedDigest {
  /** Such as `v2-sha512-12`. */
  profile: string;
  /** For people: which tree of the image. */
  tree: string;
}

const FORMATS: readonly ImageFormat[] = ["v1", "v0", "v2"];

/** What each digest of an image is of. */
export type DigestTable = ReadonlyMap<string, RecognisedDigest>;

/**
 * Makes all images of all trees, once: however many digests are looked up, the work is that of the layers.
 *
 * @returns by digest in lower-case hex; of trees that are the same the first has it
 * @throws {ComposefsError} ENGINE_MEMORY
 */
export async function digestTable(trees: LayeredImage, hash: HashName): Promise<DigestTable> {
  const algorithms: VerityAlgorithm[] = [`${hash}-12`, `${hash}-16`];
  const table = new Map<string, RecognisedDigest>();
  for (const { view, text } of allViews(trees.layers.length)) {
    for (const format of FORMATS) {
      const digests = await digestsOf(trees, view, hash, format, algorithms);
      for (const algorithm of algorithms) {
        const digest = digests[algorithm];
        if (digest === undefined || table.has(digest)) continue;
        table.set(digest, { profile: `${format}-${algorithm}`, tree: text });
      }
    }
  }
  return table;
}

/** The digests of an image; none where the layers make no such tree, or the format does not hold it. */
async function digestsOf(
  trees: LayeredImage,
  view: View,
  hash: HashName,
  format: ImageFormat,
  algorithms: VerityAlgorithm[],
): Promise<Partial<Record<VerityAlgorithm, string>>> {
  const engine = await acquireEngine();
  try {
    const tree = await trees.tree(engine, view, hash);
    const image = tree.openImage(format, algorithms);
    while (image.read().length > 0);
    return image.digests();
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.code.startsWith("ENGINE_")) throw error;
    return {};
  } finally {
    releaseEngine(engine);
  }
}
