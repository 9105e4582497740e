/** Signatures of our own: of vectors, of other forms of keys, made elsewhere and attached. */
import { createPrivateKey, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { formattedDigest } from "../../../../src/seal/signature/content.ts";
import { derFromPlain, plainFromDer } from "../../../../src/seal/signature/ecdsa.ts";
import { KEY_FILE_MAX_BYTES, SIGNATURE_MAX_BYTES } from "../../../../src/seal/signature/limits.ts";
import { attachSignature, signDigest } from "../../../../src/seal/signature/sign.ts";
import { verifySignature } from "../../../../src/seal/signature/verify.ts";
import { readMadeCertificate } from "../../../support/make-certificate.ts";
import {
  bytesOf,
  certificateOf,
  hashOf,
  privateKeyOf,
  type SignatureVector,
  unhex,
  VECTORS,
  vector,
} from "../../../support/signatures.ts";

const KEYS = ["rsa", "ec", "p384", "p521"];
const DIGEST = unhex(vector("fsverity sign").digest);

function signVector(row: SignatureVector, privateKey: Uint8Array) {
  return certificateOf(row.key).then((certificate) =>
    signDigest({ hash: hashOf(row), digest: unhex(row.digest), certificate, privateKey }),
  );
}

const deterministic = VECTORS.signatures.filter((row) => row.deterministic);

test("vectors of RSA come out byte by byte", async () => {
  expect(deterministic.length).toBe(6);
  for (const row of deterministic) {
    expect(Buffer.from(await signVector(row, privateKeyOf(row.key))).toString("hex")).toBe(row.der);
  }
});

describe.each(KEYS)("%s", (key) => {
  const request = async (hash: "sha256" | "sha512") => ({
    hash,
    digest: new Uint8Array(hash === "sha256" ? 32 : 64).fill(7),
    certificate: await certificateOf(key),
  });

  test.each(["sha256", "sha512"] as const)("signs %s in the form of section 2", async (hash) => {
    const how = await request(hash);
    const signature = await signDigest({ ...how, privateKey: privateKeyOf(key) });
    const verdict = await verifySignature({ ...how, signature, certificates: [how.certificate] });
    expect(verdict).toMatchObject({ result: "valid", deviations: [] });
    expect(verdict.algorithm!.digest).toBe(hash === "sha256" ? "SHA-256" : "SHA-512");
  });

  test("two steps, with a key that this code never sees", async () => {
    const how = await request("sha256");
    const elsewhere = createPrivateKey(Buffer.from(privateKeyOf(key)));
    const der = signBytes("sha256", formattedDigest("sha256", how.digest), elsewhere);
    const certificates = [how.certificate];
    const signature = await attachSignature({ ...how, signature: der });
    expect((await verifySignature({ ...how, signature, certificates })).isVerified).toBe(true);
    if (key !== "rsa") {
      const plain = signBytes("sha256", formattedDigest("sha256", how.digest), {
        key: elsewhere,
        dsaEncoding: "ieee-p1363",
      });
      const attached = await attachSignature({ ...how, signature: plain });
      expect((await verifySignature({ ...how, signature: attached, certificates })).isVerified).toBe(true);
    }
  });

  test("what is attached is checked first", async () => {
    const how = await request("sha256");
    const elsewhere = createPrivateKey(Buffer.from(privateKeyOf(key)));
    const content = formattedDigest("sha256", how.digest);
    const wrong = [
      signBytes("sha512", content, elsewhere),
      signBytes("sha256", content.subarray(1), elsewhere),
      signBytes("sha256", content, elsewhere).subarray(1),
      new Uint8Array(0),
      new Uint8Array(64),
      new Uint8Array(256),
    ];
    for (const signature of wrong) {
      await expect(attachSignature({ ...how, signature })).rejects.toMatchObject({ code: "SIGNATURE_KEY_MISMATCH" });
    }
  });
});

describe("keys", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });

  test("PKCS#8, PKCS#1 and SEC1 give the same", async () => {
    const certificate = await certificateOf("rsa");
    const key = createPrivateKey(Buffer.from(privateKeyOf("rsa")));
    const row = deterministic[0]!;
    const pkcs1 = bytesOf(key.export({ format: "pem", type: "pkcs1" }) as string);
    expect(Buffer.from(await signVector(row, pkcs1)).toString("hex")).toBe(row.der);
    for (const name of ["ec", "p384", "p521"]) {
      const sec1 = createPrivateKey(Buffer.from(privateKeyOf(name))).export({ format: "pem", type: "sec1" }) as string;
      const how = { hash: "sha256" as const, digest: DIGEST, certificate: await certificateOf(name) };
      // openssl ecparam -genkey writes the curve before the key.
      const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
      const signature = await signDigest({ ...how, privateKey: bytesOf(`some text\n${parameters}${sec1}`) });
      expect((await verifySignature({ ...how, signature, certificates: [how.certificate] })).isVerified).toBe(true);
    }
    expect(certificate.publicKey).toEqual({ kind: "rsa", name: "RSA-2048" });
  });

  test.each(["rsa", "ec"])("another key than that of the certificate is refused: %s", async (key) => {
    for (const other of [rsa, ec]) {
      const pem = bytesOf(other.privateKey.export({ format: "pem", type: "pkcs8" }) as string);
      const request = {
        hash: "sha256" as const,
        digest: DIGEST,
        certificate: await certificateOf(key),
        privateKey: pem,
      };
      await expect(signDigest(request)).rejects.toMatchObject({ code: "SIGNATURE_KEY_MISMATCH" });
    }
  });

  test("what is no key is refused, and an encrypted one by its own code; no error shows a key", async () => {
    const encryption = { format: "pem", cipher: "aes-256-cbc", passphrase: "secret" } as const;
    const pkcs8 = ec.privateKey.export({ format: "pem", type: "pkcs8" }) as string;
    const rows: Array<[string, string]> = [
      [rsa.privateKey.export({ ...encryption, type: "pkcs8" }) as string, "SIGNATURE_KEY_ENCRYPTED"],
      [rsa.privateKey.export({ ...encryption, type: "pkcs1" }) as string, "SIGNATURE_KEY_ENCRYPTED"],
      ["", "SIGNATURE_PRIVATE_KEY"],
      [VECTORS.keys["ec"]!.certificate, "SIGNATURE_PRIVATE_KEY"],
      [ec.publicKey.export({ format: "pem", type: "spki" }) as string, "SIGNATURE_PRIVATE_KEY"],
      [pkcs8.replace("-----END PRIVATE KEY-----", ""), "SIGNATURE_PRIVATE_KEY"],
      [pkcs8.replace("M", "!"), "SIGNATURE_PRIVATE_KEY"],
      [pkcs8.replaceAll("PRIVATE KEY", "EC PRIVATE KEY"), "SIGNATURE_PRIVATE_KEY"],
      [pkcs8.replaceAll("PRIVATE KEY", "RSA PRIVATE KEY"), "SIGNATURE_PRIVATE_KEY"],
      [pkcs8.replaceAll("PRIVATE KEY", "DSA PRIVATE KEY"), "SIGNATURE_PRIVATE_KEY"],
      [`${pkcs8}${" ".repeat(KEY_FILE_MAX_BYTES + 1 - pkcs8.length)}`, "SIGNATURE_PRIVATE_KEY"],
    ];
    const certificate = await certificateOf("ec");
    for (const [pem, code] of rows) {
      const error = await signDigest({ hash: "sha256", digest: DIGEST, certificate, privateKey: bytesOf(pem) }).then(
        () => null,
        (thrown) => thrown,
      );
      expect(error).toMatchObject({ code });
      expect(error.cause).toBeUndefined();
      const body = pem.split("\n")[1] ?? "";
      if (body.length > 16) expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(body.slice(0, 16));
    }
  });

  test("as large as the limit", async () => {
    const certificate = await certificateOf("ec");
    const pem = Buffer.from(privateKeyOf("ec")).toString();
    const privateKey = bytesOf(pem + " ".repeat(KEY_FILE_MAX_BYTES - pem.length));
    expect(privateKey.length).toBe(KEY_FILE_MAX_BYTES);
    await signDigest({ hash: "sha256", digest: DIGEST, certificate, privateKey });
  });

  test("each byte of a key changed: a signature that fits, or an error of ours", async () => {
    const certificate = await certificateOf("ec");
    const der = Buffer.from(createPrivateKey(Buffer.from(privateKeyOf("ec"))).export({ format: "der", type: "pkcs8" }));
    const codes = new Set<string>();
    for (let offset = 0; offset < der.length; offset++) {
      const changed = Buffer.from(der);
      changed[offset]! ^= 1;
      const pem = `-----BEGIN PRIVATE KEY-----\n${changed.toString("base64")}\n-----END PRIVATE KEY-----\n`;
      const request = { hash: "sha256" as const, digest: DIGEST, certificate, privateKey: bytesOf(pem) };
      codes.add(
        await signDigest(request).then(
          () => "",
          ({ code }) => code,
        ),
      );
    }
    expect(
      [...codes].filter((code) => !["", "SIGNATURE_PRIVATE_KEY", "SIGNATURE_KEY_MISMATCH"].includes(code)),
    ).toEqual([]);
    expect(codes.size).toBeGreaterThan(1);
  });
});

