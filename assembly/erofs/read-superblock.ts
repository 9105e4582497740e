/**
 * The head of an image: composefs header and superblock (erofs-reader.md 3, no. 2 to 9).
 *
 * What is another file system, or an EROFS image that is not one of composefs, is refused by what it is.
 */

import {
  FORMAT_V2,
  STATUS_IMAGE_BLOCK_SIZE,
  STATUS_IMAGE_COMPRESSED,
  STATUS_IMAGE_DEVICES,
  STATUS_IMAGE_FEATURE_COMPAT,
  STATUS_IMAGE_FEATURE_INCOMPAT,
  STATUS_IMAGE_HEADER_VERSION,
  STATUS_IMAGE_META_BLKADDR,
  STATUS_IMAGE_NOT_COMPOSEFS,
  STATUS_IMAGE_NOT_EROFS,
  STATUS_IMAGE_NSEC_RANGE,
  STATUS_IMAGE_PACKED_INODE,
  STATUS_IMAGE_SB_EXTSLOTS,
  STATUS_IMAGE_STRICT_RESERVED,
  STATUS_IMAGE_VERSION,
  STATUS_IMAGE_XATTR_BLKADDR,
  STATUS_IMAGE_XATTR_PREFIXES,
  STATUS_OK,
} from "../abi";
import { setErrorText } from "../mem/record";
import { writeText } from "../mem/text";
import {
  BLOCK_BITS,
  CFS_HEADER_VERSION,
  CFS_MAGIC,
  EROFS_MAGIC,
  FEATURE_COMPAT_KNOWN,
  FEATURE_INCOMPAT_KNOWN,
  FIRST_INODE,
  H_COMPOSEFS_VERSION,
  H_MAGIC,
  H_VERSION,
  SB_AVAILABLE_COMPR_ALGS,
  SB_BLKSZBITS,
  SB_BUILD_TIME,
  SB_BUILD_TIME_NSEC,
  SB_EXTRA_DEVICES,
  SB_EXTSLOTS,
  SB_FEATURE_COMPAT,
  SB_FEATURE_INCOMPAT,
  SB_MAGIC,
  SB_META_BLKADDR,
  SB_OFF,
  SB_PACKED_NID,
  SB_RESERVED,
  SB_XATTR_BLKADDR,
  SB_XATTR_PREFIX_COUNT,
} from "./format";
import { failImage, imageAddress, imageBytes, setSuperblock } from "./input";

/** Most nanoseconds of a time. */
export const NANOSECONDS_MAX: u32 = 999999999;

/** Names of the bits of feature_incompat from the lowest: EROFS_FEATURE_INCOMPAT_* of fs/erofs/erofs_fs.h. */
function featureName(bit: u32): string {
  switch (bit) {
    case 0:
      return "zero_padding";
    case 1:
      return "compr_cfgs";
    case 2:
      return "chunked_file";
    case 3:
      return "device_table";
    case 4:
      return "ztailpacking";
    case 5:
      return "fragments";
    case 6:
      return "xattr_prefixes";
    case 7:
      return "48bit";
    case 8:
      return "metabox";
    default:
      return "unknown";
  }
}

const text = memory.data(512, 8);

/** Puts the names of feature bits into the error record. */
function setFeatureNames(features: u32): void {
  let len: u32 = 0;
  for (let bit: u32 = 0; bit < 32; bit++) {
    if (!(features & (1 << bit))) continue;
    if (len) {
      store<u8>(text + len, 0x2c);
      len++;
    }
    len += writeText(text + len, featureName(bit));
  }
  setErrorText(text, len);
}

/** Fails at a field of the superblock. */
function failField(status: i32, field: u32, actual: u64, limit: u64): i32 {
  failImage(status, SB_OFF + field, actual, limit);
  setErrorText(text, 0);
  return status;
}

/** Holds a field of the superblock to one value. */
function expect(status: i32, field: u32, actual: u64, wanted: u64): i32 {
  return actual == wanted ? STATUS_OK : failField(status, field, actual, wanted);
}

/** The magic numbers. */
function checkMagic(): i32 {
  const isErofs = load<u32>(imageAddress + SB_OFF, SB_MAGIC) == EROFS_MAGIC;
  if (load<u32>(imageAddress, H_MAGIC) == CFS_MAGIC) {
    return isErofs ? STATUS_OK : failField(STATUS_IMAGE_NOT_EROFS, SB_MAGIC, 0, 0);
  }
  failImage(isErofs ? STATUS_IMAGE_NOT_COMPOSEFS : STATUS_IMAGE_NOT_EROFS, 0, 0, 0);
  setErrorText(text, 0);
  if (!isErofs) return STATUS_IMAGE_NOT_EROFS;
  setFeatureNames(load<u32>(imageAddress + SB_OFF, SB_FEATURE_INCOMPAT));
  return STATUS_IMAGE_NOT_COMPOSEFS;
}

