/**
 * Where things are in a repository: the layout of the reference tools, so that they can share it.
 *
 *   REPO/objects/xx/yyyy…    contents of files, by fs-verity digest: two hex digits, a slash, the others (fsverity.md 3)
 *   REPO/images/DIGEST       images, by the fs-verity digest of the image, in lower-case hex: links to their objects
 *   REPO/images/refs/NAME    names of images: links to images/DIGEST; a NAME may have slashes in it
 *   REPO/streams             what composefs-rs keeps beside them
 *   REPO/meta.json           which hash a repository of composefs-rs has, and what a tool must know to write to it
 *   REPO/objects/.tmp        ours: files that are being written. Not beside the objects, where the garbage collection of
 *                            composefs-rs stops at names that are no digests
 */

import type { HashName } from "../engine/slot.ts";

/** The directory of the objects, from the repository on: the data-only layer of a mount. */
export const OBJECTS = "objects";
/** The directory of the images. */
export const IMAGES = "images";

/** The directory of the names of images. */
export const REFS = "images/refs";
/** The directory of the split streams of composefs-rs. */
export const STREAMS = "streams";
/** The file of composefs-rs that says what a repository is. */
export const META = "meta.json";
/** The directory of files that are being written. */
export const TEMPORARY = "objects/.tmp";

/** Hex digits of a digest by hash. */
const DIGITS: Record<HashName, number> = { sha256: 64, sha512: 128 };

/** The hash of a digest in lower-case hex; undefined for what is none. Nothing else becomes part of a path. */
export function hashOfDigest(text: string): HashName | undefined {
  if (!/^[0-9a-f]+$/.test(text)) return undefined;
  return (["sha256", "sha512"] as const).find((hash) => text.length === DIGITS[hash]);
}

/** Path of an object, from the repository on. @param digest 64 or 128 lower-case hex digits */
export function objectPath(digest: string): string {
  return `${OBJECTS}/${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** Path of an image, from the repository on. @param digest 64 or 128 lower-case hex digits */
export function imagePath(digest: string): string {
  return `${IMAGES}/${digest}`;
}
