/**
 * Both sides, compared: the explanation, the differences of each class, and which entries differ.
 */

import { acquireEngineSync, releaseEngine } from "../../engine/load.ts";
import type { HashName } from "../../engine/slot.ts";
import { diffTrees, EXAMPLES_DEFAULT } from "../../explain/diff.ts";
import type { ClassDiff, TreeDiff } from "../../explain/diff-data.ts";
import { diffToJson } from "../../explain/diff-json.ts";
import { showValues } from "../../explain/diff-values.ts";
import { explainImages } from "../../explain/image.ts";
import { formatImages } from "../../explain/image-text.ts";
import { PathFinder, type TreeTable } from "../../explain/tree-table.ts";
import type { Tree } from "../../image/tree.ts";
import type { Comparison, DiffClass, DiffRow, Side } from "../protocol.ts";
import { type OpenImage, viewOf } from "./open-image.ts";

/** Differences of a class that are kept. */
export const DIFFERENCES_MAX = 10_000;

/** The hash by which two images can be compared: that of a tree that is given; those of layers can be had of any. */
export function commonHash(a: OpenImage, b: OpenImage): HashName {
  for (const side of [a, b]) {
    const given = side.container === undefined ? side.tree.counts.objectHash : null;
    if (given !== null) return given;
  }
  return a.container === undefined ? b.hash : a.hash;
}

export class ComparedImages {
  readonly result: Comparison;
  readonly #rows: ReadonlyMap<string, DiffRow[]>;
  readonly #changed: Record<Side, Uint8Array>;

  private constructor(diff: TreeDiff, imageLines: string[], changed: Record<Side, Uint8Array>) {
    const json = diffToJson(diff) as unknown as Omit<Comparison, "imageLines">;
    const classes = json.classes.map((one, i) => withTexts(one, diff.classes[i]!));
    this.#rows = new Map(classes.map(({ class: id, examples }) => [id, examples]));
    const shown = (one: DiffClass): DiffClass => ({ ...one, examples: one.examples.slice(0, EXAMPLES_DEFAULT) });
    this.result = { ...json, classes: classes.map(shown), imageLines };
    this.#changed = changed;
  }

  /**
   * Compares the trees that are shown.
   *
   * @param hash of the object digests; the layers of container images were read for it
   * @throws {ComposefsError} LAYER_*, EROFS_*, ENGINE_MEMORY
   */
  static async of(a: OpenImage, b: OpenImage, hash: HashName): Promise<ComparedImages> {
    const sides = [await treeOf(a, hash), await treeOf(b, hash)] as const;
    try {
      const [{ tree: treeA }, { tree: treeB }] = sides;
      const changed = { a: new Uint8Array(a.table.length), b: new Uint8Array(b.table.length) };
      const mark = { a: marker(a.table, changed.a), b: marker(b.table, changed.b) };
      const diff = diffTrees(treeA, treeB, {
        max: DIFFERENCES_MAX,
        onDifference(id, place) {
          const path = place.path();
          if (id !== "added") mark.a(path, id === "removed");
          if (id !== "removed") mark.b(path, id === "added");
        },
      });
      const hasImage = treeA.image !== undefined || treeB.image !== undefined;
      const text = diff.equal && hasImage ? formatImages(explainImages(treeA, treeB, "off")) : "";
      return new ComparedImages(
        diff,
        text.split("\n").filter((line) => line !== ""),
        changed,
      );
    } finally {
      for (const { release } of sides) release();
    }
  }

  differences(id: string, from: number, count: number): DiffRow[] {
    return (this.#rows.get(id) ?? []).slice(from, from + count);
  }

  isChanged(side: Side, index: number): boolean {
    return this.#changed[side][index] === 1;
  }
}

function withTexts(shown: DiffClass, { id, examples }: ClassDiff): DiffClass {
  return { ...shown, examples: shown.examples.map((row, i) => ({ ...row, texts: showValues(id, examples[i]!) })) };
}

/** The tree that a side shows, with object digests of a hash. */
async function treeOf(image: OpenImage, hash: HashName): Promise<{ tree: Tree; release(): void }> {
  const { container, view } = image;
  if (container === undefined || view === null || image.hash === hash) return { tree: image.tree, release() {} };
  const engine = acquireEngineSync();
  const release = () => releaseEngine(engine);
  try {
    return { tree: await container.trees.tree(engine, viewOf(view), hash), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Marks entries by their paths. */
function marker(table: TreeTable, marks: Uint8Array): (path: Uint8Array, isDeep: boolean) => void {
  const finder = new PathFinder(table);
  return (path, isDeep) => {
    const index = finder.find(path);
    if (index < 0) return;
    marks.fill(1, index, isDeep ? table.behind(index) : index + 1);
  };
}
