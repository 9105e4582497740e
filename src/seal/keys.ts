/**
 * Annotation keys of seals: which object a digest is of, and by which algorithm (sealing.md 1 and 2).
 *
 *   composefs.merged.erofs.v1.fsverity-sha512-12        digest of an EROFS image, lower-case hex
 *   composefs.merged.erofs.v1.fsverity-sha512-12.sig    its signature, base64 of PKCS#7 DER
 *   composefs.config.fsverity-sha512-12                 digest of a JSON file, hashed as it is
 */

import type { VerityAlgorithm } from "../image/profile.ts";

/**
 * What a digest is of:
 *
 *   layer      image of one layer alone
 *   merged     image of all layers
 *   bootable   image of the bootable tree
 *   config     bytes of the config
 *   manifest   bytes of the manifest; in artifacts only, since inline it would change what it speaks of
 */
export type SealRole = "layer" | "merged" | "bootable" | "config" | "manifest";

/** What a key says. */
export interface SealKey {
  role: SealRole;
  algorithm: VerityAlgorithm;
}

/** In the order of an artifact (sealing.md 5). */
export const SEAL_ROLES: readonly SealRole[] = ["manifest", "config", "merged", "bootable", "layer"];

/** All keys of composefs begin so. */
export const KEY_PREFIX = "composefs.";
export const SIGNATURE_SUFFIX = ".sig";

/** Layout v1 is the only one that seals are made of. */
const STEMS: Record<SealRole, string> = {
  layer: "composefs.layer.erofs.v1",
  merged: "composefs.merged.erofs.v1",
  bootable: "composefs.merged.bootable.erofs.v1",
  config: "composefs.config",
  manifest: "composefs.manifest",
};

const ALGORITHMS: readonly VerityAlgorithm[] = ["sha256-12", "sha512-12", "sha256-16", "sha512-16"];

const KEYS = new Map<string, SealKey>(
  SEAL_ROLES.flatMap((role) => ALGORITHMS.map((algorithm) => [formatKey({ role, algorithm }), { role, algorithm }])),
);

/** The key of a digest. */
export function formatKey({ role, algorithm }: SealKey): string {
  return `${STEMS[role]}.fsverity-${algorithm}`;
}

/** What a key of a digest says; null for one that is not known, which is no error. */
export function parseKey(text: string): SealKey | null {
  return KEYS.get(text) ?? null;
}

/** `fsverity-sha512-12`, as annotations and people name an algorithm. */
export function algorithmIdentifier(algorithm: VerityAlgorithm): string {
  return `fsverity-${algorithm}`;
}
