/**
 * The image of a tree, written and read back: what knows the structures of an image that is no file yet.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { ComposefsError } from "../error.ts";
import { ScanJob } from "./job.ts";
import type { VerityAlgorithm } from "./profile.ts";
import type { Tree } from "./tree.ts";

/**
 * Writes the v1 image of a tree and reads it into another engine.
 *
 * @param tree what was open on it is over
 * @param engine reset, and busy with the image from here on
 * @param algorithm of the digest
 * @throws {ComposefsError} PROFILE_HASH, EROFS_*, IMAGE_*, ENGINE_MEMORY
 */
export function writeAndRead(
  tree: Tree,
  engine: Engine,
  algorithm: VerityAlgorithm,
  accelerator: Accelerator,
): { imageTree: Tree; digest: string } {
  const image = tree.openImage("v1", [algorithm]);
  const job = new ScanJob(engine, { strict: false, accelerator });
  for (let piece = image.read(); piece.length > 0; piece = image.read()) job.write(piece);
  try {
    return { imageTree: job.end(), digest: image.digests()[algorithm]! };
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.isBug) throw error;
    // Some trees make images that no reader takes, such as a linked file with an xattr by which a whiteout is known.
    throw new ComposefsError(error.code, `the v1 image of this tree cannot be read: ${error.message}`, error.data);
  }
}
