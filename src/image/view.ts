/**
 * The trees of a container image: one merge serves every role, xattr mode and revision (oci-to-tree.md 5 and 7,
 * boot-transform.md 1).
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import type { HashName } from "../engine/slot.ts";
import { readContent } from "./contents.ts";
import { labelTree, readPolicy, type TreePolicy } from "./labels.ts";
import { type ImageLayer, type Unseen, unseenOf } from "./layers.ts";
import { mergeLayers, type TransformRevision, type XattrMode } from "./merge.ts";
import type { Tree } from "./tree.ts";

/**
 * What a tree of an image is for:
 *
 *   merged     all layers together
 *   bootable   the same with /boot and /sysroot empty and SELinux labels: what a kernel image names
 *   layer      one layer alone, without a transform
 */
export type Role = "merged" | "bootable" | "layer";

/** The default first. */
export const ROLES: readonly Role[] = ["merged", "bootable", "layer"];

/** Which tree of an image. */
export type View =
  /** @param transform xattr mode of the OCI transform; null for the tree as the layers leave it */
  | { role: "merged"; transform: XattrMode | null }
  | { role: "bootable"; transform: XattrMode; revision: TransformRevision }
  /** @param layer from 1, base first */
  | { role: "layer"; layer: number };

/** The layers of an image and the trees that they make. */
export class LayeredImage {
  readonly layers: readonly ImageLayer[];
  readonly #accelerator: Accelerator;
  /** Reading a policy takes longer than merging; it is the same in all views. */
  #policy: TreePolicy | null | undefined;

  /** @param layers base first; contents may be read from them as long as the image is open */
  constructor(layers: readonly ImageLayer[], accelerator: Accelerator) {
    this.layers = layers;
    this.#accelerator = accelerator;
  }

  /** Whether the one layer is a directory. */
  get isDirectory(): boolean {
    return this.layers.some(({ blob }) => blob === null);
  }

  /** What of a directory its trees lack. */
  get unseen(): Unseen[] {
    return unseenOf(this.layers);
  }

  /** The SELinux policy; undefined before a bootable tree was made, null when the image has none. */
  get policy(): TreePolicy | null | undefined {
    return this.#policy;
  }

  /**
   * Makes a tree.
   *
   * @param engine reset, and busy with the tree from here on
   * @param hash of its object digests; the records of the layers must hold them
   * @throws {ComposefsError} LAYER_*, SELINUX_*, LABEL_BUDGET, ENGINE_MEMORY, and what reading a content gives
   */
  async tree(engine: Engine, view: View, hash: HashName): Promise<Tree> {
    const accelerator = this.#accelerator;
    if (view.role === "layer") {
      const { records } = this.layers[view.layer - 1]!;
      // Empty ones below it, so that the origin of its entries is its own number.
      const below = Array.from({ length: view.layer - 1 }, () => ({ bytes: new Uint8Array(0) }));
      return mergeLayers(engine, [...below, records], { hash, transform: null, implyParents: true }, accelerator);
    }
    const records = this.layers.map((layer) => layer.records);
    const bootable = view.role === "bootable" ? view.revision : null;
    const tree = mergeLayers(engine, records, { hash, transform: view.transform, bootable }, accelerator);
    if (view.role === "merged") return tree;
    if (this.#policy === undefined) {
      this.#policy = await readPolicy(tree.openCursor(), (entry) => readContent(this.layers, hash, entry));
    }
    // The transform has left no label, so that without a policy nothing remains to be taken away.
    return this.#policy === null ? tree : labelTree(engine, tree, this.#policy.policy, accelerator);
  }
}
