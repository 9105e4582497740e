/**
 * Layout, the first of two passes: where everything goes (erofs-v1.md 6 and 12.5).
 *
 * For each inode in order: its data blocks and tail, compact or extended header, size of its xattrs, and its position.
 * `emit.ts` follows and checks that it arrives where this pass said.
 */

import {
  FIELD_XATTR,
  FORMAT_V2,
  STATUS_EROFS_IMAGE_TOO_LARGE,
  STATUS_EROFS_V2_SHARED,
  STATUS_OK,
  V2_SHARED_MAX,
} from "../abi";
import { fail } from "../mem/record";
import { FLAG_EXTENDED, FLAG_INLINE, Node, TYPE_DIRECTORY, TYPE_REGULAR, TYPE_SYMLINK } from "../tree/node";
import { failAtNode } from "../tree/place";
import { listCount, listItem } from "../tree/xattrs";
import { layoutDirents } from "./dirents";
import {
  BLOCK,
  BLOCK_BITS,
  CHUNK_BITS_MAX,
  COMPACT_BYTES,
  EXTENDED_BYTES,
  FIRST_INODE,
  ICOUNT_MAX,
  SHARED_MAX,
  SLOT,
  TAIL_MAX,
  up,
  XATTR_ENTRY_BYTES,
  XATTR_HEADER_BYTES,
} from "./format";
import { entryBytes, isShared } from "./items";
import {
  inodeCount,
  isEscaped,
  isExternal,
  minNanoseconds,
  minSeconds,
  nodeAt,
  setRegions,
  sharedBytes,
  version,
} from "./plan";

/** Widths on disk: nids of directory entries that nodes keep in 32 bits, and xattr references. */
const NID_MAX: u64 = 0xffffffff;
const REFERENCE_MAX: u64 = 0xffffffff;

/** Bits of a chunk: the smallest power of two that holds the file, within the format's bounds. */
export function chunkBits(size: u64): u32 {
  const bits = size > 1 ? 64 - <u32>clz(size - 1) : 1;
  return min<u32>(max<u32>(bits, BLOCK_BITS), CHUNK_BITS_MAX);
}

/** Chunks of an external file. */
function chunkCount(size: u64): u32 {
  const bits = <u64>chunkBits(size);
  return <u32>((size + (((<u64>1) << bits) - 1)) >> bits);
}

/** Bytes of the xattr part of an inode, from its i_xattr_icount. */
export function xattrBytes(icount: u32): u32 {
  return icount ? XATTR_HEADER_BYTES + (icount - 1) * XATTR_ENTRY_BYTES : 0;
}

/** Most references of one inode; further shared xattrs are stored locally as well. */
export function referenceCap(): u32 {
  return version == FORMAT_V2 ? V2_SHARED_MAX : SHARED_MAX;
}

/** Splits a node's xattrs into references and local entries and sets `references` and `icount`. */
function layoutXattrs(node: Node): i32 {
  const count = listCount(node.items);
  const cap = referenceCap();
  let references: u32 = 0;
  let local: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const item = listItem(node.items, i);
    if (isShared(item)) {
      if (references < cap) {
        references++;
        continue;
      }
      if (version == FORMAT_V2) {
        return failAtNode(STATUS_EROFS_V2_SHARED, FIELD_XATTR, node, references + 1, V2_SHARED_MAX);
      }
    }
    local += entryBytes(item);
  }
  node.references = <u8>references;
  const icount = count ? references + local / XATTR_ENTRY_BYTES + 1 : 0;
  // The budget of an input's xattrs and the few that are added stay far below.
  assert(icount <= ICOUNT_MAX);
  node.icount = <u16>icount;
  return STATUS_OK;
}

/** Sets `blocks` and `tail` as they are before placement. */
function layoutData(node: Node): void {
  const type = <u32>node.type;
  node.blocks = 0;
  node.tail = 0;
  if (type == TYPE_DIRECTORY) {
    layoutDirents(node);
  } else if (type == TYPE_SYMLINK) {
    node.tail = <u16>node.dataLen;
  } else if (type == TYPE_REGULAR && node.has(FLAG_INLINE)) {
    // V2 never splits content: the parser of V2's inputs stops at 512 bytes.
    node.blocks = node.dataLen >> BLOCK_BITS;
    node.tail = <u16>(node.dataLen & <u32>(BLOCK - 1));
    if (node.tail > <u16>TAIL_MAX) {
      node.blocks++;
      node.tail = 0;
    }
  } else if (isExternal(node)) {
    if (version == FORMAT_V2) node.tail = node.data ? 4 : 0;
    else node.tail = <u16>(chunkCount(node.size) << 2);
  }
}

