/**
 * Every image by its name. The uncompressed layers, hence the diff_ids and the digests of the tree, depend on name, seed
 * and scale only; `test/fixtures/oci/oci-golden.json` pins them.
 */
import { boot, bootplain } from "./families/boot.mjs";
import { formats, global, oddformats } from "./families/formats.mjs";
import { large } from "./families/large.mjs";
import { links, oddlinks } from "./families/links.mjs";
import { sizes, times, xattrs } from "./families/metadata.mjs";
import { base, base5, dotslash, repeat, tiny, zerofiles } from "./families/plain.mjs";
import { chaos, random } from "./families/random.mjs";
import { merge, oddwhiteouts, whiteouts } from "./families/whiteouts.mjs";
import { REFUSED, REFUSED_OURS } from "./refused.mjs";
import { tarball } from "./tar.mjs";

/** Families: functions of seed, scale and, for the bootable ones, a kernel argument. */
export const FAMILIES = {
  ...{ tiny, zerofiles, base5, dotslash, base, whiteouts, oddwhiteouts, links, oddlinks, formats, oddformats, global },
  ...{ xattrs, merge, sizes, times, boot, bootplain, repeat, random, chaos, large },
};

/**
 * The entries of an image, for those who write the layers themselves.
 *
 * @param {string} name of a family or of a refusal
 * @returns {{ layers: (object | Uint8Array)[][], options: { end?: number, record?: number } }}
 */
export function makeImage(name, { seed = 1, scale = 1, argument } = {}) {
  const make = FAMILIES[name] ?? REFUSED[name] ?? REFUSED_OURS[name];
  if (make === undefined) throw new RangeError(`no image ${name}`);
  return make(seed, scale, argument);
}

/** The uncompressed layers of an image, base first. */
export function makeLayers(name, options) {
  const made = makeImage(name, options);
  return made.layers.map((entries) => tarball(entries, made.options));
}
