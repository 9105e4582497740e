/**
 * Whether a signature of an fs-verity digest is good: the kernel's question, answered without a kernel (signatures.md 5).
 *
 * Order of the checks: form, then signer, then signature, so that an answer does not depend on luck. A signature is
 * good when some certificate that is trusted has made it for this digest.
 *
 * Stricter than the kernel, so that what is accepted has few forms and all of it is looked at: refused are bytes behind the
 * message, SHA-1, SHA-224 and SHA-3, RSA below 2048 bits, digests that are named in two ways, parameters other than NULL,
 * revocation lists, attributes that nothing signs; and one signer of a trusted certificate that does not fit spoils the rest.
 */

import type { HashName } from "../../engine/slot.ts";
import { ComposefsError, type ComposefsErrorCode } from "../../error.ts";
import type { DigestName } from "./algorithms.ts";
import type { Certificate } from "./certificate.ts";
import { formattedDigest } from "./content.ts";
import { plainFromDer } from "./ecdsa.ts";
import { CERTIFICATES_MAX } from "./limits.ts";
import { type Deviation, readMessage, type Signer } from "./message.ts";

/**
 * The answers. Accepted are the first three:
 *
 *   valid             without attributes, signer named by issuer and serial number
 *   valid-attributes  with attributes under the signature
 *   valid-keyid       signer named by key identifier
 *   no-signer         nobody who signed is trusted (the kernel: ENOKEY)
 *   invalid           not the signature of this digest by that key (EKEYREJECTED)
 *   attached          the content is inside the message (EBADMSG)
 *   unsupported       an algorithm or an attribute that is not accepted (ENOPKG, EKEYREJECTED)
 *   malformed         no such message (EBADMSG)
 */
export type SignatureResult =
  | "valid"
  | "valid-attributes"
  | "valid-keyid"
  | "no-signer"
  | "invalid"
  | "attached"
  | "unsupported"
  | "malformed";

/** What {@link verifySignature} has found. */
export interface SignatureVerdict {
  isVerified: boolean;
  result: SignatureResult;
  /** Why it is refused: the code is of the rule that is broken. Null when it is verified. */
  refusal: ComposefsError | null;
  /** Whose signature it is, or should be; null where that is not known. */
  certificate: Certificate | null;
  /** Such as RSA-2048 or P-256 with SHA-256; null where no signer is known. */
  algorithm: { key: string; digest: DigestName } | null;
  /** How an accepted message differs from that of `fsverity sign`. */
  deviations: Deviation[];
}

/** What is asked. */
export interface VerifyRequest {
  hash: HashName;
  /** fs-verity digest, computed: 32 or 64 bytes. */
  digest: Uint8Array;
  /** PKCS#7 in DER. */
  signature: Uint8Array;
  /** Those that are trusted, at most 1024. */
  certificates: readonly Certificate[];
}

/** The answer to each code that a refusal can have. */
const RESULTS: Partial<Record<ComposefsErrorCode, SignatureResult>> = {
  SIGNATURE_EMPTY: "malformed",
  SIGNATURE_TOO_LONG: "malformed",
  SIGNATURE_TRUNCATED: "malformed",
  SIGNATURE_LENGTH: "malformed",
  SIGNATURE_TRAILING_BYTES: "malformed",
  SIGNATURE_BER: "malformed",
  SIGNATURE_FORM: "malformed",
  SIGNATURE_ATTACHED: "attached",
  SIGNATURE_DIGEST_ALGORITHM: "unsupported",
  SIGNATURE_ALGORITHM: "unsupported",
  SIGNATURE_ATTRIBUTES: "unsupported",
  SIGNATURE_KEY: "unsupported",
  SIGNATURE_SIGNER: "no-signer",
  SIGNATURE_MISMATCH: "invalid",
};

/** The digest that a signature has as a rule. */
export const MESSAGE_DIGESTS: Record<HashName, DigestName> = { sha256: "SHA-256", sha512: "SHA-512" };

/**
 * Checks a signature.
 *
 * @returns the verdict; a bad signature is no exception
 * @throws {ComposefsError} CERTIFICATE_LIMIT for more certificates than are taken
 * @throws {TypeError | RangeError} when the digest is not one of the hash
 * @example
 * const { isVerified, refusal } = await verifySignature({ hash: 'sha512', digest, signature, certificates })
 */
