/**
 * Storing an image: its objects, the image itself, and at last the reference that makes them stay.
 *
 * At no time is there a reference to something that is not whole and on the disk. Whatever ends it, before the reference
 * the repository has only more objects than it needs, which the next import takes and the garbage collection removes.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import { ComposefsError } from "../error.ts";
import { showPath } from "../linux/path.node.ts";
import type { ObjectStore } from "../linux/store.node.ts";
import { lockStore } from "../linux/store-lock.node.ts";
import type { VerityCalls } from "../linux/store-object.node.ts";
import { addImage, checkName } from "../linux/store-roots.node.ts";
import { ObjectWriter } from "../linux/store-write.node.ts";
import type { ImageFormat, VerityAlgorithm } from "./profile.ts";
import type { ContentSource } from "./store-contents.node.ts";
import { objectUses } from "./store-image.node.ts";
import type { Tree } from "./tree.ts";

/** Options of {@link storeImage}. */
export interface StoreImageOptions {
  format: ImageFormat;
  /** With blocks of 4096 bytes: the image is an object like others. */
  algorithm: VerityAlgorithm;
  /** Asked one after the other for what is missing. */
  contents: readonly ContentSource[];
  /** Null: without fs-verity. */
  verity: VerityCalls | null;
  /** Of the image, for fs-verity: PKCS#7 in DER. */
  signature?: Uint8Array | undefined;
  names?: readonly Uint8Array[];
  accelerator?: Accelerator;
  /** Milliseconds; default that of `lockStore`. */
  waitMs?: number | undefined;
}

/** What was stored. */
export interface StoredReport {
  format: ImageFormat;
  /** Of the image, in hex. */
  digest: string;
  /** Of the image, in bytes. */
  size: number;
  /** Objects that the tree names, each once. */
  objects: number;
  /** Objects that were not there, the image among them, and their bytes. */
  written: number;
  writtenBytes: number;
  /** Those of them that were damaged. */
  repaired: number;
  /** Whether the image itself was written: if not, it has the signature that it had, or none. */
  isImageWritten: boolean;
}

/**
 * Stores the image of a tree with its objects.
 *
 * @param tree its engine is used for nothing else meanwhile
 * @throws {ComposefsError} STORE_*, EROFS_*, IO_*, VERITY_*, LINUX_*, and what the contents give
 */
export async function storeImage(store: ObjectStore, tree: Tree, options: StoreImageOptions): Promise<StoredReport> {
  const { format, algorithm, contents, verity, names = [], accelerator = "auto" } = options;
  for (const name of names) checkName(name);
  const wanted = wantedObjects(tree);
  const objects = wanted.size;
  const lock = await lockStore(store, "shared", options.waitMs);
  const writer = new ObjectWriter(store, lock, { verity, accelerator });
  try {
    for (const [digest, size] of wanted) if (writer.has(digest, size)) wanted.delete(digest);
    for (const source of contents) if (wanted.size > 0) await source.write(wanted, writer);
    requireNone(wanted, store);
    const { digest, size } = measureImage(tree, format, algorithm);
    const isImageWritten = !writer.has(digest, size);
    if (isImageWritten) {
      const image = tree.openImage(format, []);
      writer.begin(digest, size, options.signature);
      for (let piece = image.read(); piece.length > 0; piece = image.read()) writer.write(piece);
      writer.end();
    }
    writer.commit();
    // The names of the objects, before something leads to them.
    if (writer.counts.written > 0) lock.sync();
    addImage(store, digest, names);
    return { format, digest, size, objects, ...writer.counts, isImageWritten };
  } finally {
    writer.discard();
    lock.release();
  }
}

/** @throws {ComposefsError} STORE_OBJECT_NAME */
function wantedObjects(tree: Tree): Map<string, number> {
  const wanted = new Map<string, number>();
  for (const { digest, size, path } of objectUses(tree)) {
    if (digest === undefined) {
      const text = showPath(path);
      throw new ComposefsError("STORE_OBJECT_NAME", `${text}: its object has another name than its digest`, { text });
    }
    wanted.set(digest, size);
  }
  return wanted;
}

/** @throws {ComposefsError} STORE_OBJECT_MISSING */
function requireNone(missing: ReadonlyMap<string, number>, store: ObjectStore): void {
  const [first] = missing.keys();
  if (first === undefined) return;
  const count = missing.size === 1 ? "an object" : `${missing.size} objects`;
  const message = `${showPath(store.path)}: ${count} of the image can be had nowhere, such as ${first}`;
  throw new ComposefsError("STORE_OBJECT_MISSING", message, { text: first, actual: missing.size });
}

/** Before it is written: an image that is there is not written again, nor under a temporary name. */
function measureImage(tree: Tree, format: ImageFormat, algorithm: VerityAlgorithm): { digest: string; size: number } {
  const image = tree.openImage(format, [algorithm]);
  while (image.read().length > 0);
  return { digest: image.digests()[algorithm]!, size: image.layout.size };
}
