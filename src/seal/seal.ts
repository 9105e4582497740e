/**
 * Seals: what is stated of an image, where it goes, and whether it is there already (sealing.md 3 to 5).
 */

import { ComposefsError } from "../error.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import { type JsonPath, setAnnotations } from "../source/json-edit.ts";
import { type Seal, writeAnnotations } from "./annotations.ts";
import type { SealDigests } from "./digests.ts";
import type { SealKey, SealRole } from "./keys.ts";
import type { FoundArtifact, SignatureCheck } from "./verify.ts";

/** Signs an fs-verity digest, of the role layer that of `layer`, from 1. @returns PKCS#7 DER */
export type Signer = (key: SealKey, digest: string, layer: number | null) => Promise<Uint8Array>;

/** What is to be stated. */
export interface SealRequest {
  algorithms: readonly VerityAlgorithm[];
  /** `bootable` in it: the image must have such a tree. Else it is stated where there is one. */
  roles: readonly SealRole[];
  /** Null for digests alone. */
  signer: Signer | null;
}

/** A seal of one layer, or of the image. */
export interface PlacedSeal {
  seal: Seal;
  /** From 1; null for the image. */
  layer: number | null;
}

/** In the order of an artifact; with an inline seal there is no digest of the manifest. */
const IMAGE_ROLES: readonly SealRole[] = ["manifest", "config", "merged", "bootable"];

/**
 * Computes the digests of an image, and signs them.
 *
 * @param layerCount layers whose digests are wanted, too; 0 for none
 * @throws {ComposefsError} LAYER_*, SELINUX_* when a tree that was asked for cannot be made, SIGNATURE_*
 */
export async function computeSeals(digests: SealDigests, request: SealRequest, layerCount = 0): Promise<PlacedSeal[]> {
  const { algorithms, roles, signer } = request;
  const placed: PlacedSeal[] = [];
  const add = async (key: SealKey, layer: number | null) => {
    const { digest } = await digests.compute(key, layer);
    const signature = signer === null ? null : await signer(key, digest, layer);
    placed.push({ seal: { ...key, digest, signature }, layer });
  };
  for (const algorithm of algorithms) {
    for (const role of IMAGE_ROLES) {
      if (role !== "bootable" && !roles.includes(role)) continue;
      try {
        await add({ role, algorithm }, null);
      } catch (error) {
        // Most images have no bootable tree, and are none the worse for it.
        const isLacking = error instanceof ComposefsError && /^LAYER_(BOOT|SYSROOT)_/.test(error.code);
        if (role !== "bootable" || roles.includes("bootable") || !isLacking) throw error;
      }
    }
    for (let layer = 1; layer <= layerCount; layer++) await add({ role: "layer", algorithm }, layer);
  }
  return placed;
}

/** Signs digests that were computed elsewhere. @throws {ComposefsError} SIGNATURE_* */
export async function signSeals(placed: readonly PlacedSeal[], signer: Signer): Promise<PlacedSeal[]> {
  const signed: PlacedSeal[] = [];
  for (const { seal, layer } of placed) {
    signed.push({ seal: { ...seal, signature: await signer(seal, seal.digest, layer) }, layer });
  }
  return signed;
}

/**
 * The manifest with its seals inline. Whatever else it says stays byte for byte.
 *
 * @throws {ComposefsError} SOURCE_JSON
 */
export function sealInline(manifest: Uint8Array, placed: readonly PlacedSeal[]): Uint8Array {
  const edits = new Map<string, { path: JsonPath; seals: Seal[] }>();
  for (const { seal, layer } of placed) {
    const path = layer !== null ? ["layers", layer - 1] : seal.role === "config" ? ["config"] : [];
    const key = JSON.stringify(path);
    const edit = edits.get(key) ?? { path, seals: [] };
    edit.seals.push(seal);
    edits.set(key, edit);
  }
  return setAnnotations(
    manifest,
    [...edits.values()].map(({ path, seals }) => ({ path, annotations: writeAnnotations(seals) })),
  );
}

/**
 * Finds an artifact that states the same, and nothing else: with digests that are equal, and either no signature on both
 * sides, or a valid one of the same certificate on each entry (ECDSA makes another signature each time).
 *
 * @param check takes signatures of the certificate that signs; null for digests alone
 */
export async function findEqual(
  artifacts: readonly FoundArtifact[],
  seals: readonly Seal[],
  check: SignatureCheck | null,
): Promise<FoundArtifact | undefined> {
  for (const artifact of artifacts) {
    if (artifact.entries.length !== seals.length || artifact.violations.length > 0) continue;
    let isEqual = true;
    for (const [i, { seal, signatureBlob }] of artifact.entries.entries()) {
      // A signature whose blob is not there is none that anybody could keep.
      const lost = new Uint8Array(0);
      const signature = signatureBlob && (artifact.signatures.get(signatureBlob.digest) ?? lost);
      isEqual &&= await isEqualSeal({ ...seal, signature }, seals[i]!, check);
    }
    if (isEqual) return artifact;
  }
  return undefined;
}

/**
 * Whether a seal that is there states the same as one that would be written, signed by the same certificate or by nobody.
 *
 * @param check takes signatures of the certificate that signs; null for digests alone
 */
export async function isEqualSeal(there: Seal, wanted: Seal, check: SignatureCheck | null): Promise<boolean> {
  const { role, algorithm, digest, signature } = there;
  if (role !== wanted.role || algorithm !== wanted.algorithm || digest !== wanted.digest) return false;
  if (check === null) return signature === null;
  if (signature === null) return false;
  try {
    await check(algorithmParameters(algorithm).hash, digest, signature);
    return true;
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    return false;
  }
}
