/**
 * A naive assembler of EROFS images: inodes in the order of a walk, directory groups, xattrs, blocks, one after another
 * (erofs-v1.md 6 and 7). It shares no code with the engine and checks nothing, so that a test can say in a few lines what
 * is wrong with an image. Names, keys and contents are byte strings: one character U+0000 to U+00FF for each byte.
 */

import { placeInodes } from "./erofs-layout.ts";

export interface Xattr {
  /** Name index; its prefix is not part of `suffix`. */
  index: number;
  suffix: string;
  value: string;
}

/** Name, inode or nid, and the file type when it is not that of the inode. */
export type Entry = [name: string, inode: Inode | bigint, type?: number];

/** What is left out is made up: truthful counts, sizes and addresses. */
export interface Inode {
  mode: number;
  /** A header of 32 bytes in place of 64. */
  compact?: boolean;
  /** All of i_format, or the layout in it. */
  format?: number;
  layout?: number;
  icount?: number;
  nlink?: number;
  uid?: number;
  gid?: number;
  seconds?: bigint;
  nanoseconds?: number;
  size?: bigint;
  /** i_u: block address, rdev or chunk format. */
  u?: number;
  xattrs?: Xattr[];
  /** Entries of the shared area, each written once, or plain numbers. */
  references?: Array<Xattr | number>;
  /** h_shared_count. */
  sharedCount?: number;
  /** Content outside the inode, padded to whole blocks. Inodes with the same object have the same blocks. */
  blocks?: Buffer;
  /** Content behind the inode. */
  tail?: Buffer;
  /** Children of a directory, `.` and `..` included where `dots` is not false; sorted and cut as writers do. */
  entries?: Entry[];
  dots?: boolean;
  /** All entries as they stand, dots included, each list a group; the last one behind the inode if it is small. */
  groups?: Entry[][];
  /** Bytes to leave free before the inode, a multiple of 32. */
  pad?: number;
}

/** Where an inode's parts are in the image, as byte offsets. */
export interface Place {
  at: number;
  xattrs: number;
  tail: number;
  blocks: number;
}

export interface BuiltErofs {
  bytes: Buffer;
  places: Map<Inode, Place>;
  sharedAt: number;
}

export const DIR = 0o040000;
export const REG = 0o100000;
export const LNK = 0o120000;
export const CHR = 0o020000;
export const BLKDEV = 0o060000;
export const FIFO = 0o010000;
export const SOCK = 0o140000;
const FILE_TYPES: Record<number, number> = {
  [REG]: 1,
  [DIR]: 2,
  [CHR]: 3,
  [BLKDEV]: 4,
  [FIFO]: 5,
  [SOCK]: 6,
  [LNK]: 7,
};

export const [PLAIN, INLINE, CHUNKED] = [0, 2, 4];

const bytes = (text: string) => Buffer.from(text, "latin1");

export const directory = (entries: Entry[] = [], rest: Partial<Inode> = {}): Inode => ({
  mode: DIR | 0o755,
  entries,
  ...rest,
});
export const file = (content = "", rest: Partial<Inode> = {}): Inode => ({
  mode: REG | 0o644,
  ...(content === "" ? {} : { tail: bytes(content) }),
  ...rest,
});
export const symlink = (target: string, rest: Partial<Inode> = {}): Inode => ({
  mode: LNK | 0o777,
  tail: bytes(target),
  layout: INLINE,
  ...rest,
});
export const special = (type: number, rdev = 0, rest: Partial<Inode> = {}): Inode => ({
  mode: type | 0o600,
  u: rdev,
  ...rest,
});

/** A file whose content is an object, with these xattrs. */
export const external = (size: bigint, xattrs: Xattr[], rest: Partial<Inode> = {}): Inode => ({
  mode: REG | 0o644,
  layout: CHUNKED,
  u: 31,
  size,
  tail: Buffer.alloc(4, 0xff),
  xattrs,
  ...rest,
});

const PREFIXES: Array<[number, string]> = [
  [1, "user."],
  [4, "trusted."],
  [6, "security."],
];

/** An xattr by its full key. */
export function xattr(key: string, value = ""): Xattr {
  const [index, prefix] = PREFIXES.find((one) => key.startsWith(one[1])) ?? [0, ""];
  return { index, suffix: key.slice(prefix.length), value };
}

/** Digest in hex: 64 or 128 digits. */
export const metacopy = (digest: string): Xattr =>
  xattr(
    "trusted.overlay.metacopy",
    Buffer.from(`00${(4 + digest.length / 2).toString(16)}000${digest.length / 64}${digest}`, "hex").toString("latin1"),
  );
export const redirect = (path: string): Xattr => xattr("trusted.overlay.redirect", path);

/** The root's stubs and marker of V0 and V1, without which strict mode takes no image. */
export function withStubs(root: Inode): Inode {
  const names = new Set(root.entries!.map(([name]) => name));
  for (let i = 0; i < 256; i++) {
    const name = i.toString(16).padStart(2, "0");
    if (!names.has(name)) root.entries!.push([name, special(CHR, 0, { compact: true })]);
  }
  root.xattrs = [...(root.xattrs ?? []), xattr("trusted.overlay.opaque", "y")];
  return root;
}

function encodeXattr({ index, suffix, value }: Xattr): Buffer {
  const entry = Buffer.alloc((4 + suffix.length + value.length + 3) & ~3);
  entry[0] = suffix.length;
  entry[1] = index;
  entry.writeUInt16LE(value.length, 2);
  entry.set(bytes(suffix + value), 4);
  return entry;
}

