/**
 * What a tree holds and what an image is made of, in numbers.
 *
 * The parts of an image come from the engine's list of its regions; only xattrs are taken apart here, since a region holds
 * several of them: redirects, which name the objects of files, are apart from the others.
 */

import type { Entry, EntryType } from "../image/cursor.ts";
import { toHex } from "../image/hex.ts";
import type { ImageFormat } from "../image/profile.ts";
import type { Tree } from "../image/tree.ts";
import { type Part, PartCounter } from "./info-parts.ts";
import { type JsonNumber, jsonNumber } from "./listing.ts";
import { type FieldSpec, HEADER, HEADER_BYTES, SUPERBLOCK, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET } from "./structures.ts";
import { ImageReader, regionsOf } from "./walk.ts";

/** A kind of entries. */
export type Kind =
  | "object file"
  | "inline file"
  | "empty file"
  | "sparse file"
  | "whiteout"
  | Exclude<EntryType, "file">;

/** How many entries there are of a kind, and what they weigh. */
export interface KindInfo {
  kind: Kind;
  count: number;
  /** Bytes of contents, of targets of symlinks; of others 0. */
  bytes: JsonNumber;
}

/** What a tree holds. */
export interface TreeInfo {
  /** Kinds that occur. Entries are of one kind each. */
  kinds: KindInfo[];
  entries: number;
  /** Different objects, by path and digest, and the bytes of their contents. */
  objects: { hash: "sha256" | "sha512" | null; count: number; bytes: JsonNumber };
  /** Xattrs, the entries that have any, and bytes of keys and values. */
  xattrs: { count: number; entries: number; bytes: number };
  /** Bytes of all names. */
  nameBytes: number;
}

/** What an image is made of. */
export interface ImageInfo {
  format: ImageFormat;
  /** Bytes. */
  size: number;
  /** Stubs in the root, by which composefs hides the object directories. */
  stubs: number;
  /** Fields by their names in lcfs-erofs.h and erofs_fs.h; what is longer than eight bytes in hex. */
  header: Record<string, JsonNumber>;
  superblock: Record<string, JsonNumber>;
  /** All bytes of the image, each in one part. */
  parts: Part[];
}

const KINDS: readonly Kind[] = [
  "directory",
  "object file",
  "inline file",
  "empty file",
  "sparse file",
  "symlink",
  "hardlink",
  "character device",
  "block device",
  "fifo",
  "socket",
  "whiteout",
];

/** Counts what a tree holds. */
export function treeInfo(tree: Tree): TreeInfo {
  const kinds = new Map<Kind, { count: number; bytes: bigint }>(KINDS.map((kind) => [kind, { count: 0, bytes: 0n }]));
  const objects = new Map<string, bigint>();
  const xattrs = { count: 0, entries: 0, bytes: 0 };
  let nameBytes = 0;
  for (const entry of tree.openCursor().entries()) {
    const kind = kindOf(entry);
    const sum = kinds.get(kind)!;
    sum.count++;
    if (kind === "symlink") sum.bytes += BigInt(entry.payload!.length);
    else if (entry.type === "file") sum.bytes += entry.size;
    if (kind === "object file") objects.set(objectOf(entry), entry.size);
    const own = entry.xattrs;
    if (own.length > 0) xattrs.entries++;
    xattrs.count += own.length;
    for (const { key, value } of own) xattrs.bytes += key.length + value.length;
    nameBytes += entry.name.length;
  }
  let objectBytes = 0n;
  for (const bytes of objects.values()) objectBytes += bytes;
  return {
    kinds: [...kinds]
      .map(([kind, { count, bytes }]) => ({ kind, count, bytes: jsonNumber(bytes) }))
      .filter(({ count }) => count),
    entries: tree.counts.entries,
    objects: { hash: tree.counts.objectHash, count: objects.size, bytes: jsonNumber(objectBytes) },
    xattrs,
    nameBytes,
  };
}

function kindOf(entry: Entry): Kind {
  if (entry.isWhiteout) return "whiteout";
  if (entry.type !== "file") return entry.type;
  if (entry.content !== undefined) return "inline file";
  if (entry.size === 0n) return "empty file";
  return entry.payload === undefined && entry.digest === undefined ? "sparse file" : "object file";
}

/** Injective: each byte is a character, and no payload has a zero byte. */
const latin1 = new TextDecoder("latin1");

function objectOf({ payload, digest }: Entry): string {
  return `${payload && latin1.decode(payload)}\0${digest && latin1.decode(digest)}`;
}

/** Takes an image apart. @param tree one that was read from an image */
export function imageInfo(tree: Tree): ImageInfo {
  const { size, stubs } = tree.image!;
  const symlinks = new Uint8Array(tree.counts.entries);
  for (const entry of tree.openCursor().entries()) if (entry.type === "symlink") symlinks[entry.index] = 1;
  const image = new ImageReader((offset, length) => tree.imageBytes(offset, length));
  const counter = new PartCounter(image, (entry) => symlinks[entry] === 1);
  for (const region of regionsOf(tree)) counter.add(region);
  return {
    format: tree.format!,
    size,
    stubs,
    header: readFields(image.read(0, HEADER_BYTES), HEADER),
    superblock: readFields(image.read(SUPERBLOCK_OFFSET, SUPERBLOCK_BYTES), SUPERBLOCK),
    parts: counter.parts(),
  };
}

/** The fields of a structure that mean something. */
function readFields(bytes: Uint8Array, fields: readonly FieldSpec[]): Record<string, JsonNumber> {
  const values = fields
    .filter(({ show }) => show !== "reserved")
    .map(({ name, offset, bytes: length, show }) => {
      const part = bytes.subarray(offset, offset + length);
      if (length > 8) return [name, toHex(part)] as const;
      const value = part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      return [name, jsonNumber(show === "time" ? BigInt.asIntN(64, value) : value)] as const;
    });
  return Object.fromEntries(values);
}
