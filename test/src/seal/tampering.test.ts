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
import { verifySeals } from "../../../src/seal/in-memory.ts";
import type { VerifyReport } from "../../../src/seal/verify.ts";
import {
  bytesOf,
  type Document,
  imageOf,
  type LooseImage,
  looseImage,
  parse,
  type StoredImage,
  seal,
  store,
} from "../../support/sealed-image.ts";
import { digestOf } from "../../support/source.ts";
import { flips, type Mode, outcomeOf, SEALED, STRANGER, verdictOf, wrongOf } from "../../support/tampering.ts";

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
    change: ({ tars }) => tars.splice(1, 1, new Uint8Array([...tars[1]!, ...new Uint8Array(512)])),
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
      Object.assign(image, { storedLayers: [new Uint8Array(gzipSync(image.tars[0]!, { level: 1 })), image.tars[1]!] }),
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
