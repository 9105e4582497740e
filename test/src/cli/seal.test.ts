/** `composefs seal` and `verify` on layouts: what is sealed verifies, twice is once, and one thing changed is found. */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { makeCertificate } from "../../support/make-certificate.ts";
import { makeLayout, makeMultiLayout, writeLayout } from "../../support/oci/forms.mjs";
import { golden, layersOf } from "../../support/oci/golden.ts";
import { dir, file, tarball } from "../../support/oci/tar.mjs";
import { type RunOptions, composefs as runComposefs } from "./run.ts";

const base = golden.images.find(({ image, seed, scale }) => image === "base" && seed === 1 && scale === 1)!;
const home = mkdtempSync(join(tmpdir(), "composefs-seal-"));
afterAll(() => rmSync(home, { recursive: true }));
let count = 0;

function composefs(args: readonly string[], options: RunOptions = {}) {
  return runComposefs(args, { cwd: home, env: { XDG_CACHE_HOME: join(home, "cache") }, ...options });
}

/** A layout with the image. */
function layout(image = base): string {
  const name = `layout-${count++}`;
  mkdirSync(join(home, name));
  writeLayout(makeLayout(layersOf(image)), join(home, name));
  return name;
}

const indexOf = (name: string) => readFileSync(join(home, name, "index.json"), "utf8");
const blobOf = (name: string, digest: string) => join(home, name, "blobs", digest.replace(":", "/"));
const filesOf = (name: string) => readdirSync(join(home, name, "blobs/sha256")).sort();
const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
/** What `seal --json` says of the one image. */
const sealJson = (...args: string[]) => {
  const { exitCode, stdout, stderr } = composefs(["seal", ...args, "--json"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const { images, ...rest } = JSON.parse(stdout);
  expect(images).toHaveLength(1);
  return { ...rest, ...images[0] };
};
const verdictOf = (name: string, ...args: string[]) => {
  const { exitCode, stdout } = composefs(["verify", `oci:${name}`, "--json", ...args]);
  return { exitCode, ...JSON.parse(stdout) };
};

describe("an artifact", () => {
  test("seals the image, which stays as it is; sealing twice changes nothing", () => {
    const name = layout();
    const before = indexOf(name);
    expect(composefs(["verify", `oci:${name}`])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("unsealed"),
    });
    const first = sealJson(`oci:${name}`);
    expect(first).toMatchObject({ mode: "artifact", isChanged: true });
    expect(first.seals.map(({ role }: { role: string }) => role)).toEqual(["manifest", "config", "merged"]);
    const index = indexOf(name);
    expect(index.startsWith(before.slice(0, before.lastIndexOf("]")))).toBe(true);
    const files = filesOf(name);
    expect(sealJson(`oci:${name}`)).toEqual({ ...first, isChanged: false });
    expect([indexOf(name), filesOf(name)]).toEqual([index, files]);
    expect(verdictOf(name)).toMatchObject({ exitCode: 0, verdict: "verified", uncovered: [], violations: [] });
    // The image is still the one that is meant.
    expect(composefs(["digest", name]).stdout).toBe(`v1-sha512-12:${first.seals[2].digest}\n`);
  });

  test("of several algorithms is several artifacts", () => {
    const name = layout();
    const { artifacts } = sealJson(`oci:${name}`, "-a", "sha256-12,fsverity-sha512-16");
    expect(artifacts).toHaveLength(2);
    expect(verdictOf(name).objects).toHaveLength(6);
  });

  test("one byte of it, of the config or of a layer changed is found", () => {
    const name = layout();
    const { manifest, artifacts } = sealJson(`oci:${name}`);
    const document = JSON.parse(readFileSync(blobOf(name, manifest), "utf8"));
    const artifact = JSON.parse(readFileSync(blobOf(name, artifacts[0]), "utf8"));
    for (const digest of [manifest, document.config.digest, document.layers[0].digest, artifacts[0]]) {
      const damaged = `layout-${count++}`;
      cpSync(join(home, name), join(home, damaged), { recursive: true });
      const bytes = readFileSync(blobOf(damaged, digest));
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(blobOf(damaged, digest), bytes);
      const { exitCode, stderr } = composefs(["verify", `oci:${damaged}`, "--no-cache"]);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringMatching(/^BLOB_DIGEST: .*the digest is/),
      });
    }
    // With right digests of wrong statements: each entry once.
    for (const [i] of artifact.layers.entries()) {
      const changed = structuredClone(artifact);
      const [key, value] = Object.entries(changed.layers[i].annotations as Record<string, string>)[0]!;
      changed.layers[i].annotations[key] = (value.startsWith("0") ? "1" : "0") + value.slice(1);
      const bytes = Buffer.from(JSON.stringify(changed));
      const forged = `layout-${count++}`;
      cpSync(join(home, name), join(home, forged), { recursive: true });
      writeFileSync(blobOf(forged, sha256(bytes)), bytes);
      writeFileSync(join(home, forged, "index.json"), indexOf(forged).replace(artifacts[0], sha256(bytes)));
      const { exitCode, verdict, objects } = verdictOf(forged);
      expect({ exitCode, verdict }).toEqual({ exitCode: 1, verdict: "failed" });
      expect(objects.map(({ isEqual }: { isEqual: boolean }) => isEqual)).toEqual(
        artifact.layers.map((_: unknown, j: number) => j !== i),
      );
    }
  });
});

