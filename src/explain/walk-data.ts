/**
 * What a walk over an image gives: its structures in their order, as plain data. `walk-text.ts` and `walk-json.ts` make
 * text and JSON of them.
 */

/** What a structure is. */
export type StructureKind =
  | "composefs header"
  | "superblock"
  | "compact inode"
  | "extended inode"
  | "xattrs"
  | "dirents"
  | "content"
  | "chunk pointers"
  | "shared xattr"
  | "stub"
  | "padding";

/** Some bytes of an image that belong together. */
export interface Structure {
  kind: StructureKind;
  /** In the image. */
  offset: number;
  bytes: number;
  /** Path of the entry that it belongs to; undefined when it belongs to none. */
  path: Uint8Array | undefined;
  /** In their order, without overlaps. */
  fields: Field[];
}

interface FieldBase {
  /** As fs/erofs/erofs_fs.h or lcfs-erofs.h calls it; a word of our own for what has no name there. */
  name: string;
  /** In the structure. */
  offset: number;
  bytes: number;
}

/** A number of at most eight bytes. */
export interface NumberField extends FieldBase {
  kind: "number";
  value: bigint;
  /** What it means; may be empty. */
  meaning: string;
  /** Zero in every image. */
  isReserved: boolean;
}

/** Bytes as they are: a UUID, content, a symlink's target, chunk pointers, the remains of what others cover. */
export interface BytesField extends FieldBase {
  kind: "bytes";
  data: Uint8Array;
  isReserved: boolean;
}

/** Bytes that mean nothing. */
export interface PadField extends FieldBase {
  kind: "pad";
  /** How many are not zero. */
  used: number;
  /** CRC-32 of all. */
  checksum: number;
}

/** A directory entry: its header, whose bytes these are, and its name, which is elsewhere in the structure. */
export interface DirentField extends FieldBase {
  kind: "dirent";
  nid: bigint;
  /** Such as `directory`. */
  type: string;
  /** Of the header; zero in every image. */
  reserved: number;
  nameOffset: number;
  entry: Uint8Array;
}

/** An extended attribute, or a reference to one in the shared area. */
export interface XattrField extends FieldBase {
  kind: "xattr";
  /** Of a reference, what it refers to: offset of the entry in the image. */
  target: number | undefined;
  /** The reference. */
  reference: number | undefined;
  /** e_name_index. */
  index: number;
  key: Uint8Array;
  value: Uint8Array;
}

export type Field = NumberField | BytesField | PadField | DirentField | XattrField;
