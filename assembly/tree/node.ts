/**
 * Node records: one for each entry of the tree, at an address that is its identity.
 *
 *   +--------------------- NODE_BYTES ---------------------+-- name, padded --+
 *   | parent, type, metadata, data, xattrs, layout results | bytes … zeros    |
 *   +------------------------------------------------------+------------------+
 *
 * A record is made once and not moved; its name follows it, so that a directory scan touches one place for each child.
 * Some fields serve different types or different phases; this table and the comments of the fields name each use.
 *
 *   type        data                  dataLen          extra
 *   directory   child array           child count      subdirectories
 *   regular     content | Digest      content length   item of the redirect, 0 = no payload
 *   symlink     target                target length
 *   hardlink    target path, then     path length
 *               the node it names
 */

/**
 * Types, numbered as EROFS numbers them in directory entries (FT_* of fs/erofs/erofs_fs.h, equal to
 * include/linux/fs_types.h), and one of our own for names that own no inode.
 */
export const TYPE_REGULAR: u32 = 1;
export const TYPE_DIRECTORY: u32 = 2;
export const TYPE_CHARACTER: u32 = 3;
export const TYPE_BLOCK: u32 = 4;
export const TYPE_FIFO: u32 = 5;
export const TYPE_SOCKET: u32 = 6;
export const TYPE_SYMLINK: u32 = 7;
export const TYPE_HARDLINK: u32 = 8;

/** File type bits of st_mode: S_IFMT and its values of include/uapi/linux/stat.h. */
const S_IFMT: u32 = 0o170000;

/** Type of a mode, 0 for none. */
export function typeOfMode(mode: u32): u32 {
  switch (mode & S_IFMT) {
    case 0o100000:
      return TYPE_REGULAR;
    case 0o040000:
      return TYPE_DIRECTORY;
    case 0o120000:
      return TYPE_SYMLINK;
    case 0o020000:
      return TYPE_CHARACTER;
    case 0o060000:
      return TYPE_BLOCK;
    case 0o010000:
      return TYPE_FIFO;
    case 0o140000:
      return TYPE_SOCKET;
    default:
      return 0;
  }
}

/** Type bits of a mode for a type, 0 for a hardlink. */
export function modeOfType(type: u32): u16 {
  switch (type) {
    case TYPE_REGULAR:
      return 0o100000;
    case TYPE_DIRECTORY:
      return 0o040000;
    case TYPE_SYMLINK:
      return 0o120000;
    case TYPE_CHARACTER:
      return 0o020000;
    case TYPE_BLOCK:
      return 0o060000;
    case TYPE_FIFO:
      return 0o010000;
    case TYPE_SOCKET:
      return 0o140000;
    default:
      return 0;
  }
}

/** A regular file with inline content. */
export const FLAG_INLINE: u8 = 1;
/** A directory whose children came out of order. */
export const FLAG_UNSORTED: u8 = 2;
/** A directory that holds user whiteouts. */
export const FLAG_HAS_WHITEOUTS: u8 = 4;
/** An inode that needs the extended header; the writer's. */
export const FLAG_EXTENDED: u8 = 8;
/** A hardlink on the chain that is being followed. */
export const FLAG_FOLLOWING: u8 = 16;
/** A hardlink whose node is known. */
export const FLAG_RESOLVED: u8 = 32;
/** A node that the writer made, not the input. */
export const FLAG_STUB: u8 = 64;

@unmanaged
export class Node {
  parent: usize;
  /** Entries of a directory are chained here while parsing; then: the inode number (position in the writer's list). */
  next: u32;
  nameLen: u8;
  type: u8;
  /** Low 16 bits of st_mode. */
  mode: u16;
  /** Names of the inode: 1 + hardlinks to it, counted when the tree is complete. */
  names: u32;
  /** Seconds of mtime, signed. */
  seconds: i64;
  size: u64;
  nanoseconds: u32;
  nlink: u32;
  uid: u32;
  gid: u32;
  rdev: u32;
  /** See the table. */
  data: usize;
  dataLen: u32;
  /** See the table. */
  extra: u32;
  /** Address of the xattr list (`xattrs.ts`), 0 = none. */
  xattrs: usize;
  /** What made the node: see `ORIGIN_*` of tree.ts. Lines count from 1, modulo 2^32. */
  origin: u32;
  /** The writer's: list of the xattrs that reach the image. Of a hardlink: the next one of the input. */
  items: usize;
  /** The writer's: position of the inode / 32. While parsing: last child of a directory. */
  nid: u32;
  /** The writer's: full data blocks. */
  blocks: u32;
  /** The writer's: bytes stored after the xattrs. */
  tail: u16;
  /** The writer's: i_xattr_icount. */
  icount: u16;
  /** The writer's: first entry of a directory's last group. */
  tailEntry: u32;

  flags: u8;
  /** The writer's: references into the shared area (format V2 may hold 255). */
  references: u8;

  /** Address of the name, padded. */
  get name(): usize {
    return changetype<usize>(this) + NODE_BYTES;
  }

  has(flag: u8): bool {
    return (this.flags & flag) != 0;
  }

  set(flag: u8): void {
    this.flags |= flag;
  }

  /** A character device with rdev 0 that came with the input. */
  get isWhiteout(): bool {
    return this.type == TYPE_CHARACTER && this.rdev == 0 && !this.has(FLAG_STUB);
  }

  // ---- directories

  get lastChild(): usize {
    return <usize>this.nid;
  }
  set lastChild(node: usize) {
    this.nid = <u32>node;
  }

  child(index: u32): Node {
    return changetype<Node>(<usize>load<u32>(this.data + ((<usize>index) << 2)));
  }

  // ---- hardlinks

  /** The node that owns the inode: this one, or the target of a resolved hardlink. */
  get owner(): Node {
    return this.type == TYPE_HARDLINK ? changetype<Node>(this.data) : this;
  }
}

/** Bytes of a record, a multiple of 8: the name follows. */
export const NODE_BYTES: usize = (offsetof<Node>() + 7) & ~7;
