/**
 * The tampering matrix: each class of bytes of manifest, config, layers, annotations, artifact and signature changed once. Each
 * time verification says so and names the object, whoever the attacker is:
 *
 *   damage      one thing is changed, and nothing else
 *   mended      all digests above it are made right again
 *   restated    and the seal is computed anew for it, signed by another key or by none
 *
 * What may change without anybody noticing is a row of its own, with what is said of it.
 */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { readArtifact } from "../../../src/seal/artifact.ts";
import { type VerifySealsOptions, verifySeals } from "../../../src/seal/in-memory.ts";
import type { VerifyReport } from "../../../src/seal/verify.ts";
import {
  bytesOf,
  type Document,
  imageOf,
  type LooseImage,
  looseImage,
  makeKey,
  parse,
  type StoredImage,
  seal,
  store,
} from "../../support/sealed-image.ts";
import { digestOf } from "../../support/source.ts";

const KEYS = { rsa: await makeKey("rsa", "release"), ec: await makeKey("ec", "release") };
const STRANGER = await makeKey("ec", "stranger");
const IMAGE = store(looseImage());
const SEALED = {
  artifact: await seal(IMAGE, "artifact", KEYS.rsa),
  inline: await seal(IMAGE, "inline", KEYS.ec),
};
const CERTIFICATES = { artifact: [KEYS.rsa.certificate], inline: [KEYS.ec.certificate] };
type Mode = keyof typeof SEALED;

/** A report, or the error with which there is none. */
type Outcome = VerifyReport | ComposefsError;

async function outcomeOf(image: StoredImage, mode: Mode, options: VerifySealsOptions = {}): Promise<Outcome> {
  try {
    return await verifySeals(imageOf(image), { certificates: CERTIFICATES[mode], ...options });
  } catch (error) {
    if (error instanceof ComposefsError) return error;
    throw error;
  }
}

/** The objects that are wrong. */
function wrongOf(outcome: Outcome): string[] {
  if (outcome instanceof ComposefsError) return [outcome.code];
  const objects = outcome.objects.filter(({ isEqual, problem, signature }) => {
    return !isEqual || problem !== null || signature.state === "invalid";
  });
  return [...new Set(objects.map(({ role, layer }) => (layer === null ? role : `${role} ${layer}`)))];
}

const verdictOf = (outcome: Outcome) => (outcome instanceof ComposefsError ? "error" : outcome.verdict);

/** Puts the seals of the image as it was beside, or into, a changed one: what an attacker without the key can do. */
function withOldSeals(changed: StoredImage, mode: Mode): StoredImage {
  const old = SEALED[mode];
  const blobs = new Map([...old.blobs, ...changed.blobs]);
  const manifest = parse(changed.manifest);
  if (mode === "artifact") {
    const subject = {
      mediaType: manifest.mediaType,
      digest: digestOf(changed.manifest),
      size: changed.manifest.length,
    };
    return {
      manifest: changed.manifest,
      blobs,
      artifacts: old.artifacts.map((one) => bytesOf({ ...parse(one), subject })),
    };
  }
  const { annotations, config, layers } = parse(old.manifest);
  const seals = Object.entries(annotations).filter(([key]) => key.startsWith("composefs."));
  manifest.annotations = { ...manifest.annotations, ...Object.fromEntries(seals) };
  manifest.config.annotations = config.annotations;
  for (const [i, layer] of manifest.layers.entries()) layer.annotations = layers[i]?.annotations;
  return { manifest: bytesOf(manifest), blobs, artifacts: [] };
}

test.each(["artifact", "inline"] as const)("untouched: %s", async (mode) => {
  const outcome = await outcomeOf(SEALED[mode], mode);
  expect({ verdict: verdictOf(outcome), wrong: wrongOf(outcome) }).toEqual({ verdict: "verified", wrong: [] });
  expect((outcome as VerifyReport).objects.every(({ signature }) => signature.state === "valid")).toBe(true);
});

