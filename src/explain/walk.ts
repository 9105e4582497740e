/**
 * A walk over an image: structure by structure in the order of the bytes, each with its fields and the entry that it
 * belongs to. Nothing is kept, whatever the size of the image.
 */

import * as abi from "../../assembly/abi.ts";
import type { Tree } from "../image/tree.ts";
import * as s from "./structures.ts";
import type { Field, PadField, Structure, StructureKind } from "./walk-data.ts";
import {
  bytesField,
  direntFields,
  inodeFields,
  padField,
  readNumber,
  type SharedLookup,
  tableFields,
  xattrField,
  xattrPartFields,
} from "./walk-fields.ts";

/** Which structures a walk gives; all without options. */
export interface WalkOptions {
  /** Those that end behind this offset. */
  from?: number | undefined;
  /** Those that begin before this offset. */
  to?: number | undefined;
  /** Those of one entry, by its index; of a hardlink the index of its owner. */
  entry?: number | undefined;
  /** Those of one stub, by its name as a number. */
  stub?: number | undefined;
}

/** Bytes that are fetched at once: many structures, of which the longest has some 260 KiB. */
const FETCH_BYTES = 1 << 16;

/** The kinds of structures by REGION_KIND_*. */
const KINDS: Readonly<Record<number, StructureKind>> = {
  [abi.REGION_KIND_HEADER]: "composefs header",
  [abi.REGION_KIND_SUPERBLOCK]: "superblock",
  [abi.REGION_KIND_COMPACT_INODE]: "compact inode",
  [abi.REGION_KIND_EXTENDED_INODE]: "extended inode",
  [abi.REGION_KIND_XATTRS]: "xattrs",
  [abi.REGION_KIND_DIRENT_TAIL]: "dirents",
  [abi.REGION_KIND_DIRENT_BLOCK]: "dirents",
  [abi.REGION_KIND_CONTENT_TAIL]: "content",
  [abi.REGION_KIND_CONTENT_BLOCKS]: "content",
  [abi.REGION_KIND_CHUNKS]: "chunk pointers",
  [abi.REGION_KIND_SHARED_XATTR]: "shared xattr",
  [abi.REGION_KIND_STUB]: "stub",
  [abi.REGION_KIND_PAD]: "padding",
};

/** Kinds that belong to no entry. */
const WITHOUT_ENTRY: readonly StructureKind[] = ["composefs header", "superblock", "shared xattr", "padding"];

/** Lengths of the structures that have one. */
const LENGTHS: Partial<Record<StructureKind, number>> = {
  "composefs header": s.HEADER_BYTES,
  superblock: s.SUPERBLOCK_BYTES,
  "compact inode": s.COMPACT_BYTES,
  "extended inode": s.EXTENDED_BYTES,
};

/** Bytes of an image, fetched in pieces. */
export class ImageReader {
  readonly #fetch: (offset: number, length: number) => Uint8Array;
  #bytes = new Uint8Array(0);
  #start = 0;

  /** @param fetch gives bytes of the image, fewer at its end */
  constructor(fetch: (offset: number, length: number) => Uint8Array) {
    this.#fetch = fetch;
  }

  /** At most 1 MiB; they stay valid. */
  read(offset: number, length: number): Uint8Array {
    if (offset < this.#start || offset + length > this.#start + this.#bytes.length) {
      this.#bytes = this.#fetch(offset, Math.max(length, FETCH_BYTES)).slice();
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + length);
  }
}

/** Decodes the structures of one image. */
export class StructureDecoder {
  readonly #bytes: ImageReader;
  readonly #lookup: SharedLookup;

