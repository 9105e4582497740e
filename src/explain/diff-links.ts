/**
 * Hard links of two trees: which names share an inode, and which inodes are to be compared for them.
 *
 * Names of one inode in A and of one inode in B are grouped alike when the first of the common names is the same in
 * both groups. The names come in the order of the tree, so that each is judged when it comes.
 *
 * A hardlink name has no inode of its own in the records, and where it has one in a dumpfile is an accident. So the
 * inodes behind two names are compared when the walk is over, unless the walk came across both under one name.
 */

import type { Entry, TreeCursor } from "../image/cursor.ts";
import type { DiffCollector, DiffPlace } from "./diff-collect.ts";
import type { ClassDiff } from "./diff-data.ts";
import type { InodeComparison } from "./diff-inode.ts";
import { collectEntries } from "./diff-records.ts";

/** More than there are entries: LIMIT_ENTRIES_DEFAULT of assembly/abi.ts is 2^24. */
const PAIR_FACTOR = 2 ** 25;

/** Pairs that are compared in one reading of both trees, and the number of readings that they may take. */
const PAIRS_AT_ONCE = 1 << 14;
const READINGS_MAX = 4;

/** Two names with one path, at least one of which shares its inode. */
interface Pair {
  /** Index of the name in A. */
  name: number;
  marks: number;
}

export class LinkComparison {
  readonly #cursorA: TreeCursor;
  readonly #cursorB: TreeCursor;
  readonly #collector: DiffCollector;
  /** Owner -> index in A of the first common name. */
  readonly #firstA = new Map<number, number>();
  readonly #firstB = new Map<number, number>();
  /** Pairs of owners that the walk compared, and those that it left. */
  readonly #compared = new Set<number>();
  readonly #left = new Map<number, Pair>();

  constructor(cursorA: TreeCursor, cursorB: TreeCursor, collector: DiffCollector) {
    this.#cursorA = cursorA;
    this.#cursorB = cursorB;
    this.#collector = collector;
  }

  /**
   * Takes two names with the same path.
   *
   * @param marks MARK_* bits of the place
   * @returns whether the walk is to compare the inodes; else they are compared by `finish`
   */
  pair(x: Entry, y: Entry, place: DiffPlace, marks: number): boolean {
    const name = x.index;
    const first = x.names > 1 ? firstOf(this.#firstA, x.owner, name) : name;
    const other = y.names > 1 ? firstOf(this.#firstB, y.owner, name) : name;
    if (first !== other) {
      const seen = (index: number) => (index === name ? undefined : index);
      this.#collector.add("hardlink", marks, place, seen(first), seen(other));
    }
    const key = x.owner * PAIR_FACTOR + y.owner;
    if (x.owner === name && y.owner === y.index) {
      this.#compared.add(key);
      return true;
    }
    if (!this.#left.has(key)) this.#left.set(key, { name, marks });
    return false;
  }

  /** Puts paths in the place of indices in the examples of `hardlink`: to look up all of them would take too long. */
  spellExamples({ examples }: ClassDiff): void {
    const wanted = examples.flatMap(({ a, b }) => [a, b]).filter((value) => typeof value === "number");
    const found = collectEntries(this.#cursorA, new Set(wanted));
    const spell = (first: unknown) => (typeof first === "number" ? found.get(first)!.path : undefined);
    for (const example of examples) [example.a, example.b] = [spell(example.a), spell(example.b)];
  }

  /**
   * Compares the inodes that the walk did not.
   *
   * @param onPair told of each two, before they are compared
   */
  finish(inodes: InodeComparison, onPair: (x: Entry, y: Entry) => void): void {
    for (const key of this.#compared) this.#left.delete(key);
    this.#collector.goBack();
    const pairs = [...this.#left];
    // A few at a time, since copies of records are large; but in few readings, since each takes time.
    const size = Math.max(PAIRS_AT_ONCE, Math.ceil(pairs.length / READINGS_MAX));
    for (let at = 0; at < pairs.length; at += size) {
      const part = pairs.slice(at, at + size);
      const wanted = part.flatMap(([key, { name }]) => [Math.floor(key / PAIR_FACTOR), name]);
      const ofA = collectEntries(this.#cursorA, new Set(wanted));
      const ofB = collectEntries(this.#cursorB, new Set(part.map(([key]) => key % PAIR_FACTOR)));
      for (const [key, { name, marks }] of part) {
        const { entry: x } = ofA.get(Math.floor(key / PAIR_FACTOR))!;
        const { entry: y } = ofB.get(key % PAIR_FACTOR)!;
        onPair(x, y);
        inodes.compare(x, y, { order: name, path: () => ofA.get(name)!.path }, marks);
      }
    }
  }
}

function firstOf(firsts: Map<number, number>, owner: number, name: number): number {
  const first = firsts.get(owner);
  if (first === undefined) firsts.set(owner, name);
  return first ?? name;
}
