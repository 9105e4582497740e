/**
 * `mkcomposefs DIR IMAGE`: the directory as C mkcomposefs 1.0.8 reads it.
 *
 * Every name is an inode of its own, hard links or not, since C does not look for them; `--hardlinks`, which C does not
 * have, keeps them. Nothing is transformed.
 *
 * Where this differs from C: a file that changes while it is read is an error; the image is not written before the
 * directory was read, so that an image inside of it is not part of itself.
 */

import { lstatSync } from "node:fs";
import type { Accelerator } from "../engine/calibrate.ts";
import { acquireEngineSync } from "../engine/load.ts";
import { layerContents } from "../image/find-content.ts";
import { toHex } from "../image/hex.ts";
import { mergeLayers } from "../image/merge.ts";
import { readDirectory } from "../image/read-directory.node.ts";
import type { Tree } from "../image/tree.ts";
import type { FileIdentity } from "../linux/directory-scan.node.ts";
import { storeFile } from "../linux/directory-store.node.ts";
import { pathBytes } from "../linux/path.node.ts";
import { noteUnseen } from "./unseen.ts";

/** Most threads of one process, whatever was asked for. */
const THREADS_MAX = 64;

/** What of a directory becomes an image. */
export interface DirectoryJob {
  source: string;
  digestStore: string | undefined;
  useEpoch: boolean;
  skipDevices: boolean;
  skipXattrs: boolean;
  userXattrs: boolean;
  hardlinks: boolean;
  /** Undefined: by the processors. */
  threads: number | undefined;
}

/** Whether a source is a directory, not a symbolic link to one. @throws what node:fs throws */
export function isDirectorySource(source: string): boolean {
  return lstatSync(source).isDirectory();
}

/**
 * Reads a directory into a tree, and stores its contents where that was asked for.
 *
 * @throws {ComposefsError} what `readDirectory`, `mergeLayers` and `storeFile` give
 */
export async function readDirectoryTree(job: DirectoryJob, accelerator: Accelerator): Promise<Tree> {
  const xattrs = job.skipXattrs ? "none" : job.userXattrs ? "user" : "all";
  const files = new Map<string, FileIdentity>();
  const layer = await readDirectory(job.source, {
    hashes: ["sha256"],
    threads: job.threads === undefined ? undefined : Math.min(job.threads, THREADS_MAX),
    accelerator,
    xattrs,
    devices: !job.skipDevices,
    hardlinks: job.hardlinks,
    times: !job.useEpoch,
    onEntry: job.digestStore === undefined ? undefined : (entry) => files.set(keyOf(entry.path), entry.identity),
  });
  // Of what was left out on purpose there is nothing to say.
  noteUnseen(
    job.source,
    layer.unseen!.filter((what) => what !== "xattrs" || !job.skipXattrs),
  );
  if (job.digestStore !== undefined) {
    const root = pathBytes(job.source);
    for (const { digest, path } of layerContents(layer.records, "sha256")) {
      storeFile(root, job.digestStore, { path, identity: files.get(keyOf(path))!, digest: toHex(digest) });
    }
  }
  return mergeLayers(acquireEngineSync(), [layer.records], { hash: "sha256", transform: null }, accelerator);
}

/** One character for each byte. */
function keyOf(path: Uint8Array): string {
  return Buffer.from(path).toString("latin1");
}
