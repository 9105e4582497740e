/** Images and the trees in them, through the library's own engine. */

import { acquireEngineSync } from "../../src/engine/load.ts";
import { ScanJob } from "../../src/image/job.ts";
import type { ImageFormat } from "../../src/image/profile.ts";
import type { Tree } from "../../src/image/tree.ts";
import { treeOf } from "./trees.ts";

/** The image of a dumpfile; a string stands for its bytes as latin1. */
export function imageOf(dump: string | Uint8Array, format: ImageFormat): Buffer {
  const image = treeOf(dump).openImage(format, []);
  const pieces: Uint8Array[] = [];
  for (let piece = image.read(); piece.length > 0; piece = image.read()) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

/** Reads an image. */
export function scan(image: Uint8Array): Tree {
  const job = new ScanJob(acquireEngineSync(), { strict: false, accelerator: "off" });
  job.write(image);
  return job.end();
}
