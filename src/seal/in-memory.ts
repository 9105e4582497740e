/**
 * Seals of images whose bytes are at hand: bytes in, verdict out. Nothing here opens a file or asks a registry, so that it
 * runs wherever the engine does: in a service, in a page, in a verifier that is kept away from everything else.
 */

import type { HashName } from "../engine/slot.ts";
import { type ImageLayer, readLayers } from "../image/layers.ts";
import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "../image/merge.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import { readHere } from "../image/read-here.ts";
import { LayeredImage } from "../image/view.ts";
import { MANIFEST_TYPE } from "../registry/descriptor.ts";
import { digestOf } from "../registry/digest.ts";
import type { BlobPlace, ContainerImage, FileTable } from "../source/container.ts";
import { blobPath, type Reading } from "../source/document.ts";
import { HOST } from "../source/host.ts";
import { parseJson } from "../source/json.ts";
import { type SourceLimits, sourceLimits } from "../source/limits.ts";
import { LAYOUT_FILE, openOci } from "../source/oci.ts";
import { type Artifact, makeArtifact } from "./artifact.ts";
import { isSealable, type SealableImage, sealHashes, verifyContainer } from "./container.ts";
import { SealDigests } from "./digests.ts";
import { findArtifacts } from "./find.ts";
import { SEAL_ROLES, type SealRole } from "./keys.ts";
import { computeSeals, type PlacedSeal, type Signer, sealInline } from "./seal.ts";
import type { VerifyReport } from "./verify.ts";

/** An image in memory. */
export interface ImageBytes {
  /** Its manifest as it is stored. */
  manifest: Uint8Array;
  /** What the manifest names, and what artifacts name, by `sha256:` and hex; undefined for what is not there. */
  blob(digest: string): Blob | Uint8Array | undefined | Promise<Blob | Uint8Array | undefined>;
  /** Manifests of artifacts that may be about it. Those that are not are left aside. */
  artifacts?: readonly Uint8Array[];
}

/** Options of both functions. */
export interface InMemoryOptions {
  limits?: Partial<SourceLimits>;
  /** Ends the job: the promise is rejected with its reason. */
  signal?: AbortSignal;
}

/** Options of {@link verifySeals}. */
export interface VerifySealsOptions extends InMemoryOptions {
  /** Certificates that are trusted, in PEM or DER. Without them signatures are listed, not checked. */
  certificates?: readonly Uint8Array[];
  /** What the digest of the manifest has to be, `sha256:` and hex. */
  expectedManifest?: string;
  /** What has to be sealed. Default: `merged`. */
  roles?: readonly SealRole[];
}

/** Options of {@link sealImage}. */
export interface SealImageOptions extends InMemoryOptions {
  /** `artifact`: beside the image (the default); `inline`: in its manifest. */
  mode?: "artifact" | "inline";
  /** Default: `sha512-12` alone. */
  algorithms?: readonly VerityAlgorithm[];
  /** Whether the digests of the layers are stated, too; inline only. */
  layers?: boolean;
  /** Whether the image must have a bootable tree; it is stated in any case where there is one. */
  bootable?: boolean;
  /** Which xattrs the OCI transform keeps. Default `allowlist-only`. */
  xattrs?: XattrMode;
  /** Revision of the boot transform. Default 1. */
  transformRevision?: TransformRevision;
  /** Signs each digest: `signDigest` or `attachSignature` with what belongs to the caller. Default: digests alone. */
  sign?: Signer;
}

/** What {@link sealImage} makes. Nothing is written anywhere. */
export interface SealedImageBytes {
  seals: PlacedSeal[];
  /** Inline: the new manifest; else that of the image. */
  manifest: Uint8Array;
  /** One for each algorithm; none inline. */
  artifacts: Artifact[];
}

