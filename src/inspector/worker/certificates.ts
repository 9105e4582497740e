/**
 * Certificates that signatures are checked by. The CMS library is loaded here, and nowhere before.
 */

import { ComposefsError } from "../../error.ts";
import { CERTIFICATE_FILE_MAX_BYTES } from "../../seal/signature/limits.ts";
import type { SignatureCheck } from "../../seal/verify.ts";

/** @throws {ComposefsError} CERTIFICATE_* */
export async function readCertificateFiles(files: readonly File[]): Promise<SignatureCheck> {
  const [{ readCertificates }, { signatureCheck }] = await Promise.all([
    import("../../seal/signature/certificate.ts"),
    import("../../seal/signature/check.ts"),
  ]);
  const found = [];
  for (const file of files) {
    // One byte more than the most shows that it is too long.
    const bytes = new Uint8Array(await file.slice(0, CERTIFICATE_FILE_MAX_BYTES + 1).arrayBuffer());
    found.push(...(await readCertificates(bytes).catch((error) => Promise.reject(named(file, error)))));
  }
  return signatureCheck(found);
}

function named({ name }: File, error: unknown): unknown {
  if (!(error instanceof ComposefsError)) return error;
  return new ComposefsError(error.code, `${name}: ${error.message}`, error.data, { cause: error });
}
