/** Verification, fail-closed: one thing wrong is wrong, and what nobody checked is said. */
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { digestOf } from "../../../src/registry/digest.ts";
import { type Seal, writeAnnotations } from "../../../src/seal/annotations.ts";
import { makeArtifact, readArtifact } from "../../../src/seal/artifact.ts";
import { SealDigests } from "../../../src/seal/digests.ts";
import type { SealKey } from "../../../src/seal/keys.ts";
import { type FoundArtifact, type VerifyInput, verifyImage } from "../../../src/seal/verify.ts";
import { layeredImage } from "../../support/layered.ts";
import { dir, dirs, file, type Item } from "../../support/oci/tar.mjs";

const LAYERS: Item[][] = [
  [
    dir("usr", { mtime: 9 }),
    ...dirs("boot", "sysroot"),
    file("usr/tool", "x".repeat(100), { xattrs: [["user.a", "b"]] }),
  ],
  [...dirs("etc"), file("etc/name", "n")],
];
const manifest = Buffer.from('{"manifest":true}');
const config = Buffer.from('{"config":true}');
const digests = new SealDigests({ trees: layeredImage(LAYERS), manifest, config });
const MANIFEST = { digest: await digestOf(manifest), size: manifest.length };
const SIGNATURE = Uint8Array.of(7);

/** Seals of roles as they have to be. */
async function sealsOf(
  roles: SealKey["role"][],
  algorithm: SealKey["algorithm"] = "sha256-12",
  signature: Uint8Array | null = null,
) {
  const seals: Seal[] = [];
  for (const role of roles) {
    const { digest } = await digests.compute({ role, algorithm }, role === "layer" ? seals.length + 1 : null);
    seals.push({ role, algorithm, digest, signature });
  }
  return seals;
}

const textsOf = (seals: readonly Seal[]) => Object.fromEntries(writeAnnotations(seals));

/** An image with inline seals of everything. */
async function inline(signature: Uint8Array | null = null): Promise<VerifyInput["annotations"]> {
  const [merged, bootable] = await sealsOf(["merged", "bootable"], "sha256-12", signature);
  const layers = await sealsOf(["layer", "layer"], "sha256-12", signature);
  return {
    manifest: textsOf([merged!, bootable!]),
    config: textsOf(await sealsOf(["config"], "sha256-12", signature)),
    layers: layers.map((layer) => textsOf([layer])),
    labels: {},
  };
}

const NONE: VerifyInput["annotations"] = { manifest: {}, config: {}, layers: [{}, {}], labels: {} };

function verify(input: Partial<VerifyInput>) {
  return verifyImage({
    ...{ digests, manifest: MANIFEST, annotations: NONE, artifacts: [], checkSignature: null },
    ...{ expectedManifest: null, roles: ["merged"] },
    ...input,
  });
}

async function artifact(seals: readonly Seal[], subject = MANIFEST): Promise<FoundArtifact> {
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const { manifest, descriptor, blobs } = await makeArtifact({ mediaType, ...subject }, seals);
  return { ...readArtifact(manifest, "artifact"), digest: descriptor.digest, signatures: blobs };
}

/** Takes what is not all zeros. */
const accept = async (_hash: string, _digest: string, signature: Uint8Array) => {
  if (signature.some((byte) => byte !== 0)) return "CN=somebody";
  throw new ComposefsError("SEAL_SIGNATURE", "zeros");
};

test("inline seals of every role", async () => {
  const report = await verify({ annotations: await inline() });
  expect(report).toMatchObject({ verdict: "verified", failures: [], violations: [], unknown: [] });
  expect(report.objects.map(({ role, layer, isEqual }) => [role, layer, isEqual])).toEqual([
    ["bootable", null, true],
    ["merged", null, true],
    ["config", null, true],
    ["layer", 1, true],
    ["layer", 2, true],
  ]);
  expect(report.uncovered).toEqual([expect.stringContaining("manifest")]);
  expect(report.objects.every(({ signature }) => signature.state === "none")).toBe(true);
});

