/**
 * Why two images of one tree are not the same file, and whether each is the one that this package writes.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { ScanJob } from "../image/job.ts";
import type { ImageFormat } from "../image/profile.ts";
import type { OpenImage, Tree } from "../image/tree.ts";
import { type Cause, causeOf } from "./image-cause.ts";
import { type ComparedBytes, compareImage, type ImageComparison } from "./image-compare.ts";

/** Whether an image is canonical: the bytes that the writer makes of its tree in its own format. */
export interface Canonical {
  canonical: boolean;
  /** How it differs from those, A being the image; undefined when it does not. */
  comparison?: ImageComparison;
  cause?: Cause;
  /** Why the writer refuses the tree, if it does. */
  refusal?: string;
}

/** What {@link explainImages} finds. */
export interface ImageExplanation {
  /** Whether the images are the same bytes. */
  equal: boolean;
  /** Formats; null for a dumpfile. */
  formats: { a: ImageFormat | null; b: ImageFormat | null };
  /**
   * How the images differ. Undefined when they are equal, and when their formats are not the same, which explains
   * everything. Where one side is a dumpfile it stands for the image that it gives in the format of the other one,
   * which is the image A of the comparison, whichever side it is.
   */
  comparison?: ImageComparison;
  /** Undefined for a dumpfile. */
  a?: Canonical;
  b?: Canonical;
}

/** Bytes of a stored image that are read at once. */
const PIECE_BYTES = 1 << 20;

/**
 * Explains two images of one tree, or an image and a dumpfile of its tree.
 *
 * @param a a tree
 * @param b an equal one, in another engine; at least one of them was read from an image
 * @param accelerator as the trees have it
 * @throws {ComposefsError} ENGINE_MEMORY; EROFS_* when a format cannot hold the tree
 * @example
 * const { equal, comparison } = explainImages(a, b, "auto")
 * if (!equal) console.log(comparison?.first)
 */
export function explainImages(a: Tree, b: Tree, accelerator: Accelerator): ImageExplanation {
  const formats = { a: a.format ?? null, b: b.format ?? null };
  const canonical = {
    ...(a.image && { a: checkCanonical(a, accelerator) }),
    ...(b.image && { b: checkCanonical(b, accelerator) }),
  };
  if (a.image !== undefined && b.image !== undefined && a.format !== b.format) {
    return { equal: false, formats, ...canonical };
  }
  const comparison =
    a.image === undefined ? compareImage(b, bytesOf(a, b.format!)) : compareImage(a, bytesOf(b, a.format!));
  const equal = isSame(comparison);
  return { equal, formats, ...(!equal && { comparison }), ...canonical };
}

/**
 * Checks whether the image of a tree is what the writer makes of it.
 *
 * @param tree with an image
 * @throws {ComposefsError} ENGINE_MEMORY
 */
export function checkCanonical(tree: Tree, accelerator: Accelerator): Canonical {
  // The engine can list the regions of an image or write one: writing takes another engine.
  const engine = acquireEngineSync();
  try {
    const job = new ScanJob(engine, { strict: false, accelerator });
    const stored = storedBytes(tree);
    for (let piece = stored.read(); piece.length > 0; piece = stored.read()) job.write(piece);
    const comparison = compareImage(tree, writtenBytes(job.end().openImage(tree.format!, [])));
    if (isSame(comparison)) return { canonical: true };
    return { canonical: false, comparison, cause: causeOf(comparison, tree) };
  } catch (error) {
    if (!(error instanceof ComposefsError) || !error.code.startsWith("EROFS_")) throw error;
    return { canonical: false, cause: "other-writer", refusal: error.message };
  } finally {
    releaseEngine(engine);
  }
}

function isSame({ bytes, sizes }: ImageComparison): boolean {
  return bytes === 0 && sizes.a === sizes.b;
}

/** The image of a tree as it was read, or the one that a dumpfile gives. */
function bytesOf(tree: Tree, format: ImageFormat): ComparedBytes {
  return tree.image === undefined ? writtenBytes(tree.openImage(format, [])) : storedBytes(tree);
}

function storedBytes(tree: Tree): ComparedBytes {
  const { size } = tree.image!;
  let at = 0;
  return {
    size,
    read() {
      const piece = tree.imageBytes(at, Math.min(PIECE_BYTES, size - at));
      at += piece.length;
      return piece;
    },
  };
}

function writtenBytes(image: OpenImage): ComparedBytes {
  return { size: image.layout.size, read: () => image.read() };
}