export async function verifySignature(request: VerifyRequest): Promise<SignatureVerdict> {
  const { hash, digest, signature, certificates } = request;
  const content = formattedDigest(hash, digest);
  if (!(signature instanceof Uint8Array)) throw new TypeError("signature: expected a Uint8Array");
  const trusted = indexByName(certificates);
  try {
    const { signers, deviations } = await readMessage(signature);
    let accepted: SignatureVerdict | null = null;
    let unsupported: ComposefsError | null = null;
    for (const signer of signers) {
      const candidates = trusted.get(signer.name) ?? [];
      if (candidates.length === 0) {
        if (signer.algorithm instanceof ComposefsError) unsupported ??= signer.algorithm;
        continue;
      }
      const verdict = await judge(signer, candidates, content);
      if (!verdict.isVerified) return verdict;
      accepted ??= verdict;
    }
    if (accepted !== null) {
      if (accepted.algorithm!.digest !== MESSAGE_DIGESTS[hash]) accepted.deviations.push("other-digest");
      accepted.deviations.push(...deviations);
      return accepted;
    }
    throw unsupported ?? fault("SIGNATURE_SIGNER", "no signer is one of the certificates that are trusted");
  } catch (error) {
    if (error instanceof ComposefsError && error.code in RESULTS) return refuse(error, null, null);
    throw error;
  }
}

function indexByName(certificates: readonly Certificate[]): Map<string, Certificate[]> {
  if (certificates.length > CERTIFICATES_MAX) {
    const data = { actual: certificates.length, limit: CERTIFICATES_MAX };
    throw new ComposefsError("CERTIFICATE_LIMIT", `${data.actual} certificates, at most ${data.limit}`, data);
  }
  const index = new Map<string, Certificate[]>();
  for (const certificate of certificates) {
    for (const name of certificate.names) {
      const same = index.get(name);
      if (same === undefined) index.set(name, [certificate]);
      else same.push(certificate);
    }
  }
  return index;
}

/** What a signer is worth whom at least one trusted certificate has the name of. */
async function judge(
  signer: Signer,
  candidates: readonly Certificate[],
  content: Uint8Array<ArrayBuffer>,
): Promise<SignatureVerdict> {
  const [first] = candidates as [Certificate];
  if (signer.algorithm instanceof ComposefsError) return refuse(signer.algorithm, first, null);
  const { digest } = signer.algorithm;
  const unusable = candidates.find(({ publicKey }) => publicKey.kind === "unsupported");
  if (unusable !== undefined) {
    const refusal = fault("SIGNATURE_KEY", `a key of this kind is not accepted: ${unusable.publicKey.name}`);
    return refuse(refusal, unusable, { key: unusable.publicKey.name, digest });
  }
  for (const certificate of candidates) {
    if (!(await isSignedBy(signer, certificate, content))) continue;
    const deviations: Deviation[] = [];
    if (signer.attributes !== null) deviations.push("attributes");
    if (signer.isNamedByKey) deviations.push("key-identifier");
    const result = signer.attributes !== null ? "valid-attributes" : signer.isNamedByKey ? "valid-keyid" : "valid";
    const algorithm = { key: certificate.publicKey.name, digest };
    return { isVerified: true, result, refusal: null, certificate, algorithm, deviations };
  }
  const refusal = fault("SIGNATURE_MISMATCH", `not a signature of this digest by ${first.subject}`);
  return refuse(refusal, first, { key: first.publicKey.name, digest });
}

async function isSignedBy(
  signer: Signer,
  certificate: Certificate,
  content: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { kind, digest } = signer.algorithm as { kind: string; digest: DigestName };
  const { publicKey } = certificate;
  if (publicKey.kind !== kind) return false;
  let signed = content;
  if (signer.attributes !== null) {
    const expected = new Uint8Array(await crypto.subtle.digest(digest, content));
    const { messageDigest, der } = signer.attributes;
    if (messageDigest.length !== expected.length || messageDigest.some((byte, i) => byte !== expected[i])) return false;
    signed = der;
  }
  if (publicKey.kind === "ecdsa") {
    const plain = plainFromDer(signer.signature, publicKey.name);
    return plain !== null && (await check(certificate, { name: "ECDSA", hash: digest }, plain, signed));
  }
  return check(certificate, { name: "RSASSA-PKCS1-v1_5", hash: digest }, signer.signature, signed);
}

async function check(
  certificate: Certificate,
  algorithm: { name: string; hash: DigestName },
  signature: Uint8Array<ArrayBuffer>,
  signed: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { publicKey, publicKeyInfo } = certificate;
  const how = publicKey.kind === "ecdsa" ? { ...algorithm, namedCurve: publicKey.name } : algorithm;
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("spki", publicKeyInfo, how, false, ["verify"]);
  } catch {
    throw fault("SIGNATURE_KEY", `the certificate of ${certificate.subject} has a key that cannot be one`);
  }
  return crypto.subtle.verify(algorithm, key, signature, signed);
}

function refuse(
  refusal: ComposefsError,
  certificate: Certificate | null,
  algorithm: SignatureVerdict["algorithm"],
): SignatureVerdict {
  return { isVerified: false, result: RESULTS[refusal.code]!, refusal, certificate, algorithm, deviations: [] };
}

function fault(code: ComposefsErrorCode, message: string): ComposefsError {
  return new ComposefsError(code, `signature: ${message}`);
}