test("an artifact of every algorithm", async () => {
  for (const algorithm of ["sha256-12", "sha512-12", "sha256-16", "sha512-16"] as const) {
    const found = await artifact(await sealsOf(["manifest", "config", "merged", "bootable"], algorithm));
    expect(await verify({ artifacts: [found] })).toMatchObject({ verdict: "verified", uncovered: [], violations: [] });
  }
});

test("one wrong digest, wherever it stands, is a failure", async () => {
  const whole = await inline();
  const places = [
    ...["manifest", "config"].map((place) => [place, Object.keys(whole[place as "manifest"])] as const),
    ...whole.layers.map((texts, i) => [i, Object.keys(texts)] as const),
  ];
  let count = 0;
  for (const [place, keys] of places) {
    for (const key of keys) {
      const annotations = structuredClone(whole) as typeof whole & { layers: Record<string, string>[] };
      const texts = (
        typeof place === "number" ? annotations.layers[place] : annotations[place as "manifest"]
      ) as Record<string, string>;
      texts[key] = (texts[key]!.startsWith("0") ? "1" : "0") + texts[key]!.slice(1);
      const report = await verify({ annotations });
      expect(report.verdict).toBe("failed");
      expect(report.objects.filter(({ isEqual }) => !isEqual)).toHaveLength(1);
      count++;
    }
  }
  expect(count).toBe(5);
});

test("a digest of the other xattr mode or revision counts, and is named", async () => {
  for (const [role, transform] of [
    ["merged", { xattrs: "keep-user-xattrs", revision: null }],
    ["bootable", { xattrs: "keep-user-xattrs", revision: 1 }],
  ] as const) {
    const other = new SealDigests({ trees: layeredImage(LAYERS), manifest, config });
    const view =
      role === "merged"
        ? { role, transform: transform.xattrs }
        : { role, transform: transform.xattrs, revision: 1 as const };
    const { acquireEngineSync, releaseEngine } = await import("../../../src/engine/load.ts");
    const engine = acquireEngineSync();
    const image = (await layeredImage(LAYERS).tree(engine, view, "sha256")).openImage("v1", ["sha256-12"]);
    while (image.read().length > 0);
    const digest = image.digests()["sha256-12"]!;
    releaseEngine(engine);
    expect(digest).not.toBe((await other.compute({ role, algorithm: "sha256-12" })).digest);
    const annotations = { ...NONE, manifest: textsOf([{ role, algorithm: "sha256-12", digest, signature: null }]) };
    const report = await verify({ annotations, roles: [role] });
    expect(report).toMatchObject({ verdict: "verified", objects: [{ isEqual: true, transform }] });
  }
});

describe("fails", () => {
  test("a manifest that is not the expected one", async () => {
    const report = await verify({ annotations: await inline(), expectedManifest: `sha256:${"0".repeat(64)}` });
    expect(report).toMatchObject({ verdict: "failed", failures: [expect.stringContaining(MANIFEST.digest)] });
    expect((await verify({ annotations: await inline(), expectedManifest: MANIFEST.digest })).uncovered).toEqual([]);
  });

  test.each([
    ["another digest", { ...MANIFEST, digest: `sha256:${"1".repeat(64)}` }],
    ["another size", { ...MANIFEST, size: MANIFEST.size + 1 }],
  ])("an artifact about another manifest: %s", async (_, subject) => {
    const found = await artifact(await sealsOf(["manifest", "config", "merged"]), subject);
    expect(await verify({ artifacts: [found] })).toMatchObject({
      verdict: "failed",
      failures: [expect.stringContaining("another manifest")],
    });
  });

  test("a seal inline and one in an artifact that differ", async () => {
    const [merged] = await sealsOf(["merged"]);
    const found = await artifact([{ ...merged!, digest: "0".repeat(64) }]);
    const report = await verify({ annotations: await inline(), artifacts: [found] });
    expect(report).toMatchObject({
      verdict: "failed",
      failures: [expect.stringContaining("different fsverity-sha256-12 digests")],
    });
  });

  test("seals in places where they do not belong", async () => {
    const [merged, manifestSeal, layer] = await sealsOf(["merged", "manifest", "layer"].slice(0, 2) as never).then(
      async (seals) => [...seals, ...(await sealsOf(["layer"]))],
    );
    for (const annotations of [
      { ...NONE, manifest: textsOf([manifestSeal!]) },
      { ...NONE, manifest: textsOf([layer!]) },
      { ...NONE, layers: [textsOf([merged!]), {}] },
    ]) {
      expect(await verify({ annotations, roles: [] })).toMatchObject({
        verdict: "failed",
        objects: [{ computed: null }],
      });
    }
  });

  test("layers in another order", async () => {
    const annotations = await inline();
    const layers = [...annotations.layers].reverse();
    expect((await verify({ annotations: { ...annotations, layers } })).verdict).toBe("failed");
  });

  test("a signature blob that is not there", async () => {
    const found = await artifact(await sealsOf(["manifest", "config", "merged"], "sha256-12", SIGNATURE));
    const report = await verify({ artifacts: [{ ...found, signatures: new Map() }] });
    expect(report).toMatchObject({ verdict: "failed", objects: [{ problem: "its signature is missing" }, {}, {}] });
  });
});