/** The size that decides between the headers; C takes the input's size for special files too (6.2). */
function sizeForHeader(node: Node): u64 {
  if (node.type == TYPE_DIRECTORY) return <u64>node.blocks * BLOCK + node.tail;
  return isEscaped(node) ? 0 : node.size;
}

/** nlink as the inode shows it. */
export function linkCount(node: Node): u32 {
  if (node.type == TYPE_DIRECTORY) return 2 + node.extra;
  return version == FORMAT_V2 ? node.names : node.nlink;
}

function fitsCompact(node: Node): bool {
  return (
    version != FORMAT_V2 &&
    node.seconds == minSeconds &&
    node.nanoseconds == minNanoseconds &&
    linkCount(node) <= 0xffff &&
    node.uid <= 0xffff &&
    node.gid <= 0xffff &&
    sizeForHeader(node) <= <u64>u32.MAX_VALUE
  );
}

/** Bytes to leave free before an inode at `p` so that its tail lies in one block; may move the tail to a block. */
function padding(node: Node, p: u64, need: u64): u64 {
  const tail = <u64>node.tail;
  if (node.type == TYPE_SYMLINK) {
    // An inline symlink lies in one block as a whole, header included.
    const total = need + tail;
    const extra = p / BLOCK != (p + total - 1) / BLOCK ? up(p, BLOCK) - p : 0;
    if (total >= BLOCK) {
      node.blocks = 1;
      node.tail = 0;
    }
    return extra;
  }
  const room = BLOCK - ((p + need) % BLOCK);
  if (room >= tail) return 0;
  const extra = up(room, SLOT);
  if (tail <= BLOCK - ((p + need + extra) % BLOCK)) return extra;
  // Only a map of 1017 or more chunks gets here.
  node.blocks++;
  node.tail = 0;
  return up(p, BLOCK) - p;
}

/** The same for V2, whose end of the tail is exclusive and whose pad is one byte longer (12.5). */
function paddingV2(node: Node, p: u64, need: u64): u64 {
  const isInline = node.type == TYPE_SYMLINK || node.tail > 0;
  if (!isInline || isExternal(node)) return 0;
  const last = p + need - 1;
  const end = p + need + node.tail;
  if (last / BLOCK == end / BLOCK) return 0;
  return up(p + (BLOCK - (last % BLOCK)), SLOT) - p;
}

/** Bytes of the inode header. */
export function headerBytes(node: Node): u32 {
  return node.has(FLAG_EXTENDED) ? EXTENDED_BYTES : COMPACT_BYTES;
}

/** Fails because the image would need `bytes`, or reach to that position, where `limit` is the most. */
function failTooLarge(bytes: u64, limit: u64): i32 {
  return fail(STATUS_EROFS_IMAGE_TOO_LARGE, bytes, limit);
}

/**
 * Decides every position.
 *
 * @param blockLimit most blocks of the image
 * @returns a status
 */
export function layout(blockLimit: u32): i32 {
  let pos = FIRST_INODE;
  let blocks: u64 = 0;
  for (let i: u32 = 0; i < inodeCount; i++) {
    const node = nodeAt(i);
    layoutData(node);
    const status = layoutXattrs(node);
    if (status != STATUS_OK) return status;
    if (!fitsCompact(node)) node.set(FLAG_EXTENDED);

    let p = up(pos, SLOT);
    const need = <u64>(headerBytes(node) + xattrBytes(node.icount));
    p += version == FORMAT_V2 ? paddingV2(node, p, need) : padding(node, p, need);
    if (p > NID_MAX * SLOT) return failTooLarge(p, NID_MAX * SLOT);
    node.nid = <u32>(p / SLOT);
    pos = p + need + node.tail;
    blocks += node.blocks;
  }
  const inodesEnd = up(pos, SLOT);
  const dataStart = up(inodesEnd + sharedBytes, BLOCK);
  // References of V2 count words from the start of the image; those of V0 and V1 from the start of a block.
  if (version == FORMAT_V2 && dataStart > REFERENCE_MAX * 4) return failTooLarge(dataStart, REFERENCE_MAX * 4);
  const end = dataStart / BLOCK + blocks;
  if (end > blockLimit) return failTooLarge(end * BLOCK, <u64>blockLimit * BLOCK);
  setRegions(inodesEnd, dataStart, blocks);
  return STATUS_OK;
}
