/**
 * An image that was read against an image that is written of its tree: where the two begin to differ, and how much of
 * them does. An image is canonical when nothing does (erofs-reader.md 4.5).
 */

import { OUTPUT_WINDOW_BYTES } from "../../assembly/abi.ts";
import type { ImageFormat } from "../image/profile.ts";
import type { Tree } from "../image/tree.ts";
import { walkImage } from "./walk.ts";
import type { StructureKind } from "./walk-data.ts";

/** Block of an image, in bytes: erofs-v1.md 1. */
export const BLOCK_BYTES = 4096;

/** What {@link ImageComparer} finds. */
export interface Comparison {
  /** Format in which the tree was written. */
  format: ImageFormat;
  /** Size of the written image in bytes. */
  size: number;
  /** Offset of the first byte that differs; undefined when the images are the same. */
  firstDifference: number | undefined;
  /** Blocks of 4096 bytes that differ, those counted that only one of the images has. */
  differentBlocks: number;
}

/** Where the first byte that differs is in the image that was read. */
export interface Place {
  kind: StructureKind;
  /** Name of the field. */
  field: string | undefined;
  /** Path of the entry that it belongs to; undefined when it belongs to none. */
  path: Uint8Array | undefined;
}

export class ImageComparer {
  readonly #tree: Tree;
  readonly #format: ImageFormat;
  #size = 0;
  #firstDifference: number | undefined;
  #differentBlocks = 0;

  /** @param tree one that has an image @param format of the image that will be written */
  constructor(tree: Tree, format: ImageFormat) {
    this.#tree = tree;
    this.#format = format;
  }

  /** Takes the next piece of the written image, whole blocks and at most 1 MiB; makes it invalid. */
  write(piece: Uint8Array): void {
    const written = piece.slice();
    const room = Math.max(0, Math.min(this.#tree.image!.size - this.#size, OUTPUT_WINDOW_BYTES, written.length));
    const stored = this.#tree.imageBytes(room > 0 ? this.#size : 0, room);
    for (let start = 0; start < written.length; start += BLOCK_BYTES) {
      const at = differenceIn(written, stored, start, Math.min(start + BLOCK_BYTES, written.length));
      if (at === undefined) continue;
      this.#firstDifference ??= this.#size + at;
      this.#differentBlocks++;
    }
    this.#size += written.length;
  }

  /** Ends the written image. */
  end(): Comparison {
    const rest = this.#tree.image!.size - this.#size;
    if (rest > 0) {
      this.#firstDifference ??= this.#size;
      this.#differentBlocks += Math.ceil(rest / BLOCK_BYTES);
    }
    return {
      format: this.#format,
      size: this.#size,
      firstDifference: this.#firstDifference,
      differentBlocks: this.#differentBlocks,
    };
  }
}

/** What is at an offset of the image that a tree was read from; undefined behind its end. */
export function placeOf(tree: Tree, offset: number): Place | undefined {
  for (const { kind, offset: start, path, fields } of walkImage(tree, { from: offset, to: offset + 1 })) {
    const at = offset - start;
    const field = fields.find((candidate) => candidate.offset <= at && at < candidate.offset + candidate.bytes);
    return { kind, field: field?.name, path };
  }
  return undefined;
}

/** Comparisons, the most alike first: few blocks that differ, then a long way before they do. */
export function nearestFirst(comparisons: readonly Comparison[]): Comparison[] {
  const sameBytes = ({ firstDifference }: Comparison) => firstDifference ?? Number.POSITIVE_INFINITY;
  return [...comparisons].sort((a, b) => a.differentBlocks - b.differentBlocks || sameBytes(b) - sameBytes(a));
}

/** Index of the first byte from `start` to `end` in which two arrays differ; the second one may end before. */
function differenceIn(a: Uint8Array, b: Uint8Array, start: number, end: number): number | undefined {
  for (let i = start; i < end; i++) if (a[i] !== b[i]) return i;
  return undefined;
}