function encodeXattrs(inode: Inode, reference: (shared: Xattr) => number): Buffer {
  const references = inode.references ?? [];
  if (references.length + (inode.xattrs ?? []).length === 0) return Buffer.alloc(0);
  const header = Buffer.alloc(12 + 4 * references.length);
  header[4] = inode.sharedCount ?? references.length;
  references.forEach((one, i) => {
    header.writeUInt32LE(typeof one === "number" ? one : reference(one), 12 + 4 * i);
  });
  return Buffer.concat([header, ...(inode.xattrs ?? []).map(encodeXattr)]);
}

/** One group: the headers, then the names (erofs-v1.md 7.4). */
function encodeGroup(group: Entry[], nidOf: (inode: Inode) => bigint): Buffer {
  const headers = Buffer.alloc(12 * group.length);
  let nameoff = headers.length;
  group.forEach(([name, inode, type], i) => {
    headers.writeBigUInt64LE(typeof inode === "bigint" ? inode : nidOf(inode), 12 * i);
    headers.writeUInt16LE(nameoff & 0xffff, 12 * i + 8);
    headers[12 * i + 10] = type ?? (typeof inode === "bigint" ? 1 : FILE_TYPES[inode.mode & 0o170000]!);
    nameoff += name.length;
  });
  return Buffer.concat([headers, bytes(group.map(([name]) => name).join(""))]);
}

function encodeHeader(inode: Inode, size: bigint, blockAt: number, icount: number, nlink: number): Buffer {
  const header = Buffer.alloc(inode.compact ? 32 : 64);
  const layout = inode.layout ?? (inode.tail ? INLINE : PLAIN);
  header.writeUInt16LE(inode.format ?? layout * 2 + (inode.compact ? 0 : 1), 0);
  header.writeUInt16LE(inode.icount ?? icount, 2);
  header.writeUInt16LE(inode.mode, 4);
  header.writeUInt32LE(inode.u ?? blockAt / 4096, 16);
  if (inode.compact) {
    header.writeUInt16LE(inode.nlink ?? nlink, 6);
    header.writeUInt32LE(Number(inode.size ?? size), 8);
    header.writeUInt16LE(inode.uid ?? 0, 24);
    header.writeUInt16LE(inode.gid ?? 0, 26);
    return header;
  }
  header.writeBigUInt64LE(inode.size ?? size, 8);
  header.writeUInt32LE(inode.uid ?? 0, 24);
  header.writeUInt32LE(inode.gid ?? 0, 28);
  header.writeBigInt64LE(inode.seconds ?? 0n, 32);
  header.writeUInt32LE(inode.nanoseconds ?? 0, 40);
  header.writeUInt32LE(inode.nlink ?? nlink, 44);
  return header;
}

function encodeFront(version: number, rootNid: number, inodes: number, blocks: number, xattrBlock: number): Buffer {
  const front = Buffer.alloc(1152);
  front.writeUInt32LE(0xd078629a, 0);
  front.writeUInt32LE(1, 4);
  front.writeUInt32LE(version, 12);
  front.writeUInt32LE(0xe0f5e1e2, 1024);
  front.writeUInt32LE(6, 1024 + 8);
  front[1024 + 12] = 12;
  front.writeUInt16LE(rootNid, 1024 + 14);
  front.writeBigUInt64LE(BigInt(inodes), 1024 + 16);
  front.writeUInt32LE(blocks, 1024 + 36);
  front.writeUInt32LE(xattrBlock, 1024 + 44);
  return front;
}

/** Builds the image of `root` and what it leads to. */
export function buildErofs(root: Inode, version = 2): BuiltErofs {
  const { inodes, places, groups, names, shared, sharedAt, size } = placeInodes(root);
  const image = Buffer.alloc(size);
  const nidOf = (inode: Inode) => BigInt(places.get(inode)!.at / 32);
  const xattrBlock = version === 2 ? 0 : Math.floor(sharedAt / 4096);
  const reference = (one: Xattr) => (sharedAt - xattrBlock * 4096 + shared.get(one)!) / 4;
  image.set(encodeFront(version, Number(nidOf(root)), inodes.length, size / 4096, xattrBlock));
  for (const inode of inodes) {
    const place = places.get(inode)!;
    const encoded = (groups.get(inode) ?? []).map((group) => encodeGroup(group, nidOf));
    const tail = place.tail > 0 && encoded.length > 0 ? encoded.pop()! : (inode.tail ?? Buffer.alloc(0));
    const blocks = encoded.length > 0 ? encoded : inode.blocks ? [inode.blocks] : [];
    blocks.forEach((block, i) => {
      image.set(block, place.blocks + 4096 * i);
    });
    const outside = encoded.length > 0 ? 4096 * encoded.length : (inode.blocks?.length ?? 0);
    const xattrs = encodeXattrs(inode, reference);
    const icount = xattrs.length === 0 ? 0 : (xattrs.length - 12) / 4 + 1;
    const isDirectory = groups.has(inode);
    const header = {
      ...inode,
      ...(isDirectory && inode.layout === undefined && tail.length > 0 && { layout: INLINE }),
    };
    image.set(
      encodeHeader(header, BigInt(outside + tail.length), place.blocks, icount, names.get(inode) ?? 1),
      place.at,
    );
    image.set(xattrs, place.xattrs);
    image.set(tail, place.xattrs + xattrs.length);
  }
  for (const [one, offset] of shared) image.set(encodeXattr(one), sharedAt + offset);
  return { bytes: image, places, sharedAt };
}