describe.each(["artifact", "inline"] as const)("damage: every 7th byte of each stored blob, %s", (mode) => {
  const { manifest, blobs, artifacts } = SEALED[mode];
  // The empty config of an artifact is known without being read.
  const read = [...blobs].filter(([, bytes]) => bytes.length > 2);
  test.each(read.map(([digest, bytes], i) => ({ name: `blob ${i} of ${bytes.length} bytes`, digest, bytes })))(
    "$name",
    async ({ digest, bytes }) => {
      for (const [at, changed] of flips(bytes)) {
        const image = { manifest, artifacts, blobs: new Map([...blobs, [digest, changed]]) };
        const outcome = await outcomeOf(image, mode);
        expect({ at, verdict: verdictOf(outcome) }).not.toEqual({ at, verdict: "verified" });
      }
    },
  );
});

test("damage: every 7th byte of an artifact: it states the same still, or is not believed", async () => {
  const [artifact] = SEALED.artifact.artifacts;
  const meaningOf = (bytes: Uint8Array) => {
    try {
      const { subject, entries } = readArtifact(bytes, "artifact");
      // The merged tree has to be signed; what else loses its signature is said to be covered by nobody.
      return JSON.stringify([
        [subject.digest, subject.size],
        entries.map(({ seal, signatureBlob }) => [seal, seal.role === "merged" && signatureBlob]),
      ]);
    } catch {
      return null;
    }
  };
  let believed = 0;
  for (const [at, changed] of flips(artifact!)) {
    const outcome = await outcomeOf({ ...SEALED.artifact, artifacts: [changed] }, "artifact");
    if (verdictOf(outcome) !== "verified") continue;
    believed++;
    const { uncovered, objects } = outcome as VerifyReport;
    expect(uncovered).toHaveLength(objects.filter(({ signature }) => signature.state !== "valid").length);
    expect({ at, meaning: meaningOf(changed) }).toEqual({ at, meaning: meaningOf(artifact!) });
  }
  // Names that are read by nobody, such as that of schemaVersion; a digest of the artifact tells even these.
  expect(believed).toBeLessThan(20);
});

/** Copies with one bit changed, here and there. */
function* flips(bytes: Uint8Array): Generator<[at: number, changed: Uint8Array]> {
  for (let at = 0; at < bytes.length; at += bytes.length > 2000 ? 97 : 7) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    yield [at, changed];
  }
}

/** Changes of an image, all digests made right again; what is wrong then in either mode. */
interface Row {
  what: string;
  change(image: LooseImage): void;
  /** Wrong beside the config and, with an artifact, the manifest, which hold the digests. */
  wrong: string[];
  /** Whether the config stays what it is: layers as stored are another thing than their tars. */
  isConfigRight?: boolean;
  /** Whether the layers make no tree any more, of which anything could be stated. */
  isBroken?: boolean;
}

/** Writes text into a header and makes its checksum right. */
function patch(tar: Uint8Array, entry: number, offset: number, text: string): void {
  const start = entry * 512;
  tar.set(new TextEncoder().encode(text), start + offset);
  tar.fill(0x20, start + 148, start + 156);
  const sum = tar.subarray(start, start + 512).reduce((total, byte) => total + byte, 0);
  tar.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), start + 148);
}

/** Blocks of the second layer: headers of etc and etc/name, a content, the header of usr/added, two blocks of content. */
const IN_SECOND = { dir: 0, name: 1, nameContent: 2, added: 3, addedContent: 4 } as const;
const TREE = ["merged", "layer 2", "bootable"];

