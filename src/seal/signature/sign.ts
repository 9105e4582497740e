/**
 * Signatures of fs-verity digests, as `fsverity sign` makes them (signatures.md 2 and 3): in one step with a private key, or
 * in two with a key that stays where it is. Nothing is handed out that the verifier does not accept.
 */

import type { HashName } from "../../engine/slot.ts";
import { ComposefsError } from "../../error.ts";
import { CURVE_BYTES } from "./algorithms.ts";
import type { Certificate } from "./certificate.ts";
import { formattedDigest } from "./content.ts";
import { derFromPlain } from "./ecdsa.ts";
import { writeMessage } from "./message.ts";
import { readPrivateKey } from "./private-key.ts";
import { MESSAGE_DIGESTS, verifySignature } from "./verify.ts";

/** What is signed, and by whom. */
export interface SignRequest {
  hash: HashName;
  /** fs-verity digest: 32 or 64 bytes. */
  digest: Uint8Array;
  /** Certificate of the key: the message names it. */
  certificate: Certificate;
}

/**
 * Signs a digest.
 *
 * @param request `privateKey`: PEM with a key of RSA or of P-256, P-384 or P-521, not encrypted
 * @returns PKCS#7 in DER. Of an RSA key always the same bytes, those of `fsverity sign`; of an EC key others each time
 * @throws {ComposefsError} SIGNATURE_PRIVATE_KEY, SIGNATURE_KEY_ENCRYPTED, SIGNATURE_KEY_MISMATCH when it is not the key of the
 *   certificate, SIGNATURE_KEY when the certificate is of a kind that is not accepted
 * @throws {TypeError | RangeError} when the digest is not one of the hash
 * @example
 * const [certificate] = await readCertificates(certificatePem)
 * const signature = await signDigest({ hash: 'sha512', digest, certificate, privateKey: keyPem })
 */
export async function signDigest(request: SignRequest & { privateKey: Uint8Array }): Promise<Uint8Array<ArrayBuffer>> {
  const { hash, digest, certificate, privateKey } = request;
  const content = formattedDigest(hash, digest);
  requireUsable(certificate);
  const messageDigest = MESSAGE_DIGESTS[hash];
  const key = await readPrivateKey(privateKey, certificate, messageDigest);
  const signature = await crypto.subtle.sign({ name: key.algorithm.name, hash: messageDigest }, key, content);
  return attachSignature({ hash, digest, certificate, signature: new Uint8Array(signature) }).catch((error) => {
    if (!(error instanceof ComposefsError) || error.code !== "SIGNATURE_KEY_MISMATCH") throw error;
    const text = `the private key is not that of the certificate of ${certificate.subject}`;
    throw new ComposefsError("SIGNATURE_KEY_MISMATCH", text, {}, { cause: error });
  });
}

/**
 * Makes the message around a signature that was made elsewhere, of the bytes of {@link formattedDigest}.
 *
 * @param request `signature`: of an RSA key RSASSA-PKCS1-v1_5, as long as the modulus; of an EC key DER, or r and s one after
 *   the other. With SHA-256 for a SHA-256 digest, SHA-512 for SHA-512
 * @returns PKCS#7 in DER
 * @throws {ComposefsError} SIGNATURE_KEY_MISMATCH when the certificate says that it is no signature of this digest, SIGNATURE_KEY
 *   when the certificate is of a kind that is not accepted, SIGNATURE_TOO_LONG when the certificate has so long an issuer
 * @throws {TypeError | RangeError} when the digest is not one of the hash
 * @example
 * const bytes = formattedDigest('sha512', digest) // to the device with the key
 * const signature = await attachSignature({ hash: 'sha512', digest, certificate, signature: fromDevice })
 */
export async function attachSignature(
  request: SignRequest & { signature: Uint8Array },
): Promise<Uint8Array<ArrayBuffer>> {
  const { hash, digest, certificate } = request;
  formattedDigest(hash, digest);
  const kind = requireUsable(certificate);
  let signature = request.signature.slice();
  const { publicKey } = certificate;
  if (publicKey.kind === "ecdsa" && signature.length === 2 * CURVE_BYTES[publicKey.name]) {
    signature = derFromPlain(signature);
  }
  const message = await writeMessage(certificate, kind, MESSAGE_DIGESTS[hash], signature);
  const { refusal } = await verifySignature({ hash, digest, signature: message, certificates: [certificate] });
  if (refusal === null) return message;
  if (refusal.code === "SIGNATURE_KEY" || refusal.code === "SIGNATURE_TOO_LONG") throw refusal;
  const text = `the signature is not of this digest by the key of ${certificate.subject}`;
  throw new ComposefsError("SIGNATURE_KEY_MISMATCH", text, {}, { cause: refusal });
}

function requireUsable({ publicKey, subject }: Certificate): "rsa" | "ecdsa" {
  if (publicKey.kind !== "unsupported") return publicKey.kind;
  const message = `certificate of ${subject}: a key of this kind is not accepted: ${publicKey.name}`;
  throw new ComposefsError("SIGNATURE_KEY", message);
}
