/** `composefs sign` and `composefs verify-signature`, as their users run them. */
import { createPrivateKey, sign as signBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { privateKeyOf, VECTORS, vector } from "../../support/signatures.ts";
import { composefs, emptyFolder, run } from "./run.ts";

const ROW = vector("fsverity sign");

/** A folder with the file of the first vectors, its keys and certificates. */
function prepare() {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "file"), "hello world");
  for (const [name, { certificate, private: key }] of Object.entries(VECTORS.keys)) {
    writeFileSync(join(cwd, `${name}.pem`), certificate);
    if (key !== undefined) writeFileSync(join(cwd, `${name}.key`), key);
  }
  writeFileSync(join(cwd, "good.sig"), Buffer.from(ROW.der, "hex"));
  const call = (...args: string[]) => composefs(args, { cwd });
  const read = (name: string) => readFileSync(join(cwd, name));
  return { cwd, call, read };
}

const RSA = ["--key", "rsa.key", "--cert", "rsa.pem"];

test("signs a file and a digest with the bytes of fsverity sign", () => {
  const { call, read, cwd } = prepare();
  const signed = call("sign", "file", ...RSA, "-o", "out.sig");
  expect(signed).toEqual({ exitCode: 0, stdout: `sha256:${ROW.digest} file\n`, stderr: "" });
  expect(read("out.sig").toString("hex")).toBe(ROW.der);
  for (const digest of [ROW.digest, `sha256:${ROW.digest.toUpperCase()}`]) {
    const { stdout, exitCode } = run("composefs", ["sign", "--digest", digest, "--hash-alg", "sha256", ...RSA], {
      cwd,
    });
    expect([exitCode, stdout.toString("hex")]).toEqual([0, ROW.der]);
  }
  const long = VECTORS.signatures[2]!;
  expect(call("sign", "file", "--hash-alg", "sha512", ...RSA, "-o", "long.sig").exitCode).toBe(0);
  expect(read("long.sig").toString("hex")).toBe(long.der);
});

test("JSON of both", () => {
  const { call } = prepare();
  const signed = JSON.parse(call("sign", "file", ...RSA, "-o", "out.sig", "--json").stdout);
  const certificate = { subject: "O=Example, CN=composefs vectors rsa", serial: "0123456789abcdef", key: "RSA-2048" };
  expect(signed).toMatchObject({ file: "file", hash: "sha256", digest: ROW.digest, output: "out.sig", bytes: 421 });
  expect(signed.certificate).toMatchObject(certificate);
  const verified = JSON.parse(
    call("verify-signature", "file", "--signature", "out.sig", "--cert", "rsa.pem", "--json").stdout,
  );
  expect(verified).toMatchObject({
    isVerified: true,
    result: "valid",
    code: null,
    reason: null,
    certificate,
    deviations: [],
  });
  const refused = call("verify-signature", "file", "--signature", "out.sig", "--cert", "ec.pem", "--json");
  expect(refused.exitCode).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({
    isVerified: false,
    result: "no-signer",
    code: "SIGNATURE_SIGNER",
  });
});

test("says who signed, and refuses with 1", () => {
  const { call, cwd } = prepare();
  const good = call("verify-signature", "file", "--signature", "good.sig", "--cert", "ec.pem", "--cert", "rsa.pem");
  expect(good.exitCode).toBe(0);
  expect(good.stdout).toMatch(
    /^valid {8}file\ndigest {7}sha256:1e2eaa.*\nsigner {7}O=Example, CN=composefs vectors rsa\n/,
  );
  writeFileSync(join(cwd, "other"), "hello");
  const other = call("verify-signature", "other", "--signature", "good.sig", "--cert", "rsa.pem");
  expect(other.exitCode).toBe(1);
  expect(other.stdout).toMatch(/^invalid {6}other\ndigest .*\nreason {7}SIGNATURE_MISMATCH: /);
  writeFileSync(join(cwd, "long.sig"), Buffer.alloc(16_129));
  const long = call("verify-signature", "file", "--signature", "long.sig", "--cert", "rsa.pem");
  expect([long.exitCode, long.stdout]).toEqual([1, expect.stringContaining("SIGNATURE_TOO_LONG")]);
});

test("parameters of the digest count", () => {
  const { call } = prepare();
  const parameters = ["--block-size", "1024", "--salt", "00ff"];
  expect(call("sign", "file", ...RSA, ...parameters, "-o", "out.sig").exitCode).toBe(0);
  const verify = ["verify-signature", "file", "--signature", "out.sig", "--cert", "rsa.pem"];
  expect(call(...verify).exitCode).toBe(1);
  expect(call(...verify, ...parameters).exitCode).toBe(0);
});