const ROWS: Row[] = [
  { what: "config: environment", change: ({ config }) => Object.assign(config, { config: { User: "0" } }), wrong: [] },
  { what: "config: a new member", change: ({ config }) => Object.assign(config, { created: "now" }), wrong: [] },
  {
    what: "layer: a byte of content",
    change: ({ tars }) => tars[1]!.set([0x6f], IN_SECOND.nameContent * 512),
    wrong: TREE,
  },
  {
    what: "layer: a byte of a stored object",
    change: ({ tars }) => tars[1]!.set([0x7a], IN_SECOND.addedContent * 512 + 699),
    wrong: TREE,
  },
  { what: "layer: a name", change: ({ tars }) => patch(tars[1]!, IN_SECOND.name, 4, "nbme"), wrong: TREE },
  { what: "layer: a mode", change: ({ tars }) => patch(tars[1]!, IN_SECOND.added, 100, "0000755"), wrong: TREE },
  { what: "layer: an owner", change: ({ tars }) => patch(tars[1]!, IN_SECOND.added, 108, "0000001"), wrong: TREE },
  { what: "layer: a group", change: ({ tars }) => patch(tars[1]!, IN_SECOND.added, 116, "0000001"), wrong: TREE },
  { what: "layer: a size", change: ({ tars }) => patch(tars[1]!, IN_SECOND.added, 124, "00000001273"), wrong: TREE },
  { what: "layer: an mtime", change: ({ tars }) => patch(tars[1]!, IN_SECOND.added, 136, "00000000017"), wrong: TREE },
  {
    what: "layer: a type",
    change: ({ tars }) => patch(tars[1]!, IN_SECOND.dir, 156, "6"),
    wrong: TREE,
    isBroken: true,
  },
  {
    what: "layer: the name of an owner, which no tree has",
    change: ({ tars }) => patch(tars[1]!, IN_SECOND.added, 265, "root"),
    wrong: [],
  },
  {
    what: "layer: padding behind a content",
    change: ({ tars }) => tars[1]!.set([1], IN_SECOND.nameContent * 512 + 511),
    wrong: [],
  },
  {
    what: "layer: bytes behind the end",
    change: (image) => void (image.tars[1] = new Uint8Array([...image.tars[1]!, ...new Uint8Array(512)])),
    wrong: [],
  },
  {
    what: "layers: their order",
    change: ({ tars }) => void tars.reverse(),
    wrong: ["merged", "bootable", "layer 1", "layer 2"],
    isBroken: true,
  },
  { what: "layers: one less", change: ({ tars }) => void tars.pop(), wrong: ["merged", "bootable"] },
  { what: "layers: one more", change: ({ tars }) => void tars.push(tars[1]!), wrong: [] },
  {
    what: "layer as stored: another compression of the same tar",
    change: (image) =>
      void (image.storedLayers = [new Uint8Array(gzipSync(image.tars[0]!, { level: 1 })), image.tars[1]!]),
    ...{ wrong: [], isConfigRight: true },
  },
  {
    what: "manifest: an annotation",
    change: ({ annotations }) => Object.assign(annotations, { "org.example.note": "other" }),
    wrong: [],
    isConfigRight: true,
  },
];

function changed({ change }: Row): LooseImage {
  const image = looseImage();
  change(image);
  return image;
}

describe.each(["artifact", "inline"] as const)("mended: %s", (mode) => {
  test.each(ROWS)("$what", async (row) => {
    const outcome = await outcomeOf(withOldSeals(store(changed(row)), mode), mode);
    const isLayer = (name: string) => name.startsWith("layer");
    const wanted = row.wrong.filter((name) => mode === "inline" || !isLayer(name));
    if (!row.isConfigRight) wanted.push("config");
    if (mode === "artifact") wanted.push("manifest");
    // Of one layer less the seal goes with its descriptor.
    expect(wrongOf(outcome).sort()).toEqual(wanted.sort());
    expect(verdictOf(outcome)).toBe(wanted.length > 0 ? "failed" : "verified");
    if (wanted.length > 0) return;
    // Nothing inline speaks of the manifest itself: that is said, and a pinned digest finds it.
    expect((outcome as VerifyReport).uncovered).toEqual([expect.stringContaining("the manifest")]);
    const pinned = await outcomeOf(withOldSeals(store(changed(row)), mode), mode, {
      expectedManifest: digestOf(SEALED[mode].manifest),
    });
    expect(verdictOf(pinned)).toBe("failed");
  });
});

