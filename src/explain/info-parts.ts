/**
 * The parts of an image: its regions, summed up by what they are for.
 */

import { E_NAME_INDEX, E_VALUE_SIZE, H_SHARED_COUNT, XATTR_ENTRY_BYTES, XATTR_HEADER_BYTES } from "./structures.ts";
import type { ImageReader } from "./walk.ts";
import type { StructureKind } from "./walk-data.ts";

/**
 *   headers            composefs header and superblock
 *   redirects          xattrs overlay.metacopy and overlay.redirect: which object a file's content is
 *   xattr references   headers of xattrs and references to shared ones
 *   directory entries  dirents and names
 */
export type PartName =
  | "headers"
  | "compact inodes"
  | "extended inodes"
  | "redirects"
  | "other xattrs"
  | "xattr references"
  | "directory entries"
  | "symlink targets"
  | "inline contents"
  | "chunk pointers"
  | "stubs"
  | "padding";

/** Bytes of one kind. */
export interface Part {
  part: PartName;
  /** Structures: inodes, xattrs, blocks and tails, runs of padding. */
  count: number;
  bytes: number;
}

/** A region of an image. */
export interface Region {
  kind: StructureKind;
  offset: number;
  bytes: number;
  /** Cursor index of the entry that it belongs to. */
  entry: number;
}

const PARTS: readonly PartName[] = [
  "headers",
  "compact inodes",
  "extended inodes",
  "redirects",
  "other xattrs",
  "xattr references",
  "directory entries",
  "symlink targets",
  "inline contents",
  "chunk pointers",
  "stubs",
  "padding",
];

/** Parts of the kinds that are one; xattrs and contents are told apart. */
const PART_OF_KIND: Partial<Record<StructureKind, PartName>> = {
  "composefs header": "headers",
  superblock: "headers",
  "compact inode": "compact inodes",
  "extended inode": "extended inodes",
  dirents: "directory entries",
  "chunk pointers": "chunk pointers",
  stub: "stubs",
  padding: "padding",
};

/** e_name_index of `trusted.`, and the suffixes of the xattrs that lead to objects. */
const INDEX_TRUSTED = 4;
const REDIRECTS = ["overlay.metacopy", "overlay.redirect"].map((suffix) => new TextEncoder().encode(suffix));

function isRedirect(suffix: Uint8Array): boolean {
  return REDIRECTS.some((known) => known.length === suffix.length && known.every((byte, i) => byte === suffix[i]));
}

/** Sums regions up. */
export class PartCounter {
  readonly #image: ImageReader;
  readonly #isSymlink: (entry: number) => boolean;
  readonly #sums = new Map<PartName, Part>(PARTS.map((part) => [part, { part, count: 0, bytes: 0 }]));

  constructor(image: ImageReader, isSymlink: (entry: number) => boolean) {
    this.#image = image;
    this.#isSymlink = isSymlink;
  }

  /** The parts that occur. */
  parts(): Part[] {
    return [...this.#sums.values()].filter(({ bytes }) => bytes > 0);
  }

  add(region: Region): void {
    const { kind, offset, bytes, entry } = region;
    if (kind === "xattrs") this.#addXattrs(this.#image.read(offset, bytes));
    else if (kind === "shared xattr") this.#addEntries(this.#image.read(offset, bytes), 0);
    else this.#count(PART_OF_KIND[kind] ?? (this.#isSymlink(entry) ? "symlink targets" : "inline contents"), bytes);
  }

  #count(part: PartName, bytes: number): void {
    const sum = this.#sums.get(part)!;
    sum.count++;
    sum.bytes += bytes;
  }

  /** Header, references, local entries: struct erofs_xattr_ibody_header. */
  #addXattrs(region: Uint8Array): void {
    const references = Math.min(XATTR_HEADER_BYTES + 4 * (region[H_SHARED_COUNT] ?? 0), region.length);
    this.#count("xattr references", references);
    this.#addEntries(region, references);
  }

  /** Entries from an offset to the end. In a region that others overlap the last one is what is left of it. */
  #addEntries(region: Uint8Array, from: number): void {
    const view = new DataView(region.buffer, region.byteOffset, region.length);
    for (let at = from; at < region.length; ) {
      const rest = region.length - at;
      const nameBytes = region[at]!;
      const valueBytes = rest < XATTR_ENTRY_BYTES ? 0 : view.getUint16(at + E_VALUE_SIZE, true);
      const bytes = Math.min((XATTR_ENTRY_BYTES + nameBytes + valueBytes + 3) & ~3, rest);
      const name = region.subarray(at + XATTR_ENTRY_BYTES, at + XATTR_ENTRY_BYTES + nameBytes);
      const isTrusted = region[at + E_NAME_INDEX] === INDEX_TRUSTED;
      this.#count(isTrusted && isRedirect(name) ? "redirects" : "other xattrs", bytes);
      at += bytes;
    }
  }
}