/**
 * Verifies an image by its seals, those in its manifest and those of artifacts: every digest that is stated is computed from
 * the bytes, every signature is checked over what was computed (sealing.md 7).
 *
 * @returns the verdict, each object with its digests and signature, and what nothing was said of
 * @throws {ComposefsError} SEAL_*, SOURCE_*, BLOB_*, TAR_*, LAYER_* when the image or a seal cannot be read; CERTIFICATE_*,
 *   ENGINE_MEMORY
 * @throws {TypeError | RangeError} when an option is not as described
 * @example
 * import { sealImage, verifySeals } from 'composefs-wasm'
 * const text = (value) => new TextEncoder().encode(JSON.stringify(value))
 * const blobs = new Map()
 * const add = async (bytes, mediaType) => {
 *   const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
 *   const digest = 'sha256:' + Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
 *   blobs.set(digest, bytes)
 *   return { mediaType, digest, size: bytes.length }
 * }
 * const type = (name) => `application/vnd.oci.image.${name}.v1`
 * const header = new Uint8Array(512) // a layer with nothing in it but /usr
 * header.set(new TextEncoder().encode('usr/'))
 * header.set(new TextEncoder().encode('0000755'), 100)
 * header.set(new TextEncoder().encode('        5'), 148)
 * const sum = header.reduce((sum, byte) => sum + byte).toString(8).padStart(6, '0')
 * header.set(new TextEncoder().encode(`${sum}\0 `), 148)
 * const tar = new Uint8Array(1536)
 * tar.set(header)
 * const layer = await add(tar, type('layer') + '.tar')
 * const rootfs = { type: 'layers', diff_ids: [layer.digest] }
 * const config = await add(text({ os: 'linux', architecture: 'amd64', rootfs }), type('config') + '+json')
 * const manifest = text({ schemaVersion: 2, config, layers: [layer] })
 *
 * const image = { manifest, blob: (digest) => blobs.get(digest) }
 * const { artifacts } = await sealImage(image, { algorithms: ['sha256-12'] })
 * for (const [digest, bytes] of artifacts[0].blobs) blobs.set(digest, bytes)
 * const report = await verifySeals({ ...image, artifacts: [artifacts[0].manifest] })
 * console.log(report.verdict) // verified
 */
export async function verifySeals(image: ImageBytes, options: VerifySealsOptions = {}): Promise<VerifyReport> {
  const { certificates, expectedManifest = null, roles = ["merged"] } = options;
  const unknown = roles.find((role) => !SEAL_ROLES.includes(role));
  if (unknown !== undefined) throw new RangeError(`roles: expected some of ${SEAL_ROLES.join(", ")}, got ${unknown}`);
  if (expectedManifest !== null && !/^sha256:[0-9a-f]{64}$/.test(expectedManifest)) {
    throw new RangeError(`expectedManifest: expected sha256: and 64 hex digits, got ${expectedManifest}`);
  }
  const checkSignature = certificates === undefined ? null : await checkBy(certificates);
  const reading = readingOf(options);
  const opened = await open(image, reading);
  const artifacts = await findArtifacts(opened, reading);
  const hashes = new Set<HashName>(sealHashes(opened, artifacts));
  // An image that states nothing is read all the same: its layers must be what its manifest says.
  const trees = await treesOf(opened, hashes.size === 0 ? ["sha512"] : [...hashes], options);
  return verifyContainer(opened, trees, { artifacts, checkSignature, expectedManifest, roles });
}

/**
 * Computes the seals of an image and makes what has to be stored: artifacts, or the manifest with annotations (sealing.md 3
 * to 5).
 *
 * @throws {ComposefsError} SOURCE_*, BLOB_*, TAR_*, LAYER_*, SELINUX_* when the image cannot be read, or has no such tree;
 *   what `sign` throws
 * @throws {TypeError | RangeError} when an option is not as described
 */