describe.each(["artifact", "inline"] as const)("restated: %s", (mode) => {
  test.each(ROWS.filter(({ isBroken }) => !isBroken))("$what", async (row) => {
    const image = store(changed(row));
    for (const [key, verdict] of [
      [STRANGER, "failed"],
      [null, "not signed"],
    ] as const) {
      const outcome = await outcomeOf(await seal(image, mode, key), mode);
      expect(verdictOf(outcome)).toBe(verdict);
      // Whoever has no certificate takes it for what it says that it is.
      expect((await verifySeals(imageOf(await seal(image, mode, key)))).verdict).toBe("verified");
    }
    // Signatures of the old digests beside new statements.
    const restated = await seal(image, mode, STRANGER);
    const mixed = mode === "artifact" ? mixArtifact(restated) : mixInline(restated);
    expect(verdictOf(await outcomeOf(mixed, mode))).toBe("failed");
  });

  function mixArtifact(restated: StoredImage): StoredImage {
    const [fresh, old] = [parse(restated.artifacts[0]!), parse(SEALED.artifact.artifacts[0]!)];
    fresh.layers = fresh.layers.map((layer: Document, i: number) => ({
      ...old.layers[i],
      annotations: layer["annotations"],
    }));
    return { ...restated, blobs: new Map([...SEALED.artifact.blobs, ...restated.blobs]), artifacts: [bytesOf(fresh)] };
  }

  function mixInline(restated: StoredImage): StoredImage {
    const [fresh, old] = [parse(restated.manifest), parse(SEALED.inline.manifest)];
    for (const key of Object.keys(fresh.annotations)) {
      if (key.endsWith(".sig")) fresh.annotations[key] = old.annotations[key];
    }
    return { ...restated, manifest: bytesOf(fresh) };
  }
});

describe("an annotation", () => {
  const key = "composefs.merged.erofs.v1.fsverity-sha256-12";
  const edit = (change: (annotations: Document) => void): StoredImage => {
    const manifest = parse(SEALED.inline.manifest);
    change(manifest.annotations);
    return { ...SEALED.inline, manifest: bytesOf(manifest) };
  };
  const swap = (text: string, at: number) => {
    const other = text[at] === "0" ? "1" : "0";
    return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
  };

  test("each digit of a digest", async () => {
    for (let at = 0; at < 64; at++) {
      const outcome = await outcomeOf(
        edit((annotations) => Object.assign(annotations, { [key]: swap(annotations[key] as string, at) })),
        "inline",
      );
      expect({ at, wrong: wrongOf(outcome) }).toEqual({ at, wrong: ["merged"] });
    }
  });

  test.each<[string, (annotations: Document) => void, string]>([
    [
      "upper case is the same digest",
      (all) => Object.assign(all, { [key]: (all[key] as string).toUpperCase() }),
      "verified",
    ],
    ["a digit less", (all) => Object.assign(all, { [key]: (all[key] as string).slice(1) }), "error"],
    ["no digit", (all) => Object.assign(all, { [key]: "" }), "error"],
    ["a number", (all) => Object.assign(all, { [key]: 1 }), "error"],
    ["another algorithm", (all) => rename(all, key, "composefs.merged.erofs.v1.fsverity-sha512-12"), "error"],
    ["another block size", (all) => rename(all, key, "composefs.merged.erofs.v1.fsverity-sha256-16"), "failed"],
    [
      "a layout that is not known",
      (all) => rename(all, key, "composefs.merged.erofs.v9.fsverity-sha256-12"),
      "unsealed",
    ],
    ["another role", (all) => rename(all, key, "composefs.config.fsverity-sha256-12"), "failed"],
    ["a role that has no place there", (all) => rename(all, key, "composefs.manifest.fsverity-sha256-12"), "failed"],
    [
      "the digest of the other tree",
      (all) => Object.assign(all, { [key]: all["composefs.merged.bootable.erofs.v1.fsverity-sha256-12"] }),
      "failed",
    ],
    ["no digest to a signature", (all) => void delete all[key], "error"],
    ["no signature", (all) => void delete all[`${key}.sig`], "not signed"],
    ["a signature that is no base64", (all) => Object.assign(all, { [`${key}.sig`]: "*" }), "error"],
    [
      "a signature with a line break",
      (all) => Object.assign(all, { [`${key}.sig`]: `${all[`${key}.sig`]}\n` }),
      "error",
    ],
    ["an empty signature", (all) => Object.assign(all, { [`${key}.sig`]: "" }), "error"],
    [
      "the signature of another digest",
      (all) => Object.assign(all, { [`${key}.sig`]: all["composefs.merged.bootable.erofs.v1.fsverity-sha256-12.sig"] }),
      "failed",
    ],
  ])("%s", async (_, change, verdict) => {
    const outcome = await outcomeOf(edit(change), "inline");
    expect(verdictOf(outcome)).toBe(verdict);
  });

  function rename(annotations: Document, from: string, to: string): void {
    for (const suffix of ["", ".sig"]) {
      annotations[to + suffix] = annotations[from + suffix];
      delete annotations[from + suffix];
    }
  }
});

