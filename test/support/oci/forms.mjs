/**
 * The forms in which images travel: OCI layout, the same as one archive, docker-save archives new and old.
 *
 * A layout is a map from path to bytes; `writeForm` brings one to disk.
 */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compressLayer } from "./compress.mjs";
import { makeLayers } from "./images.mjs";
import { dir, file, symlink, tarball } from "./tar.mjs";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const EMPTY = "application/vnd.oci.empty.v1+json";

const CREATED = "2020-01-01T00:00:00Z";
const REF_NAME = "org.opencontainers.image.ref.name";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const json = (value) => Buffer.from(JSON.stringify(value));
const byName = ([a], [b]) => (a < b ? -1 : 1);

/** Adds a blob to a layout and describes it. */
function addBlob(files, bytes, mediaType) {
  const hex = sha256(bytes);
  files.set(`blobs/sha256/${hex}`, bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

function addManifest(files, config, layers) {
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers };
  return addBlob(files, json(manifest), MANIFEST);
}

function addIndex(files, manifests, mediaType = { mediaType: INDEX }) {
  files.set("index.json", json({ schemaVersion: 2, ...mediaType, manifests }));
}

/** Adds layers, config and manifest of an image; returns the descriptor with its platform, and the config. */
function addImage(files, tars, { compression = "gzip", architecture = "amd64", config = {} }) {
  const layers = tars.map((tar, i) => {
    const { blob, mediaType } = compressLayer(tar, compression, i);
    return addBlob(files, blob, mediaType);
  });
  const history = layers.map(() => ({ created: CREATED, created_by: "make_oci" }));
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) };
  const bytes = json({ created: CREATED, architecture, os: "linux", config, rootfs, history });
  const descriptor = addManifest(files, addBlob(files, bytes, CONFIG), layers);
  return { descriptor: { ...descriptor, platform: { architecture, os: "linux" } }, config: bytes };
}

const emptyLayout = () => new Map([["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);

/**
 * An OCI layout of one image.
 *
 * @param {Uint8Array[]} tars uncompressed layers, base first
 * @param {{ compression?: string, architecture?: string, tag?: string, config?: object }} [options]
 * @returns {Map<string, Uint8Array>} bytes by path
 */
export function makeLayout(tars, options = {}) {
  const files = emptyLayout();
  const { descriptor } = addImage(files, tars, options);
  addIndex(files, [{ ...descriptor, annotations: { [REF_NAME]: options.tag ?? "latest" } }]);
  return files;
}

/** A layout whose tag `multi` points at an index: `base` for two platforms, and an attestation. */
export function makeMultiLayout() {
  const files = emptyLayout();
  const descriptors = [
    ["amd64", 1],
    ["arm64", 2],
  ].map(([architecture, seed]) => addImage(files, makeLayers("base", { seed }), { architecture }).descriptor);
  const attestation = addManifest(files, addBlob(files, Buffer.from("{}"), EMPTY), []);
  descriptors.push({ ...attestation, platform: { architecture: "unknown", os: "unknown" } });
  const index = addBlob(files, json({ schemaVersion: 2, mediaType: INDEX, manifests: descriptors }), INDEX);
  addIndex(files, [{ ...index, annotations: { [REF_NAME]: "multi" } }], {});
  return files;
}

/**
 * A tar archive of members in their order, with entries for their directories.
 *
 * @param {[string, Uint8Array | { link: string }][]} members path, and bytes or the target of a symlink
 */
export function makeArchive(members) {
  const folders = new Set();
  const entries = members.flatMap(([path, what]) => {
    const parents = path.split("/").slice(0, -1);
    const missing = parents.map((_, i) => `${parents.slice(0, i + 1).join("/")}/`).filter((one) => !folders.has(one));
    for (const one of missing) folders.add(one);
    const entry = what instanceof Uint8Array ? file(path, what) : symlink(path, what.link);
    return [...missing.map((one) => dir(one)), entry];
  });
  return tarball(entries);
}

/** What `docker save` of newer versions writes: a layout with uncompressed layers, and manifest.json. */
function dockerArchive(tars, options) {
  const files = emptyLayout();
  const { descriptor, config } = addImage(files, tars, { ...options, compression: "none" });
  addIndex(files, [{ ...descriptor, annotations: { [REF_NAME]: "latest" } }]);
  const [configPath, ...layerPaths] = [config, ...tars].map((bytes) => `blobs/sha256/${sha256(bytes)}`);
  files.set("manifest.json", json([{ Config: configPath, RepoTags: ["test:latest"], Layers: layerPaths }]));
  return makeArchive([...files].sort(byName));
}

/** What older versions wrote: ID/layer.tar, repeated layers as symlinks. */
function legacyDockerArchive(tars, options) {
  const { config } = addImage(new Map(), tars, { ...options, compression: "none" });
  const first = new Map();
  const ids = tars.map((tar, i) => sha256(Buffer.concat([Buffer.from(`${i}:`), tar])));
  const members = tars.flatMap((tar, i) => {
    const path = `${ids[i]}/layer.tar`;
    const same = first.get(sha256(tar));
    if (same === undefined) first.set(sha256(tar), path);
    return [
      [`${ids[i]}/VERSION`, Buffer.from("1.0")],
      [path, same === undefined ? tar : { link: `../${same}` }],
    ];
  });
  const name = `${sha256(config)}.json`;
  const paths = ids.map((id) => `${id}/layer.tar`);
  members.push([name, config]);
  members.push(["manifest.json", json([{ Config: name, RepoTags: ["test:latest"], Layers: paths }])]);
  members.push(["repositories", json({ test: { latest: ids[ids.length - 1] } })]);
  return makeArchive(members);
}

const ARCHIVES = {
  "oci-archive": (tars, options) => makeArchive([...makeLayout(tars, options)].sort(byName)),
  "docker-archive": dockerArchive,
  "docker-archive-legacy": legacyDockerArchive,
};

/** Names of the forms. */
export const FORM_NAMES = ["layout", ...Object.keys(ARCHIVES)];

/**
 * An image as one archive.
 *
 * @param {string} form one of FORM_NAMES but `layout`
 * @param {Uint8Array[]} tars uncompressed layers, base first
 * @param {{ compression?: string, architecture?: string }} [options] docker archives are never compressed
 */
export const makeForm = (form, tars, options = {}) => ARCHIVES[form](tars, options);

/** Writes a layout below the directory `out`. */
export function writeLayout(files, out) {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), bytes);
  }
}
