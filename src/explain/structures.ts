/**
 * The structures of a composefs image, as tables: names, offsets and widths of fields, and how their values are shown.
 *
 * The composefs header is struct lcfs_erofs_header_s of composefs' lcfs-erofs.h; all others are those of
 * fs/erofs/erofs_fs.h of Linux 6.6. All numbers are little-endian.
 */

/** How a value is shown beside its hexadecimal form. */
export type Show =
  /** Not at all. */
  | "hex"
  | "decimal"
  /** log2 of a number of bytes. */
  | "bits"
  /** st_mode. */
  | "mode"
  /** Seconds since 1970, signed. */
  | "time"
  /** A nid: where the inode is. */
  | "nid"
  /** A block number: where the block is. */
  | "block"
  /** A number of blocks. */
  | "blocks"
  /** A device number. */
  | "device"
  /** Bits with names. */
  | "flags"
  /** composefs_version. */
  | "version"
  /** i_format, i_xattr_icount. */
  | "layout"
  | "xattr words"
  /** log2 of the chunk size less that of the block size, and flags above. */
  | "chunks"
  /** Nothing: zero in every image. */
  | "reserved";

/** A field of a structure. */
export interface FieldSpec {
  name: string;
  /** In the structure. */
  offset: number;
  bytes: number;
  show: Show;
  /** Names of the bits of `flags`. */
  flags?: Readonly<Record<number, string>>;
}

function field(offset: number, bytes: number, name: string, show: Show, flags?: FieldSpec["flags"]): FieldSpec {
  return { name, offset, bytes, show, ...(flags && { flags }) };
}

/** struct lcfs_erofs_header_s: LCFS_EROFS_MAGIC, LCFS_EROFS_VERSION, LCFS_EROFS_FLAGS_*. */
export const HEADER: readonly FieldSpec[] = [
  field(0, 4, "magic", "hex"),
  field(4, 4, "version", "decimal"),
  field(8, 4, "flags", "flags", { 1: "has_acl" }),
  field(12, 4, "composefs_version", "version"),
  field(16, 16, "unused", "reserved"),
];
export const HEADER_BYTES = 32;

/** EROFS_SUPER_OFFSET. */
export const SUPERBLOCK_OFFSET = 1024;
/** struct erofs_super_block; EROFS_FEATURE_COMPAT_*, EROFS_FEATURE_INCOMPAT_*. */
export const SUPERBLOCK: readonly FieldSpec[] = [
  field(0, 4, "magic", "hex"),
  field(4, 4, "checksum", "hex"),
  field(8, 4, "feature_compat", "flags", { 1: "sb_chksum", 2: "mtime", 4: "xattr_filter" }),
  field(12, 1, "blkszbits", "bits"),
  field(13, 1, "sb_extslots", "decimal"),
  field(14, 2, "root_nid", "nid"),
  field(16, 8, "inos", "decimal"),
  field(24, 8, "build_time", "time"),
  field(32, 4, "build_time_nsec", "decimal"),
  field(36, 4, "blocks", "blocks"),
  field(40, 4, "meta_blkaddr", "block"),
  field(44, 4, "xattr_blkaddr", "block"),
  field(48, 16, "uuid", "hex"),
  field(64, 16, "volume_name", "hex"),
  field(80, 4, "feature_incompat", "flags", { 4: "chunked_file" }),
  field(84, 2, "available_compr_algs", "hex"),
  field(86, 2, "extra_devices", "decimal"),
  field(88, 2, "devt_slotoff", "decimal"),
  field(90, 1, "dirblkbits", "decimal"),
  field(91, 1, "xattr_prefix_count", "decimal"),
  field(92, 4, "xattr_prefix_start", "decimal"),
  field(96, 8, "packed_nid", "decimal"),
  field(104, 1, "xattr_filter_reserved", "reserved"),
  field(105, 23, "reserved2", "reserved"),
];
export const SUPERBLOCK_BYTES = 128;
export const SB_XATTR_BLKADDR = 44;

/** i_u of struct erofs_inode_compact and erofs_inode_extended, by what the inode is. */
export type UnionMember = "raw_blkaddr" | "rdev" | "chunks" | "none";

/** union erofs_inode_i_u, struct erofs_inode_chunk_info; at the same place in both inodes. */
const UNION: Readonly<Record<UnionMember, readonly FieldSpec[]>> = {
  raw_blkaddr: [field(16, 4, "i_u.raw_blkaddr", "block")],
  rdev: [field(16, 4, "i_u.rdev", "device")],
  chunks: [field(16, 2, "i_u.c.format", "chunks"), field(18, 2, "i_u.c.reserved", "reserved")],
  none: [field(16, 4, "i_u", "reserved")],
};

