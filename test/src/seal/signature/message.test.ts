/** Messages of other forms than the one that is written: DER all of them, and each with one thing wrong. */
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { expect, test } from "vitest";
import { SIGNATURE_MAX_BYTES } from "../../../../src/seal/signature/limits.ts";
import { verifySignature } from "../../../../src/seal/signature/verify.ts";
import { certificateOf, type SignatureVector, unhex, VECTORS, vector } from "../../../support/signatures.ts";

/** Changes a message of a vector and asks for the verdict on it. */
async function verdictOn(row: SignatureVector, change: (message: pkijs.SignedData) => void, contentType?: string) {
  const message = new pkijs.SignedData({ schema: pkijs.ContentInfo.fromBER(unhex(row.der)).content });
  change(message);
  const content = message.toSchema();
  const info = new pkijs.ContentInfo({ contentType: contentType ?? pkijs.ContentInfo.SIGNED_DATA, content });
  const signature = new Uint8Array(info.toSchema().toBER());
  const certificates = [await certificateOf(row.key)];
  const verdict = await verifySignature({ hash: "sha256", digest: unhex(row.digest), signature, certificates });
  return { ...verdict, code: verdict.refusal?.code ?? null, signature };
}

const RSA = vector("fsverity sign");
const EC = VECTORS.signatures.find(({ key }) => key === "ec")!;
const ATTRIBUTES = vector("with signed attributes");

const algorithm = (algorithmId: string, algorithmParams?: asn1js.BaseBlock) =>
  new pkijs.AlgorithmIdentifier(algorithmParams === undefined ? { algorithmId } : { algorithmId, algorithmParams });
const attribute = (type: string, ...values: asn1js.BaseBlock[]) => new pkijs.Attribute({ type, values });
const SHA256 = "2.16.840.1.101.3.4.2.1";
const SHA512 = "2.16.840.1.101.3.4.2.3";

test("the same again is what it was", async () => {
  for (const row of [RSA, EC, ATTRIBUTES]) {
    const { isVerified, signature } = await verdictOn(row, () => {});
    expect(isVerified).toBe(true);
    expect(Buffer.from(signature).toString("hex")).toBe(row.der);
  }
});

