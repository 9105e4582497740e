/** The key and the certificate that sign, from files. */

import { readFileSync } from "node:fs";
import { ComposefsError } from "../error.ts";
import { fromHex } from "../image/hex.ts";
import { algorithmParameters } from "../image/profile.ts";
import { ioError } from "../source/files.node.ts";
import type { Signing } from "./wanted.ts";

/**
 * Reads key and certificate; the library of signatures is loaded here.
 *
 * @returns null when neither is given
 * @throws {ComposefsError} SERVICE_CONFIG when one is, CERTIFICATE_*, IO_OPEN
 */
export async function readSigning(key: string | null, certificate: string | null): Promise<Signing | null> {
  if (key === null && certificate === null) return null;
  if (key === null || certificate === null) {
    throw new ComposefsError("SERVICE_CONFIG", "signing: expected a key and its certificate");
  }
  const { readCertificates } = await import("../seal/signature/certificate.ts");
  const { signDigest } = await import("../seal/signature/sign.ts");
  const { signatureCheck } = await import("../seal/signature/check.ts");
  const bytes = readBytes(certificate);
  const own = (await readCertificates(bytes))[0]!;
  const privateKey = readBytes(key);
  return {
    certificate: own.sha256,
    check: signatureCheck([own]),
    sign: ({ algorithm }, digest) => {
      const what = { hash: algorithmParameters(algorithm).hash, digest: fromHex(digest) };
      return signDigest({ ...what, certificate: own, privateKey });
    },
  };
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
}
