/**
 * Digests of the trees of an open image.
 */

import { type ContainerDigest, digestImage, hashesOf } from "../../image/container-digests.ts";
import { byFormat, type Profile, parseProfile, type VerityAlgorithm } from "../../image/profile.ts";
import type { Role } from "../../image/view.ts";
import type { DigestRow } from "../protocol.ts";
import { DEFAULT_VIEW, type OpenImage } from "./open-image.ts";
import type { ReadContainer } from "./read-input.ts";

const FORMATS = ["v1", "v0", "v2"] as const;

/** Profiles whose digests can be had of what was read, the default first. */
export function profilesOf(image: OpenImage): Profile[] {
  const { read, hash } = image;
  let hashes = [hash];
  if (read.kind === "container") hashes = [...read.hashes];
  else if (image.tree.counts.objectHash === null) hashes = ["sha256", "sha512"];
  const all = hashes.flatMap((one) =>
    FORMATS.flatMap((format) => [`${format}-${one}-12`, `${format}-${one}-16`] as Profile[]),
  );
  const stored = image.tree.format;
  const first = stored === undefined ? undefined : (`${stored}-${hash}-12` as const);
  return [...new Set(first === undefined ? all : [first, ...all])];
}

/** Of a dumpfile or an EROFS image; of the latter in its own format that of the file as it is. */
export function fileDigests(image: OpenImage, profiles: readonly Profile[]): DigestRow[] {
  profiles.forEach(parseProfile);
  const found = new Map<Profile, DigestRow>();
  for (const [format, algorithms] of byFormat(profiles)) {
    const { tree } = image;
    if (tree.format === format) {
      for (const [algorithm, digest] of entriesOf(tree.imageDigests(algorithms))) {
        const profile: Profile = `${format}-${algorithm}`;
        found.set(profile, { role: null, profile, digest, bytes: tree.image!.size, inodes: null, isStored: true });
      }
      continue;
    }
    const written = tree.openImage(format, algorithms);
    while (written.read().length > 0);
    const { size: bytes, inodes } = written.layout;
    for (const [algorithm, digest] of entriesOf(written.digests())) {
      const profile: Profile = `${format}-${algorithm}`;
      found.set(profile, { role: null, profile, digest, bytes, inodes, isStored: false });
    }
  }
  return profiles.map((profile) => found.get(profile)!);
}

function entriesOf(digests: Partial<Record<VerityAlgorithm, string>>): Array<[VerityAlgorithm, string]> {
  return Object.entries(digests) as Array<[VerityAlgorithm, string]>;
}

/** Of a container image, by the transform of the tree that is shown. @param read with the hashes of the profiles */
export async function containerDigests(
  image: OpenImage,
  read: ReadContainer,
  profiles: readonly Profile[],
  role: Role,
): Promise<DigestRow[]> {
  const { transform, revision } = image.view ?? DEFAULT_VIEW;
  const how = { transform: role === "bootable" ? (transform ?? DEFAULT_VIEW.transform) : transform, revision };
  const { images } = await digestImage(read.trees, { profiles, roles: [role], ...how });
  return images.map(rowOf);
}

/** Of each layer alone. */
export async function layerDigests(
  read: ReadContainer,
): Promise<Array<{ layer: number; digests: DigestRow[]; none: string | null }>> {
  const profiles = read.hashes.map((hash): Profile => `v1-${hash}-12`);
  const { layers } = await digestImage(read.trees, { profiles, roles: ["layer"], ...DEFAULT_VIEW });
  return layers.map(({ layer, images, none }) => ({
    layer,
    digests: images.map(rowOf),
    none: none && `${none.code}: ${none.message}`,
  }));
}

function rowOf({ role, profile, digest, size, inodes }: ContainerDigest): DigestRow {
  return { role, profile, digest, bytes: size, inodes, isStored: false };
}

/** Hashes that profiles need and a container image was not read for. */
export function missingHashes({ hashes }: ReadContainer, profiles: readonly Profile[]) {
  return hashesOf(profiles).filter((hash) => !hashes.includes(hash));
}
