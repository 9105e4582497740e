/** What every image is to have: digests of some algorithms, in artifacts, signed or not. */

import { ComposefsError } from "../error.ts";
import type { VerityAlgorithm } from "../image/profile.ts";
import { algorithmParameters } from "../image/profile.ts";
import type { Signer } from "../seal/seal.ts";
import type { FoundArtifact, SignatureCheck } from "../seal/verify.ts";

/** Who signs. */
export interface Signing {
  /** SHA-256 of the certificate in hex: what tells its artifacts from those of others. */
  certificate: string;
  sign: Signer;
  /** Takes signatures of that certificate alone. */
  check: SignatureCheck;
}

/** What is wanted. */
export interface Wanted {
  algorithms: readonly VerityAlgorithm[];
  /** Whether images without a bootable tree are a failure; it is stated in any case where there is one. */
  bootable: boolean;
  /** Null for digests alone. */
  signing: Signing | null;
}

/** Changes when what is stated of an image changes: an artifact of an older one is not current. */
const STATEMENT_VERSION = 1;

/** The name of what is wanted of one algorithm; equal names mean equal artifacts. */
export function wantedKey({ bootable, signing }: Wanted, algorithm: VerityAlgorithm): string {
  return `${STATEMENT_VERSION} ${algorithm} ${bootable ? "bootable" : "merged"} ${signing?.certificate ?? "unsigned"}`;
}

/**
 * Whether an artifact is what is wanted of an algorithm, as far as it can be told without the layers: its form is right, and each
 * digest is signed by the certificate, or by nobody. Whoever has the key has then stated these digests.
 */
export async function hasForm(
  { entries, violations, signatures }: FoundArtifact,
  algorithm: VerityAlgorithm,
  { bootable, signing }: Wanted,
): Promise<boolean> {
  if (violations.length > 0 || entries.some(({ seal }) => seal.algorithm !== algorithm)) return false;
  const roles = entries.map(({ seal }) => seal.role);
  for (const role of ["manifest", "config", "merged", ...(bootable ? ["bootable"] : [])]) {
    if (!roles.includes(role as (typeof roles)[number])) return false;
  }
  for (const { seal, signatureBlob } of entries) {
    if (signing === null && signatureBlob !== null) return false;
    if (signing === null) continue;
    const signature = signatureBlob && signatures.get(signatureBlob.digest);
    if (!signature) return false;
    try {
      await signing.check(algorithmParameters(algorithm).hash, seal.digest, signature);
    } catch (error) {
      if (!(error instanceof ComposefsError)) throw error;
      return false;
    }
  }
  return true;
}
