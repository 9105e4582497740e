/**
 * Seals in real registries, without and with the API for referrers: written, found, copied and verified by the commands,
 * and seen by `oras`, which others wrote.
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificate } from "../../support/make-certificate.ts";
import { makeLayout, makeMultiLayout, writeLayout } from "../../support/oci/forms.mjs";
import { makeLayers } from "../../support/oci/images.mjs";
import {
  hasProgram,
  NATIVE_REGISTRY,
  type RealRegistry,
  startDebianRegistry,
  startNativeRegistry,
} from "../../support/registry/real.mjs";
import { composefs as runComposefs, start } from "./run.ts";

const ORAS = fileURLToPath(new URL("../../../.oracles/bin/oras", import.meta.url));
const REGISTRIES = [
  {
    ...{ name: "docker-registry", by: "tag", start: startDebianRegistry },
    isThere: hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry"),
  },
  {
    ...{ name: "go-containerregistry", by: "api", start: startNativeRegistry },
    isThere: hasProgram(NATIVE_REGISTRY, "test/oracle/build-native-registry.sh"),
  },
].filter(({ isThere }) => isThere && hasProgram(ORAS, "test/oracle/build-oras.sh"));
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
const WRITERS = 8;

interface Shown {
  digest: string;
  artifactType: string | null;
  platform: string | null;
  seals: { seals: { role: string; isSigned: boolean }[] } | null;
  manifests: Shown[];
  referrers: Shown[];
}

describe.each(REGISTRIES)("$name", ({ by, start: startRegistry }) => {
  const home = mkdtempSync(join(tmpdir(), "composefs-registry-"));
  let server: RealRegistry;
  beforeAll(async () => {
    server = await startRegistry();
    for (const [name, files] of [
      ["one", makeLayout(makeLayers("base"), { tag: "v1" })],
      ["several", makeMultiLayout()],
    ] as const) {
      mkdirSync(join(home, name));
      writeLayout(files, join(home, name));
    }
    for (let i = 0; i < WRITERS; i++) {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const publicKeyInfo = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
      writeFileSync(join(home, `${i}.key`), privateKey.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(join(home, `${i}.pem`), makeCertificate({ name: `writer ${i}`, publicKeyInfo }));
    }
  });
  afterAll(() => {
    server.close();
    rmSync(home, { recursive: true });
  });

  function composefs(...args: string[]) {
    return runComposefs(args, { cwd: home, env: { XDG_CACHE_HOME: join(home, "cache") } });
  }
  /** The output of a command that has to succeed. */
  function ok(...args: string[]): string {
    const { exitCode, stdout, stderr } = composefs(...args);
    expect({ args, exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout;
  }
  const json = (...args: string[]) => JSON.parse(ok(...args, "--json"));
  const at = (name: string) => `docker://${server.host}/${name}`;
  const referrers = (name: string, ...args: string[]): Shown => json("referrers", at(name), ...args);

  function oras(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(ORAS, args, { cwd: home, encoding: "utf8" });
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  }

  test("an artifact: sealed twice is once, seen by oras, and what oras attaches is seen and copied", () => {
    ok("copy", "oci:one:v1", at("app:v1"));
    const first = json("seal", at("app:v1"), "-a", "sha512-12,sha256-12");
    const [{ manifest, artifacts }] = first.images;
    expect(artifacts).toHaveLength(2);
    expect(json("seal", at("app:v1"), "-a", "sha512-12,sha256-12")).toMatchObject({ isChanged: false });
    expect(json("verify", at("app:v1"))).toMatchObject({ verdict: "verified", manifest, uncovered: [] });

    writeFileSync(join(home, "bill.json"), "{}");
    oras(
      "attach",
      "--plain-http",
      "--artifact-type",
      "application/x.bill",
      `${server.host}/app:v1`,
      "bill.json:application/json",
    );
    const { referrers: discovered } = JSON.parse(
      oras("discover", "--plain-http", "--format", "json", `${server.host}/app:v1`),
    );
    const types = discovered.map(({ artifactType }: Shown) => artifactType);
    // This registry says what the config of an artifact is in the place of what the artifact is.
    if (by === "tag") expect(types.sort()).toEqual([SEAL_TYPE, SEAL_TYPE, "application/x.bill"]);
    else expect(types).toHaveLength(3);
    const shown = referrers("app:v1").referrers;
    expect(shown.map(({ artifactType }) => artifactType).sort()).toEqual([SEAL_TYPE, SEAL_TYPE, "application/x.bill"]);
    expect(shown.filter(({ digest }) => artifacts.includes(digest))).toHaveLength(2);
    expect(referrers("app:v1", "--artifact-type", "application/x.bill").referrers).toHaveLength(1);

    ok("copy", at("app:v1"), "oci-archive:app.tar:v1");
    expect(json("referrers", "oci-archive:app.tar:v1").referrers).toHaveLength(3);
    expect(json("verify", "oci-archive:app.tar:v1")).toMatchObject({ verdict: "verified", manifest });
    ok("copy", "--artifact-type", SEAL_TYPE, at("app:v1"), at("seals/app:v2"));
    expect(referrers("seals/app:v2").referrers).toHaveLength(2);
    ok("copy", "--no-referrers", at("app:v1"), at("bare/app:v1"));
    expect(composefs("verify", at("bare/app:v1"))).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("unsealed"),
    });
    oras(
      "cp",
      "--from-plain-http",
      "--to-plain-http",
      "--recursive",
      `${server.host}/app:v1`,
      `${server.host}/oras/app:v1`,
    );
    expect(json("verify", at("oras/app:v1"))).toMatchObject({ verdict: "verified", manifest });
  });

  test("inline: every image of an index, whose tag leads to the new one", () => {
    ok("copy", "oci:several", at("multi:v1"));
    const before = referrers("multi:v1");
    const seal = ["seal", at("multi:v1"), "--all-platforms", "--mode", "inline", "--layers"];
    const { images, isChanged } = json(...seal);
    expect(isChanged).toBe(true);
    const after = referrers("multi:v1");
    expect(after.digest).not.toBe(before.digest);
    // The third entry says how the first image was built, and is none itself.
    const [first, second, attestation] = after.manifests;
    expect([first!.digest, second!.digest]).toEqual(images.map(({ manifest }: { manifest: string }) => manifest));
    expect(attestation!.digest).toBe(before.manifests[2]!.digest);
    for (const { platform } of [first!, second!]) {
      expect(json("verify", at("multi:v1"), "--platform", platform!)).toMatchObject({ verdict: "verified" });
    }
    expect(json(...seal)).toMatchObject({ isChanged: false });
    // What was there under its digest is there still.
    expect(referrers(`multi@${before.digest}`).digest).toBe(before.digest);
    // Of one platform: the others stay.
    ok("seal", at("multi:v1"), "--platform", first!.platform!, "--mode", "inline", "-a", "sha256-12");
    expect(referrers("multi:v1").manifests[1]!.digest).toBe(second!.digest);
  });

  test(`${WRITERS} writers of different seals at once: all are there${by === "tag" ? " after one run that reconciles" : ""}`, async () => {
    ok("copy", "oci:one:v1", at("race:v1"));
    ok("digest", at("race:v1"));
    const runs = Array.from({ length: WRITERS }, (_, i) =>
      start("composefs", ["seal", at("race:v1"), "--json", "--key", `${i}.key`, "--cert", `${i}.pem`], home),
    );
    const outputs = runs.map(async ({ child, ended }) => {
      let text = "";
      child.stdout.on("data", (part) => {
        text += part;
      });
      expect(await ended).toMatchObject({ exitCode: 0 });
      return JSON.parse(text).images[0].artifacts[0] as string;
    });
    const artifacts = await Promise.all(outputs);
    expect(new Set(artifacts).size).toBe(WRITERS);
    if (by === "tag") ok("referrers", at("race:v1"), ...artifacts.flatMap((digest) => ["--restore", digest]));
    const found = referrers("race:v1").referrers.map(({ digest }) => digest);
    expect(found.sort()).toEqual([...artifacts].sort());
    const certificates = Array.from({ length: WRITERS }, (_, i) => ["--cert", `${i}.pem`]).flat();
    const report = json("verify", at("race:v1"), ...certificates);
    expect(report.verdict).toBe("verified");
    expect(report.objects).toHaveLength(3 * WRITERS);
  });

  test("a seal that was lost is there again after the next run", async () => {
    ok("copy", "oci:one:v1", at("lost:v1"));
    const [{ manifest, artifacts }] = json("seal", at("lost:v1")).images;
    if (by === "api") return;
    // Another client, which knows nothing of it, has written the list.
    const empty = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
    const url = `http://${server.host}/v2/lost/manifests/${manifest.replace(":", "-")}`;
    const headers = { "content-type": "application/vnd.oci.image.index.v1+json" };
    expect((await fetch(url, { method: "PUT", body: empty, headers })).status).toBe(201);
    expect(composefs("verify", at("lost:v1"))).toMatchObject({ exitCode: 1 });
    expect(json("seal", at("lost:v1")).images[0].artifacts).toEqual(artifacts);
    expect(json("verify", at("lost:v1"))).toMatchObject({ verdict: "verified" });
  });

  test("what cannot be is said", () => {
    ok("copy", "oci:one:v1", at("app:v1"));
    const refusals: [string[], RegExp][] = [
      [["referrers", at("app:v1"), "--restore", `sha256:${"0".repeat(64)}`], /^REGISTRY_MISSING/],
      [["referrers", "oci:one:v1", "--restore", `sha256:${"0".repeat(64)}`], /^USAGE: --restore/],
      [["referrers", at("app:v1"), "--restore", "x"], /^REGISTRY_REFERENCE/],
      [["copy", at("app:v1"), "dir:there"], /^USAGE: expected oci:DIR/],
      [["copy", at("app:v1"), "--platform", "x", "oci:there"], /^USAGE: --platform/],
      [["copy", at("nothing:v1"), "oci:there"], /^REGISTRY_MISSING/],
      [["seal", at("app:v1"), "--all-platforms", "--platform", "linux/amd64"], /^USAGE/],
      [["seal", at("app:v1"), "--to-be-signed", "x", "--cert", "0.pem"], /^USAGE/],
      [["seal", at("app:v1"), "--attach", "x"], /^USAGE/],
      [["seal", at("app:v1"), "--attach", "nowhere", "--cert", "0.pem"], /^IO_OPEN/],
    ];
    for (const [args, message] of refusals) {
      const { exitCode, stderr } = composefs(...args);
      expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 2, stderr: expect.stringMatching(message) });
    }
  });
});
