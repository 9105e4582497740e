/**
 * Cases of a container image and the digests of its trees: level oci. Each image is a layout with gzip layers.
 *
 * Left out: trees without the OCI transform, which are those of a single layer; the boot transform that no release has
 * yet; images that are there for their size, and further ones of the random kinds.
 */
import { makeLayout } from "../support/oci/forms.mjs";
import { makeLayers } from "../support/oci/images.mjs";
import { readJson, sha256 } from "./fixtures.mjs";

/** Seeds of the random images that the package has. */
const SEED_MAX = 2;

const PROFILE = /^(v[012])-(sha256|sha512)$/;

/** Kinds of layers whose digest nobody else computes. */
const OURS = { ours: "no other implementation gives a layer that names no parents a digest" };

function addLayout(files, folder, layers) {
  for (const [path, bytes] of makeLayout(layers)) files.set(`${folder}/${path}`, bytes);
}

/** A case for each profile that the fixtures have of a tree. */
function treeCases(layout, what, parameters, tree, more = {}) {
  return Object.entries(tree).flatMap(([profile, digest]) => {
    const [, format, hash] = PROFILE.exec(profile) ?? [];
    if (format === undefined) return [];
    const id = [layout, what, profile].filter(Boolean).join("/");
    const given = { format, hash, ...parameters };
    return [{ id, level: "oci", ...more, input: { layout }, parameters: given, expected: { digest } }];
  });
}

function imageCases(layout, image) {
  const rule = image.note;
  const merged = { role: "merged", xattrs: "allowlist-only" };
  const cases = treeCases(layout, "", merged, image["allowlist-only"] ?? {}, { rule });
  const keep = image["keep-user-xattrs"];
  if (keep)
    cases.push(...treeCases(layout, "keep-user-xattrs", { ...merged, xattrs: "keep-user-xattrs" }, keep, { rule }));
  if (image.bootable)
    cases.push(...treeCases(layout, "bootable", { ...merged, role: "bootable" }, image.bootable, { rule }));
  for (const [i, { class: kind, ...layer }] of image.layers.entries()) {
    const optional = OURS[kind];
    const parameters = { role: "layer", layer: i + 1 };
    cases.push(...treeCases(layout, `layer-${i + 1}`, parameters, layer, { rule, ...(optional && { optional }) }));
  }
  return cases;
}

function refusalCase(layout, optional) {
  const parameters = { format: "v1", hash: "sha512", role: "merged", xattrs: "allowlist-only" };
  const expected = { refusal: true };
  return { id: layout, level: "oci", input: { layout }, parameters, expected, ...(optional && { optional }) };
}

/** @param {Map<string, Uint8Array>} files the layouts are added @returns {object[]} cases */
export function ociCases(files) {
  const { images, refused, "refused-ours": refusedOurs } = readJson("oci/oci-golden.json");
  const cases = [];
  for (const image of images) {
    if (image.image === "large" || image.seed > SEED_MAX) continue;
    const layers = makeLayers(image.image, image);
    if (image.diff_ids.some((diffId, i) => diffId !== `sha256:${sha256(layers[i])}`)) {
      throw new Error(`${image.image} ${image.seed}: the layers are not those of the fixtures`);
    }
    const layout = `oci/${image.image}-${image.seed}`;
    const found = imageCases(layout, image);
    if (found.length === 0) continue;
    addLayout(files, layout, layers);
    cases.push(...found);
  }
  for (const name of [...refused, ...refusedOurs]) {
    const layout = `oci/${name}`;
    addLayout(files, layout, makeLayers(name));
    cases.push(
      refusalCase(layout, refusedOurs.includes(name) ? "releases of composefs-rs do not agree on it" : undefined),
    );
  }
  return cases;
}
