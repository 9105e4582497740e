/**
 * The on-disk format: sizes, field offsets and numbers of an EROFS image as composefs writes it.
 *
 * Names follow fs/erofs/erofs_fs.h of the Linux kernel; the composefs header is LCFS's (lcfs-erofs.h). All numbers on
 * disk are little-endian, as linear memory is. A change of any of them is a format break.
 *
 *   region order: composefs header | superblock | inodes | shared xattrs | pad | data blocks      (erofs-v1.md 1.1)
 */

import { FORMAT_V1, FORMAT_V2 } from "../abi";

export const BLOCK_BITS = 12;
/** Block size in bytes. */
export const BLOCK: u64 = 4096;
/** Inode slot: nid x 32 is the position of an inode. */
export const SLOT: u64 = 32;

// ---- composefs header, at 0

export const CFS_MAGIC: u32 = 0xd078629a;
/** The header's own version, the same for all formats. */
export const CFS_HEADER_VERSION: u32 = 1;
export const CFS_FLAG_HAS_ACL: u32 = 1;
export const H_MAGIC = 0;
export const H_VERSION = 4;
export const H_FLAGS = 8;
export const H_COMPOSEFS_VERSION = 12;

// ---- superblock, at 1024

export const SB_OFF = 1024;
/** Where the inode area starts: behind the 128 bytes of the superblock. */
export const FIRST_INODE: u64 = 1152;
export const EROFS_MAGIC: u32 = 0xe0f5e1e2;
/** EROFS_FEATURE_COMPAT_MTIME | EROFS_FEATURE_COMPAT_XATTR_FILTER. */
export const FEATURE_COMPAT: u32 = 6;
export const SB_BYTES = 128;
/** EROFS_FEATURE_COMPAT_SB_CHKSUM, MTIME and XATTR_FILTER: what a reader of composefs takes (erofs-reader.md 3, no. 7). */
export const FEATURE_COMPAT_KNOWN: u32 = 7;
/** EROFS_FEATURE_INCOMPAT_CHUNKED_FILE: the only one (no. 8). */
export const FEATURE_INCOMPAT_KNOWN: u32 = 4;
export const SB_MAGIC = 0;
export const SB_FEATURE_COMPAT = 8;
export const SB_BLKSZBITS = 12;
export const SB_EXTSLOTS = 13;
export const SB_ROOT_NID = 14;
export const SB_INOS = 16;
export const SB_BUILD_TIME = 24;
export const SB_BUILD_TIME_NSEC = 32;
export const SB_BLOCKS = 36;
export const SB_META_BLKADDR = 40;
export const SB_XATTR_BLKADDR = 44;
export const SB_FEATURE_INCOMPAT = 80;
export const SB_AVAILABLE_COMPR_ALGS = 84;
export const SB_EXTRA_DEVICES = 86;
export const SB_XATTR_PREFIX_COUNT = 91;
export const SB_PACKED_NID = 96;
/** xattr_filter_reserved, and all behind it. */
export const SB_RESERVED = 104;

// ---- inodes

export const COMPACT_BYTES: u32 = 32;
export const EXTENDED_BYTES: u32 = 64;
/** i_format: layout x 2 + 1 for the extended header. */
export const LAYOUT_FLAT_PLAIN: u32 = 0;
export const LAYOUT_FLAT_INLINE: u32 = 2;
export const LAYOUT_CHUNK_BASED: u32 = 4;

export const I_FORMAT = 0;
export const I_XATTR_ICOUNT = 2;
export const I_MODE = 4;
/** Compact header. */
export const IC_NLINK = 6;
export const IC_SIZE = 8;
export const IC_RESERVED = 12;
export const IC_U = 16;
export const IC_INO = 20;
export const IC_UID = 24;
export const IC_GID = 26;
export const IC_RESERVED2 = 28;
/** Extended header. */
export const IE_RESERVED = 6;
export const IE_SIZE = 8;
export const IE_U = 16;
export const IE_INO = 20;
export const IE_UID = 24;
export const IE_GID = 28;
export const IE_MTIME = 32;
export const IE_MTIME_NSEC = 40;
export const IE_NLINK = 44;
export const IE_RESERVED2 = 48;

// ---- xattrs

/** Header of an inode's xattrs: name filter, number of references, 7 reserved bytes. */
export const XATTR_HEADER_BYTES: u32 = 12;
/** Header of an entry, and size of a reference. */
export const XATTR_ENTRY_BYTES: u32 = 4;
/** i_xattr_icount is 16 bits wide. */
export const ICOUNT_MAX: u32 = 65535;
/** Most references of an inode in V0 and V1 (erofs-v1.md 5; the cap of C's writer, 0x80). */
export const SHARED_MAX: u32 = 128;

/** Highest name index without a long prefix. */
export const NAME_INDEX_MAX: u32 = 6;

/** The prefix that a name index stands for: EROFS_XATTR_INDEX_* of fs/erofs/erofs_fs.h; empty for 0. */
export function prefixOf(index: u32): string {
  switch (index) {
    case 1:
      return "user.";
    case 2:
      return "system.posix_acl_access";
    case 3:
      return "system.posix_acl_default";
    case 4:
      return "trusted.";
    case 5:
      return "lustre.";
    case 6:
      return "security.";
    default:
      return "";
  }
}

// ---- directories

export const DIRENT_BYTES: u32 = 12;
/** Longest last group that stays behind its inode. */
export const TAIL_MAX: u32 = 2048;

// ---- chunks

export const CHUNK_BITS_MAX: u32 = 43;
/** Chunk format in every V2 image: the width of the field, whatever the size. */
export const CHUNK_FORMAT_V2: u32 = 31;
export const NULL_ADDR: u32 = 0xffffffff;

/** Bits of mode beside the type. */
export const PERMISSIONS: u32 = 0o7777;
/** include/uapi/linux/stat.h. */
export const S_IFREG: u32 = 0o100000;
export const S_IFCHR: u32 = 0o020000;

// ---- what differs between the formats ------------------------------------------------------------------------------

/** V0 and V1 escape whiteouts and add the root marker and the stubs; V2 takes the tree as it is. */
export function hasOverlayPreparation(version: u32): bool {
  return version != FORMAT_V2;
}

/** V1 also marks directories with whiteouts opaque for the sake of older kernels. */
export function marksOpaque(version: u32): bool {
  return version == FORMAT_V1;
}

/** `x` rounded up to a multiple of `n`, a power of two. */
export function up(x: u64, n: u64): u64 {
  return (x + n - 1) & ~(n - 1);
}