describe("inline", () => {
  test("the manifest changes and its index with it; sealing twice changes nothing", () => {
    const name = layout();
    const first = sealJson(`oci:${name}`, "--mode", "inline", "--layers");
    expect(indexOf(name)).toContain(first.manifest);
    const index = indexOf(name);
    const again = sealJson(`oci:${name}`, "--mode", "inline", "--layers");
    expect(again).toEqual({ ...first, isChanged: false });
    expect(indexOf(name)).toBe(index);
    const report = verdictOf(name);
    expect(report).toMatchObject({ exitCode: 0, verdict: "verified", manifest: first.manifest });
    expect(report.objects).toHaveLength(first.seals.length);
    expect(report.uncovered).toEqual([expect.stringContaining("manifest")]);
    expect(verdictOf(name, "--expect-manifest", first.manifest).uncovered).toEqual([]);
    expect(verdictOf(name, "--expect-manifest", `sha256:${"0".repeat(64)}`)).toMatchObject({
      exitCode: 1,
      verdict: "failed",
    });
  });

  test("below an index of platforms: the other platform stays", () => {
    const name = `layout-${count++}`;
    mkdirSync(join(home, name));
    writeLayout(makeMultiLayout(), join(home, name));
    const other = composefs(["digest", name, "--platform", "linux/arm64", "--no-transform"]).stdout;
    const args = ["seal", `oci:${name}`, "--platform", "linux/amd64", "--mode", "inline", "--json"];
    const { exitCode, stdout, stderr } = composefs(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout).isChanged).toBe(true);
    expect(verdictOf(name, "--platform", "linux/amd64")).toMatchObject({ verdict: "verified" });
    expect(verdictOf(name, "--platform", "linux/arm64")).toMatchObject({ verdict: "unsealed" });
    expect(composefs(["digest", name, "--platform", "linux/arm64", "--no-transform"]).stdout).toBe(other);
  });
});

