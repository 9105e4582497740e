/**
 * The message around a signature: PKCS#7 SignedData (RFC 2315, 9; CMS of RFC 5652), detached (signatures.md 2).
 *
 *   ContentInfo { signedData, [0] SignedData { version, { digest algorithms }, { data }, [[0] certificates],
 *     { SignerInfo { version, signer, digest algorithm, [[0] attributes], signature algorithm, signature } … } } }
 *
 * Read here is the form alone; what each signer is worth is for verify.ts.
 */

import { ComposefsError, type ComposefsErrorCode } from "../../error.ts";
import {
  DIGESTS,
  type DigestName,
  digestOid,
  ECDSA_WITH,
  ecdsaOid,
  type KeyKind,
  OID_CONTENT_TYPE,
  OID_DATA,
  OID_MESSAGE_DIGEST,
  OID_RSA_ENCRYPTION,
  OID_SIGNED_DATA,
  REFUSED_ATTRIBUTES,
  showAlgorithm,
} from "./algorithms.ts";
import { type Certificate, keyIdentifierName, signerName } from "./certificate.ts";
import { checkDer, type DerRule } from "./der.ts";
import { type Asn1js, type CmsLibrary, loadCmsLibrary, type Pkijs } from "./library.ts";
import { SIGNATURE_MAX_BYTES } from "./limits.ts";

/** How a message that is accepted differs from the one form that is written here. */
export type Deviation =
  | "attributes"
  | "key-identifier"
  | "certificates"
  | "several-signers"
  | "other-digest"
  | "missing-null";

/** One signer, as the message has it. */
export interface Signer {
  /** As in {@link Certificate}'s `names`. */
  name: string;
  isNamedByKey: boolean;
  /** What the signature is made with; or why it is not accepted. */
  algorithm: { kind: KeyKind; digest: DigestName } | ComposefsError;
  attributes: SignedAttributes | null;
  signature: Uint8Array<ArrayBuffer>;
}

/** Attributes under the signature. */
export interface SignedAttributes {
  /** What is signed in place of the content: the attributes as a SET. */
  der: Uint8Array<ArrayBuffer>;
  messageDigest: Uint8Array;
}

/** A message, read. */
export interface Message {
  signers: Signer[];
  deviations: Deviation[];
}

const DER_CODES: Record<DerRule, ComposefsErrorCode> = {
  truncated: "SIGNATURE_TRUNCATED",
  length: "SIGNATURE_LENGTH",
  trailing: "SIGNATURE_TRAILING_BYTES",
  ber: "SIGNATURE_BER",
  tag: "SIGNATURE_FORM",
  depth: "SIGNATURE_FORM",
};

const DER_TEXTS: Record<DerRule, string> = {
  truncated: "it is cut short",
  length: "a length reaches beyond what holds the value, or is larger than any signature",
  trailing: "bytes follow behind its end",
  ber: "expected DER, found a form that only BER allows",
  tag: "a tag that no signature has",
  depth: "too many values inside one another",
};

/** Of SET OF, where implicit tagging put something else. */
const TAG_SET = 0x31;

/** Versions of both structures: with issuer and serial number, and with key identifiers (RFC 5652, 5.1 and 5.3). */
const VERSION_ISSUER = 1;
const VERSION_KEY_IDENTIFIER = 3;

/** Holds bytes of a signature against DER. @throws {ComposefsError} SIGNATURE_* by the rule that is broken */
export function requireDer(bytes: Uint8Array, base = 0): void {
  const wrong = checkDer(bytes, SIGNATURE_MAX_BYTES);
  if (wrong === null) return;
  const offset = base + wrong.offset;
  throw new ComposefsError(DER_CODES[wrong.rule], `signature at offset ${offset}: ${DER_TEXTS[wrong.rule]}`, {
    offset,
  });
}

/**
 * Reads a message.
 *
 * @throws {ComposefsError} SIGNATURE_EMPTY, SIGNATURE_TOO_LONG; SIGNATURE_TRUNCATED, _LENGTH, _TRAILING_BYTES, _BER when it is
 *   not DER; SIGNATURE_FORM when it is no such message; SIGNATURE_ATTACHED with content inside; SIGNATURE_DIGEST_ALGORITHM when
 *   its two lists of digests do not agree
 */
