/** Signatures of `fsverity sign` and OpenSSL by our verifier, and ours by theirs; what they make that is refused. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { HashName } from "../../../../src/engine/slot.ts";
import { verityDigest } from "../../../../src/image/verity.ts";
import { readCertificates } from "../../../../src/seal/signature/certificate.ts";
import { formattedDigest } from "../../../../src/seal/signature/content.ts";
import { signDigest } from "../../../../src/seal/signature/sign.ts";
import { verifySignature } from "../../../../src/seal/signature/verify.ts";
import { findOracle } from "../../../support/oracle.ts";
import { unhex } from "../../../support/signatures.ts";

const openssl = findOracle("openssl");
const fsverity = findOracle("fsverity");
const folder = mkdtempSync(join(tmpdir(), "composefs-sign-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

function run(command: string, args: string[]) {
  const { status, stderr } = spawnSync(command, args, { cwd: folder, timeout: 60_000 });
  return { status, stderr: stderr?.toString() };
}

function ssl(...args: string[]) {
  const { status, stderr } = run(openssl!, args);
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
}

/** Name, and options of `openssl req` for its key. */
const KEYS: Array<[string, string[]]> = [
  ["rsa2048", ["-newkey", "rsa:2048"]],
  ["rsa3072", ["-newkey", "rsa:3072"]],
  ["p256", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]],
  ["p384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]],
  ["p521", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"]],
];

function makeKey(name: string, options: string[]) {
  // A name in which every relative name has two values, one of them not ASCII.
  const subject = `/O=Exämple+OU=two/CN=${name}`;
  const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
  ssl("req", "-x509", "-nodes", "-utf8", "-multivalue-rdn", "-subj", subject, "-days", "7", ...options, ...files);
}

const read = (name: string) => new Uint8Array(readFileSync(at(name)));

async function requestFor(key: string, hash: HashName) {
  const file = new TextEncoder().encode(`content for ${key}\r\n`);
  const digest = unhex(await verityDigest(file, { hash }));
  writeFileSync(at("file"), file);
  writeFileSync(at("content"), formattedDigest(hash, digest));
  const [certificate] = await readCertificates(read(`${key}.pem`));
  return { hash, digest, certificate: certificate! };
}

async function verdictOn(request: Awaited<ReturnType<typeof requestFor>>, name: string) {
  return verifySignature({ ...request, signature: read(name), certificates: [request.certificate] });
}

describe.skipIf(openssl === undefined)("openssl", () => {
  test.each(KEYS)("%s: both directions, cms and smime, both hashes", async (key, options) => {
    makeKey(key, options);
    for (const hash of ["sha256", "sha512"] as const) {
      const request = await requestFor(key, hash);
      const ours = await signDigest({ ...request, privateKey: read(`${key}.key`) });
      writeFileSync(at("ours"), ours);
      for (const tool of ["cms", "smime"]) {
        const verify = [tool, "-verify", "-binary", "-inform", "DER", "-certfile", `${key}.pem`, "-noverify"];
        const good = run(openssl!, [...verify, "-in", "ours", "-content", "content", "-out", "out"]);
        expect(good).toMatchObject({ status: 0 });
        expect(run(openssl!, [...verify, "-in", "ours", "-content", "file", "-out", "out"]).status).toBe(4);

        const sign = [tool, "-sign", "-binary", "-in", "content", "-signer", `${key}.pem`, "-inkey", `${key}.key`];
        const form = ["-md", hash, "-outform", "DER", "-noattr", "-nocerts", "-out", "theirs"];
        ssl(...sign, ...form);
        expect(await verdictOn(request, "theirs")).toMatchObject({ result: "valid" });
        if (tool === "smime" && key.startsWith("rsa")) expect(read("theirs")).toEqual(ours);
        const other = { ...request, digest: request.digest.map((byte) => byte ^ 1) };
        expect((await verdictOn(other, "theirs")).refusal!.code).toBe("SIGNATURE_MISMATCH");
      }
    }
  });

  /** Options of `openssl cms -sign`, beside those that name input, key and output; what is said of the result. */
  const FORMS: Array<[string, string[], string, string | null]> = [
    ["attributes and certificate", ["-nosmimecap"], "valid-attributes", null],
    ["the default of openssl", [], "unsupported", "SIGNATURE_ATTRIBUTES"],
    ["certificate inside", ["-noattr"], "valid", null],
    ["key identifier", ["-noattr", "-nocerts", "-keyid"], "valid-keyid", null],
    ["key identifier and attributes", ["-nosmimecap", "-nocerts", "-keyid"], "valid-attributes", null],
    ["MD5", ["-noattr", "-nocerts", "-md", "md5"], "unsupported", "SIGNATURE_DIGEST_ALGORITHM"],
    ["SHA-1", ["-noattr", "-nocerts", "-md", "sha1"], "unsupported", "SIGNATURE_DIGEST_ALGORITHM"],
    ["SHA-224", ["-noattr", "-nocerts", "-md", "sha224"], "unsupported", "SIGNATURE_DIGEST_ALGORITHM"],
    ["SHA3-256", ["-noattr", "-nocerts", "-md", "sha3-256"], "unsupported", "SIGNATURE_DIGEST_ALGORITHM"],
    ["SHA-384", ["-noattr", "-nocerts", "-md", "sha384"], "valid", null],
    ["RSA-PSS", ["-noattr", "-nocerts", "-keyopt", "rsa_padding_mode:pss"], "unsupported", "SIGNATURE_ALGORITHM"],
    ["content inside", ["-noattr", "-nocerts", "-nodetach"], "attached", "SIGNATURE_ATTACHED"],
    [
      "BER, for which the content has to be inside",
      ["-noattr", "-nocerts", "-nodetach", "-stream"],
      "malformed",
      "SIGNATURE_BER",
    ],
  ];
  test.each(FORMS)("%s", async (_, options, result, code) => {
    makeKey("rsa", ["-newkey", "rsa:2048"]);
    const request = await requestFor("rsa", "sha256");
    const files = ["-in", "content", "-signer", "rsa.pem", "-inkey", "rsa.key", "-out", "form"];
    ssl("cms", "-sign", "-binary", "-outform", "DER", ...files, ...options);
    const verdict = await verdictOn(request, "form");
    expect(verdict).toMatchObject({ result });
    expect(verdict.refusal?.code ?? null).toBe(code);
  });

  test("two signers: one is enough, and one that was changed is too many", async () => {
    makeKey("one", ["-newkey", "rsa:2048"]);
    makeKey("two", ["-newkey", "rsa:2048"]);
    const request = await requestFor("one", "sha256");
    const signers = ["one", "two"].flatMap((name) => ["-signer", `${name}.pem`, "-inkey", `${name}.key`]);
    ssl(
      "cms",
      "-sign",
      "-binary",
      "-outform",
      "DER",
      "-in",
      "content",
      ...signers,
      "-noattr",
      "-nocerts",
      "-out",
      "both",
    );
    const [two] = await readCertificates(read("two.pem"));
    const ask = { ...request, signature: read("both") };
    for (const certificates of [[request.certificate], [two!], [request.certificate, two!]]) {
      expect(await verifySignature({ ...ask, certificates })).toMatchObject({
        result: "valid",
        deviations: ["several-signers", "missing-null"],
      });
    }
    ask.signature[ask.signature.length - 1]! ^= 1;
    expect(await verifySignature({ ...ask, certificates: [request.certificate, two!] })).toMatchObject({
      result: "invalid",
    });
  });

  test.each([
    ["rsa1024", ["-newkey", "rsa:1024"], "RSA-1024"],
    ["k1", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1"],
    ["ed25519", ["-newkey", "ed25519"], "Ed25519"],
    ["pss", ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "RSA-PSS"],
  ] as Array<[string, string[], string]>)("a key of %s is not signed with", async (key, options, name) => {
    makeKey(key, options);
    const request = await requestFor(key, "sha256");
    const signing = signDigest({ ...request, privateKey: read(`${key}.key`) });
    await expect(signing).rejects.toMatchObject({ code: "SIGNATURE_KEY" });
    await expect(signing).rejects.toThrow(name);
  });
});

describe.skipIf(openssl === undefined || fsverity === undefined)("fsverity sign", () => {
  test.each(KEYS)("%s: ours are its bytes, or it makes what ours verifies", async (key, options) => {
    makeKey(key, options);
    for (const hash of ["sha256", "sha512"] as const) {
      const request = await requestFor(key, hash);
      const args = ["sign", "file", "theirs", `--key=${key}.key`, `--cert=${key}.pem`, `--hash-alg=${hash}`];
      expect(run(fsverity!, args)).toMatchObject({ status: 0 });
      expect(await verdictOn(request, "theirs")).toMatchObject({ result: "valid", deviations: [] });
      if (!key.startsWith("rsa")) continue;
      expect(await signDigest({ ...request, privateKey: read(`${key}.key`) })).toEqual(read("theirs"));
    }
  });
});
