/**
 * One inode of an image: header, extent of xattrs and tail, place of its data; all checked against the image
 * (erofs-reader.md 1, 1.1, 4.1 and 4.2).
 */

import {
  STATUS_IMAGE_DATA,
  STATUS_IMAGE_INODE,
  STATUS_IMAGE_LAYOUT,
  STATUS_IMAGE_LAYOUT_TYPE,
  STATUS_IMAGE_NID,
  STATUS_IMAGE_NSEC_RANGE,
  STATUS_IMAGE_SPECIAL_SIZE,
  STATUS_IMAGE_STRICT_RESERVED,
  STATUS_IMAGE_TYPE,
  STATUS_OK,
} from "../abi";
import { TYPE_BLOCK, TYPE_CHARACTER, TYPE_DIRECTORY, TYPE_REGULAR, TYPE_SYMLINK, typeOfMode } from "../tree/node";
import {
  BLOCK,
  BLOCK_BITS,
  COMPACT_BYTES,
  EXTENDED_BYTES,
  FIRST_INODE,
  I_FORMAT,
  I_MODE,
  I_XATTR_ICOUNT,
  IC_GID,
  IC_NLINK,
  IC_RESERVED,
  IC_RESERVED2,
  IC_SIZE,
  IC_U,
  IC_UID,
  IE_GID,
  IE_MTIME,
  IE_MTIME_NSEC,
  IE_NLINK,
  IE_RESERVED,
  IE_RESERVED2,
  IE_SIZE,
  IE_U,
  IE_UID,
  LAYOUT_CHUNK_BASED,
  LAYOUT_FLAT_INLINE,
  LAYOUT_FLAT_PLAIN,
  SLOT,
  XATTR_HEADER_BYTES,
} from "./format";
import { addressOf, buildNanoseconds, buildSeconds, failImage, imageBytes, isWithin } from "./input";
import { NANOSECONDS_MAX } from "./read-superblock";

/** Offset of the inode in the image, what it says, and where its parts are. Valid until the next `readInode`. */
export let inodeAt: u64 = 0;
export let layout: u32 = 0;
export let type: u32 = 0;
export let mode: u32 = 0;
export let size: u64 = 0;
/** i_u: device number, or address of the first block. */
export let union: u32 = 0;
export let nlink: u32 = 0;
export let uid: u32 = 0;
export let gid: u32 = 0;
export let seconds: i64 = 0;
export let nanoseconds: u32 = 0;
export let headerBytes: u32 = 0;
/** Bytes of the xattr part, 0 or at least 12. */
export let xattrBytes: u32 = 0;
/** Blocks of data, the first one at `union`. */
export let blocks: u64 = 0;
/** Bytes of data behind the xattr part. */
export let tailBytes: u32 = 0;

/** Offset of the xattr part. */
export function xattrAt(): u64 {
  return inodeAt + headerBytes;
}

/** Offset of the tail. */
export function tailAt(): u64 {
  return inodeAt + headerBytes + xattrBytes;
}

/** Bytes of the image that the inode stands for: header, xattrs and data. */
export function extent(): u64 {
  return <u64>headerBytes + xattrBytes + (layout == LAYOUT_CHUNK_BASED ? 0 : size);
}

function readHeader(at: usize, isExtended: bool): void {
  mode = load<u16>(at, I_MODE);
  if (isExtended) {
    size = load<u64>(at, IE_SIZE);
    union = load<u32>(at, IE_U);
    nlink = load<u32>(at, IE_NLINK);
    uid = load<u32>(at, IE_UID);
    gid = load<u32>(at, IE_GID);
    seconds = load<i64>(at, IE_MTIME);
    nanoseconds = load<u32>(at, IE_MTIME_NSEC);
    return;
  }
  size = load<u32>(at, IC_SIZE);
  union = load<u32>(at, IC_U);
  nlink = load<u16>(at, IC_NLINK);
  uid = load<u16>(at, IC_UID);
  gid = load<u16>(at, IC_GID);
  seconds = buildSeconds;
  nanoseconds = buildNanoseconds;
}

function checkReserved(at: usize, isExtended: bool): i32 {
  const rest = isExtended
    ? <u64>load<u16>(at, IE_RESERVED) | load<u64>(at, IE_RESERVED2) | load<u64>(at, IE_RESERVED2 + 8)
    : <u64>load<u32>(at, IC_RESERVED) | load<u32>(at, IC_RESERVED2);
  if (rest) return failImage(STATUS_IMAGE_STRICT_RESERVED, inodeAt, rest, 0);
  const format = load<u16>(at, I_FORMAT);
  return format >> 4 ? failImage(STATUS_IMAGE_STRICT_RESERVED, inodeAt, format, 15) : STATUS_OK;
}

