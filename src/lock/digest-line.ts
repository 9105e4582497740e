/**
 * A digest as one line: what `composefs digest` prints and what a lock file holds.
 *
 *   v1-sha512-12:d06f…            the tree that is given, or the merged tree of a container image
 *   bootable:v1-sha512-12:77b0…   the tree that a kernel image names
 *   layer-2:v1-sha512-12:1b9c…    one layer alone
 *   stored:v1-sha256-12:9f1c…     an EROFS image as it is
 */

import { algorithmParameters, type Profile, parseProfile } from "../image/profile.ts";

/** What an image is made of. */
export type DigestRole = "tree" | "bootable" | "layer" | "stored";

/** A digest under its name. */
export interface LockedDigest {
  /** All that stands before the digits, without the colon. */
  label: string;
  role: DigestRole;
  /** Of the role layer: which one, from 1. */
  layer: number | null;
  profile: Profile;
  /** Lower-case hex. */
  digest: string;
}

/** The order in which they stand. */
const ROLE_ORDER: readonly DigestRole[] = ["stored", "tree", "bootable", "layer"];

/** Digits of a hash. */
const DIGITS = { sha256: 64, sha512: 128 } as const;

/** Takes a line apart; undefined when it is none. */
export function parseDigestLine(line: string): LockedDigest | undefined {
  const form = /^((?:(bootable|stored)|layer-([1-9][0-9]{0,4})):)?(v[012]-sha(?:256|512)-(?:12|16)):([0-9a-f]+)$/;
  const [, prefix = "", word, layer, profile, digest] = form.exec(line) ?? [];
  if (profile === undefined || digest === undefined) return undefined;
  const { hash } = algorithmParameters(parseProfile(profile).algorithm);
  if (digest.length !== DIGITS[hash]) return undefined;
  const role = (word as DigestRole | undefined) ?? (layer === undefined ? "tree" : "layer");
  return {
    label: `${prefix}${profile}`,
    ...{ role, layer: layer === undefined ? null : Number(layer), profile: profile as Profile, digest },
  };
}

/** Makes a digest. @param layer of the role layer, from 1 */
export function digestOf(
  role: DigestRole,
  profile: Profile,
  digest: string,
  layer: number | null = null,
): LockedDigest {
  const prefix = { tree: "", bootable: "bootable:", stored: "stored:", layer: `layer-${layer}:` }[role];
  return { label: `${prefix}${profile}`, role, layer, profile, digest };
}

/** By role, layer and profile. */
export function sortDigests(digests: readonly LockedDigest[]): LockedDigest[] {
  const rank = ({ role }: LockedDigest) => ROLE_ORDER.indexOf(role);
  const byProfile = (a: LockedDigest, b: LockedDigest) => (a.profile < b.profile ? -1 : Number(a.profile > b.profile));
  return [...digests].sort((a, b) => rank(a) - rank(b) || (a.layer ?? 0) - (b.layer ?? 0) || byProfile(a, b));
}