describe("limits", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicKeyInfo = Uint8Array.from(publicKey.export({ format: "der", type: "spki" }));
  const pem = bytesOf(privateKey.export({ format: "pem", type: "pkcs8" }) as string);

  test("a signature as long as the kernel takes, and one byte longer", async () => {
    const request = async (name: string) => {
      const certificate = await readMadeCertificate({ name, publicKeyInfo });
      return { hash: "sha256" as const, digest: DIGEST, certificate, privateKey: pem };
    };
    const sample = await signDigest(await request("n".repeat(15_000)));
    const room = SIGNATURE_MAX_BYTES - sample.length;
    const largest = await signDigest(await request("n".repeat(15_000 + room)));
    expect(largest.length).toBe(SIGNATURE_MAX_BYTES);
    await expect(signDigest(await request("n".repeat(15_001 + room)))).rejects.toMatchObject({
      code: "SIGNATURE_TOO_LONG",
      data: { actual: SIGNATURE_MAX_BYTES + 1, limit: SIGNATURE_MAX_BYTES },
    });
  });

  test("issuer and serial number are copied as they are", async () => {
    for (const serial of ["00ff", "01", "80", "007fff".slice(2), "00".repeat(1)]) {
      const certificate = await readMadeCertificate({ name: "Zoë, O=x \u202e", serial: unhex(serial), publicKeyInfo });
      const signature = await signDigest({ hash: "sha256", digest: DIGEST, certificate, privateKey: pem });
      const issuer = unhex(certificate.names[0]!.split(" ")[0]!);
      const sid = Buffer.concat([issuer, Uint8Array.of(2, serial.length / 2), unhex(serial)]);
      expect(Buffer.from(signature).includes(sid)).toBe(true);
      expect(Buffer.from(certificate.der).includes(Buffer.from(issuer))).toBe(true);
      expect(certificate.serial).toBe(serial);
    }
  });
});

