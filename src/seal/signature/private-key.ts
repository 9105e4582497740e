/**
 * Private keys in PEM: PKCS#8 (RFC 5958), PKCS#1 of RSA (RFC 8017, A.1.2) and SEC1 of EC (RFC 5915), read for WebCrypto,
 * which takes PKCS#8 alone.
 *
 * No error here carries bytes of a key, nor another error as its cause.
 */

import { ComposefsError } from "../../error.ts";
import { CURVES, type DigestName, OID_EC_PUBLIC_KEY, OID_RSA_ENCRYPTION, showAlgorithm } from "./algorithms.ts";
import type { Certificate } from "./certificate.ts";
import { checkDer } from "./der.ts";
import { type CmsLibrary, loadCmsLibrary } from "./library.ts";
import { KEY_FILE_MAX_BYTES } from "./limits.ts";
import { readPem } from "./pem.ts";

/** What all labels of private keys end with. */
const PRIVATE_KEY = "PRIVATE KEY";

/** A key in PKCS#8, and what it is. */
interface Pkcs8 {
  der: Uint8Array<ArrayBuffer>;
  algorithm: string;
  /** Of an EC key: object identifier of its curve; null where the key does not say. */
  curve: string | null;
}

/**
 * Reads the first private key of a PEM file, to sign with.
 *
 * @param pem a file, at most 65536 bytes
 * @param certificate the certificate of the key
 * @param digest message digest that it will sign with
 * @throws {ComposefsError} SIGNATURE_PRIVATE_KEY when there is none that can be read, SIGNATURE_KEY_ENCRYPTED when it is
 *   encrypted, SIGNATURE_KEY_MISMATCH when it is of another kind than that of the certificate
 */
export async function readPrivateKey(
  pem: Uint8Array,
  { publicKey }: Certificate,
  digest: DigestName,
): Promise<CryptoKey> {
  const key = decode(findKey(pem), await loadCmsLibrary());
  let how: RsaHashedImportParams | EcKeyImportParams;
  if (publicKey.kind === "rsa" && key.algorithm === OID_RSA_ENCRYPTION) {
    how = { name: "RSASSA-PKCS1-v1_5", hash: digest };
  } else if (publicKey.kind === "ecdsa" && key.algorithm === OID_EC_PUBLIC_KEY && isOnCurve(key, publicKey.name)) {
    how = { name: "ECDSA", namedCurve: publicKey.name };
  } else {
    const found = showAlgorithm(key.curve ?? key.algorithm);
    const message = `private key: expected the one of the certificate, ${publicKey.name}; found another kind, ${found}`;
    throw new ComposefsError("SIGNATURE_KEY_MISMATCH", message);
  }
  try {
    return await crypto.subtle.importKey("pkcs8", key.der, how, false, ["sign"]);
  } catch {
    throw unreadable("its numbers make no key");
  }
}

function isOnCurve({ curve }: Pkcs8, name: string): boolean {
  return curve === null || CURVES.get(curve) === name;
}

function findKey(pem: Uint8Array): { label: string; der: Uint8Array<ArrayBuffer> } {
  if (pem.length > KEY_FILE_MAX_BYTES) {
    throw unreadable(`expected at most ${KEY_FILE_MAX_BYTES} bytes, found ${pem.length}`);
  }
  const block = readPem(pem).find(({ label }) => label.endsWith(PRIVATE_KEY));
  if (block === undefined) throw unreadable("expected one in PEM, found none");
  const { label, isEncrypted, bytes } = block;
  if (isEncrypted || label === `ENCRYPTED ${PRIVATE_KEY}`) {
    throw new ComposefsError(
      "SIGNATURE_KEY_ENCRYPTED",
      "private key: it is encrypted; decrypt it (openssl pkey -in KEY), or sign elsewhere and attach the signature",
    );
  }
  if (bytes === null) throw unreadable("expected base64");
  if (checkDer(bytes, KEY_FILE_MAX_BYTES) !== null) throw unreadable("expected DER inside of the PEM");
  return { label, der: bytes };
}

function decode({ label, der }: ReturnType<typeof findKey>, library: CmsLibrary): Pkcs8 {
  const { pkijs, asn1js } = library;
  try {
    if (label === `RSA ${PRIVATE_KEY}`) {
      pkijs.RSAPrivateKey.fromBER(der);
      const algorithm = new pkijs.AlgorithmIdentifier({
        algorithmId: OID_RSA_ENCRYPTION,
        algorithmParams: new asn1js.Null(),
      });
      return { der: wrap(der, algorithm, library), algorithm: OID_RSA_ENCRYPTION, curve: null };
    }
    if (label === `EC ${PRIVATE_KEY}`) {
      const { namedCurve: curve } = pkijs.ECPrivateKey.fromBER(der);
      if (curve === undefined) throw new Error("no curve");
      const algorithm = new pkijs.AlgorithmIdentifier({
        algorithmId: OID_EC_PUBLIC_KEY,
        algorithmParams: new asn1js.ObjectIdentifier({ value: curve }),
      });
      return { der: wrap(der, algorithm, library), algorithm: OID_EC_PUBLIC_KEY, curve };
    }
    if (label === PRIVATE_KEY) {
      const { algorithmId, algorithmParams } = pkijs.PrivateKeyInfo.fromBER(der).privateKeyAlgorithm;
      const isCurve = algorithmParams instanceof asn1js.ObjectIdentifier;
      return { der, algorithm: algorithmId, curve: isCurve ? algorithmParams.valueBlock.toString() : null };
    }
  } catch {
    throw unreadable("it is not what its PEM says, or names no curve");
  }
  throw unreadable(`expected PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY, found another kind of PEM`);
}

/** PKCS#8 around the other forms. */
function wrap(
  der: Uint8Array<ArrayBuffer>,
  algorithm: InstanceType<CmsLibrary["pkijs"]["AlgorithmIdentifier"]>,
  { asn1js }: CmsLibrary,
): Uint8Array<ArrayBuffer> {
  const value = [new asn1js.Integer({ value: 0 }), algorithm.toSchema(), new asn1js.OctetString({ valueHex: der })];
  return new Uint8Array(new asn1js.Sequence({ value }).toBER());
}

function unreadable(why: string): ComposefsError {
  return new ComposefsError("SIGNATURE_PRIVATE_KEY", `private key: ${why}`);
}