/** The fields of the superblock that a reader must know. */
function checkFields(sb: usize): i32 {
  let status = expect(STATUS_IMAGE_BLOCK_SIZE, SB_BLKSZBITS, load<u8>(sb, SB_BLKSZBITS), BLOCK_BITS);
  if (status != STATUS_OK) return status;
  const compat = load<u32>(sb, SB_FEATURE_COMPAT);
  if (compat & ~FEATURE_COMPAT_KNOWN) {
    return failField(STATUS_IMAGE_FEATURE_COMPAT, SB_FEATURE_COMPAT, compat, FEATURE_COMPAT_KNOWN);
  }
  const incompat = load<u32>(sb, SB_FEATURE_INCOMPAT);
  if (incompat & ~FEATURE_INCOMPAT_KNOWN) {
    failField(STATUS_IMAGE_FEATURE_INCOMPAT, SB_FEATURE_INCOMPAT, incompat, FEATURE_INCOMPAT_KNOWN);
    setFeatureNames(incompat & ~FEATURE_INCOMPAT_KNOWN);
    return STATUS_IMAGE_FEATURE_INCOMPAT;
  }
  status = expect(STATUS_IMAGE_COMPRESSED, SB_AVAILABLE_COMPR_ALGS, load<u16>(sb, SB_AVAILABLE_COMPR_ALGS), 0);
  if (status != STATUS_OK) return status;
  status = expect(STATUS_IMAGE_DEVICES, SB_EXTRA_DEVICES, load<u16>(sb, SB_EXTRA_DEVICES), 0);
  if (status != STATUS_OK) return status;
  status = expect(STATUS_IMAGE_SB_EXTSLOTS, SB_EXTSLOTS, load<u8>(sb, SB_EXTSLOTS), 0);
  if (status != STATUS_OK) return status;
  status = expect(STATUS_IMAGE_PACKED_INODE, SB_PACKED_NID, load<u64>(sb, SB_PACKED_NID), 0);
  if (status != STATUS_OK) return status;
  status = expect(STATUS_IMAGE_META_BLKADDR, SB_META_BLKADDR, load<u32>(sb, SB_META_BLKADDR), 0);
  if (status != STATUS_OK) return status;
  return expect(STATUS_IMAGE_XATTR_PREFIXES, SB_XATTR_PREFIX_COUNT, load<u8>(sb, SB_XATTR_PREFIX_COUNT), 0);
}

/** Bytes of the head that every writer leaves zero: rest of the header, rest of the superblock. */
function checkReserved(): i32 {
  for (let at: u32 = 16; at < <u32>FIRST_INODE; at++) {
    if (at == <u32>SB_OFF) at += SB_RESERVED;
    const byte = load<u8>(imageAddress + at);
    if (byte) return failImage(STATUS_IMAGE_STRICT_RESERVED, at, byte, 0);
  }
  return STATUS_OK;
}

/**
 * Reads what can be judged before the image is complete.
 *
 * @param strict whether reserved bytes must be zero
 * @returns a status
 */
export function checkHead(strict: bool): i32 {
  let status = checkMagic();
  if (status != STATUS_OK) return status;
  const header = load<u32>(imageAddress, H_VERSION);
  if (header != CFS_HEADER_VERSION) {
    failImage(STATUS_IMAGE_HEADER_VERSION, H_VERSION, header, CFS_HEADER_VERSION);
    setErrorText(text, 0);
    return STATUS_IMAGE_HEADER_VERSION;
  }
  const version = load<u32>(imageAddress, H_COMPOSEFS_VERSION);
  if (version > <u32>FORMAT_V2) {
    failImage(STATUS_IMAGE_VERSION, H_COMPOSEFS_VERSION, version, FORMAT_V2);
    setErrorText(text, 0);
    return STATUS_IMAGE_VERSION;
  }
  const sb = imageAddress + SB_OFF;
  status = checkFields(sb);
  if (status != STATUS_OK) return status;
  const nanoseconds = load<u32>(sb, SB_BUILD_TIME_NSEC);
  if (nanoseconds > NANOSECONDS_MAX) {
    return failField(STATUS_IMAGE_NSEC_RANGE, SB_BUILD_TIME_NSEC, nanoseconds, NANOSECONDS_MAX);
  }
  const xattrs = (<u64>load<u32>(sb, SB_XATTR_BLKADDR)) << BLOCK_BITS;
  setSuperblock(version, xattrs, load<i64>(sb, SB_BUILD_TIME), nanoseconds);
  return strict ? checkReserved() : STATUS_OK;
}

/** Reads what needs the length of the image. @returns a status */
export function checkExtent(): i32 {
  const block = load<u32>(imageAddress + SB_OFF, SB_XATTR_BLKADDR);
  const blocks = imageBytes >> BLOCK_BITS;
  // The end itself is allowed: an image without shared xattrs has nothing there.
  return block <= blocks ? STATUS_OK : failField(STATUS_IMAGE_XATTR_BLKADDR, SB_XATTR_BLKADDR, block, blocks);
}