  /** @param fetch gives bytes of the image, fewer at its end; what it gives need not stay valid */
  constructor(fetch: (offset: number, length: number) => Uint8Array) {
    this.#bytes = new ImageReader(fetch);
    // References jump to and fro between the inodes and the shared area.
    const shared = new ImageReader(fetch);
    const blkaddr = readNumber(shared.read(s.SUPERBLOCK_OFFSET, s.SUPERBLOCK_BYTES), s.SB_XATTR_BLKADDR, 4);
    const base = Number(blkaddr) * s.BLOCK_BYTES;
    this.#lookup = (reference) => {
      const target = base + reference * 4;
      const head = shared.read(target, s.XATTR_ENTRY_BYTES);
      const length = s.XATTR_ENTRY_BYTES + head[0]! + Number(readNumber(head, s.E_VALUE_SIZE, 2));
      return { target, bytes: shared.read(target, length) };
    };
  }

  /** Fields of a structure. */
  fields(kind: StructureKind, offset: number, bytes: number): Field[] {
    if (kind === "padding") return [this.#pad(offset, bytes)];
    const data = this.#bytes.read(offset, bytes);
    // Only where structures of a hostile image overlap.
    if (bytes !== (LENGTHS[kind] ?? bytes)) return [bytesField("overlapped", data)];
    switch (kind) {
      case "composefs header":
        return tableFields(s.HEADER, data);
      case "superblock":
        return tableFields(s.SUPERBLOCK, data);
      case "compact inode":
      case "extended inode":
        return inodeFields(data);
      case "stub":
        return this.#stub(data);
      case "xattrs":
        return xattrPartFields(data, this.#lookup);
      case "dirents":
        return direntFields(data);
      case "shared xattr":
        return [xattrField(data, 0) ?? bytesField("overlapped", data)];
      default:
        return [bytesField(kind, data)];
    }
  }

  /** Inode and xattrs. */
  #stub(data: Uint8Array): Field[] {
    const length = data[s.I_FORMAT]! & 1 ? s.EXTENDED_BYTES : s.COMPACT_BYTES;
    if (data.length <= length) return inodeFields(data);
    const xattrs = xattrPartFields(data.subarray(length), this.#lookup);
    return [...inodeFields(data), ...xattrs.map((field) => ({ ...field, offset: field.offset + length }))];
  }

  /** Padding, which may be as long as the image. */
  #pad(offset: number, bytes: number): PadField {
    let pad: PadField | undefined;
    for (let at = 0; at < bytes; at += FETCH_BYTES) {
      pad = padField(this.#bytes.read(offset + at, Math.min(FETCH_BYTES, bytes - at)), at, pad);
    }
    return pad!;
  }
}

/** A structure that was not decoded. */
export interface Region {
  kind: StructureKind;
  offset: number;
  bytes: number;
  /** Cursor index of the entry that it belongs to, 0 for none; of a stub its name as a number. */
  entry: number;
}

/** The regions of an image. Other jobs of the engine must wait until all are read. */
export function* regionsOf(tree: Tree): Generator<Region, void, undefined> {
  for (const page of tree.regionPages()) {
    const view = new DataView(page.slice().buffer);
    for (let at = 0; at < view.byteLength; at += abi.REGION_RECORD_BYTES) {
      yield {
        kind: KINDS[view.getUint32(at + abi.REGION_KIND, true)]!,
        offset: view.getUint32(at + abi.REGION_OFFSET, true),
        bytes: view.getUint32(at + abi.REGION_BYTES, true),
        entry: view.getUint32(at + abi.REGION_ENTRY, true),
      };
    }
  }
}

/** Path of the entry that a region belongs to, while the regions are read; undefined for none. */
export function regionPathOf(tree: Tree, { kind, entry }: Region): Uint8Array | undefined {
  if (WITHOUT_ENTRY.includes(kind)) return undefined;
  if (kind === "stub") return new TextEncoder().encode(`/${entry.toString(16).padStart(2, "0")}`);
  return tree.regionPath(entry).slice();
}

/**
 * Walks over the image that a tree was read from.
 *
 * @param tree with an image; nothing else may be made of it before the walk is over
 * @returns its structures in order; without options they cover every byte once
 * @throws {ComposefsError} ENGINE_MEMORY
 * @example
 * for (const { kind, offset, path } of walkImage(tree)) console.log(offset, kind, path)
 */
export function* walkImage(tree: Tree, options: WalkOptions = {}): Generator<Structure, void, undefined> {
  const decoder = new StructureDecoder((offset, length) => tree.imageBytes(offset, length));
  const { from = 0, to = Number.POSITIVE_INFINITY } = options;
  for (const region of regionsOf(tree)) {
    const { kind, offset, bytes } = region;
    if (offset + bytes <= from || !isWanted(region, options)) continue;
    if (offset >= to) return;
    yield { kind, offset, bytes, path: regionPathOf(tree, region), fields: decoder.fields(kind, offset, bytes) };
  }
}

function isWanted({ kind, entry }: Region, options: WalkOptions): boolean {
  if (options.stub !== undefined) return kind === "stub" && entry === options.stub;
  if (options.entry === undefined) return true;
  return kind !== "stub" && entry === options.entry && !WITHOUT_ENTRY.includes(kind);
}
