/**
 * Where things are in a repository: the layout of the reference tools, so that they can share it.
 *
 *   REPO/objects/xx/yyyy…    contents of files, by fs-verity digest: two hex digits, a slash, the others (fsverity.md 3)
 *   REPO/images/DIGEST       images, by the fs-verity digest of the image, in lower-case hex
 */

/** The directory of the objects, from the repository on: the data-only layer of a mount. */
export const OBJECTS = "objects";
/** The directory of the images. */
export const IMAGES = "images";

/** Path of an object, from the repository on. @param digest 64 or 128 lower-case hex digits */
export function objectPath(digest: string): string {
  return `${OBJECTS}/${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** Path of an image, from the repository on. @param digest 64 or 128 lower-case hex digits */
export function imagePath(digest: string): string {
  return `${IMAGES}/${digest}`;
}
