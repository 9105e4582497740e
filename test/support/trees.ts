/** Trees of dumpfiles, through the library's own engine. */

import { acquireEngineSync } from "../../src/engine/load.ts";
import { DumpJob } from "../../src/image/job.ts";
import type { Tree } from "../../src/image/tree.ts";

/** Reads a dumpfile; a string stands for its bytes as latin1. */
export function treeOf(dump: string | Uint8Array): Tree {
  const job = new DumpJob(acquireEngineSync(), { strict: false, accelerator: "off" });
  job.write(typeof dump === "string" ? Buffer.from(dump, "latin1") : dump);
  return job.end();
}

/** Digest of the image of format v1. */
export function digestOf(dump: string | Uint8Array): string {
  const tree = treeOf(dump);
  const algorithm = tree.counts.objectHash === "sha512" ? "sha512-12" : "sha256-12";
  const image = tree.openImage("v1", [algorithm]);
  while (image.read().length > 0);
  return image.digests()[algorithm]!;
}
