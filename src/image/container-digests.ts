/**
 * The digests of a container image: of its merged tree, and of each layer alone, for every profile from one reading.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { TreeCounts } from "../engine/records.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError, type ComposefsErrorCode } from "../error.ts";
import type { LayerRecords } from "./layer-records.ts";
import type { ImageLayer } from "./layers.ts";
import { type MergeView, mergeLayers, type XattrMode } from "./merge.ts";
import {
  algorithmParameters,
  byFormat,
  checkArray,
  type ImageFormat,
  type Profile,
  parseProfile,
  type VerityAlgorithm,
} from "./profile.ts";

/** What composefs-rs and bootc use. */
export const CONTAINER_PROFILE: Profile = "v1-sha512-12";

/** A digest and all that it depends on. */
export interface ContainerDigest {
  /** `merged`: of all layers together; `layer`: of one layer alone. */
  role: "merged" | "layer";
  profile: Profile;
  format: ImageFormat;
  /** Hash of the digest, and of the object digests in the image. */
  hash: HashName;
  /** Merkle tree block size of the digest, in bytes. */
  blockSize: number;
  /** Whether the tree went through the OCI transform. Never for a layer alone. */
  transform: boolean;
  /** Which xattrs the transform kept; null without it: all. */
  xattrs: XattrMode | null;
  /** Size of the image in bytes. */
  size: number;
  /** Inodes of the image, the 256 whiteout stubs included. */
  inodes: number;
  /** Lower-case hex. */
  digest: string;
}

/** The digests of a layer alone. */
export interface LayerDigests {
  /** From 1, base first. */
  layer: number;
  diffId: string;
  /** One for each hash; empty when the layer has none. */
  images: ContainerDigest[];
  /** Why it has none: it leans on what only lower layers have. */
  none: { code: ComposefsErrorCode; message: string } | null;
}

/** Digests of an image, and of its layers if they are wanted. */
export interface MergedDigests {
  /** One for each profile, in the order they were asked for. */
  images: ContainerDigest[];
  layers: LayerDigests[];
  /** What the merged tree holds. */
  counts: TreeCounts;
}

/** Options of {@link digestLayers}. */
export interface DigestLayersOptions {
  profiles: readonly Profile[];
  /** Xattr mode of the OCI transform; null for the tree as the layers leave it. */
  transform: XattrMode | null;
  /** Whether the digests of each layer alone are wanted, too. */
  withLayers?: boolean;
  accelerator: Accelerator;
}

/** Checks profiles and gives the hashes that they need, each once. @throws {ComposefsError} PROFILE_NAME @throws {TypeError | RangeError} */
export function hashesOf(profiles: readonly Profile[]): HashName[] {
  checkArray("profiles", profiles);
  if (profiles.length === 0) throw new RangeError("profiles: expected at least one");
  return [...new Set(profiles.map((profile) => algorithmParameters(parseProfile(profile).algorithm).hash))];
}

/**
 * Computes digests from the records of layers.
 *
 * @param layers base first, with object digests of every hash that the profiles have
 * @throws {ComposefsError} PROFILE_NAME, LAYER_*, EROFS_*, ENGINE_MEMORY
 */
export async function digestLayers(
  layers: readonly ImageLayer[],
  options: DigestLayersOptions,
): Promise<MergedDigests> {
  const { profiles, transform, accelerator, withLayers = false } = options;
  const hashes = hashesOf(profiles);
  const records = layers.map((layer) => layer.records);
  const found = new Map<Profile, ContainerDigest>();
  let counts: TreeCounts | undefined;
  for (const hash of hashes) {
    const wanted = profiles.filter((profile) => hashesOf([profile])[0] === hash);
    const made = await digestTree(records, { hash, transform }, wanted, accelerator);
    for (const digest of made.images) found.set(digest.profile, digest);
    counts ??= made.counts;
  }
  const alone: LayerDigests[] = [];
  for (const [i, { diffId, records: own }] of withLayers ? layers.entries() : []) {
    alone.push({ layer: i + 1, diffId, ...(await digestLayer(own, hashes, accelerator)) });
  }
  return { images: [...new Set(profiles)].map((profile) => found.get(profile)!), layers: alone, counts: counts! };
}

/** The digests of one layer alone (oci-to-tree.md 7): layout v1, no transform, missing parents implied. */
async function digestLayer(
  records: LayerRecords,
  hashes: readonly HashName[],
  accelerator: Accelerator,
): Promise<Pick<LayerDigests, "images" | "none">> {
  const images: ContainerDigest[] = [];
  for (const hash of hashes) {
    const view: MergeView = { hash, transform: null, implyParents: true };
    try {
      images.push(...(await digestTree([records], view, [`v1-${hash}-12`], accelerator)).images);
    } catch (error) {
      if (!(error instanceof ComposefsError) || !error.code.startsWith("LAYER_")) throw error;
      return { images: [], none: { code: error.code, message: error.message } };
    }
  }
  return { images, none: null };
}

async function digestTree(
  records: readonly LayerRecords[],
  view: MergeView,
  profiles: readonly Profile[],
  accelerator: Accelerator,
): Promise<Pick<MergedDigests, "images" | "counts">> {
  const engine = await acquireEngine();
  try {
    const tree = mergeLayers(engine, records, view, accelerator);
    const { hash, transform } = view;
    const role = view.implyParents ? "layer" : "merged";
    const images: ContainerDigest[] = [];
    for (const [format, algorithms] of byFormat(profiles)) {
      const image = tree.openImage(format, algorithms);
      while (image.read().length > 0);
      const { size, inodes } = image.layout;
      for (const [algorithm, digest] of Object.entries(image.digests()) as Array<[VerityAlgorithm, string]>) {
        const blockSize = 2 ** algorithmParameters(algorithm).blockBits;
        const profile: Profile = `${format}-${algorithm}`;
        const how = { transform: transform !== null, xattrs: transform };
        images.push({ role, profile, format, hash, blockSize, ...how, size, inodes, digest });
      }
    }
    return { images, counts: tree.counts };
  } finally {
    releaseEngine(engine);
  }
}