test("another layer in the place of one that is in the cache is found, though its diff_id says that it is that one", () => {
  const name = layout();
  expect(sealJson(`oci:${name}`, "--mode", "inline")).toMatchObject({ isChanged: true });
  expect(verdictOf(name)).toMatchObject({ exitCode: 0, verdict: "verified" });
  const index = JSON.parse(indexOf(name));
  const manifest = JSON.parse(readFileSync(blobOf(name, index.manifests[0].digest), "utf8"));
  const put = (bytes: Buffer) => {
    writeFileSync(blobOf(name, sha256(bytes)), bytes);
    return { digest: sha256(bytes), size: bytes.length };
  };
  Object.assign(manifest.layers[0], put(gzipSync(tarball([dir("usr/"), file("usr/evil", "evil")]))));
  Object.assign(index.manifests[0], put(Buffer.from(JSON.stringify(manifest))));
  writeFileSync(join(home, name, "index.json"), JSON.stringify(index));
  const { exitCode, stdout, stderr } = composefs(["verify", `oci:${name}`]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toMatch(/^BLOB_DIFF_ID: /);
});

test("signed: by whom is checked, another certificate is not enough, and sealing twice keeps signatures", () => {
  const name = layout();
  for (const who of ["release", "other"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const publicKeyInfo = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    writeFileSync(join(home, `${who}.key`), privateKey.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(join(home, `${who}.pem`), makeCertificate({ name: who, publicKeyInfo }));
  }
  const seal = [`oci:${name}`, "--key", "release.key", "--cert", "release.pem"];
  const first = sealJson(...seal);
  expect(first.seals.every(({ isSigned }: { isSigned: boolean }) => isSigned)).toBe(true);
  expect(sealJson(...seal)).toEqual({ ...first, isChanged: false });
  expect(verdictOf(name, "--cert", "release.pem")).toMatchObject({ exitCode: 0, verdict: "verified" });
  expect(verdictOf(name, "--cert", "other.pem")).toMatchObject({ exitCode: 1, verdict: "failed" });
  expect(verdictOf(name)).toMatchObject({ exitCode: 0, objects: [{ signature: { state: "not checked" } }, {}, {}] });
  const unsigned = layout();
  composefs(["seal", `oci:${unsigned}`]);
  expect(verdictOf(unsigned, "--cert", "release.pem")).toMatchObject({ exitCode: 1, verdict: "not signed" });
});

test("of the xattr mode that is chosen, which verify finds and names", () => {
  const image = golden.images.find((one) => one["keep-user-xattrs"] !== undefined)!;
  const name = layout(image);
  const mergedOf = ({ seals }: { seals: { role: string; digest: string }[] }) =>
    seals.find(({ role }) => role === "merged")!.digest;
  expect(mergedOf(sealJson(`oci:${name}`, "--xattrs", "keep-user-xattrs"))).toBe(
    image["keep-user-xattrs"]!["v1-sha512"],
  );
  const report = verdictOf(name);
  expect(report).toMatchObject({ exitCode: 0, verdict: "verified" });
  expect(report.objects.at(-1).transform).toEqual({ xattrs: "keep-user-xattrs", revision: null });
  expect(mergedOf(sealJson(`oci:${name}`))).toBe(image["allowlist-only"]!["v1-sha512"]);
  // Two that state different digests are a failure, whichever is right.
  expect(verdictOf(name)).toMatchObject({
    exitCode: 1,
    verdict: "failed",
    failures: [expect.stringContaining("merged")],
  });
});

test("signed elsewhere: what has to be signed goes out, the signatures come in", () => {
  const name = layout();
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const publicKeyInfo = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
  writeFileSync(join(home, "hsm.pem"), makeCertificate({ name: "hsm", publicKeyInfo }));
  const before = [indexOf(name), filesOf(name)];
  const { stdout } = composefs(["seal", `oci:${name}`, "--to-be-signed", "tbs", "--json"]);
  const { toBeSigned } = JSON.parse(stdout);
  expect(toBeSigned.map((path: string) => path.slice(0, path.indexOf(".")))).toEqual([
    "tbs/manifest",
    "tbs/config",
    "tbs/merged",
  ]);
  expect([indexOf(name), filesOf(name)]).toEqual(before);
  for (const path of toBeSigned as string[]) {
    const bytes = readFileSync(join(home, path));
    writeFileSync(join(home, path.replace(/tbs$/, "sig")), sign("sha512", bytes, privateKey));
  }
  const first = sealJson(`oci:${name}`, "--attach", "tbs", "--cert", "hsm.pem");
  expect(first.seals.every(({ isSigned }: { isSigned: boolean }) => isSigned)).toBe(true);
  expect(sealJson(`oci:${name}`, "--attach", "tbs", "--cert", "hsm.pem")).toEqual({ ...first, isChanged: false });
  expect(verdictOf(name, "--cert", "hsm.pem")).toMatchObject({ verdict: "verified" });
  // The same as with the key at hand.
  writeFileSync(join(home, "hsm.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  expect(sealJson(`oci:${name}`, "--key", "hsm.key", "--cert", "hsm.pem")).toEqual({ ...first, isChanged: false });
  // Signatures of one image are none of another one.
  const other = `layout-${count++}`;
  mkdirSync(join(home, other));
  writeLayout(makeLayout(layersOf(base), { tag: "other", compression: "none" }), join(home, other));
  const { exitCode, stderr } = composefs(["seal", `oci:${other}`, "--attach", "tbs", "--cert", "hsm.pem"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(/^SIGNATURE_KEY_MISMATCH/) });
});

test("inline it leaves behind what refers to the old manifest, and says so", () => {
  const name = layout();
  sealJson(`oci:${name}`);
  const { exitCode, stderr } = composefs(["seal", `oci:${name}`, "--mode", "inline"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^note: 1 referrer of sha256:/) });
});

test("a manifest of Docker's format has no annotations", () => {
  const name = layout();
  const index = JSON.parse(indexOf(name));
  const docker = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = JSON.parse(readFileSync(blobOf(name, index.manifests[0].digest), "utf8"));
  const bytes = Buffer.from(JSON.stringify({ ...manifest, mediaType: docker }));
  writeFileSync(blobOf(name, sha256(bytes)), bytes);
  const entry = { mediaType: docker, digest: sha256(bytes), size: bytes.length };
  writeFileSync(join(home, name, "index.json"), JSON.stringify({ ...index, manifests: [entry] }));
  const { exitCode, stderr } = composefs(["seal", `oci:${name}`, "--mode", "inline"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(/^SEAL_INLINE/) });
  expect(sealJson(`oci:${name}`)).toMatchObject({ isChanged: true });
  expect(verdictOf(name)).toMatchObject({ verdict: "verified" });
});

test("--dry-run prints the JSON and writes nothing", () => {
  const name = layout();
  const [index, files] = [indexOf(name), filesOf(name)];
  for (const mode of ["artifact", "inline"]) {
    const document = JSON.parse(composefs(["seal", `oci:${name}`, "--mode", mode, "--dry-run"]).stdout);
    expect(JSON.stringify(document)).toContain("composefs.merged.erofs.v1.fsverity-sha512-12");
  }
  expect([indexOf(name), filesOf(name)]).toEqual([index, files]);
});

test.each([
  [["seal", "oci:x", "--mode", "beside"], /--mode: expected artifact or inline/],
  [["seal", "oci:x", "--key", "k"], /both or neither/],
  [["seal", "oci:x", "--layers"], /stated inline only/],
  [["seal", "oci:x", "--no-transform"], /unknown option/],
  [["verify", "oci:x", "--xattrs", "keep-user-xattrs"], /unknown option/],
  [["seal", "oci:x", "--xattrs", "all"], /--xattrs: expected/],
  [["seal", "oci:x", "--transform-revision", "2"], /--transform-revision is that/],
  [["seal", "oci:x", "-a", "md5"], /--algorithm: expected/],
  [["seal", "oci:x", "--role", "layer"], /--role: expected bootable/],
  [["verify", "oci:x", "--role", "root"], /--role: expected/],
  [["verify", "oci:x", "--expect-manifest", "x"], /--expect-manifest/],
])("%j is refused", (args, message) => {
  const { exitCode, stderr } = composefs(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(message) });
});
