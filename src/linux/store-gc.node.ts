/**
 * Garbage collection: removes objects that no image names, and files that a crash has left half written.
 *
 * It holds the exclusive lock, so that nobody is adding objects meanwhile, and it removes nothing before it has read all
 * images: one that cannot be read, or is not what its digest says, ends it.
 */

import { lstatSync, unlinkSync } from "node:fs";
import type { Accelerator } from "../engine/calibrate.ts";
import { ComposefsError } from "../error.ts";
import { ioError, type SystemError } from "../source/files.node.ts";
import { checkImageDigest } from "./image-digest.node.ts";
import { joinPath, showPath } from "./path.node.ts";
import { hashOfDigest, imagePath, STREAMS, TEMPORARY } from "./repo-layout.ts";
import type { ObjectStore } from "./store.node.ts";
import { lockStore } from "./store-lock.node.ts";
import { listImages } from "./store-roots.node.ts";

/**
 * Age in milliseconds from which a file that is being written is taken for left over: an hour. No importer that respects
 * the lock is at work then; on a network file system some may not see it.
 */
export const TEMPORARY_AGE_MS = 3_600_000;

/** Digests of the objects that an image names, in hex; each as often as it likes. */
export type ReadReferences = (image: Buffer) => Iterable<string>;

/** Options of {@link collectGarbage}. */
export interface GarbageOptions {
  /** Say what would be removed, remove nothing. Default false. */
  dryRun?: boolean;
  /** Default {@link TEMPORARY_AGE_MS}. */
  temporaryAgeMs?: number;
  /** Default that of `lockStore`. */
  waitMs?: number;
  accelerator?: Accelerator;
}

/** What was removed, or would be. */
export interface GarbageReport {
  images: number;
  kept: number;
  removed: number;
  removedBytes: number;
  temporary: number;
  temporaryBytes: number;
}

/**
 * Collects the garbage.
 *
 * @throws {ComposefsError} STORE_STREAMS, STORE_BUSY, STORE_LAYOUT, LINUX_IMAGE_DIGEST, LINUX_KOFFI, IO_*, and what
 *   `references` gives; in a repository where nothing was removed then
 */
export async function collectGarbage(
  store: ObjectStore,
  references: ReadReferences,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  const { dryRun = false, temporaryAgeMs = TEMPORARY_AGE_MS } = options;
  const lock = await lockStore(store, dryRun ? "shared" : "exclusive", options.waitMs);
  try {
    if (store.hasFolder(STREAMS) && store.names(STREAMS).length > 0) {
      const message = `${showPath(store.path)}: it has streams, whose objects only cfsctl can tell; use cfsctl gc`;
      throw new ComposefsError("STORE_STREAMS", message, { path: store.path.toString() });
    }
    const report = { images: 0, kept: 0, removed: 0, removedBytes: 0, temporary: 0, temporaryBytes: 0 };
    const live = new Set<string>();
    for (const { digest } of listImages(store)) {
      const image = store.at(imagePath(digest));
      checkImageDigest(image, { hash: hashOfDigest(digest)!, blockBits: 12, digest }, options.accelerator);
      live.add(digest);
      for (const object of references(image)) live.add(object);
      report.images++;
    }
    for (const digest of store.digests()) {
      if (live.has(digest)) {
        report.kept++;
        continue;
      }
      report.removedBytes += remove(store.objectPath(digest), dryRun) ?? 0;
      report.removed++;
    }
    if (store.hasFolder(TEMPORARY)) {
      for (const name of store.names(TEMPORARY)) {
        const size = remove(store.at(joinPath(TEMPORARY, name)), dryRun, Date.now() - temporaryAgeMs);
        if (size === undefined) continue;
        report.temporaryBytes += size;
        report.temporary++;
      }
    }
    return report;
  } finally {
    lock.release();
  }
}

/**
 * Removes a file.
 *
 * @param before milliseconds since 1970: one that was changed since then stays
 * @returns the bytes that it had; undefined when it stays, or was gone already
 */
function remove(path: Buffer, dryRun: boolean, before?: number): number | undefined {
  try {
    const stats = lstatSync(path);
    if (before !== undefined && stats.ctimeMs > before) return undefined;
    if (!dryRun) unlinkSync(path);
    return stats.size;
  } catch (cause) {
    if ((cause as SystemError).code === "ENOENT") return undefined;
    throw ioError("IO_WRITE", path.toString(), cause);
  }
}
