/** The tampering matrix for what states digests: each annotation and each member of an artifact changed once. */
import { describe, expect, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { readArtifact } from "../../../src/seal/artifact.ts";
import type { VerifyReport } from "../../../src/seal/verify.ts";
import { bytesOf, type Document, parse, type StoredImage } from "../../support/sealed-image.ts";
import { digestOf } from "../../support/source.ts";
import { flips, outcomeOf, SEALED, verdictOf, wrongOf } from "../../support/tampering.ts";

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
  for (const [at, changed] of flips(artifact!)) {
    const outcome = await outcomeOf({ ...SEALED.artifact, artifacts: [changed] }, "artifact");
    if (verdictOf(outcome) !== "verified") continue;
    const { uncovered, objects } = outcome as VerifyReport;
    expect(uncovered).toHaveLength(objects.filter(({ signature }) => signature.state !== "valid").length);
    expect({ at, meaning: meaningOf(changed) }).toEqual({ at, meaning: meaningOf(artifact!) });
  }
});
