/**
 * What the engine tells of a tree and of an image, as plain objects. Counts are of entries; sizes are in bytes, exact up
 * to 2^53.
 */

/** What a tree holds. */
export interface TreeCounts {
  /** All entries, the root and hardlink names included: the lines of the dumpfile. */
  entries: number;
  directories: number;
  hardlinks: number;
  /** Regular files whose content is an object outside the image. */
  externalFiles: number;
  /** Regular files whose content is in the image. */
  inlineFiles: number;
  symlinks: number;
  whiteouts: number;
  /** Hash of the object digests, null when the tree names none. */
  objectHash: "sha256" | "sha512" | null;
  /** Length of the input. */
  inputBytes: number;
  /** Sum of the sizes of all external files. */
  externalBytes: number;
}

/** What the engine knows of an image before it is written. */
export interface ImageLayout {
  /** composefs_version of the image: 0, 1 or 2. */
  version: number;
  /** Size of the image in bytes. */
  size: number;
  /** Inodes, those of the 256 whiteout stubs included. */
  inodes: number;
  sharedXattrs: number;
}

/** What the engine found of an image that it read, beside the tree. */
export interface StoredImage {
  /** composefs_version of its header: 0, 1 or 2. */
  version: number;
  /** Size of the image in bytes. */
  size: number;
  /** Stubs in the root, which are no part of the tree. */
  stubs: number;
}

/** A page of records, copied out of the engine. */
export interface RecordPage {
  count: number;
  bytes: Uint8Array<ArrayBuffer>;
}
