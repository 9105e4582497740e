/**
 * `composefs referrers INPUT`: what refers to an image, as a tree: its seals with what they state, signatures, bills of
 * materials, and what refers to those.
 *
 *   sha256:52a1…  index
 *   ├─ sha256:77b0…  linux/amd64
 *   │  ├─ sha256:9f1c…  application/vnd.composefs.metadata.v1: manifest, config, merged of fsverity-sha512-12, signed
 *   │  └─ sha256:31de…  application/spdx+json
 *   └─ sha256:0c4a…  linux/arm64
 *
 * `--artifact-type` shows one kind, `--platform` one image of an index. `--restore DIGEST` puts a referrer back into the list
 * of a registry that has lost it: where clients keep that list, two that write at a time can undo each other.
 *
 * `--json` prints one object, `manifests` and `referrers` being of its own kind; `seals` is null for what is no seal:
 *
 *   {"digest": "sha256:…", "mediaType": "…", "platform": null, "artifactType": null, "annotations": {}, "seals": null,
 *    "manifests": [], "referrers": []}
 */

import { ComposefsError } from "../error.ts";
import { ARTIFACT_TYPE, readArtifact } from "../seal/artifact.ts";
import { algorithmIdentifier } from "../seal/keys.ts";
import type { GraphNode } from "../source/graph.ts";
import { INDEX_TYPES } from "../source/media-types.ts";
import { RegistryFiles } from "../source/registry.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { type ImageGraph, openGraph } from "./graph-input.ts";
import { print, printable, printError } from "./text.ts";

export interface ReferrersOptions {
  platform?: string;
  artifactType?: string;
  restore?: string[];
  json?: boolean;
}

/** A manifest with what hangs on it, as it is printed. */
interface Shown {
  digest: string;
  mediaType: string;
  platform: string | null;
  artifactType: string | null;
  annotations: Readonly<Record<string, string>>;
  seals: ShownSeals | null;
  manifests: Shown[];
  referrers: Shown[];
}

/** What an artifact of composefs states. */
interface ShownSeals {
  seals: Array<{ role: string; algorithm: string; digest: string; isSigned: boolean }>;
  /** Why it cannot be read; null when it can. */
  problem: string | null;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SOURCE_*, BLOB_*, REGISTRY_*, IO_* */
export async function run(operand: string, options: ReferrersOptions): Promise<number> {
  const { platform, artifactType = null, restore = [] } = options;
  let input = await openGraph(operand, platform, { artifactType });
  try {
    if (restore.length > 0) {
      await restoreAll(input, restore);
      await input.layout.close();
      input = await openGraph(operand, platform, { artifactType });
    }
    const shown = show(input.graph);
    print(options.json ? `${JSON.stringify(shown)}\n` : `${treeLines(shown).join("\n")}\n`);
    return EXIT_OK;
  } finally {
    await input.layout.close();
  }
}

/** Puts back what a list has lost. */
async function restoreAll({ layout, graph }: ImageGraph, digests: readonly string[]): Promise<void> {
  const { files } = layout;
  if (!(files instanceof RegistryFiles)) throw usageError("--restore: only registries lose referrers");
  if (INDEX_TYPES.has(graph.mediaType) && graph.manifests.length > 0) {
    printError(`${graph.digest}: restoring referrers of the index; --platform chooses one of its images\n`);
  }
  const restored = await files.registry.reconcileReferrers(files.reference.repository, graph.digest, digests);
  for (const { digest } of restored) printError(`restored ${digest}\n`);
}

function show(node: GraphNode): Shown {
  const { digest, mediaType, platform, artifactType, annotations } = node;
  return {
    ...{ digest, mediaType, platform, artifactType, annotations },
    seals: artifactType === ARTIFACT_TYPE ? sealsOf(node) : null,
    manifests: node.manifests.map(show),
    referrers: node.referrers.map(show),
  };
}

function sealsOf({ bytes, digest }: GraphNode): ShownSeals {
  try {
    const seals = readArtifact(bytes, digest).entries.map(({ seal, signatureBlob }) => {
      const { role, algorithm, digest } = seal;
      return { role, algorithm: algorithmIdentifier(algorithm), digest, isSigned: signatureBlob !== null };
    });
    return { seals, problem: null };
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    return { seals: [], problem: `${error.code}: ${error.message}` };
  }
}

function treeLines(node: Shown, first = "", rest = ""): string[] {
  const children = [...node.manifests, ...node.referrers];
  const lines = children.flatMap((child, i) => {
    const isLast = i === children.length - 1;
    return treeLines(child, `${rest}${isLast ? "└─ " : "├─ "}`, `${rest}${isLast ? "   " : "│  "}`);
  });
  return [`${first}${node.digest}  ${printable(wordsOf(node))}`, ...lines];
}

function wordsOf({ mediaType, platform, artifactType, seals }: Shown): string {
  if (artifactType === null) return platform ?? (INDEX_TYPES.has(mediaType) ? "index" : "image");
  if (seals === null) return artifactType;
  if (seals.problem !== null) return `${artifactType}: ${seals.problem}`;
  const roles = seals.seals.map(({ role }) => role).join(", ");
  const algorithms = [...new Set(seals.seals.map(({ algorithm }) => algorithm))].join(", ");
  const signed = seals.seals.filter(({ isSigned }) => isSigned).length;
  const words = signed === 0 ? "not signed" : signed === seals.seals.length ? "signed" : `${signed} of them signed`;
  return `${artifactType}: ${roles} of ${algorithms}, ${words}`;
}
