/**
 * The digests that a seal can be of, computed from the image itself (sealing.md 3).
 */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "../image/merge.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import { verityDigest } from "../image/verity.ts";
import type { LayeredImage, View } from "../image/view.ts";
import type { SealKey } from "./keys.ts";
import { type DigestTable, digestTable, type RecognisedDigest } from "./recognise.ts";

/** What is sealed. */
export interface SealedImage {
  /** Its layers, with object digests of every hash that is asked for. */
  trees: LayeredImage;
  /** Bytes as stored; null where there are none: bare layers, docker-save archives. */
  manifest: Uint8Array | null;
  config: Uint8Array | null;
}

/** How the tree of a digest was made, where there is a choice. */
export interface SealTransform {
  xattrs: XattrMode;
  /** Of bootable trees. */
  revision: TransformRevision | null;
}

/** A digest, and how its tree was made; null for bytes and for layers alone. */
export interface ComputedDigest {
  digest: string;
  transform: SealTransform | null;
}

/** Seals are of layout v1 only. */
const LAYOUT = "v1";

/** Computes digests when they are asked for, each once. */
export class SealDigests {
  readonly #image: SealedImage;
  readonly #wanted: Partial<SealTransform>;
  readonly #known = new Map<string, Promise<ComputedDigest>>();
  readonly #tables = new Map<HashName, Promise<DigestTable>>();

  /** @param wanted how trees are made, where that is not the default way */
  constructor(image: SealedImage, wanted: Partial<SealTransform> = {}) {
    this.#image = image;
    this.#wanted = wanted;
  }

  /**
   * The digest that a seal has to state; of trees that of the wanted transform.
   *
   * @param layer from 1, of the role layer
   * @throws {ComposefsError} LAYER_*, SELINUX_* when there is no such tree, SEAL_ROLE when there are no such bytes
   */
  compute(key: SealKey, layer: number | null = null): Promise<ComputedDigest> {
    return this.#of(key, layer, this.#choices(key)[0]!);
  }

  /** How the tree would have to be made to have a digest, if it was not in the wanted way; null when no way gives it. */
  async search(key: SealKey, digest: string): Promise<SealTransform | null> {
    for (const choice of this.#choices(key).slice(1)) {
      if (choice !== null && (await this.#of(key, null, choice)).digest === digest) return choice;
    }
    return null;
  }

  /** What of the image has a digest that is not what it should be. @throws {ComposefsError} ENGINE_MEMORY */
  async recognise(digest: string): Promise<RecognisedDigest | null> {
    const hash: HashName = digest.length === 64 ? "sha256" : "sha512";
    const table = this.#tables.get(hash) ?? digestTable(this.#image.trees, hash);
    this.#tables.set(hash, table);
    return (await table).get(digest) ?? null;
  }

  /** The ways to make the tree of a role, the wanted one first. */
  #choices(key: SealKey): ReadonlyArray<SealTransform | null> {
    const { xattrs = XATTR_MODES[0], revision = TRANSFORM_REVISIONS[0] } = this.#wanted;
    const isWanted = (choice: SealTransform | null) =>
      choice?.xattrs === xattrs && (choice?.revision ?? revision) === revision;
    const choices = choicesOf(key);
    return [...choices.filter(isWanted), ...choices.filter((choice) => !isWanted(choice))];
  }

  #of(key: SealKey, layer: number | null, choice: SealTransform | null): Promise<ComputedDigest> {
    const name = JSON.stringify([key.role, key.algorithm, layer, choice]);
    const known = this.#known.get(name) ?? this.#compute(key, layer, choice);
    this.#known.set(name, known);
    return known;
  }

  async #compute(
    { role, algorithm }: SealKey,
    layer: number | null,
    transform: SealTransform | null,
  ): Promise<ComputedDigest> {
    if (role === "manifest" || role === "config") {
      const bytes = this.#image[role];
      if (bytes === null) throw new ComposefsError("SEAL_ROLE", `the image has no ${role}`);
      return { digest: await bytesDigest(bytes, algorithm), transform };
    }
    return { digest: await this.#treeDigest(viewOf(role, layer, transform), algorithm), transform };
  }

  async #treeDigest(view: View, algorithm: VerityAlgorithm): Promise<string> {
    const engine = await acquireEngine();
    try {
      const tree = await this.#image.trees.tree(engine, view, algorithmParameters(algorithm).hash);
      const image = tree.openImage(LAYOUT, [algorithm]);
      while (image.read().length > 0);
      return image.digests()[algorithm]!;
    } finally {
      releaseEngine(engine);
    }
  }
}

/** fs-verity digest of bytes. */
export async function bytesDigest(bytes: Uint8Array, algorithm: VerityAlgorithm): Promise<string> {
  const { hash, blockBits } = algorithmParameters(algorithm);
  return verityDigest(bytes, { hash, blockSize: 2 ** blockBits, accelerator: "off" });
}

/** The ways to make the tree of a role; one that is null for what is made in one way only. */
function choicesOf({ role }: SealKey): ReadonlyArray<SealTransform | null> {
  if (role === "merged") return XATTR_MODES.map((xattrs) => ({ xattrs, revision: null }));
  if (role !== "bootable") return [null];
  return TRANSFORM_REVISIONS.flatMap((revision) => XATTR_MODES.map((xattrs) => ({ xattrs, revision })));
}

function viewOf(role: "layer" | "merged" | "bootable", layer: number | null, transform: SealTransform | null): View {
  if (role === "layer") return { role, layer: layer! };
  if (role === "merged") return { role, transform: transform!.xattrs };
  return { role, transform: transform!.xattrs, revision: transform!.revision! };
}
