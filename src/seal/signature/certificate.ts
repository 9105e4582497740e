/**
 * Certificates (X.509, RFC 5280): whose key it is, and the bytes by which a signature names it.
 *
 * Nothing here is trust: that a certificate was given is all that makes it trusted, as in the keyring of the kernel. Dates,
 * purposes and chains are not looked at (signatures.md 5).
 */

import { ComposefsError, type ComposefsErrorCode } from "../../error.ts";
import { displayBytes } from "../../explain/display.ts";
import { toHex } from "../../image/hex.ts";
import {
  CURVES,
  type CurveName,
  OID_EC_PUBLIC_KEY,
  OID_RSA_ENCRYPTION,
  OID_SUBJECT_KEY_IDENTIFIER,
  showAlgorithm,
} from "./algorithms.ts";
import { checkDer } from "./der.ts";
import { type Asn1js, type CmsLibrary, loadCmsLibrary, type Pkijs } from "./library.ts";
import { CERTIFICATE_FILE_MAX_BYTES, RSA_MAX_BITS, RSA_MIN_BITS } from "./limits.ts";
import { readPem } from "./pem.ts";

/** A public key that signatures are checked with, and why not where it cannot be. */
export type PublicKey =
  | { kind: "rsa"; name: string }
  | { kind: "ecdsa"; name: CurveName }
  | { kind: "unsupported"; name: string };

/** A certificate, read. */
export interface Certificate {
  /** Name of the owner and of the issuer, for people: `O=Example, CN=signer`. Nothing in it can steer a terminal. */
  subject: string;
  issuer: string;
  /** Serial number: lower-case hex of the bytes that the certificate has. */
  serial: string;
  /** Plain SHA-256 of the certificate in DER, lower-case hex. */
  sha256: string;
  notBefore: Date;
  notAfter: Date;
  publicKey: PublicKey;
  /** The certificate in DER. */
  der: Uint8Array<ArrayBuffer>;
  /** Its field `subjectPublicKeyInfo`, in DER. */
  publicKeyInfo: Uint8Array<ArrayBuffer>;
  /** How signatures name it: `names[0]` by issuer and serial number, then by key identifier where it has one. */
  names: string[];
}

/** Short names of RFC 4519 and openssl(1), for people. */
const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** Second octet of a value with more than 127 bytes, as every certificate has them; never a character of a text. */
const LONG_LENGTH = 0x80;
const SEQUENCE = 0x30;

/**
 * Reads certificates: one in DER, or all of a PEM file.
 *
 * @param bytes a file, at most 1 MiB
 * @returns at least one
 * @throws {ComposefsError} CERTIFICATE_MISSING when there is none, CERTIFICATE_LIMIT when the file is too large, CERTIFICATE_PEM
 *   when a block is no base64, CERTIFICATE_DER when one is not in DER, CERTIFICATE_FORM when it is no X.509 certificate
 */
export async function readCertificates(bytes: Uint8Array): Promise<Certificate[]> {
  if (bytes.length > CERTIFICATE_FILE_MAX_BYTES) {
    throw fault("CERTIFICATE_LIMIT", `expected at most ${CERTIFICATE_FILE_MAX_BYTES} bytes, found ${bytes.length}`);
  }
  const found: Certificate[] = [];
  for (const der of findCertificates(bytes)) found.push(await readCertificate(der));
  return found;
}

function findCertificates(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  if (bytes[0] === SEQUENCE && bytes[1]! >= LONG_LENGTH) return [bytes.slice()];
  const blocks = readPem(bytes).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) throw fault("CERTIFICATE_MISSING", "expected a certificate in PEM or DER, found none");
  return blocks.map(({ bytes: der }) => {
    if (der === null) throw fault("CERTIFICATE_PEM", "expected base64 between the lines of a certificate");
    return der;
  });
}

async function readCertificate(der: Uint8Array<ArrayBuffer>): Promise<Certificate> {
  const wrong = checkDer(der, CERTIFICATE_FILE_MAX_BYTES);
  if (wrong !== null) {
    throw fault("CERTIFICATE_DER", `expected DER, found a fault (${wrong.rule}) at byte ${wrong.offset}`, wrong.offset);
  }
  const library = await loadCmsLibrary();
  let certificate: Omit<Certificate, "sha256">;
  try {
    certificate = describe(library.pkijs.Certificate.fromBER(der), der, library);
  } catch (cause) {
    throw new ComposefsError("CERTIFICATE_FORM", "certificate: not an X.509 certificate", {}, { cause });
  }
  const sha256 = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", der)));
  return { ...certificate, sha256 };
}

