/** The verdicts on the vectors, beside the answers of the kernel. */
import { describe, expect, test } from "vitest";
import { CERTIFICATES_MAX, SIGNATURE_MAX_BYTES } from "../../../../src/seal/signature/limits.ts";
import { verifySignature } from "../../../../src/seal/signature/verify.ts";
import { certificateOf, hashOf, unhex, VECTORS, vector } from "../../../support/signatures.ts";

/** Code of each refusal, and deviations of what is accepted, by the note of the vector. */
const CODES: Record<string, string> = {
  "signature of another digest": "SIGNATURE_MISMATCH",
  "certificate with another issuer": "SIGNATURE_SIGNER",
  "cut by one byte": "SIGNATURE_TRUNCATED",
  "one bit of the signature changed": "SIGNATURE_MISMATCH",
  "content inside the message": "SIGNATURE_ATTACHED",
  "RSA-PSS": "SIGNATURE_ALGORITHM",
  "no bytes": "SIGNATURE_EMPTY",
  "signature algorithm sha256WithRSAEncryption (default of a JavaScript library)": "SIGNATURE_ALGORITHM",
  "one byte after the message": "SIGNATURE_TRAILING_BYTES",
  "signed attributes with S/MIME capabilities": "SIGNATURE_ATTRIBUTES",
};
const DEVIATIONS: Record<string, string[]> = {
  "openssl cms: digest algorithms without NULL": ["missing-null"],
  "certificate inside the message": ["certificates"],
  "SHA-512 as message digest of a sha256 file digest": ["other-digest"],
  "with signed attributes": ["attributes", "missing-null"],
  "signer named by key identifier (version 3)": ["key-identifier", "missing-null"],
  "two signers, one of them known": ["several-signers"],
};

/** What the kernel may answer where our result is this. */
const KERNEL: Record<string, Array<string | null>> = {
  valid: ["OK"],
  "valid-attributes": ["OK"],
  "valid-keyid": ["OK"],
  "no-signer": ["ENOKEY"],
  invalid: ["EKEYREJECTED"],
  attached: ["EBADMSG"],
  unsupported: ["ENOPKG", "EKEYREJECTED"],
  malformed: ["EBADMSG", null],
};
/** Where we are stricter: a message that is accepted has one form only. */
const STRICTER = ["one byte after the message"];

describe("vectors", () => {
  test("there are 26", () => {
    expect(VECTORS.signatures.length).toBe(26);
  });

  test.each(VECTORS.signatures)("$note, $key, $algorithm", async (row) => {
    // As the kernel was asked: with the certificate of `key` alone.
    const certificates = [await certificateOf(row.key)];
    const verdict = await verifySignature({
      hash: hashOf(row),
      digest: unhex(row.digest),
      signature: unhex(row.der),
      certificates,
    });
    expect(verdict.result).toBe(row.expect);
    expect(verdict.isVerified).toBe(row.expect.startsWith("valid"));
    expect(verdict.refusal?.code ?? null).toBe(CODES[row.note] ?? null);
    expect(verdict.deviations).toEqual(DEVIATIONS[row.note] ?? []);
    if (STRICTER.includes(row.note)) expect(row.kernel).toBe("OK");
    else expect(KERNEL[verdict.result]).toContain(row.kernel);
    if (verdict.isVerified) {
      expect(verdict.certificate).toBe(certificates[0]);
      expect(verdict.algorithm!.key).toBe({ rsa: "RSA-2048", ec: "P-256", p384: "P-384", p521: "P-521" }[row.key]);
    }
  });
});

/** Bytes that are no message, by the signature of `fsverity sign`: one rule broken, one code. */
describe("forms", () => {
  const row = vector("fsverity sign");
  const good = unhex(row.der);
  // 30 82 XX XX: a sequence whose length has two octets.
  const withLength = (...octets: number[]) => Uint8Array.of(0x30, ...octets, ...good.subarray(4));
  test.each<[string, Uint8Array, string]>([
    ["a length of 4 GiB less one", withLength(0x84, 0xff, 0xff, 0xff, 0xff), "SIGNATURE_LENGTH"],
    ["a length of five octets", withLength(0x85, 1, 0, 0, 0, 0), "SIGNATURE_LENGTH"],
    ["a length one more than is taken", withLength(0x82, 0x3f, 0x01), "SIGNATURE_LENGTH"],
    ["a value that reaches beyond what holds it", Uint8Array.of(0x30, 0x03, 0x02, 0x02, 0x00), "SIGNATURE_LENGTH"],
    ["an indefinite length", withLength(0x80), "SIGNATURE_BER"],
    ["a length in more octets than it needs", withLength(0x83, 0, good[2]!, good[3]!), "SIGNATURE_BER"],
    ["half of it", good.subarray(0, good.length >> 1), "SIGNATURE_TRUNCATED"],
    ["a newline behind it", Uint8Array.of(...good, 0x0a), "SIGNATURE_TRAILING_BYTES"],
    ["one byte more than the kernel takes", new Uint8Array(SIGNATURE_MAX_BYTES + 1), "SIGNATURE_TOO_LONG"],
    ["no bytes", new Uint8Array(0), "SIGNATURE_EMPTY"],
  ])("%s", async (_, signature, code) => {
    const certificates = [await certificateOf("rsa")];
    const verdict = await verifySignature({ hash: "sha256", digest: unhex(row.digest), signature, certificates });
    expect([verdict.isVerified, verdict.result, verdict.refusal?.code]).toEqual([false, "malformed", code]);
  });
});