/** Holds layout and size to the type. */
function checkType(strict: bool): i32 {
  type = typeOfMode(mode);
  if (!type) return failImage(STATUS_IMAGE_TYPE, inodeAt + I_MODE, mode, 0);
  if (type == TYPE_REGULAR) return STATUS_OK;
  if (type == TYPE_DIRECTORY || type == TYPE_SYMLINK) {
    return layout == LAYOUT_CHUNK_BASED ? failImage(STATUS_IMAGE_LAYOUT_TYPE, inodeAt, layout, 0) : STATUS_OK;
  }
  if (layout != LAYOUT_FLAT_PLAIN) return failImage(STATUS_IMAGE_LAYOUT_TYPE, inodeAt, layout, 0);
  if (size) return failImage(STATUS_IMAGE_SPECIAL_SIZE, inodeAt, size, 0);
  if (strict && union && type != TYPE_CHARACTER && type != TYPE_BLOCK) {
    return failImage(STATUS_IMAGE_STRICT_RESERVED, inodeAt, union, 0);
  }
  return STATUS_OK;
}

/** Finds the data, and that all of it lies in the image. */
function placeData(): i32 {
  blocks = 0;
  tailBytes = 0;
  if (layout == LAYOUT_CHUNK_BASED) return STATUS_OK;
  if (size > <u64>imageBytes) return failImage(STATUS_IMAGE_DATA, inodeAt, size, imageBytes);
  blocks = (layout == LAYOUT_FLAT_INLINE ? size : size + (BLOCK - 1)) >> BLOCK_BITS;
  if (layout == LAYOUT_FLAT_INLINE) tailBytes = <u32>(size & (BLOCK - 1));
  const most = <u64>imageBytes >> BLOCK_BITS;
  if (blocks && <u64>union + blocks > most) return failImage(STATUS_IMAGE_DATA, inodeAt, <u64>union + blocks, most);
  return STATUS_OK;
}

/**
 * Reads the inode with a nid.
 *
 * @param nid as the image has it: any 64 bits
 * @param from offset of the reference to it, which is at fault when there is no such inode
 * @returns a status
 */
export function readInode(nid: u64, from: u64, strict: bool): i32 {
  if (nid < FIRST_INODE / SLOT || nid >= <u64>imageBytes / SLOT) {
    return failImage(STATUS_IMAGE_NID, from, nid, <u64>imageBytes / SLOT);
  }
  inodeAt = nid * SLOT;
  const at = addressOf(inodeAt);
  const format = <u32>load<u16>(at, I_FORMAT);
  const isExtended = (format & 1) != 0;
  headerBytes = isExtended ? EXTENDED_BYTES : COMPACT_BYTES;
  if (!isWithin(inodeAt, headerBytes)) return failImage(STATUS_IMAGE_INODE, inodeAt, headerBytes, imageBytes);
  layout = (format >> 1) & 7;
  if (layout != LAYOUT_FLAT_PLAIN && layout != LAYOUT_FLAT_INLINE && layout != LAYOUT_CHUNK_BASED) {
    return failImage(STATUS_IMAGE_LAYOUT, inodeAt, layout, LAYOUT_CHUNK_BASED);
  }
  readHeader(at, isExtended);
  if (strict) {
    const status = checkReserved(at, isExtended);
    if (status != STATUS_OK) return status;
  }
  if (nanoseconds > NANOSECONDS_MAX) {
    return failImage(STATUS_IMAGE_NSEC_RANGE, inodeAt + IE_MTIME_NSEC, nanoseconds, NANOSECONDS_MAX);
  }
  const icount = <u32>load<u16>(at, I_XATTR_ICOUNT);
  xattrBytes = icount ? XATTR_HEADER_BYTES + ((icount - 1) << 2) : 0;
  let status = checkType(strict);
  if (status != STATUS_OK) return status;
  status = placeData();
  if (status != STATUS_OK) return status;
  const recordBytes = headerBytes + xattrBytes + tailBytes;
  return isWithin(inodeAt, recordBytes)
    ? STATUS_OK
    : failImage(STATUS_IMAGE_INODE, inodeAt, inodeAt + recordBytes, imageBytes);
}

/** Copies the data of the inode, `size` bytes. */
export function copyData(to: usize): void {
  const whole = min<u64>(size, blocks * BLOCK);
  if (whole) memory.copy(to, addressOf((<u64>union) << BLOCK_BITS), <usize>whole);
  if (tailBytes) memory.copy(to + <usize>whole, addressOf(tailAt()), tailBytes);
}
