/**
 * Signatures of image digests, checked by certificates: what `verifyImage` takes.
 */

import { fromHex } from "../../image/hex.ts";
import type { SignatureCheck } from "../verify.ts";
import type { Certificate } from "./certificate.ts";
import { verifySignature } from "./verify.ts";

/** Checks signatures by certificates; it gives the subject of the one that signed. */
export function signatureCheck(certificates: readonly Certificate[]): SignatureCheck {
  return async (hash, digest, signature) => {
    const verdict = await verifySignature({ hash, digest: fromHex(digest), signature, certificates });
    if (verdict.refusal !== null) throw verdict.refusal;
    return verdict.certificate!.subject;
  };
}