export async function readMessage(bytes: Uint8Array): Promise<Message> {
  if (bytes.length === 0) throw fault("SIGNATURE_EMPTY", "expected a message, found no bytes");
  if (bytes.length > SIGNATURE_MAX_BYTES) {
    const data = { actual: bytes.length, limit: SIGNATURE_MAX_BYTES };
    throw new ComposefsError("SIGNATURE_TOO_LONG", `signature: ${data.actual} bytes, at most ${data.limit}`, data);
  }
  requireDer(bytes);
  const library = await loadCmsLibrary();
  let signed: Pkijs.SignedData;
  try {
    signed = decode(bytes.slice(), library.pkijs);
  } catch (cause) {
    throw new ComposefsError("SIGNATURE_FORM", "signature: not PKCS#7 signed data", {}, { cause });
  }
  const { version, encapContentInfo, digestAlgorithms, signerInfos, certificates = [], crls = [] } = signed;
  if (encapContentInfo.eContentType !== OID_DATA) throw fault("SIGNATURE_FORM", "the content type is not data");
  if (encapContentInfo.eContent !== undefined) throw fault("SIGNATURE_ATTACHED", "the content is inside the message");
  if (signerInfos.length === 0) throw fault("SIGNATURE_FORM", "there is no signer");
  if (crls.length > 0) throw fault("SIGNATURE_FORM", "there are revocation lists, which nothing looks at");
  if (!certificates.every((certificate) => certificate instanceof library.pkijs.Certificate)) {
    throw fault("SIGNATURE_FORM", "what stands for a certificate is none of X.509");
  }
  const signers = signerInfos.map((info) => readSigner(info, version, library));
  requireSameDigests(digestAlgorithms, signerInfos, library.asn1js);

  const deviations: Deviation[] = [];
  if (certificates.length > 0) deviations.push("certificates");
  if (signers.length > 1) deviations.push("several-signers");
  const withNull = [...digestAlgorithms, ...signerInfos.map((info) => info.digestAlgorithm)];
  const keys = signerInfos.map((info) => info.signatureAlgorithm);
  withNull.push(...keys.filter(({ algorithmId }) => algorithmId === OID_RSA_ENCRYPTION));
  if (withNull.some(({ algorithmParams }) => algorithmParams === undefined)) deviations.push("missing-null");
  return { signers, deviations };
}

/** Reads with the library and lets it write what it has read. @throws when that is not the same bytes */
function decode(bytes: Uint8Array<ArrayBuffer>, pkijs: typeof Pkijs): Pkijs.SignedData {
  const { contentType, content } = pkijs.ContentInfo.fromBER(bytes);
  if (contentType !== OID_SIGNED_DATA) throw new Error("another content type");
  const signed = new pkijs.SignedData({ schema: content });
  const again = encode(signed, pkijs);
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i])) throw new Error("unknown parts");
  return signed;
}

function encode(signed: Pkijs.SignedData, pkijs: typeof Pkijs): Uint8Array<ArrayBuffer> {
  const content = signed.toSchema();
  return new Uint8Array(new pkijs.ContentInfo({ contentType: OID_SIGNED_DATA, content }).toSchema().toBER());
}

function readSigner(info: Pkijs.SignerInfo, messageVersion: number, { pkijs, asn1js }: CmsLibrary): Signer {
  const isNamedByKey = !(info.sid instanceof pkijs.IssuerAndSerialNumber);
  // pkcs7_sig_note_signerinfo_version of Linux wants the same.
  const version = isNamedByKey ? VERSION_KEY_IDENTIFIER : VERSION_ISSUER;
  if (info.version !== version || messageVersion !== version) {
    throw fault("SIGNATURE_FORM", `expected versions ${version}, found ${messageVersion} and ${info.version}`);
  }
  if (info.unsignedAttrs !== undefined) throw fault("SIGNATURE_FORM", "there are attributes that nothing signs");
  let name: string;
  if (info.sid instanceof pkijs.IssuerAndSerialNumber) {
    name = signerName(info.sid.issuer.valueBeforeDecode, info.sid.serialNumber);
  } else if (info.sid instanceof asn1js.Primitive) {
    name = keyIdentifierName(info.sid.valueBlock.valueHexView);
  } else {
    throw fault("SIGNATURE_FORM", "a signer is named in an unknown way");
  }
  const signature = info.signature.valueBlock.valueHexView.slice() as Uint8Array<ArrayBuffer>;
  const algorithm = unlessRefused(() => readAlgorithm(info, asn1js));
  // The one part of DER inside of a string.
  if (!(algorithm instanceof ComposefsError) && algorithm.kind === "ecdsa") requireDer(signature);
  const attributes = unlessRefused(() => readAttributes(info.signedAttrs, asn1js));
  if (attributes instanceof ComposefsError)
    return { name, isNamedByKey, signature, attributes: null, algorithm: attributes };
  return { name, isNamedByKey, signature, attributes, algorithm };
}

/** An algorithm or an attribute that is refused matters only where its signer is the one. */
function unlessRefused<T>(read: () => T): T | ComposefsError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ComposefsError) return error;
    throw error;
  }
}

