/** Certificates, and PEM. */
import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { datesWarning, readCertificates } from "../../../../src/seal/signature/certificate.ts";
import { CERTIFICATE_FILE_MAX_BYTES } from "../../../../src/seal/signature/limits.ts";
import { readPem } from "../../../../src/seal/signature/pem.ts";
import { makeCertificate, readMadeCertificate } from "../../../support/make-certificate.ts";
import { bytesOf, certificateOf, VECTORS } from "../../../support/signatures.ts";

test("says what node:crypto says", async () => {
  for (const key of Object.keys(VECTORS.keys)) {
    const ours = await certificateOf(key);
    const theirs = new X509Certificate(VECTORS.keys[key]!.certificate);
    expect(ours.subject).toBe(theirs.subject.split("\n").join(", "));
    expect(ours.issuer).toBe(theirs.issuer.split("\n").join(", "));
    expect(BigInt(`0x${ours.serial}`)).toBe(BigInt(`0x${theirs.serialNumber}`));
    expect(ours.sha256).toBe(theirs.fingerprint256.replaceAll(":", "").toLowerCase());
    expect(ours.notBefore).toEqual(new Date(theirs.validFrom));
    expect(ours.notAfter).toEqual(new Date(theirs.validTo));
    expect(Buffer.from(ours.der).equals(theirs.raw)).toBe(true);
    const spki = theirs.publicKey.export({ format: "der", type: "spki" });
    expect(Buffer.from(ours.publicKeyInfo).equals(spki)).toBe(true);
  }
});

test("PEM, DER, several in one file, with text around them", async () => {
  const { rsa, ec } = VECTORS.keys as Record<string, { certificate: string; private: string }>;
  const one = (await readCertificates(bytesOf(rsa!.certificate)))[0]!;
  expect((await readCertificates(one.der))[0]).toEqual(one);
  const bundle = `0 text\n${rsa!.certificate}# ${rsa!.private}\r\n${ec!.certificate.replaceAll("\n", "\r\n")}`;
  const read = await readCertificates(bytesOf(bundle));
  expect(read.map(({ subject }) => subject)).toEqual([one.subject, "CN=composefs vectors ec"]);
});

describe("refused", () => {
  const pem = VECTORS.keys["rsa"]!.certificate;
  test.each([
    ["", "CERTIFICATE_MISSING"],
    ["hello", "CERTIFICATE_MISSING"],
    [VECTORS.keys["rsa"]!.private!, "CERTIFICATE_MISSING"],
    [pem.replace("-----END", "-----"), "CERTIFICATE_MISSING"],
    [pem.replace("MII", "M!I"), "CERTIFICATE_PEM"],
    [pem.replace("MII", "II"), "CERTIFICATE_PEM"],
    ["-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "CERTIFICATE_PEM"],
    ["-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "CERTIFICATE_FORM"],
    ["-----BEGIN CERTIFICATE-----\nMIAAAA==\n-----END CERTIFICATE-----\n", "CERTIFICATE_DER"],
  ])("%#: %s", async (text, code) => {
    await expect(readCertificates(bytesOf(text))).rejects.toMatchObject({ code });
  });

  test("DER cut short, and with a byte behind it", async () => {
    const { der } = await certificateOf("rsa");
    for (const bytes of [der.subarray(0, -1), Uint8Array.of(...der, 0)]) {
      await expect(readCertificates(bytes)).rejects.toMatchObject({ code: "CERTIFICATE_DER" });
    }
  });

  test("a file as large as the limit, and one byte larger", async () => {
    const text = pem + "\n".repeat(CERTIFICATE_FILE_MAX_BYTES - pem.length);
    expect((await readCertificates(bytesOf(text))).length).toBe(1);
    await expect(readCertificates(bytesOf(`${text}\n`))).rejects.toMatchObject({ code: "CERTIFICATE_LIMIT" });
  });
});

test.each([
  [2047, "unsupported"],
  [2048, "rsa"],
  [2049, "rsa"],
  [16_384, "rsa"],
  [16_385, "unsupported"],
])("RSA of %i bits: %s", async (rsaBits, kind) => {
  expect((await readMadeCertificate({ rsaBits })).publicKey).toEqual({ kind, name: `RSA-${rsaBits}` });
});

test("names cannot steer a terminal", async () => {
  const { subject } = await readMadeCertificate({ name: "a\u001b[31m\u202eb\n" });
  expect(subject).toBe("CN=a\\x1b[31m\\xe2\\x80\\xaeb\\n");
});

test("dates are warned of, on the second", async () => {
  const certificate = await readMadeCertificate({});
  expect(datesWarning(certificate, new Date("2019-12-31T23:59:59Z"))).toMatch(/not valid before 2020-01-01/);
  expect(datesWarning(certificate, new Date("2020-01-01T00:00:00Z"))).toBeNull();
  expect(datesWarning(certificate, new Date("2020-12-31T00:00:00Z"))).toBeNull();
  expect(datesWarning(certificate, new Date("2020-12-31T00:00:01Z"))).toMatch(/was valid until 2020-12-31/);
  expect(makeCertificate({}).length).toBeGreaterThan(500);
});

describe("PEM", () => {
  test("a mebibyte of beginnings without an end is done in no time", () => {
    const start = performance.now();
    for (const text of ["-----BEGIN X-----\n", "-----BEGIN ", "-----BEGIN X----------END Y-----"]) {
      expect(readPem(bytesOf(text.repeat((1 << 20) / text.length)))).toEqual([]);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
