/**
 * Counts differences class by class and keeps a few of them. Memory does not grow with their number.
 */

import { baseOf, type ClassId, MARK_SECONDS, OTHER_XATTRS } from "./diff-classes.ts";
import type { ClassDiff, DiffExample, DiffValue, OwnerValue, SideFacts } from "./diff-data.ts";

/** Where a difference is. */
export interface DiffPlace {
  /** Position in the order of the tree. */
  order: number;
  path(): Uint8Array;
}

/**
 * Told of each difference where it is; of what one side lacks once, for all that is below it. The path of the place can be
 * asked for until it returns.
 */
export type OnDifference = (id: ClassId, place: DiffPlace) => void;

/** Whether a difference is known and not to be told of; of what one side lacks asked once, for all that is below it. */
export type IsKnownDifference = (id: ClassId, place: DiffPlace) => boolean;

/** Keys of xattrs that get classes of their own. Real trees have a dozen; what comes on top is one class. */
const XATTR_CLASSES_MAX = 1000;

export class DiffCollector {
  readonly #accepts: (id: ClassId) => boolean;
  readonly #max: number;
  readonly #onDifference: OnDifference | undefined;
  readonly #isKnown: IsKnownDifference | undefined;
  /** null for a class that is left out. */
  readonly #classes = new Map<ClassId, ClassTally | null>();

  /** @param max examples of each class */
  constructor(
    accepts: (id: ClassId) => boolean,
    max: number,
    onDifference?: OnDifference,
    isKnown?: IsKnownDifference,
  ) {
    this.#accepts = accepts;
    this.#max = max;
    this.#onDifference = onDifference;
    this.#isKnown = isKnown;
  }

  /** The classes that were found. `of` is 0 still. */
  classes(): ClassDiff[] {
    const found = this.#tallies().filter(({ diff }) => diff.count > 0);
    return found.map((tally) => tally.end(this.#max));
  }

  /** Tells that places from now on may come before earlier ones, themselves in order. */
  goBack(): void {
    for (const tally of this.#tallies()) tally.goBack();
  }

  #tallies(): ClassTally[] {
    return [...this.#classes.values()].filter((tally) => tally !== null);
  }

  /** Takes a difference. The values may be views of pages: what is kept is copied. */
  add(id: ClassId, marks: number, place: DiffPlace, a: DiffValue, b: DiffValue): void {
    const tally = this.#tally(id);
    if (tally === null || this.knows(id, place)) return;
    this.#onDifference?.(id, place);
    tally.count(marks);
    if ((marks & MARK_SECONDS) === 0) tally.base(a, b);
    tally.show(place, a, b, this.#max);
  }

  /** Whether a difference is known: then it is as if there were none. */
  knows(id: ClassId, place: DiffPlace): boolean {
    return this.#isKnown?.(id, place) ?? false;
  }

  /** Takes an entry that needs no example: one below a directory that one side lacks. */
  addUnshown(id: "added" | "removed", marks: number): void {
    this.#tally(id)?.count(marks);
  }

  #tally(id: ClassId): ClassTally | null {
    const known = this.#classes.get(id);
    if (known !== undefined) return known;
    if (this.#classes.size >= XATTR_CLASSES_MAX && baseOf(id) === "xattr" && id !== OTHER_XATTRS) {
      return this.#accepts(id) ? this.#tally(OTHER_XATTRS) : null;
    }
    const tally = this.#accepts(id) ? new ClassTally(id) : null;
    this.#classes.set(id, tally);
    return tally;
  }
}

/** A class in the making. */
class ClassTally {
  readonly diff: ClassDiff;
  /** Examples in their order, several times when the walk went back; each time at most as many as are wanted. */
  readonly #shown: Array<{ order: number; example: DiffExample }> = [];
  /** Where in `#shown` the current order began. */
  #from = 0;

  constructor(id: ClassId) {
    const side = (): SideFacts => ({ absent: 0, zero: 0, greater: 0, bits: 0, uniform: undefined });
    this.diff = {
      id,
      count: 0,
      of: 0,
      examples: [],
      bins: new Map(),
      based: 0,
      a: side(),
      b: side(),
      delta: undefined,
    };
  }

  count(marks: number): void {
    this.diff.count++;
    this.diff.bins.set(marks, (this.diff.bins.get(marks) ?? 0) + 1);
  }

  /** Bases the facts on one more difference. */
  base(a: DiffValue, b: DiffValue): void {
    const { diff } = this;
    const isFirst = diff.based++ === 0;
    note(diff.a, a, b, isFirst);
    note(diff.b, b, a, isFirst);
    if (isFirst) diff.delta = difference(a, b);
    else if (diff.delta !== undefined && !isSame(diff.delta, difference(a, b))) diff.delta = undefined;
  }

  /** Keeps an example when there are fewer than `max` before it. */
  show(place: DiffPlace, a: DiffValue, b: DiffValue, max: number): void {
    if (this.#shown.length - this.#from >= max) return;
    this.#shown.push({ order: place.order, example: { path: place.path(), a: copyOf(a), b: copyOf(b) } });
  }

  goBack(): void {
    this.#from = this.#shown.length;
  }

  /** Ends the class: the first `max` examples, in the order of the tree. */
  end(max: number): ClassDiff {
    if (this.#from > 0) this.#shown.sort((x, y) => x.order - y.order);
    return { ...this.diff, examples: this.#shown.slice(0, max).map(({ example }) => example) };
  }
}

function note(side: SideFacts, value: DiffValue, other: DiffValue, isFirst: boolean): void {
  if (value === undefined) side.absent++;
  if (!isScalar(value)) return;
  if (isZero(value)) side.zero++;
  if (isFirst) side.uniform = value;
  else if (side.uniform !== undefined && !isSame(side.uniform, value)) side.uniform = undefined;
  if (typeof value === "object" || typeof other !== typeof value) return;
  if (value > (other as number | bigint)) side.greater++;
  if (typeof value === "number") side.bits |= value & ~(other as number);
}

type Scalar = number | bigint | OwnerValue;

function isScalar(value: DiffValue): value is Scalar {
  return typeof value === "number" || typeof value === "bigint" || (typeof value === "object" && "uid" in value);
}

function isZero(value: Scalar): boolean {
  return typeof value === "object" ? value.uid === 0 && value.gid === 0 : value === 0 || value === 0n;
}

function isSame(x: DiffValue, y: DiffValue): boolean {
  if (typeof x !== "object" || typeof y !== "object") return x === y;
  return "uid" in x && "uid" in y && x.uid === y.uid && x.gid === y.gid;
}

function difference(a: DiffValue, b: DiffValue): number | OwnerValue | undefined {
  if (!isScalar(a) || !isScalar(b)) return undefined;
  if (typeof a === "object" && typeof b === "object") return { uid: b.uid - a.uid, gid: b.gid - a.gid };
  return Number(b) - Number(a);
}

/** A copy that does not keep a page of records alive. */
function copyOf(value: DiffValue): DiffValue {
  if (value instanceof Uint8Array) return value.slice();
  if (typeof value !== "object" || !("size" in value) || "type" in value) return value;
  const { size, content, digest, object } = value;
  return { size, content: content?.slice(), digest: digest?.slice(), object: object?.slice() };
}