function describe(
  certificate: Pkijs.Certificate,
  der: Uint8Array<ArrayBuffer>,
  { asn1js }: CmsLibrary,
): Omit<Certificate, "sha256"> {
  const { issuer, subject, serialNumber, notBefore, notAfter, subjectPublicKeyInfo, extensions = [] } = certificate;
  const names = [signerName(issuer.valueBeforeDecode, serialNumber)];
  for (const { extnID, extnValue } of extensions) {
    if (extnID !== OID_SUBJECT_KEY_IDENTIFIER) continue;
    const { result } = asn1js.fromBER(extnValue.valueBlock.valueHexView as Uint8Array<ArrayBuffer>);
    if (result instanceof asn1js.OctetString) names.push(keyIdentifierName(result.valueBlock.valueHexView));
  }
  // A date that is none has no ISO form: this throws.
  notBefore.value.toISOString();
  notAfter.value.toISOString();
  return {
    subject: nameText(subject, asn1js),
    issuer: nameText(issuer, asn1js),
    serial: toHex(serialNumber.valueBlock.valueHexView),
    notBefore: notBefore.value,
    notAfter: notAfter.value,
    publicKey: describeKey(subjectPublicKeyInfo, asn1js),
    der,
    publicKeyInfo: new Uint8Array(subjectPublicKeyInfo.toSchema().toBER()),
    names,
  };
}

function describeKey(info: Pkijs.PublicKeyInfo, asn1js: typeof Asn1js): PublicKey {
  const { algorithmId, algorithmParams } = info.algorithm;
  if (algorithmId === OID_EC_PUBLIC_KEY) {
    const oid = algorithmParams instanceof asn1js.ObjectIdentifier ? algorithmParams.valueBlock.toString() : "";
    const curve = CURVES.get(oid);
    return curve ? { kind: "ecdsa", name: curve } : { kind: "unsupported", name: `ECDSA on ${showAlgorithm(oid)}` };
  }
  if (algorithmId !== OID_RSA_ENCRYPTION) return { kind: "unsupported", name: showAlgorithm(algorithmId) };
  const modulus = (info.parsedKey as Pkijs.RSAPublicKey).modulus.valueBlock.valueHexView;
  // DER puts a zero before a first byte of 0x80 or more.
  const first = modulus[0] === 0 ? 1 : 0;
  const bits = (modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24;
  return { kind: bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS ? "rsa" : "unsupported", name: `RSA-${bits}` };
}

/** How a signature names its signer by issuer and serial number: both as they are, byte by byte. */
export function signerName(issuer: ArrayBuffer | Uint8Array, serialNumber: Asn1js.Integer): string {
  return `${toHex(new Uint8Array(issuer))} ${toHex(serialNumber.valueBlock.valueHexView)}`;
}

/** How it names it by the key identifier. */
export function keyIdentifierName(identifier: Uint8Array): string {
  return `key ${toHex(identifier)}`;
}

/** A name for people, in the order that the certificate has. */
function nameText(name: Pkijs.RelativeDistinguishedNames, asn1js: typeof Asn1js): string {
  const parts = name.typesAndValues.map(({ type, value }) => {
    const text = value instanceof asn1js.BaseStringBlock ? value.getValue() : "?";
    return `${ATTRIBUTE_NAMES[type] ?? type}=${displayBytes(new TextEncoder().encode(text))}`;
  });
  return parts.join(", ");
}

/**
 * Why a certificate is out of date; null when it is not. No reason to refuse a signature: the kernel does not look at
 * dates.
 *
 * @param now the moment to judge by
 */
export function datesWarning({ subject, notBefore, notAfter }: Certificate, now: Date): string | null {
  if (now < notBefore) return `the certificate of ${subject} is not valid before ${notBefore.toISOString()}`;
  if (now > notAfter) return `the certificate of ${subject} was valid until ${notAfter.toISOString()}`;
  return null;
}

function fault(code: ComposefsErrorCode, message: string, offset?: number): ComposefsError {
  return new ComposefsError(code, `certificate: ${message}`, offset === undefined ? {} : { offset });
}
