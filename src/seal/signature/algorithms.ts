/**
 * Which algorithms a signature may have: those of signatures.md 5, by object identifier.
 */

/** A message digest, by the name that WebCrypto has for it. */
export type DigestName = "SHA-256" | "SHA-384" | "SHA-512";

/** The two kinds of signature: RSASSA-PKCS1-v1_5 (RFC 8017) and ECDSA (FIPS 186-5). */
export type KeyKind = "rsa" | "ecdsa";

/** An elliptic curve, by the name that WebCrypto has for it. */
export type CurveName = "P-256" | "P-384" | "P-521";

export const OID_SIGNED_DATA = "1.2.840.113549.1.7.2";
export const OID_DATA = "1.2.840.113549.1.7.1";
export const OID_RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
export const OID_EC_PUBLIC_KEY = "1.2.840.10045.2.1";
export const OID_CONTENT_TYPE = "1.2.840.113549.1.9.3";
export const OID_MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
export const OID_SUBJECT_KEY_IDENTIFIER = "2.5.29.14";

/** Message digests that are accepted. */
export const DIGESTS: ReadonlyMap<string, DigestName> = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);

/** ECDSA says which digest it is with. */
export const ECDSA_WITH: ReadonlyMap<string, DigestName> = new Map([
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
]);

/** Curves that are accepted, and the bytes of r and of s on each. */
export const CURVES: ReadonlyMap<string, CurveName> = new Map([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);
export const CURVE_BYTES: Record<CurveName, number> = { "P-256": 32, "P-384": 48, "P-521": 66 };

/** Attributes that the kernel refuses: pkcs7_sig_note_authenticated_attr takes them for Authenticode alone. */
export const REFUSED_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.9.15", "S/MIME capabilities"],
  ["1.3.6.1.4.1.311.2.1.11", "a statement type of Microsoft"],
  ["1.3.6.1.4.1.311.2.1.12", "publisher information of Microsoft"],
]);

/** Names of what is refused, for messages. */
const REFUSED_NAMES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.2.5", "MD5"],
  ["1.3.14.3.2.26", "SHA-1"],
  ["2.16.840.1.101.3.4.2.4", "SHA-224"],
  ["2.16.840.1.101.3.4.2.8", "SHA3-256"],
  ["1.2.840.113549.1.1.4", "md5WithRSAEncryption"],
  ["1.2.840.113549.1.1.5", "sha1WithRSAEncryption"],
  ["1.2.840.113549.1.1.10", "RSA-PSS"],
  ["1.2.840.113549.1.1.11", "sha256WithRSAEncryption"],
  ["1.2.840.113549.1.1.12", "sha384WithRSAEncryption"],
  ["1.2.840.113549.1.1.13", "sha512WithRSAEncryption"],
  ["1.2.840.10045.4.1", "ecdsa-with-SHA1"],
  ["1.3.101.112", "Ed25519"],
  ["1.3.132.0.10", "secp256k1"],
]);

/** The object identifier of a digest. */
export function digestOid(name: DigestName): string {
  return keyOf(DIGESTS, name);
}

/** The object identifier of ECDSA with a digest. */
export function ecdsaOid(name: DigestName): string {
  return keyOf(ECDSA_WITH, name);
}

/** An algorithm for people: its name where it has one here, with its numbers. */
export function showAlgorithm(oid: string): string {
  const name = DIGESTS.get(oid) ?? CURVES.get(oid) ?? REFUSED_NAMES.get(oid);
  return name === undefined ? oid.slice(0, 64) : `${name} (${oid})`;
}

function keyOf(table: ReadonlyMap<string, DigestName>, name: DigestName): string {
  for (const [oid, value] of table) if (value === name) return oid;
  throw new RangeError(`digest: expected SHA-256, SHA-384 or SHA-512, got ${String(name)}`);
}
