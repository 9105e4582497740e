/** Certificates that no tool makes: with keys and names as a test wants them. Their own signatures are of no value. */
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";
import { type Certificate, readCertificates } from "../../src/seal/signature/certificate.ts";

/** What a certificate is to have. */
export interface CertificateWish {
  /** Common name of owner and issuer. */
  name?: string;
  /** Bytes of the serial number, as in DER. */
  serial?: Uint8Array<ArrayBuffer>;
  /** SubjectPublicKeyInfo, in DER; default an RSA key with a modulus of `rsaBits`. */
  publicKeyInfo?: Uint8Array<ArrayBuffer>;
  rsaBits?: number;
  /** Default: the year 2020. */
  notBefore?: Date;
  notAfter?: Date;
}

/** A certificate in DER. */
export function makeCertificate(wish: CertificateWish): Uint8Array<ArrayBuffer> {
  const certificate = new pkijs.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ valueHex: wish.serial ?? Uint8Array.of(1) });
  certificate.notBefore.value = wish.notBefore ?? new Date("2020-01-01T00:00:00Z");
  certificate.notAfter.value = wish.notAfter ?? new Date("2020-12-31T00:00:00Z");
  for (const rdn of [certificate.issuer, certificate.subject]) {
    const value = new asn1js.Utf8String({ value: wish.name ?? "made" });
    rdn.typesAndValues.push(new pkijs.AttributeTypeAndValue({ type: "2.5.4.3", value }));
  }
  const info = wish.publicKeyInfo ?? rsaInfo(wish.rsaBits ?? 2048);
  certificate.subjectPublicKeyInfo = pkijs.PublicKeyInfo.fromBER(info);
  const algorithmId = "1.2.840.113549.1.1.11";
  certificate.signatureAlgorithm = new pkijs.AlgorithmIdentifier({ algorithmId, algorithmParams: new asn1js.Null() });
  certificate.signature = certificate.signatureAlgorithm;
  certificate.signatureValue = new asn1js.BitString({ valueHex: new Uint8Array(256) });
  return new Uint8Array(certificate.toSchema(true).toBER());
}

/** The same, read. */
export async function readMadeCertificate(wish: CertificateWish): Promise<Certificate> {
  return (await readCertificates(makeCertificate(wish)))[0]!;
}

/** SubjectPublicKeyInfo of an RSA key: no key at all, but one of so many bits. */
function rsaInfo(bits: number): Uint8Array<ArrayBuffer> {
  const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
  modulus[0] = 0xff >> ((8 - (bits % 8)) % 8);
  const key = new asn1js.Sequence({
    value: [
      new asn1js.Integer({ valueHex: modulus[0]! >= 0x80 ? Uint8Array.of(0, ...modulus) : modulus }),
      new asn1js.Integer({ value: 65537 }),
    ],
  });
  const algorithm = new asn1js.Sequence({
    value: [new asn1js.ObjectIdentifier({ value: "1.2.840.113549.1.1.1" }), new asn1js.Null()],
  });
  const info = new asn1js.Sequence({ value: [algorithm, new asn1js.BitString({ valueHex: key.toBER() })] });
  return new Uint8Array(info.toBER());
}