describe("an artifact", () => {
  const edit = (change: (artifact: Document & { layers: Document[] }) => void): StoredImage => {
    const artifact = parse(SEALED.artifact.artifacts[0]!);
    change(artifact);
    return { ...SEALED.artifact, artifacts: [bytesOf(artifact)] };
  };
  const EMPTY = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

  test.each<[string, (artifact: Document & { layers: Document[] }) => void, string, string?]>([
    ["another type is none of ours", (one) => Object.assign(one, { artifactType: "application/x" }), "unsealed"],
    ["no type", (one) => void delete one["artifactType"], "unsealed"],
    ["another subject", (one) => Object.assign(one["subject"] as Document, { digest: EMPTY }), "unsealed"],
    [
      "a subject of another size",
      (one) => Object.assign(one["subject"] as Document, { size: 1 }),
      "failed",
      "about another manifest",
    ],
    ["no subject", (one) => void delete one["subject"], "unsealed"],
    [
      "another config",
      (one) => Object.assign(one["config"] as Document, { digest: `sha256:${"1".repeat(64)}` }),
      "verified",
      "config is not the empty",
    ],
    ["another order", (one) => void one.layers.reverse(), "verified", "the order of roles"],
    ["without its merged digest", (one) => void one.layers.splice(2, 1), "unsealed", "no digest of the merged"],
    ["without its manifest digest", (one) => void one.layers.splice(0, 1), "verified", "no digest of the manifest"],
    ["a layer that says nothing", (one) => void delete one.layers[0]!["annotations"], "error", "expected one digest"],
    [
      "a layer that says two things",
      (one) => Object.assign(one.layers[0]!["annotations"] as Document, one.layers[1]!["annotations"]),
      "error",
      "expected one digest",
    ],
    ["a signature of no bytes", (one) => Object.assign(one.layers[0]!, { size: 0 }), "error", "no bytes"],
    [
      "a signature that is not there",
      (one) => Object.assign(one.layers[2]!, { digest: `sha256:${"1".repeat(64)}` }),
      "failed",
      "signature is missing",
    ],
    [
      "a signature too large to be one",
      (one) => Object.assign(one.layers[2]!, { size: 1 << 20 }),
      "failed",
      "signature is missing",
    ],
    [
      "the signature of another entry",
      (one) => Object.assign(one.layers[2]!, { digest: one.layers[1]!["digest"], size: one.layers[1]!["size"] }),
      "failed",
    ],
    [
      "two algorithms",
      (one) =>
        Object.assign(one.layers[0]!, { annotations: { "composefs.manifest.fsverity-sha512-12": "0".repeat(128) } }),
      "failed",
      "several algorithms",
    ],
  ])("%s", async (_, change, verdict, words) => {
    const outcome = await outcomeOf(edit(change), "artifact");
    expect(verdictOf(outcome)).toBe(verdict);
    if (words !== undefined) {
      const text = outcome instanceof ComposefsError ? outcome.message : JSON.stringify(outcome);
      expect(text).toContain(words);
    }
  });

  test("each byte of a signature, its digest made right in the artifact", async () => {
    const artifact = parse(SEALED.artifact.artifacts[0]!);
    const { digest } = artifact.layers[2];
    const signature = SEALED.artifact.blobs.get(digest)!;
    for (let at = 0; at < signature.length; at++) {
      const bytes = signature.slice();
      bytes[at]! ^= 1;
      const layers = artifact.layers.with(2, { ...artifact.layers[2], digest: digestOf(bytes) });
      const blobs = new Map([...SEALED.artifact.blobs, [digestOf(bytes), bytes]]);
      const outcome = await outcomeOf(
        { ...SEALED.artifact, blobs, artifacts: [bytesOf({ ...artifact, layers })] },
        "artifact",
      );
      expect({ at, verdict: verdictOf(outcome), wrong: wrongOf(outcome) }).toEqual({
        at,
        verdict: "failed",
        wrong: ["merged"],
      });
    }
  });

  test("one that is wrong is wrong beside one that is right", async () => {
    const wrong = edit((one) =>
      Object.assign(one.layers[2]!, {
        annotations: { "composefs.merged.erofs.v1.fsverity-sha256-12": "0".repeat(64) },
      }),
    );
    const artifacts = [...SEALED.artifact.artifacts, ...wrong.artifacts];
    const outcome = await outcomeOf({ ...SEALED.artifact, artifacts }, "artifact");
    expect(verdictOf(outcome)).toBe("failed");
    expect((outcome as VerifyReport).failures).toEqual([
      expect.stringContaining("different fsverity-sha256-12 digests of the merged"),
    ]);
  });
});