export async function sealImage(image: ImageBytes, options: SealImageOptions = {}): Promise<SealedImageBytes> {
  const { mode = "artifact", algorithms = ["sha512-12"], layers = false, bootable = false, sign = null } = options;
  const { xattrs = XATTR_MODES[0]!, transformRevision: revision = TRANSFORM_REVISIONS[0]! } = options;
  if (mode !== "artifact" && mode !== "inline") throw new RangeError(`mode: expected artifact or inline, got ${mode}`);
  if (layers && mode === "artifact") throw new RangeError("layers: digests of layers are stated inline only");
  if (!XATTR_MODES.includes(xattrs))
    throw new RangeError(`xattrs: expected ${XATTR_MODES.join(" or ")}, got ${xattrs}`);
  if (!TRANSFORM_REVISIONS.includes(revision))
    throw new RangeError(`transformRevision: expected 1 or 2, got ${revision}`);
  const hashes = [...new Set(algorithms.map((algorithm) => algorithmParameters(algorithm).hash))];
  const opened = await open(image, readingOf(options));
  const trees = await treesOf(opened, hashes, options);
  const { manifest, config } = opened;
  const documents = { manifest: manifest.bytes, config: config?.bytes ?? null };
  const digests = new SealDigests({ trees, ...documents }, { xattrs, revision });
  const roles: SealRole[] = ["config", "merged"];
  if (mode === "artifact") roles.push("manifest");
  if (bootable) roles.push("bootable");
  const seals = await computeSeals(digests, { algorithms, roles, signer: sign }, layers ? opened.layers.length : 0);
  if (mode === "inline") return { seals, manifest: sealInline(manifest.bytes, seals), artifacts: [] };
  const subject = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length };
  const artifacts: Artifact[] = [];
  for (const algorithm of new Set(algorithms)) {
    const own = seals.map(({ seal }) => seal).filter((seal) => seal.algorithm === algorithm);
    artifacts.push(await makeArtifact(subject, own));
  }
  return { seals, manifest: manifest.bytes, artifacts };
}

/** The CMS library is loaded here, and nowhere before. */
async function checkBy(certificates: readonly Uint8Array[]) {
  const { readCertificates } = await import("./signature/certificate.ts");
  const { signatureCheck } = await import("./signature/check.ts");
  const read = [];
  for (const bytes of certificates) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("certificates: expected Uint8Arrays");
    read.push(...(await readCertificates(bytes)));
  }
  return signatureCheck(read);
}

function readingOf({ limits, signal }: InMemoryOptions): Reading {
  return { limits: sourceLimits(limits), signal, host: HOST };
}

async function open(image: ImageBytes, reading: Reading): Promise<SealableImage> {
  if (!(image.manifest instanceof Uint8Array)) throw new TypeError("manifest: expected a Uint8Array");
  const opened: ContainerImage = await openOci(await MemoryFiles.of(image), "oci", WANTED, reading);
  if (!isSealable(opened)) throw new TypeError("the image has no manifest");
  return opened;
}

/** The one image that there is. */
const WANTED = { reference: null, platform: null };

async function treesOf(
  image: SealableImage,
  hashes: readonly HashName[],
  { limits, signal }: InMemoryOptions,
): Promise<LayeredImage> {
  const layers: ImageLayer[] = await readLayers(image.layers, { hashes, read: readHere, workers: 1, limits, signal });
  return new LayeredImage(layers, "auto");
}

/** An image in memory as the files of an OCI layout. */
class MemoryFiles implements FileTable {
  readonly name = "the image";
  readonly #image: ImageBytes;
  readonly #documents = new Map<string, Uint8Array>();

  private constructor(image: ImageBytes) {
    this.#image = image;
  }

  static async of(image: ImageBytes): Promise<MemoryFiles> {
    const files = new MemoryFiles(image);
    const mediaType = parseJson(image.manifest, "manifest").field("mediaType").optionalText() ?? MANIFEST_TYPE;
    const manifests: object[] = [await files.#add(image.manifest, { mediaType })];
    // What is no artifact of ours is found out when it is read.
    for (const artifact of image.artifacts ?? []) {
      manifests.push(await files.#add(artifact, { mediaType: MANIFEST_TYPE, artifactType: "unknown" }));
    }
    files.#documents.set("index.json", new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, manifests })));
    files.#documents.set("oci-layout", new TextEncoder().encode(LAYOUT_FILE));
    return files;
  }

  async #add<T extends object>(bytes: Uint8Array, descriptor: T): Promise<T & { digest: string; size: number }> {
    const digest = await digestOf(bytes);
    this.#documents.set(blobPath(digest), bytes);
    return { ...descriptor, digest, size: bytes.length };
  }

  async find(path: string): Promise<BlobPlace | null> {
    const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
    const found =
      this.#documents.get(path) ?? (hex === undefined ? undefined : await this.#image.blob(`sha256:${hex}`));
    if (found === undefined) return null;
    return { kind: "blob", blob: found instanceof Uint8Array ? new Blob([new Uint8Array(found)]) : found };
  }
}
