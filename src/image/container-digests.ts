/**
 * The digests of a container image: of its merged tree, and of each layer alone, for every profile from one reading.
 */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { TreeCounts } from "../engine/records.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError, type ComposefsErrorCode } from "../error.ts";
import type { TransformRevision, XattrMode } from "./merge.ts";
import {
  algorithmParameters,
  byFormat,
  checkArray,
  type ImageFormat,
  type Profile,
  parseProfile,
  type VerityAlgorithm,
} from "./profile.ts";
import { type LayeredImage, ROLES, type Role, type View } from "./view.ts";

/** What composefs-rs and bootc use. */
export const CONTAINER_PROFILE: Profile = "v1-sha512-12";

/** A digest and all that it depends on. */
export interface ContainerDigest {
  role: Role;
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
  /** Revision of the boot transform; null for other roles. */
  transformRevision: TransformRevision | null;
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
  /** Null for a directory. */
  diffId: string | null;
  /** One for each hash; empty when the layer has none. */
  images: ContainerDigest[];
  /** Why it has none: it leans on what only lower layers have. */
  none: { code: ComposefsErrorCode; message: string } | null;
}

/** Digests of an image, and of its layers if they are wanted. */
export interface ImageDigests {
  /** Of the roles merged and bootable: one for each profile, in the order they were asked for. */
  images: ContainerDigest[];
  /** Of the role layer. */
  layers: LayerDigests[];
  /** What the first of the trees of `images` holds; null when there is none. */
  counts: TreeCounts | null;
}

/** Options of {@link digestImage}. */
export interface DigestImageOptions {
  profiles: readonly Profile[];
  /** Roles whose digests are wanted, each once. */
  roles: readonly Role[];
  /** Xattr mode of the OCI transform; null for the tree as the layers leave it, which is never bootable. */
  transform: XattrMode | null;
  /** Revision of the boot transform. */
  revision: TransformRevision;
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
 * @param image its layers hold object digests of every hash that the profiles have
 * @throws {ComposefsError} PROFILE_NAME, LAYER_*, SELINUX_*, LABEL_BUDGET, EROFS_*, ENGINE_MEMORY, and what reading a content
 *   gives
 * @throws {RangeError} for the role bootable without a transform
 */
export async function digestImage(image: LayeredImage, options: DigestImageOptions): Promise<ImageDigests> {
  const { profiles, roles, transform, revision } = options;
  const hashes = hashesOf(profiles);
  const result: ImageDigests = { images: [], layers: [], counts: null };
  for (const role of ROLES.filter((one) => one !== "layer" && roles.includes(one))) {
    const view = wholeView(role, transform, revision);
    const found = new Map<Profile, ContainerDigest>();
    for (const hash of hashes) {
      const wanted = profiles.filter((profile) => hashesOf([profile])[0] === hash);
      const made = await digestTree(image, view, hash, wanted);
      result.counts ??= made.counts;
      for (const one of made.images) found.set(one.profile, one);
    }
    result.images.push(...[...new Set(profiles)].map((profile) => found.get(profile)!));
  }
  if (!roles.includes("layer")) return result;
  for (const [i, { diffId }] of image.layers.entries()) {
    result.layers.push({ layer: i + 1, diffId, ...(await digestLayer(image, i + 1, hashes)) });
  }
  return result;
}

function wholeView(role: Role, transform: XattrMode | null, revision: TransformRevision): View {
  if (role !== "bootable") return { role: "merged", transform };
  if (transform === null) throw new RangeError("roles: a bootable tree goes through the OCI transform");
  return { role, transform, revision };
}

/** The format of sealed layers is v1 with 4096-byte blocks (oci-to-tree.md 7). */
async function digestLayer(
  image: LayeredImage,
  layer: number,
  hashes: readonly HashName[],
): Promise<Pick<LayerDigests, "images" | "none">> {
  const images: ContainerDigest[] = [];
  for (const hash of hashes) {
    try {
      images.push(...(await digestTree(image, { role: "layer", layer }, hash, [`v1-${hash}-12`])).images);
    } catch (error) {
      if (!(error instanceof ComposefsError) || !error.code.startsWith("LAYER_")) throw error;
      return { images: [], none: { code: error.code, message: error.message } };
    }
  }
  return { images, none: null };
}

async function digestTree(
  image: LayeredImage,
  view: View,
  hash: HashName,
  profiles: readonly Profile[],
): Promise<{ images: ContainerDigest[]; counts: TreeCounts }> {
  const engine = await acquireEngine();
  try {
    const tree = await image.tree(engine, view, hash);
    const { role } = view;
    const xattrs = view.role === "layer" ? null : view.transform;
    const transformRevision = view.role === "bootable" ? view.revision : null;
    const how = { transform: xattrs !== null, xattrs, transformRevision };
    const images: ContainerDigest[] = [];
    for (const [format, algorithms] of byFormat(profiles)) {
      const written = tree.openImage(format, algorithms);
      while (written.read().length > 0);
      const { size, inodes } = written.layout;
      for (const [algorithm, digest] of Object.entries(written.digests()) as Array<[VerityAlgorithm, string]>) {
        const blockSize = 2 ** algorithmParameters(algorithm).blockBits;
        const profile: Profile = `${format}-${algorithm}`;
        images.push({ role, profile, format, hash, blockSize, ...how, size, inodes, digest });
      }
    }
    return { images, counts: tree.counts };
  } finally {
    releaseEngine(engine);
  }
}
