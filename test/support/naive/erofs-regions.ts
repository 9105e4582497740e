/**
 * What the bytes of an honest image are, found naively: a walk over the directories notes every structure on its way,
 * the shared area is read from its beginning, blocks are counted up from the first one (erofs-v1.md 1.1, 6.4, 7).
 */

import * as abi from "../../../assembly/abi.ts";

export interface Region {
  offset: number;
  bytes: number;
  kind: number;
  entry: number;
}

const BLOCK = 4096;
const up = (x: number, n: number) => Math.ceil(x / n) * n;

interface Inode {
  at: number;
  type: number;
  layout: number;
  size: number;
  u: number;
  header: number;
  xattrs: number;
  tailAt: number;
  tail: number;
  blocks: number;
}

function inodeAt(image: Buffer, nid: bigint): Inode {
  const at = Number(nid) * 32;
  const format = image.readUInt16LE(at);
  const icount = image.readUInt16LE(at + 2);
  const header = format & 1 ? 64 : 32;
  const size = format & 1 ? Number(image.readBigUInt64LE(at + 8)) : image.readUInt32LE(at + 8);
  const layout = format >> 1;
  const xattrs = icount === 0 ? 0 : 12 + 4 * (icount - 1);
  const blocks = layout === 0 ? Math.ceil(size / BLOCK) : layout === 2 ? Math.floor(size / BLOCK) : 0;
  const type = image.readUInt16LE(at + 4) >> 12;
  const tail = layout === 2 ? size % BLOCK : 0;
  return {
    at,
    type,
    layout,
    size,
    u: image.readUInt32LE(at + 16),
    header,
    xattrs,
    tailAt: at + header + xattrs,
    tail,
    blocks,
  };
}

interface Dirent {
  name: string;
  nid: bigint;
}

function direntsOf(group: Buffer): Dirent[] {
  const count = group.readUInt16LE(8) / 12;
  const start = (i: number) => group.readUInt16LE(12 * i + 8);
  return Array.from({ length: count }, (_, i) => {
    const name = group.toString("latin1", start(i), i + 1 < count ? start(i + 1) : group.length);
    return { name: name.replace(/\0+$/, ""), nid: group.readBigUInt64LE(12 * i) };
  });
}

/** Types of the mode's upper four bits. */
const [CHARACTER, DIRECTORY] = [2, 4];

/** Regions of an image that this package, C or composefs-rs wrote. */
export function naiveRegions(image: Buffer): Region[] {
  const version = image.readUInt32LE(12);
  const regions: Region[] = [
    { offset: 0, bytes: 32, kind: abi.REGION_KIND_HEADER, entry: 0 },
    { offset: 1024, bytes: 128, kind: abi.REGION_KIND_SUPERBLOCK, entry: 0 },
  ];
  const add = (offset: number, bytes: number, kind: number, entry: number) => {
    if (bytes > 0) regions.push({ offset, bytes, kind, entry });
  };
  const inodes: Array<Inode & { entry: number }> = [];
  const seen = new Set<bigint>();
  let entries = 0;

  const visit = (nid: bigint) => {
    const entry = entries++;
    if (seen.has(nid)) return;
    seen.add(nid);
    const inode = inodeAt(image, nid);
    const { at, type, layout, header, xattrs, tailAt, tail, blocks, size } = inode;
    inodes.push({ ...inode, entry });
    add(at, header, header === 64 ? abi.REGION_KIND_EXTENDED_INODE : abi.REGION_KIND_COMPACT_INODE, entry);
    add(at + header, xattrs, abi.REGION_KIND_XATTRS, entry);
    if (type !== DIRECTORY) {
      add(tailAt, tail, abi.REGION_KIND_CONTENT_TAIL, entry);
      if (blocks > 0) add(inode.u * BLOCK, layout === 0 ? size : blocks * BLOCK, abi.REGION_KIND_CONTENT_BLOCKS, entry);
      return;
    }
    const dirents: Dirent[] = [];
    for (let i = 0; i < blocks; i++) {
      const offset = (inode.u + i) * BLOCK;
      add(offset, BLOCK, abi.REGION_KIND_DIRENT_BLOCK, entry);
      dirents.push(...direntsOf(image.subarray(offset, offset + BLOCK)));
    }
    add(tailAt, tail, abi.REGION_KIND_DIRENT_TAIL, entry);
    if (tail > 0) dirents.push(...direntsOf(image.subarray(tailAt, tailAt + tail)));
    for (const { name, nid: child } of dirents) {
      if (name === "." || name === "..") continue;
      const { at, type, u, header, xattrs } = inodeAt(image, child);
      const isStub = version < 2 && entry === 0 && /^[0-9a-f]{2}$/.test(name) && type === CHARACTER && u === 0;
      if (isStub) add(at, header + xattrs, abi.REGION_KIND_STUB, Number.parseInt(name, 16));
      else visit(child);
    }
  };
  visit(image.readBigUInt64LE(1024 + 14) & 0xffffn);
  regions.sort((a, b) => a.offset - b.offset);

  // Chunk pointers: a tail that fits its block, else the next block that nobody else has.
  const firstBlock = inodes.reduce(
    (first, { blocks, u }) => (blocks > 0 ? Math.min(first, u) : first),
    image.length / BLOCK,
  );
  let block = firstBlock;
  inodes.sort((a, b) => a.at - b.at);
  for (const { layout, u, size, tailAt, entry, blocks } of inodes) {
    if (layout !== 4) {
      block += blocks;
      continue;
    }
    const count = Math.max(Math.ceil(size / 2 ** (12 + (u & 31))), 1);
    const hasPointer = image.readUInt32LE(tailAt) === 0xffffffff;
    if (version === 2) add(tailAt, hasPointer ? 4 : 0, abi.REGION_KIND_CHUNKS, entry);
    else if ((tailAt % BLOCK) + 4 * count <= BLOCK) add(tailAt, 4 * count, abi.REGION_KIND_CHUNKS, entry);
    else add(block++ * BLOCK, BLOCK, abi.REGION_KIND_CHUNKS, entry);
  }
  const inodesEnd = up(
    regions.filter(isRecord).reduce((end, { offset, bytes }) => Math.max(end, offset + bytes), 0),
    32,
  );
  for (let at = inodesEnd; at < firstBlock * BLOCK && image.readUInt32LE(at) !== 0; ) {
    const bytes = up(4 + image[at]! + image.readUInt16LE(at + 2), 4);
    add(at, bytes, abi.REGION_KIND_SHARED_XATTR, 0);
    at += bytes;
  }
  return padded(regions, image.length);
}

/** Whether a region is part of an inode's record, which other inodes follow. */
function isRecord({ kind, offset }: Region): boolean {
  const isTail = kind === abi.REGION_KIND_DIRENT_TAIL || kind === abi.REGION_KIND_CONTENT_TAIL;
  return (
    isTail || (kind === abi.REGION_KIND_CHUNKS && offset % BLOCK !== 0) || kind <= 5 || kind === abi.REGION_KIND_STUB
  );
}

/** The regions in order, with padding between them. */
function padded(regions: Region[], length: number): Region[] {
  const all: Region[] = [];
  let end = 0;
  for (const region of [...regions].sort((a, b) => a.offset - b.offset)) {
    if (region.offset > end) all.push({ offset: end, bytes: region.offset - end, kind: abi.REGION_KIND_PAD, entry: 0 });
    all.push(region);
    end = region.offset + region.bytes;
  }
  if (end < length) all.push({ offset: end, bytes: length - end, kind: abi.REGION_KIND_PAD, entry: 0 });
  return all;
}