test("what loses its signature, and is stated anew, is said to be covered by nobody", async () => {
  const image = looseImage();
  Object.assign(image.config, { config: { Entrypoint: ["/usr/added"] } });
  const changed = store(image);
  const restated = await seal(changed, "artifact", null);
  const [fresh, old] = [parse(restated.artifacts[0]!), parse(SEALED.artifact.artifacts[0]!)];
  // The tree is the same, and so is its signature.
  const isMerged = (layer: Document) =>
    Object.keys(layer["annotations"] as Document)[0]!.startsWith("composefs.merged.erofs");
  fresh.layers = fresh.layers.map((layer: Document) => (isMerged(layer) ? old.layers.find(isMerged) : layer));
  const mixed = {
    ...restated,
    blobs: new Map([...SEALED.artifact.blobs, ...restated.blobs]),
    artifacts: [bytesOf(fresh)],
  };
  const report = (await outcomeOf(mixed, "artifact")) as VerifyReport;
  expect(report.verdict).toBe("verified");
  expect(report.uncovered).toEqual([
    expect.stringMatching(/^the manifest, whose digest is stated, but not signed/),
    expect.stringMatching(/^the config, whose digest is stated, but not signed/),
    expect.stringMatching(/^the bootable tree, whose digest is stated, but not signed/),
  ]);
  expect(report.violations).toHaveLength(2);
  const asked = (await outcomeOf(mixed, "artifact", { roles: ["merged", "config"] })) as VerifyReport;
  expect(asked.verdict).toBe("not signed");
});

test("a digest of another layout, tree or block size is recognised", async () => {
  const { seals } = await import("../../../src/seal/in-memory.ts").then(({ sealImage }) =>
    sealImage(imageOf(IMAGE), { algorithms: ["sha256-16"] }),
  );
  const of = (role: string) => seals.find(({ seal }) => seal.role === role)!.seal.digest;
  const edit = async (digest: string) => {
    const manifest = parse(SEALED.inline.manifest);
    manifest.annotations["composefs.merged.erofs.v1.fsverity-sha256-12"] = digest;
    const report = (await outcomeOf({ ...SEALED.inline, manifest: bytesOf(manifest) }, "inline")) as VerifyReport;
    return report.objects.find(({ role }) => role === "merged")!.recognised;
  };
  expect(await edit(of("merged"))).toMatchObject({
    profile: "v1-sha256-16",
    tree: expect.stringContaining("allowlist-only"),
  });
  expect(await edit(of("bootable"))).toMatchObject({
    profile: "v1-sha256-16",
    tree: expect.stringContaining("bootable"),
  });
  expect(await edit("0".repeat(64))).toBeNull();
});