describe("signatures", () => {
  test("are listed without certificates, and checked with them", async () => {
    const annotations = await inline(SIGNATURE);
    const unchecked = await verify({ annotations });
    expect(unchecked).toMatchObject({ verdict: "verified" });
    expect(unchecked.objects.every(({ signature }) => signature.state === "not checked")).toBe(true);
    const checked = await verify({ annotations, checkSignature: accept });
    expect(checked.verdict).toBe("verified");
    expect(checked.objects[0]!.signature).toEqual({ state: "valid", detail: "CN=somebody" });
  });

  test("are wanted of the merged tree when there are certificates", async () => {
    expect((await verify({ annotations: await inline(), checkSignature: accept })).verdict).toBe("not signed");
  });

  test("one that is invalid is a failure, though others are right", async () => {
    const annotations = await inline(SIGNATURE);
    const [config] = await sealsOf(["config"], "sha256-12", Uint8Array.of(0));
    const report = await verify({
      annotations: { ...annotations, config: textsOf([config!]) },
      checkSignature: accept,
    });
    expect(report.verdict).toBe("failed");
    expect(report.objects.find(({ role }) => role === "config")!.signature.state).toBe("invalid");
  });

  test("are checked over the computed digest, not the stated one", async () => {
    const [merged] = await sealsOf(["merged"], "sha256-12", SIGNATURE);
    const seen: string[] = [];
    const annotations = { ...NONE, manifest: textsOf([{ ...merged!, digest: "0".repeat(64) }]) };
    await verify({ annotations, checkSignature: async (_, digest) => `${seen.push(digest)}` });
    expect(seen).toEqual([merged!.digest]);
  });
});

describe("unsealed", () => {
  test("an image of which nothing is stated, or not what was asked for", async () => {
    expect(await verify({})).toMatchObject({
      verdict: "unsealed",
      objects: [],
      uncovered: expect.arrayContaining([expect.stringContaining("merged")]),
    });
    const annotations = { ...NONE, config: textsOf(await sealsOf(["config"])) };
    expect((await verify({ annotations })).verdict).toBe("unsealed");
    expect((await verify({ annotations, roles: [] })).verdict).toBe("verified");
  });

  test("by an older scheme only: compared, and no seal", async () => {
    const [merged] = await sealsOf(["merged"], "sha512-12");
    const labels = { "containers.composefs.fsverity": merged!.digest };
    expect(await verify({ annotations: { ...NONE, labels } })).toMatchObject({
      verdict: "unsealed",
      legacy: [{ isMerged: true }],
    });
    const wrong = { "containers.composefs.fsverity": `sha256:${"0".repeat(64)}` };
    expect(await verify({ annotations: { ...NONE, labels: wrong } })).toMatchObject({ legacy: [{ isMerged: false }] });
  });
});
