/**
 * The digests of a tree that is given as a dumpfile or an EROFS image.
 */

import { byFormat, type ImageFormat, ownAlgorithm, type Profile, parseProfile } from "../image/profile.ts";
import type { Tree } from "../image/tree.ts";
import { writeImage } from "./common.ts";
import type { ProgressLine } from "./progress.ts";

/** A digest, for JSON. */
export interface DigestRow {
  profile: Profile;
  format: ImageFormat;
  /** Of the image, in bytes. */
  size: number;
  /** Not known of an image that was not written anew. */
  inodes?: number;
  digest: string;
}

/**
 * Computes digests.
 *
 * @param wanted profiles; undefined: of an EROFS image as it is, of a dumpfile format v1 with the hash of its objects
 * @returns one for each profile, in the order they were asked for
 * @throws {ComposefsError} PROFILE_HASH, EROFS_*
 */
export async function digestGiven(
  tree: Tree,
  wanted: readonly Profile[] | undefined,
  progress: ProgressLine,
): Promise<DigestRow[]> {
  const own: Profile = `${tree.format ?? "v1"}-${ownAlgorithm(tree.counts.objectHash)}`;
  if (wanted === undefined && tree.image !== undefined) {
    const { format, algorithm } = parseProfile(own);
    const digest = tree.imageDigests([algorithm])[algorithm]!;
    return [{ profile: own, format, size: tree.image.size, digest }];
  }
  const profiles = wanted ?? [own];
  const found = new Map<Profile, DigestRow>();
  for (const [format, algorithms] of byFormat(profiles)) {
    const image = tree.openImage(format, algorithms);
    await writeImage(image, undefined, { progress });
    const { size, inodes } = image.layout;
    for (const [algorithm, digest] of Object.entries(image.digests())) {
      const profile = `${format}-${algorithm}` as Profile;
      found.set(profile, { profile, format, size, inodes, digest });
    }
  }
  return [...new Set(profiles)].map((profile) => found.get(profile)!);
}
