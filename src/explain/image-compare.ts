/**
 * Compares the bytes of an image with others, structure by structure: both stream, nothing is kept but a few findings.
 */

import type { Tree } from "../image/tree.ts";
import { escapeBytes } from "./display.ts";
import { fieldAt } from "./image-fields.ts";
import { ImageReader, type Region, regionPathOf, regionsOf, StructureDecoder } from "./walk.ts";
import type { Field, StructureKind } from "./walk-data.ts";

/** Bytes that are compared with an image, from their beginning on. */
export interface ComparedBytes {
  size: number;
  /** The next piece, valid until the next call; empty at the end. */
  read(): Uint8Array;
}

/** A field in which two structures differ, and its two values as text. */
export interface FieldDifference {
  /** What structure it is in. */
  structure: StructureKind;
  /** Path of the entry that the structure belongs to, with the escapes of composefs-dump(5). */
  path?: string;
  field: string;
  /** In the image, bytes. */
  offset: number;
  a: string;
  b: string;
}

/** What differs between the bytes of an image A and others, B. */
export interface ImageComparison {
  sizes: { a: number; b: number };
  /** Bytes of A that B has another value for, or lacks. */
  bytes: number;
  /** Structures of A with such bytes, and all. */
  structures: number;
  of: number;
  /** Fields of the composefs header and the superblock that differ. */
  head: FieldDifference[];
  /** What differs first behind them. */
  first?: FieldDifference;
  /** How many structures of each kind differ. */
  kinds: Partial<Record<StructureKind, number>>;
  /** Fields that differ first in their structures: of the first thousand structures. */
  fields: string[];
}

/** Bytes that are compared at once: no structure but padding is longer. */
const PIECE_BYTES = 1 << 19;
/** Structures of which the differing field is looked for. */
const LOOKED_AT = 1000;
const HEAD: readonly StructureKind[] = ["composefs header", "superblock"];

/** Bytes that come in pieces, taken in lengths that the reader wants. */
class PieceReader {
  readonly #source: ComparedBytes;
  #piece = new Uint8Array(0);

  constructor(source: ComparedBytes) {
    this.#source = source;
  }

  /** The next `length` bytes, fewer at the end. */
  take(length: number): Uint8Array {
    const taken = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#piece.length === 0) this.#piece = this.#source.read().slice();
      if (this.#piece.length === 0) break;
      const part = this.#piece.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#piece = this.#piece.subarray(part.length);
    }
    return taken.subarray(0, filled);
  }
}

/** How many bytes of `a` are not those of `b`, and where the first is; -1 for none. */
function countDifferences(a: Uint8Array, b: Uint8Array): { count: number; first: number } {
  let count = 0;
  let first = -1;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    if (count++ === 0) first = i;
  }
  return { count, first };
}

/** The first piece of a region in which A and B differ. */
interface Difference {
  /** Where the piece begins in the region. */
  at: number;
  a: Uint8Array;
  b: Uint8Array;
  /** The first byte of the piece that differs. */
  first: number;
}

/** Compares the bytes of a region, piece by piece. */
function compareRegion(
  region: Region,
  image: ImageReader,
  other: PieceReader,
): { bytes: number; difference?: Difference } {
  let bytes = 0;
  let difference: Difference | undefined;
  for (let at = 0; at < region.bytes; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, region.bytes - at);
    const b = other.take(length);
    const a = image.read(region.offset + at, length);
    const { count, first } = countDifferences(a, b);
    bytes += count;
    if (count > 0) difference ??= { at, a, b, first };
  }
  return { bytes, ...(difference && { difference }) };
}

/**
 * Compares an image with other bytes.
 *
 * @param tree with an image, A; nothing else may be made of it meanwhile
 * @param other B; not of the same engine
 * @throws {ComposefsError} ENGINE_MEMORY
 */
export function compareImage(tree: Tree, other: ComparedBytes): ImageComparison {
  const fetch = (offset: number, length: number) => tree.imageBytes(offset, length);
  const decoder = new StructureDecoder(fetch);
  const image = new ImageReader(fetch);
  const others = new PieceReader(other);
  const names = new Set<string>();
  const sizes = { a: tree.image!.size, b: other.size };
  const found: ImageComparison = { sizes, bytes: 0, structures: 0, of: 0, head: [], kinds: {}, fields: [] };
  for (const region of regionsOf(tree)) {
    const { kind, offset } = region;
    const { bytes, difference } = compareRegion(region, image, others);
    found.of++;
    found.bytes += bytes;
    if (difference === undefined) continue;
    found.structures++;
    found.kinds[kind] = (found.kinds[kind] ?? 0) + 1;
    if (found.structures > LOOKED_AT) continue;
    const path = regionPathOf(tree, region);
    const fields = fieldsOf(kind, decoder.fields(kind, offset, region.bytes), difference).map((field) => ({
      structure: kind,
      ...(path && { path: escapeBytes(path) }),
      ...field,
      offset: offset + field.offset,
    }));
    if (HEAD.includes(kind)) {
      found.head.push(...fields);
    } else {
      found.first ??= fields[0]!;
      names.add(fields[0]!.field);
    }
  }
  found.fields = [...names];
  return found;
}

/** The fields of a structure that differ: of header and superblock all, since each concerns the whole image. */
function fieldsOf(kind: StructureKind, fields: readonly Field[], { at, a, b, first }: Difference) {
  const found: Array<Pick<FieldDifference, "field" | "offset" | "a" | "b">> = [];
  for (let i = first; i >= 0; ) {
    const { end, ...difference } = fieldAt(kind, fields, a, b, i);
    found.push({ ...difference, offset: at + difference.offset });
    if (!HEAD.includes(kind)) break;
    const next = countDifferences(a.subarray(end), b.subarray(end)).first;
    i = next < 0 ? next : end + next;
  }
  return found;
}