describe("trust", () => {
  const row = vector("fsverity sign");
  const ask = { hash: "sha256" as const, digest: unhex(row.digest), signature: unhex(row.der) };

  test("nothing is trusted by itself", async () => {
    const inside = unhex(vector("certificate inside the message").der);
    const verdict = await verifySignature({ ...ask, signature: inside, certificates: [] });
    expect(verdict).toMatchObject({ isVerified: false, result: "no-signer", certificate: null, algorithm: null });
    expect(verdict.refusal!.code).toBe("SIGNATURE_SIGNER");
  });

  test("one of several is enough, in any order", async () => {
    const [rsa, ec, other] = [await certificateOf("rsa"), await certificateOf("ec"), await certificateOf("other")];
    for (const certificates of [
      [rsa, ec, other],
      [other, ec, rsa],
      [rsa, rsa],
    ]) {
      const verdict = await verifySignature({ ...ask, certificates });
      expect(verdict.isVerified).toBe(true);
      expect(verdict.certificate!.sha256).toBe(rsa.sha256);
    }
  });

  test("a certificate of the same name with another key does not fit", async () => {
    const rsa = await certificateOf("rsa");
    const ec = await certificateOf("ec");
    const { publicKeyInfo } = await certificateOf("other");
    for (const impostor of [
      { ...rsa, publicKeyInfo },
      { ...ec, names: rsa.names },
    ]) {
      const verdict = await verifySignature({ ...ask, certificates: [impostor] });
      expect(verdict.refusal!.code).toBe("SIGNATURE_MISMATCH");
      expect(verdict.certificate).toBe(impostor);
      expect((await verifySignature({ ...ask, certificates: [impostor, rsa] })).isVerified).toBe(true);
    }
  });

  test("of two signers, a trusted one that does not fit spoils the other", async () => {
    const two = vector("two signers");
    const certificates = [await certificateOf("rsa"), await certificateOf("other")];
    const signature = unhex(two.der);
    const how = { hash: "sha256" as const, digest: unhex(two.digest), signature };
    expect((await verifySignature({ ...how, certificates: [certificates[0]!] })).isVerified).toBe(true);
    // The last byte belongs to one of the two signatures.
    signature[signature.length - 1]! ^= 1;
    const verdicts = [];
    for (const { names } of await twoSignersOf(signature)) {
      const trusted = { ...certificates[0]!, names };
      verdicts.push((await verifySignature({ ...how, certificates: [trusted] })).result);
    }
    expect(verdicts).toContain("invalid");
  });

  test("a key that is too short, or of a curve that is not accepted, is refused before it is tried", async () => {
    const rsa = await certificateOf("rsa");
    const certificates = [{ ...rsa, publicKey: { kind: "unsupported", name: "RSA-1024" } as const }];
    const verdict = await verifySignature({ ...ask, certificates });
    expect(verdict).toMatchObject({ result: "unsupported", algorithm: { key: "RSA-1024" } });
    expect(verdict.refusal!.code).toBe("SIGNATURE_KEY");
  });

  test("a key that is none is refused", async () => {
    const rsa = await certificateOf("rsa");
    const publicKeyInfo = rsa.publicKeyInfo.slice(0, -5);
    const verdict = await verifySignature({ ...ask, certificates: [{ ...rsa, publicKeyInfo }] });
    expect(verdict.refusal!.code).toBe("SIGNATURE_KEY");
  });
});

async function twoSignersOf(signature: Uint8Array): Promise<Array<{ names: string[] }>> {
  const { readMessage } = await import("../../../../src/seal/signature/message.ts");
  return (await readMessage(signature)).signers.map(({ name }) => ({ names: [name] }));
}

test("arguments that are none are mistakes of the caller", async () => {
  const row = vector("fsverity sign");
  const ask = { hash: "sha256" as const, digest: unhex(row.digest), signature: unhex(row.der), certificates: [] };
  await expect(verifySignature({ ...ask, digest: ask.digest.slice(1) })).rejects.toThrow(RangeError);
  await expect(verifySignature({ ...ask, hash: "sha512" })).rejects.toThrow(RangeError);
  await expect(verifySignature({ ...ask, hash: "md5" as never })).rejects.toThrow(RangeError);
  await expect(verifySignature({ ...ask, signature: row.der as never })).rejects.toThrow(TypeError);
});

test("as many certificates as the limit, and no more", async () => {
  const row = vector("fsverity sign");
  const rsa = await certificateOf("rsa");
  const other = await certificateOf("other");
  const ask = { hash: "sha256" as const, digest: unhex(row.digest), signature: unhex(row.der) };
  const certificates = [...Array(CERTIFICATES_MAX - 1).fill(other), rsa];
  expect((await verifySignature({ ...ask, certificates })).isVerified).toBe(true);
  await expect(verifySignature({ ...ask, certificates: [...certificates, other] })).rejects.toMatchObject({
    code: "CERTIFICATE_LIMIT",
  });
});