const FORMS: Array<[string, SignatureVector, (message: pkijs.SignedData) => void, string]> = [
  ["version 3 of a signer", RSA, (m) => (m.signerInfos[0]!.version = 3), "SIGNATURE_FORM"],
  ["no signer", RSA, (m) => (m.signerInfos = []), "SIGNATURE_FORM"],
  ["other content than data", RSA, (m) => (m.encapContentInfo.eContentType = "1.2.3"), "SIGNATURE_FORM"],
  ["no digest in the list", RSA, (m) => (m.digestAlgorithms = []), "SIGNATURE_DIGEST_ALGORITHM"],
  [
    "another digest in the list",
    RSA,
    (m) => (m.digestAlgorithms = [algorithm(SHA512, new asn1js.Null())]),
    "SIGNATURE_DIGEST_ALGORITHM",
  ],
  [
    "one more digest in the list",
    RSA,
    (m) => m.digestAlgorithms.push(algorithm(SHA512, new asn1js.Null())),
    "SIGNATURE_DIGEST_ALGORITHM",
  ],
  [
    "parameters of a digest in the list",
    RSA,
    (m) => (m.digestAlgorithms = [algorithm(SHA256, new asn1js.Integer({ value: 1 }))]),
    "SIGNATURE_DIGEST_ALGORITHM",
  ],
  [
    "parameters of the digest of a signer",
    RSA,
    (m) => (m.signerInfos[0]!.digestAlgorithm = algorithm(SHA256, new asn1js.Integer({ value: 1 }))),
    "SIGNATURE_DIGEST_ALGORITHM",
  ],
  [
    "NULL with ECDSA",
    EC,
    (m) => (m.signerInfos[0]!.signatureAlgorithm = algorithm("1.2.840.10045.4.3.2", new asn1js.Null())),
    "SIGNATURE_ALGORITHM",
  ],
  [
    "ECDSA with another digest",
    EC,
    (m) => (m.signerInfos[0]!.signatureAlgorithm = algorithm("1.2.840.10045.4.3.4")),
    "SIGNATURE_ALGORITHM",
  ],
  [
    "ECDSA by a key of RSA",
    RSA,
    (m) => {
      m.signerInfos[0]!.signatureAlgorithm = algorithm("1.2.840.10045.4.3.2");
      m.signerInfos[0]!.signature = new asn1js.OctetString({ valueHex: unhex("3006020101020101") });
    },
    "SIGNATURE_MISMATCH",
  ],
  [
    "RSA by a key of EC",
    EC,
    (m) => (m.signerInfos[0]!.signatureAlgorithm = algorithm("1.2.840.113549.1.1.1", new asn1js.Null())),
    "SIGNATURE_MISMATCH",
  ],
  [
    "r and s in BER",
    EC,
    (m) => (m.signerInfos[0]!.signature = new asn1js.OctetString({ valueHex: unhex("308106020101020101") })),
    "SIGNATURE_BER",
  ],
  [
    "attributes that nothing signs",
    RSA,
    (m) => {
      const attributes = [attribute("1.2.3", new asn1js.Null())];
      m.signerInfos[0]!.unsignedAttrs = new pkijs.SignedAndUnsignedAttributes({ type: 1, attributes });
    },
    "SIGNATURE_FORM",
  ],
  [
    "an attribute twice",
    ATTRIBUTES,
    (m) => m.signerInfos[0]!.signedAttrs!.attributes.push(m.signerInfos[0]!.signedAttrs!.attributes[0]!),
    "SIGNATURE_ATTRIBUTES",
  ],
  [
    "an attribute with two values",
    ATTRIBUTES,
    (m) => m.signerInfos[0]!.signedAttrs!.attributes.push(attribute("1.2.3", new asn1js.Null(), new asn1js.Null())),
    "SIGNATURE_ATTRIBUTES",
  ],
  [
    "one attribute more",
    ATTRIBUTES,
    (m) => m.signerInfos[0]!.signedAttrs!.attributes.push(attribute("1.2.3", new asn1js.Null())),
    "SIGNATURE_MISMATCH",
  ],
  ...["1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"].map(
    (missing): [string, SignatureVector, (message: pkijs.SignedData) => void, string] => [
      `without attribute ${missing}`,
      ATTRIBUTES,
      (m) => {
        const { signedAttrs } = m.signerInfos[0]!;
        signedAttrs!.attributes = signedAttrs!.attributes.filter(({ type }) => type !== missing);
      },
      "SIGNATURE_ATTRIBUTES",
    ],
  ),
];

test.each(FORMS)("%s", async (_, row, change, code) => {
  expect(await verdictOn(row, change)).toMatchObject({ isVerified: false, code });
});

test.each([
  [RSA, 25, 2],
  [RSA, 25, 3],
  [RSA, 66, 3],
  [vector("signer named by key"), 25, 1],
])("versions that do not agree, %#", async (row, offset, version) => {
  // The library writes the version that it holds for right: the byte is changed behind it.
  const signature = unhex(row.der);
  expect([1, 3]).toContain(signature[offset]);
  expect(signature.subarray(offset - 2, offset)).toEqual(Uint8Array.of(2, 1));
  signature[offset] = version;
  const certificates = [await certificateOf(row.key)];
  const verdict = await verifySignature({ hash: "sha256", digest: unhex(row.digest), signature, certificates });
  expect(verdict.refusal!.code).toBe("SIGNATURE_FORM");
});

test("another type of message", async () => {
  expect(await verdictOn(RSA, () => {}, "1.2.840.113549.1.7.3")).toMatchObject({ code: "SIGNATURE_FORM" });
});

test("as many signers as there is room for are done in no time", async () => {
  for (const row of [RSA, EC]) {
    const size = row.der.length / 2;
    const started = performance.now();
    const { isVerified, signature, deviations } = await verdictOn(row, (m) => {
      const [one] = m.signerInfos as [pkijs.SignerInfo];
      const room = Math.floor((SIGNATURE_MAX_BYTES - size) / one.toSchema().toBER().byteLength);
      m.signerInfos = Array(room).fill(one);
    });
    expect(isVerified).toBe(true);
    expect(deviations).toEqual(["several-signers"]);
    expect(signature.length).toBeGreaterThan(15_000);
    expect(performance.now() - started).toBeLessThan(5000);
  }
});
