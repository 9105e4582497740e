/**
 * Makes a test image on disk.
 *
 *     node test/support/oci/make.mjs list
 *     node test/support/oci/make.mjs build NAME OUT [--seed N] [--scale N] [--form F] [--compress C] [--karg TEXT]
 *     node test/support/oci/make.mjs layers NAME OUT [--seed N] [--scale N] [--karg TEXT]
 *     node test/support/oci/make.mjs multi OUT
 *
 * `build` writes a layout (a directory), `oci-archive`, `docker-archive` or `docker-archive-legacy`; `layers` writes the
 * uncompressed layers alone; `multi` a layout with an index of two platforms. `--karg` is the kernel argument in the
 * kernel image of the bootable ones.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { COMPRESSION_NAMES } from "./compress.mjs";
import { FORM_NAMES, makeForm, makeLayout, makeMultiLayout, writeLayout } from "./forms.mjs";
import { FAMILIES, makeImage, makeLayers } from "./images.mjs";
import { REFUSED, REFUSED_OURS } from "./refused.mjs";
import { layerPieces } from "./tar.mjs";

/** Piece by piece, so that layers may be larger than memory. */
function writeLayers(image, out) {
  mkdirSync(out, { recursive: true });
  for (const [i, entries] of image.layers.entries()) {
    const descriptor = openSync(join(out, `layer-${i}.tar`), "w");
    for (const piece of layerPieces(entries, image.options)) writeSync(descriptor, piece);
    closeSync(descriptor);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    scale: { type: "string", default: "1" },
    form: { type: "string", default: "layout" },
    compress: { type: "string", default: "gzip" },
    karg: { type: "string" },
  },
});
const options = { seed: Number(values.seed), scale: Number(values.scale), argument: values.karg };
const [command, ...operands] = positionals;
if (command === "list") {
  console.log(Object.keys(FAMILIES).join("\n"));
  console.log(`refused: ${Object.keys(REFUSED).join(" ")}`);
  console.log(`refused by us: ${Object.keys(REFUSED_OURS).join(" ")}`);
  console.log(`forms: ${FORM_NAMES.join(" ")}`);
  console.log(`compressions: ${COMPRESSION_NAMES.join(" ")}`);
} else if (command === "multi" && operands.length === 1) {
  writeLayout(makeMultiLayout(), operands[0]);
} else if (command === "layers" && operands.length === 2) {
  writeLayers(makeImage(operands[0], options), operands[1]);
} else if (command === "build" && operands.length === 2) {
  const [name, out] = operands;
  const layers = makeLayers(name, options);
  const form = { compression: values.compress };
  if (values.form === "layout") writeLayout(makeLayout(layers, form), out);
  else writeFileSync(out, makeForm(values.form, layers, form));
} else {
  console.error("usage: make.mjs list | build NAME OUT | layers NAME OUT | multi OUT");
  process.exitCode = 2;
}