/** struct erofs_inode_compact, 32 bytes. */
const COMPACT: readonly FieldSpec[] = [
  field(0, 2, "i_format", "layout"),
  field(2, 2, "i_xattr_icount", "xattr words"),
  field(4, 2, "i_mode", "mode"),
  field(6, 2, "i_nlink", "decimal"),
  field(8, 4, "i_size", "decimal"),
  field(12, 4, "i_reserved", "reserved"),
  field(20, 4, "i_ino", "decimal"),
  field(24, 2, "i_uid", "decimal"),
  field(26, 2, "i_gid", "decimal"),
  field(28, 4, "i_reserved2", "reserved"),
];
export const COMPACT_BYTES = 32;

/** struct erofs_inode_extended, 64 bytes. */
const EXTENDED: readonly FieldSpec[] = [
  field(0, 2, "i_format", "layout"),
  field(2, 2, "i_xattr_icount", "xattr words"),
  field(4, 2, "i_mode", "mode"),
  field(6, 2, "i_reserved", "reserved"),
  field(8, 8, "i_size", "decimal"),
  field(20, 4, "i_ino", "decimal"),
  field(24, 4, "i_uid", "decimal"),
  field(28, 4, "i_gid", "decimal"),
  field(32, 8, "i_mtime", "time"),
  field(40, 4, "i_mtime_nsec", "decimal"),
  field(44, 4, "i_nlink", "decimal"),
  field(48, 16, "i_reserved2", "reserved"),
];
export const EXTENDED_BYTES = 64;

function withUnion(fields: readonly FieldSpec[]): Readonly<Record<UnionMember, readonly FieldSpec[]>> {
  const join = (member: UnionMember) => [...fields, ...UNION[member]].sort((a, b) => a.offset - b.offset);
  return { raw_blkaddr: join("raw_blkaddr"), rdev: join("rdev"), chunks: join("chunks"), none: join("none") };
}

/** Inodes by what `i_u` holds. */
export const COMPACT_INODE = withUnion(COMPACT);
export const EXTENDED_INODE = withUnion(EXTENDED);

/** Where both kinds of inodes have what says the most about them. */
export const I_FORMAT = 0;
export const I_XATTR_ICOUNT = 2;
export const I_MODE = 4;
export const I_SIZE = 8;

/** struct erofs_xattr_ibody_header; references (h_shared_xattrs) and entries follow. */
export const XATTR_HEADER: readonly FieldSpec[] = [
  field(0, 4, "h_name_filter", "hex"),
  field(4, 1, "h_shared_count", "decimal"),
  field(5, 7, "h_reserved2", "reserved"),
];
export const XATTR_HEADER_BYTES = 12;
export const H_SHARED_COUNT = 4;

/** struct erofs_xattr_entry: e_name_len u8, e_name_index u8, e_value_size u16. Name and value follow, padded to 4. */
export const XATTR_ENTRY_BYTES = 4;
export const E_NAME_INDEX = 1;
export const E_VALUE_SIZE = 2;

/** Prefixes by e_name_index: EROFS_XATTR_INDEX_* of fs/erofs/erofs_fs.h. */
export const XATTR_PREFIXES: readonly string[] = [
  "",
  "user.",
  "system.posix_acl_access",
  "system.posix_acl_default",
  "trusted.",
  "lustre.",
  "security.",
];

/** struct erofs_dirent: nid u64, nameoff u16, file_type u8, reserved u8. */
export const DIRENT_BYTES = 12;
export const D_NAMEOFF = 8;
export const D_FILE_TYPE = 10;
export const D_RESERVED = 11;

/** By file_type: FT_* of include/linux/fs_types.h, which EROFS uses. */
export const FILE_TYPES: readonly string[] = [
  "unknown",
  "file",
  "directory",
  "character device",
  "block device",
  "fifo",
  "socket",
  "symlink",
];

/** By the type bits of st_mode, S_IFMT >> 12 (include/uapi/linux/stat.h). */
export const MODE_TYPES: Readonly<Record<number, string>> = {
  1: "fifo",
  2: "character device",
  4: "directory",
  6: "block device",
  8: "file",
  10: "symlink",
  12: "socket",
};
export const MODE_TYPE_SHIFT = 12;

/** Data layouts of i_format: EROFS_INODE_FLAT_PLAIN, EROFS_INODE_FLAT_INLINE, EROFS_INODE_CHUNK_BASED. */
export const LAYOUTS: Readonly<Record<number, string>> = { 0: "flat plain", 2: "flat inline", 4: "chunk-based" };
export const LAYOUT_CHUNK_BASED = 4;

/** Block size and inode slot of all composefs images. */
export const BLOCK_BYTES = 4096;
export const BLOCK_BITS = 12;
export const SLOT_BYTES = 32;
