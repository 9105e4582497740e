/**
 * An image that is open in a session: what was read of it, and the one tree of it that is shown.
 */

import type { Engine } from "../../engine/engine.ts";
import { acquireEngineSync, releaseEngine } from "../../engine/load.ts";
import type { HashName } from "../../engine/slot.ts";
import { TreeTable } from "../../explain/tree-table.ts";
import type { TreeCursor } from "../../image/cursor.ts";
import { TRANSFORM_REVISIONS, XATTR_MODES } from "../../image/merge.ts";
import { ownAlgorithm, type VerityAlgorithm } from "../../image/profile.ts";
import type { Tree } from "../../image/tree.ts";
import type { View } from "../../image/view.ts";
import type { VerifyReport } from "../../seal/verify.ts";
import type { Choice, Input, TreeView } from "../protocol.ts";
import { FileList } from "./file-list.ts";
import type { ReadContainer, ReadFile } from "./read-input.ts";
import type { ShownImage } from "./structures.ts";

/** The tree that commands show, too, when no option says another. */
export const DEFAULT_VIEW: TreeView = {
  role: "merged",
  layer: null,
  transform: XATTR_MODES[0]!,
  revision: TRANSFORM_REVISIONS[0]!,
};

/** A view as image/ knows it. */
export function viewOf({ role, layer, transform, revision }: TreeView): View {
  if (role === "layer") return { role, layer: layer ?? 1 };
  if (role === "bootable") return { role, transform: transform ?? XATTR_MODES[0]!, revision };
  return { role, transform };
}

export class OpenImage {
  readonly input: Input;
  readonly choice: Choice;
  readonly elapsedMs: number;
  /** What was read; replaced when layers are read again for another hash. */
  read: ReadFile | ReadContainer;
  /** Null for what has one tree only. */
  view: TreeView | null = null;
  table!: TreeTable;
  list!: FileList;
  /** What the seals say, once it was found out; undefined before. */
  seal: { report: VerifyReport | null; reason: string | null } | undefined;
  /** The image of the tree that is shown, taken apart; undefined before somebody asked. */
  shown: ShownImage | undefined;
  #engine: Engine | undefined;
  #tree!: Tree;
  #cursor: TreeCursor | undefined;

  private constructor(input: Input, choice: Choice, read: ReadFile | ReadContainer, elapsedMs: number) {
    this.input = input;
    this.choice = choice;
    this.read = read;
    this.elapsedMs = elapsedMs;
  }

  /** Makes the tree that is shown first. @throws {ComposefsError} LAYER_*, ENGINE_MEMORY */
  static async of(
    input: Input,
    choice: Choice,
    read: ReadFile | ReadContainer,
    elapsedMs: () => number,
  ): Promise<OpenImage> {
    const image = new OpenImage(input, choice, read, 0);
    if (read.kind === "container") await image.showFirst(read);
    else image.#take(read.engine, read.tree, null);
    return Object.assign(image, { elapsedMs: elapsedMs() });
  }

  /** The default view; for images that have no such tree, since nothing in them is a system, the tree without a transform. */
  async showFirst({ image }: ReadContainer): Promise<void> {
    try {
      await this.show(DEFAULT_VIEW);
    } catch (error) {
      if (image.layers.length === 0) throw error;
      await this.show({ ...DEFAULT_VIEW, transform: null });
    }
  }

  /**
   * Shows another tree of a container image; when it cannot be made the one that is shown stays.
   *
   * @throws {ComposefsError} LAYER_*, SELINUX_*, LABEL_BUDGET, ENGINE_MEMORY, and what reading a content gives
   */
  async show(view: TreeView): Promise<void> {
    const { read } = this;
    if (read.kind !== "container") throw new RangeError("view: only a container image has several trees");
    const engine = acquireEngineSync();
    let tree: Tree;
    try {
      tree = await read.trees.tree(engine, viewOf(view), this.hash);
    } catch (error) {
      releaseEngine(engine);
      throw error;
    }
    this.#take(engine, tree, view);
  }

  #take(engine: Engine, tree: Tree, view: TreeView | null): void {
    this.#release();
    [this.#engine, this.#tree, this.view] = [engine, tree, view];
    this.table = new TreeTable(tree);
    this.list = new FileList(this.table);
  }

  /** Hash of the object digests in the tree; of a tree without any, sha256. */
  get hash(): HashName {
    return this.read.kind === "container" ? this.read.hashes[0]! : (this.#tree.counts.objectHash ?? "sha256");
  }

  /** By which the digest of its image is computed where nobody says another. */
  get algorithm(): VerityAlgorithm {
    return ownAlgorithm(this.hash);
  }

  /** The tree; what was open on it is over. */
  get tree(): Tree {
    this.#cursor = undefined;
    return this.#tree;
  }

  /** The cursor of the tree, which stays open as long as nobody takes the tree. */
  get cursor(): TreeCursor {
    this.#cursor ??= this.#tree.openCursor();
    return this.#cursor;
  }

  /** Layer of an entry, from 1; 0 where there are none. */
  readonly layerOf = (index: number): number => (this.read.kind === "container" ? this.table.origin[index]! : 0);

  /** The records of a container image; undefined for others. */
  get container(): ReadContainer | undefined {
    return this.read.kind === "container" ? this.read : undefined;
  }

  #release(): void {
    this.shown?.close();
    this.shown = undefined;
    this.#cursor = undefined;
    if (this.#engine !== undefined) releaseEngine(this.#engine);
    this.#engine = undefined;
  }

  /** Gives back what it holds; nothing is asked of it any more. */
  close(): void {
    this.#release();
  }
}