describe("ECDSA signatures", () => {
  test("both forms, there and back, with numbers of every length", () => {
    for (const [curve, bytes] of [
      ["P-256", 32],
      ["P-384", 48],
      ["P-521", 66],
    ] as const) {
      for (let zeros = 0; zeros < bytes; zeros++) {
        for (const first of [1, 0x7f, 0x80, 0xff]) {
          const plain = new Uint8Array(2 * bytes).fill(first);
          plain.fill(0, 0, zeros);
          plain.fill(0, bytes, 2 * bytes - 1 - (zeros % bytes));
          const der = derFromPlain(plain);
          expect(plainFromDer(der, curve)).toEqual(plain);
        }
      }
    }
  });

  test.each([
    ["3006020101020101", true, "1 and 1"],
    ["3006020100020101", false, "zero"],
    ["30060201ff020101", false, "negative"],
    ["3003020101", false, "one number"],
    ["3009020101020101020101", false, "three"],
    ["3106020101020101", false, "a set"],
    ["3006030101020101", false, "another type"],
    ["0500", false, "nothing of the kind"],
    [`3026022101${"00".repeat(32)}020101`, false, "longer than the curve"],
    [`30260221ff${"00".repeat(32)}020101`, false, "longer, and negative"],
    [`3026022100${"ff".repeat(32)}020101`, true, "as long as the curve"],
  ])("%s: %s, %s", (hex, isTaken) => {
    expect(plainFromDer(unhex(hex), "P-256") !== null).toBe(isTaken);
  });
});