test.each(["rsa", "ec"])("two steps, with a key elsewhere: %s", (key) => {
  const { call, read, cwd } = prepare();
  expect(call("sign", "file", "--to-be-signed", "content").exitCode).toBe(0);
  expect(read("content").toString("hex")).toBe(ROW["to-be-signed"]);
  writeFileSync(
    join(cwd, "raw"),
    signBytes("sha256", read("content"), createPrivateKey(Buffer.from(privateKeyOf(key)))),
  );
  expect(call("sign", "file", "--attach", "raw", "--cert", `${key}.pem`, "-o", "out.sig").exitCode).toBe(0);
  expect(call("verify-signature", "file", "--signature", "out.sig", "--cert", `${key}.pem`).exitCode).toBe(0);
  const wrong = call("sign", "file", "--attach", "content", "--cert", `${key}.pem`, "-o", "wrong.sig");
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toMatch(/^SIGNATURE_KEY_MISMATCH: /);
  expect(readdirSync(cwd)).not.toContain("wrong.sig");
});

test("a refused key leaves nothing behind, and an older signature as it was; no key is printed", () => {
  const { call, read, cwd } = prepare();
  const before = readdirSync(cwd);
  for (const key of ["ec.key", "rsa.pem", "file", "missing"]) {
    const { exitCode, stdout, stderr } = call(
      "sign",
      "file",
      "--key",
      key,
      "--cert",
      "rsa.pem",
      "-o",
      "good.sig",
      "--json",
    );
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(JSON.parse(stderr).code).toMatch(/^(SIGNATURE_(PRIVATE_KEY|KEY_MISMATCH)|IO_OPEN)$/);
    expect(stderr).not.toMatch(/MIG|MII/);
  }
  expect(readdirSync(cwd)).toEqual(before);
  expect(read("good.sig").toString("hex")).toBe(ROW.der);
});

test("wrong usage", () => {
  const { call } = prepare();
  const verify = ["verify-signature", "--signature", "good.sig"];
  for (const args of [
    ["sign", "file"],
    ["sign", ...RSA],
    ["sign", "file", "--key", "rsa.key"],
    ["sign", "file", "--digest", ROW.digest, ...RSA],
    ["sign", "file", ...RSA, "--attach", "raw"],
    ["sign", "file", ...RSA, "--to-be-signed", "out"],
    ["sign", "file", "--to-be-signed", "out", "--cert", "rsa.pem"],
    ["sign", "file", "--to-be-signed", "out", "-o", "out.sig"],
    ["sign", "file", ...RSA, "--hash-alg", "md5"],
    ["sign", "file", ...RSA, "--block-size", "1000"],
    ["sign", "file", ...RSA, "--salt", "0"],
    ["sign", "--digest", ROW.digest, ...RSA, "--salt", "00"],
    ["sign", "--digest", ROW.digest, ...RSA, "--block-size", "4096"],
    ["sign", "--digest", ROW.digest, ...RSA, "--hash-alg", "sha512"],
    ["sign", "--digest", `sha512:${ROW.digest}`, ...RSA],
    ["sign", "--digest", ROW.digest.slice(1), ...RSA],
    [...verify, "file"],
    ["verify-signature", "file", "--cert", "rsa.pem"],
    [...verify, "--cert", "rsa.pem"],
    ["verify-signature", "-", "--signature", "-", "--cert", "rsa.pem"],
  ]) {
    const { exitCode, stderr, stdout } = call(...args);
    expect([args, exitCode, stdout, stderr.slice(0, 6)]).toEqual([args, 2, "", "USAGE:"]);
  }
});

test("the CMS library is loaded when a signature is handled, and by nothing else", () => {
  const { cwd } = prepare();
  writeFileSync(join(cwd, "dump"), "/ 0 40755 2 0 0 0 0.0 - - -\n");
  const hooks = `export async function resolve(name, context, next) {
    if (name === "pkijs" || name === "asn1js") throw new Error("loaded " + name);
    return next(name, context);
  }`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(url(hooks))});`;
  const env = { NODE_OPTIONS: `--import=${url(register)}` };
  const all = [
    ["--help"],
    ["--version"],
    ["verity", "digest", "file"],
    ["digest", "dump"],
    ["sign", "file", "--to-be-signed", "out"],
  ];
  for (const args of all) expect(composefs(args, { cwd, env })).toMatchObject({ exitCode: 0, stderr: "" });
  const verify = ["verify-signature", "file", "--signature", "good.sig", "--cert", "rsa.pem"];
  expect(composefs(verify, { cwd }).exitCode).toBe(0);
  expect(composefs(verify, { cwd, env }).stderr).toMatch(/loaded (pkijs|asn1js)/);
});