function readAlgorithm(info: Pkijs.SignerInfo, asn1js: typeof Asn1js): { kind: KeyKind; digest: DigestName } {
  const { digestAlgorithm, signatureAlgorithm } = info;
  const digest = DIGESTS.get(digestAlgorithm.algorithmId);
  if (digest === undefined || !isNullOrAbsent(digestAlgorithm, asn1js)) {
    const found = showAlgorithm(digestAlgorithm.algorithmId);
    throw fault("SIGNATURE_DIGEST_ALGORITHM", `expected SHA-256, SHA-384 or SHA-512, found ${found}`);
  }
  const { algorithmId, algorithmParams } = signatureAlgorithm;
  if (algorithmId === OID_RSA_ENCRYPTION && isNullOrAbsent(signatureAlgorithm, asn1js)) return { kind: "rsa", digest };
  if (ECDSA_WITH.get(algorithmId) === digest && algorithmParams === undefined) return { kind: "ecdsa", digest };
  const wanted = `rsaEncryption or ECDSA with ${digest}`;
  throw fault("SIGNATURE_ALGORITHM", `expected ${wanted}, found ${showAlgorithm(algorithmId)}`);
}

function isNullOrAbsent({ algorithmParams }: Pkijs.AlgorithmIdentifier, asn1js: typeof Asn1js): boolean {
  return algorithmParams === undefined || algorithmParams instanceof asn1js.Null;
}

function readAttributes(
  signed: Pkijs.SignedAndUnsignedAttributes | undefined,
  asn1js: typeof Asn1js,
): SignedAttributes | null {
  if (signed === undefined) return null;
  const values = new Map<string, Asn1js.BaseBlock>();
  for (const { type, values: each } of signed.attributes) {
    const refused = REFUSED_ATTRIBUTES.get(type);
    if (refused !== undefined)
      throw fault("SIGNATURE_ATTRIBUTES", `the kernel refuses ${refused} among the attributes`);
    if (values.has(type) || each.length !== 1) throw fault("SIGNATURE_ATTRIBUTES", "an attribute has several values");
    values.set(type, each[0] as Asn1js.BaseBlock);
  }
  const contentType = values.get(OID_CONTENT_TYPE);
  const messageDigest = values.get(OID_MESSAGE_DIGEST);
  if (!(contentType instanceof asn1js.ObjectIdentifier) || contentType.valueBlock.toString() !== OID_DATA) {
    throw fault("SIGNATURE_ATTRIBUTES", "expected the content type data among the attributes");
  }
  if (!(messageDigest instanceof asn1js.OctetString)) {
    throw fault("SIGNATURE_ATTRIBUTES", "expected a message digest among the attributes");
  }
  const der = new Uint8Array(signed.encodedValue.slice(0));
  der[0] = TAG_SET;
  return { der, messageDigest: messageDigest.valueBlock.valueHexView };
}

/** The list of the message and those of its signers must name the same digests (signatures.md 5). */
function requireSameDigests(
  listed: readonly Pkijs.AlgorithmIdentifier[],
  signers: readonly Pkijs.SignerInfo[],
  asn1js: typeof Asn1js,
): void {
  const wanted = new Set(signers.map((info) => info.digestAlgorithm.algorithmId));
  const found = new Set(listed.map(({ algorithmId }) => algorithmId));
  const isSame = found.size === wanted.size && [...found].every((oid) => wanted.has(oid));
  if (!isSame || !listed.every((algorithm) => isNullOrAbsent(algorithm, asn1js))) {
    throw fault("SIGNATURE_DIGEST_ALGORITHM", "the message and its signers name different digests");
  }
}

/**
 * Writes the message around a signature, as signatures.md 2 has it.
 *
 * @param signature of an RSA key as long as its modulus, of an EC key in DER
 */
export async function writeMessage(
  certificate: Certificate,
  kind: KeyKind,
  digest: DigestName,
  signature: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { pkijs, asn1js } = await loadCmsLibrary();
  const withNull = (algorithmId: string) =>
    new pkijs.AlgorithmIdentifier({ algorithmId, algorithmParams: new asn1js.Null() });
  const { issuer, serialNumber } = pkijs.Certificate.fromBER(certificate.der);
  const signer = new pkijs.SignerInfo({
    version: VERSION_ISSUER,
    sid: new pkijs.IssuerAndSerialNumber({ issuer, serialNumber }),
    digestAlgorithm: withNull(digestOid(digest)),
    signatureAlgorithm:
      kind === "rsa" ? withNull(OID_RSA_ENCRYPTION) : new pkijs.AlgorithmIdentifier({ algorithmId: ecdsaOid(digest) }),
    signature: new asn1js.OctetString({ valueHex: signature }),
  });
  const signed = new pkijs.SignedData({
    version: VERSION_ISSUER,
    digestAlgorithms: [withNull(digestOid(digest))],
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: OID_DATA }),
    signerInfos: [signer],
  });
  return encode(signed, pkijs);
}

function fault(code: ComposefsErrorCode, message: string): ComposefsError {
  return new ComposefsError(code, `signature: ${message}`);
}
