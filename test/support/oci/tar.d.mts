/** Types of `tar.mjs`. */
export type Text = string | Uint8Array;
export type Content = Text | (() => Uint8Array);
export type Kind = "file" | "hardlink" | "symlink" | "chr" | "blk" | "dir" | "fifo" | "contiguous" | "v7file";
export type HeaderFormat = "ustar" | "gnu" | "v7";
export interface EntryOptions {
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  data?: Content;
  target?: Text;
  dev?: [number, number];
  xattrs?: [Text, Text][];
  pax?: [Text, Text][];
  format?: HeaderFormat;
  long?: "prefix" | "gnu" | "pax";
  linkLong?: "gnu" | "pax";
  base256?: string[];
  global?: [Text, Text][];
  size?: number | bigint;
  type?: string;
  patch?: [number, Text][];
  checksumError?: number;
}
export interface Entry extends EntryOptions {
  kind: Kind;
  name: Text;
}
/** An entry, or bytes that stand for themselves. */
export type Item = Entry | Uint8Array;
export interface ArchiveOptions {
  end?: number;
  record?: number;
}
export declare const BLOCK_BYTES: number;
export declare function header(
  name: Text,
  type: string,
  fields?: Omit<EntryOptions, "type"> & { link?: Text; prefix?: Text },
): Buffer;
export declare function withChecksum(block: Buffer, wrong?: number): Buffer;
export declare function paxRecord(key: Text, value: Text): Buffer;
export declare function rawPax(data: Text, type?: string, name?: string): Buffer;
export declare function pax(records: [Text, Text][], type?: string, name?: string): Buffer;
export declare function gnuLong(type: "L" | "K", value: Text): Buffer;
export declare function entry(kind: Kind, name: Text, options?: EntryOptions): Entry;
export declare function dir(name: Text, options?: EntryOptions): Entry;
export declare function file(name: Text, data: Content, options?: EntryOptions): Entry;
export declare function symlink(name: Text, target: Text, options?: EntryOptions): Entry;
export declare function hardlink(name: Text, target: Text, options?: EntryOptions): Entry;
export declare function whiteout(path: string): Entry;
export declare function dirs(...names: string[]): Entry[];
export declare function entryPieces(one: Item): Generator<Uint8Array>;
export declare function layerPieces(entries: Iterable<Item>, options?: ArchiveOptions): Generator<Uint8Array>;
export declare function tarball(entries: Iterable<Item>, options?: ArchiveOptions): Buffer;
