/**
 * The table of codes.
 *
 * Every status that the engine can give has exactly one row here: number, code, message. The code is the name of the
 * status without `STATUS_`; a test holds the rows against the constants of assembly/abi.ts, so that neither side can
 * have a code that the other lacks. Rows of the host itself have no number.
 *
 * A message reads "where: what was wanted[, what was found]". In the table `{actual}` and `{limit}` stand for the two
 * numbers of the engine's error record; a part in square brackets is left out when the numbers in it are both 0.
 */

import * as abi from "../assembly/abi.ts";

/** Engine statuses: code -> [number, message]. */
export const STATUS_ROWS = {
  ENGINE_MEMORY: [abi.STATUS_ENGINE_MEMORY, "the job needs more memory than the limit allows[ ({limit} bytes)]"],
  ENGINE_STATE: [abi.STATUS_ENGINE_STATE, "a call came at the wrong moment of the job"],
  ENGINE_ARGUMENT: [abi.STATUS_ENGINE_ARGUMENT, "a call had an argument out of range"],

  DUMP_EMPTY_INPUT: [abi.STATUS_DUMP_EMPTY_INPUT, "expected at least one line, the root; the input is empty"],
  DUMP_EMPTY_LINE: [abi.STATUS_DUMP_EMPTY_LINE, "expected an entry, found an empty line"],
  DUMP_NUL_BYTE: [
    abi.STATUS_DUMP_NUL_BYTE,
    "a zero byte must not occur in a dumpfile; write it as \\x00 where allowed",
  ],
  DUMP_CR_LINE_END: [
    abi.STATUS_DUMP_CR_LINE_END,
    "lines end with LF alone, found CR LF; a CR in a value is written \\r",
  ],
  DUMP_LINE_TOO_LONG: [
    abi.STATUS_DUMP_LINE_TOO_LONG,
    "the line is too long[: {actual} bytes or more, at most {limit}]",
  ],
  DUMP_FIELD_MISSING: [abi.STATUS_DUMP_FIELD_MISSING, "expected {limit} fields, the line has {actual}"],
  DUMP_ESCAPE: [abi.STATUS_DUMP_ESCAPE, "expected one of the escapes \\\\ \\n \\r \\t \\xHH after a backslash"],
  DUMP_NUL_ESCAPE: [abi.STATUS_DUMP_NUL_ESCAPE, "\\x00 is allowed in content and xattr values only"],
  DUMP_PATH_RELATIVE: [abi.STATUS_DUMP_PATH_RELATIVE, "expected an absolute path, one that begins with /"],
  DUMP_PATH_EMPTY: [abi.STATUS_DUMP_PATH_EMPTY, "expected a path, found an empty field"],
  DUMP_PATH_DOUBLE_SLASH: [abi.STATUS_DUMP_PATH_DOUBLE_SLASH, "a path must not contain //"],
  DUMP_PATH_TRAILING_SLASH: [abi.STATUS_DUMP_PATH_TRAILING_SLASH, "a path must not end with /, except the root"],
  DUMP_PATH_DOT: [abi.STATUS_DUMP_PATH_DOT, "a path must not have . or .. as a component"],
  DUMP_NAME_TOO_LONG: [
    abi.STATUS_DUMP_NAME_TOO_LONG,
    "a path component is too long[: {actual} bytes, at most {limit}]",
  ],
  DUMP_PATH_TOO_LONG: [abi.STATUS_DUMP_PATH_TOO_LONG, "the path is too long[: {actual} bytes, at most {limit}]"],
  DUMP_ROOT_FIRST: [abi.STATUS_DUMP_ROOT_FIRST, "the first line must be the root directory, /"],
  DUMP_ROOT_TYPE: [abi.STATUS_DUMP_ROOT_TYPE, "the root must be a directory"],
  DUMP_ROOT_TWICE: [abi.STATUS_DUMP_ROOT_TWICE, "the root must be given once only"],
  DUMP_PATH_TWICE: [abi.STATUS_DUMP_PATH_TWICE, "this path was given before"],
  DUMP_PARENT_MISSING: [abi.STATUS_DUMP_PARENT_MISSING, "the directory that holds this path must be given before it"],
  DUMP_PARENT_TYPE: [abi.STATUS_DUMP_PARENT_TYPE, "what holds this path is not a directory"],
  DUMP_NUMBER: [abi.STATUS_DUMP_NUMBER, "expected decimal digits, in a mode octal digits"],
  DUMP_NUMBER_RANGE: [abi.STATUS_DUMP_NUMBER_RANGE, "the number is out of range[; the largest is {limit}]"],
  DUMP_MODE_TYPE: [
    abi.STATUS_DUMP_MODE_TYPE,
    "the mode must hold one of the seven file types, such as 100644 or 40755",
  ],
  DUMP_MTIME: [abi.STATUS_DUMP_MTIME, "expected seconds, a dot, nanoseconds"],
  DUMP_NSEC_RANGE: [abi.STATUS_DUMP_NSEC_RANGE, "nanoseconds must be below 1000000000"],
  DUMP_RDEV_TYPE: [abi.STATUS_DUMP_RDEV_TYPE, "only a device may have an rdev other than 0"],
  DUMP_CONTENT_SIZE: [abi.STATUS_DUMP_CONTENT_SIZE, "the content has {actual} bytes, the size field says {limit}"],
  DUMP_CONTENT_TOO_LONG: [
    abi.STATUS_DUMP_CONTENT_TOO_LONG,
    "the content is too long[: {actual} bytes, at most {limit}]",
  ],
  DUMP_CONTENT_TYPE: [abi.STATUS_DUMP_CONTENT_TYPE, "only a regular file may have content"],
  DUMP_CONTENT_PAYLOAD: [abi.STATUS_DUMP_CONTENT_PAYLOAD, "a file has content or a payload, not both"],
  DUMP_CONTENT_DIGEST: [abi.STATUS_DUMP_CONTENT_DIGEST, "a file has content or a digest, not both"],
  DUMP_DIGEST_TYPE: [abi.STATUS_DUMP_DIGEST_TYPE, "only a regular file may have a digest"],
  DUMP_DIGEST: [abi.STATUS_DUMP_DIGEST, "expected 64 (SHA-256) or 128 (SHA-512) hexadecimal digits, or -"],
  DUMP_DIGEST_MIXED: [
    abi.STATUS_DUMP_DIGEST_MIXED,
    "all digests of a dumpfile must be of one hash, SHA-256 or SHA-512",
  ],
  DUMP_PAYLOAD_EMPTY: [abi.STATUS_DUMP_PAYLOAD_EMPTY, "expected a payload or -, found an empty field"],
  DUMP_PAYLOAD_TOO_LONG: [
    abi.STATUS_DUMP_PAYLOAD_TOO_LONG,
    "the payload is too long[: {actual} bytes, at most {limit}]",
  ],
  DUMP_SIZE_TOO_LARGE: [abi.STATUS_DUMP_SIZE_TOO_LARGE, "the file is too large[: {actual} bytes, at most {limit}]"],
  DUMP_SYMLINK_TARGET: [abi.STATUS_DUMP_SYMLINK_TARGET, "a symlink needs its target as payload"],
  DUMP_SYMLINK_TOO_LONG: [
    abi.STATUS_DUMP_SYMLINK_TOO_LONG,
    "the target is too long[: {actual} bytes, at most {limit}]",
  ],
  DUMP_XATTR_EQUALS: [abi.STATUS_DUMP_XATTR_EQUALS, "expected key=value"],
  DUMP_XATTR_KEY_EMPTY: [abi.STATUS_DUMP_XATTR_KEY_EMPTY, "expected a key before ="],
  DUMP_XATTR_KEY_TOO_LONG: [
    abi.STATUS_DUMP_XATTR_KEY_TOO_LONG,
    "the key is too long[: {actual} bytes, at most {limit}]",
  ],
  DUMP_XATTR_BUDGET: [
    abi.STATUS_DUMP_XATTR_BUDGET,
    "the xattrs of this entry need too much room[: {actual}, at most {limit} bytes]",
  ],
  DUMP_XATTR_TEXT_TOO_LONG: [
    abi.STATUS_DUMP_XATTR_TEXT_TOO_LONG,
    "the xattrs of this line are too long[: {actual} bytes, at most {limit}]",
  ],
  DUMP_XATTR_EMPTY_TOKEN: [
    abi.STATUS_DUMP_XATTR_EMPTY_TOKEN,
    "expected key=value, found two spaces or a space at the end of the line",
  ],
  DUMP_LINK_TYPE: [abi.STATUS_DUMP_LINK_TYPE, "the mode of a hardlink must hold a file type other than directory"],
  DUMP_LINK_WITHOUT_TARGET: [abi.STATUS_DUMP_LINK_WITHOUT_TARGET, "a hardlink needs the path of its target as payload"],
  DUMP_LINK_DANGLING: [abi.STATUS_DUMP_LINK_DANGLING, "the target of the hardlink does not exist"],
  DUMP_LINK_TO_DIRECTORY: [abi.STATUS_DUMP_LINK_TO_DIRECTORY, "the target of a hardlink must not be a directory"],
  DUMP_LINK_CYCLE: [abi.STATUS_DUMP_LINK_CYCLE, "the hardlinks lead in a circle"],
  DUMP_WHITEOUT_LINKED: [abi.STATUS_DUMP_WHITEOUT_LINKED, "a whiteout (character device 0) must have one name only"],
  DUMP_TOO_MANY_ENTRIES: [abi.STATUS_DUMP_TOO_MANY_ENTRIES, "too many entries[; at most {limit}]"],
  DUMP_STRICT_FINAL_NEWLINE: [abi.STATUS_DUMP_STRICT_FINAL_NEWLINE, "strict: the last line must end with LF"],
  DUMP_STRICT_SYMLINK_SIZE: [
    abi.STATUS_DUMP_STRICT_SYMLINK_SIZE,
    "strict: the target has {limit} bytes, the size field says {actual}",
  ],
  DUMP_STRICT_XATTR_TWICE: [abi.STATUS_DUMP_STRICT_XATTR_TWICE, "strict: this key was given before"],
  DUMP_STRICT_NLINK: [
    abi.STATUS_DUMP_STRICT_NLINK,
    "strict: the entry has {limit} links, the nlink field says {actual}",
  ],
  DUMP_NUMBER_NEGATIVE: [abi.STATUS_DUMP_NUMBER_NEGATIVE, "only the seconds of mtime may be negative"],
  DUMP_NUMBER_WHITE_SPACE: [abi.STATUS_DUMP_NUMBER_WHITE_SPACE, "white space before a number"],
  DUMP_ESCAPE_HEX: [abi.STATUS_DUMP_ESCAPE_HEX, "expected two hexadecimal digits after \\x"],
  DUMP_DIGEST_ESCAPE: [abi.STATUS_DUMP_DIGEST_ESCAPE, "a digest is written without escapes"],
  DUMP_LINK_SELF: [abi.STATUS_DUMP_LINK_SELF, "the hardlink names itself"],
  DUMP_LINK_MODE_TYPE: [
    abi.STATUS_DUMP_LINK_MODE_TYPE,
    "the mode of a hardlink must hold one of the file types, such as @100644",
  ],
  DUMP_MODE_AT: [abi.STATUS_DUMP_MODE_AT, "the @ of a hardlink comes before the mode"],

  EROFS_FORMAT: [abi.STATUS_EROFS_FORMAT, "unknown image format"],
  EROFS_IMAGE_TOO_LARGE: [
    abi.STATUS_EROFS_IMAGE_TOO_LARGE,
    "the image would be too large for its format[: {actual} bytes, at most {limit}]",
  ],
  EROFS_V2_INLINE: [
    abi.STATUS_EROFS_V2_INLINE,
    "format v2 cannot hold inline content this long[: {actual} bytes, at most {limit}]",
  ],
  EROFS_V2_SYMLINK: [
    abi.STATUS_EROFS_V2_SYMLINK,
    "format v2 cannot hold a symlink target this long[: {actual} bytes, at most {limit}]",
  ],
  EROFS_V2_SHARED: [
    abi.STATUS_EROFS_V2_SHARED,
    "format v2 cannot share this many xattrs in one inode[: {actual}, at most {limit}]",
  ],
  EROFS_V2_PAYLOAD: [abi.STATUS_EROFS_V2_PAYLOAD, "format v2 wants the object path of the digest as payload"],

  IMAGE_TOO_LARGE: [abi.STATUS_IMAGE_TOO_LARGE, "the image is too large[: {actual} bytes or more, at most {limit}]"],
  IMAGE_TOO_SHORT: [
    abi.STATUS_IMAGE_TOO_SHORT,
    "expected {limit} bytes of composefs header and superblock at least, the input has {actual}",
  ],
  IMAGE_NOT_EROFS: [abi.STATUS_IMAGE_NOT_EROFS, "this is no EROFS image: its superblock lacks the magic number"],
  IMAGE_NOT_COMPOSEFS: [
    abi.STATUS_IMAGE_NOT_COMPOSEFS,
    "this is an EROFS image of another tool: it has no composefs header, and no fs-verity digests of files",
  ],
  IMAGE_HEADER_VERSION: [
    abi.STATUS_IMAGE_HEADER_VERSION,
    "the composefs header has version {actual}, expected {limit}",
  ],
  IMAGE_VERSION: [abi.STATUS_IMAGE_VERSION, "the image has composefs_version {actual}, the newest known is {limit}"],
  IMAGE_BLOCK_SIZE: [abi.STATUS_IMAGE_BLOCK_SIZE, "blkszbits is {actual}, composefs images have {limit}"],
  IMAGE_FEATURE_COMPAT: [
    abi.STATUS_IMAGE_FEATURE_COMPAT,
    "feature_compat is {actual}, of which composefs images use the bits of {limit} alone",
  ],
  IMAGE_FEATURE_INCOMPAT: [
    abi.STATUS_IMAGE_FEATURE_INCOMPAT,
    "feature_incompat is {actual}, of which composefs images use the bits of {limit} alone",
  ],
  IMAGE_COMPRESSED: [
    abi.STATUS_IMAGE_COMPRESSED,
    "the image is compressed (available_compr_algs {actual}), which composefs images never are",
  ],
  IMAGE_DEVICES: [abi.STATUS_IMAGE_DEVICES, "the image has {actual} extra devices, composefs images have none"],
  IMAGE_SB_EXTSLOTS: [abi.STATUS_IMAGE_SB_EXTSLOTS, "the superblock has {actual} extension slots, expected none"],
  IMAGE_PACKED_INODE: [
    abi.STATUS_IMAGE_PACKED_INODE,
    "the image has a packed inode, nid {actual}; composefs images have none",
  ],
  IMAGE_META_BLKADDR: [abi.STATUS_IMAGE_META_BLKADDR, "meta_blkaddr is {actual}, composefs images have {limit}"],
  IMAGE_XATTR_PREFIXES: [
    abi.STATUS_IMAGE_XATTR_PREFIXES,
    "the image has {actual} long xattr prefixes, composefs images have none",
  ],
  IMAGE_XATTR_BLKADDR: [
    abi.STATUS_IMAGE_XATTR_BLKADDR,
    "xattr_blkaddr is block {actual}, the image has {limit} blocks",
  ],
  IMAGE_OVERLAP: [
    abi.STATUS_IMAGE_OVERLAP,
    "structures overlap: together they take {actual} bytes, the image has {limit}",
  ],
  IMAGE_TOO_MANY_ENTRIES: [abi.STATUS_IMAGE_TOO_MANY_ENTRIES, "there are too many entries, at most {limit}"],

  IMAGE_NID: [abi.STATUS_IMAGE_NID, "nid {actual} is outside of the image, whose nids are 36 to below {limit}"],
  IMAGE_INODE: [abi.STATUS_IMAGE_INODE, "the inode ends at {actual}, the image at {limit}"],
  IMAGE_LAYOUT: [abi.STATUS_IMAGE_LAYOUT, "data layout {actual} is none of 0 (plain), 2 (inline), 4 (chunk-based)"],
  IMAGE_TYPE: [abi.STATUS_IMAGE_TYPE, "mode {actual} holds none of the seven file types"],
  IMAGE_LAYOUT_TYPE: [abi.STATUS_IMAGE_LAYOUT_TYPE, "data layout {actual} does not go with the type of the inode"],
  IMAGE_DATA: [abi.STATUS_IMAGE_DATA, "the data reaches {actual}, beyond {limit}, where the image ends"],
  IMAGE_SPECIAL_SIZE: [
    abi.STATUS_IMAGE_SPECIAL_SIZE,
    "a device, FIFO or socket must have size 0[, this one has {actual}]",
  ],
  IMAGE_SYMLINK_LENGTH: [
    abi.STATUS_IMAGE_SYMLINK_LENGTH,
    "a symlink target has 1 to {limit} bytes, this one has {actual}",
  ],
  IMAGE_SYMLINK_NUL: [abi.STATUS_IMAGE_SYMLINK_NUL, "a symlink target must not hold a zero byte"],
  IMAGE_INLINE_TOO_LONG: [
    abi.STATUS_IMAGE_INLINE_TOO_LONG,
    "inline content has {actual} bytes, at most {limit} are allowed",
  ],
  IMAGE_FILE_TOO_LARGE: [abi.STATUS_IMAGE_FILE_TOO_LARGE, "the file has {actual} bytes, at most {limit} are allowed"],
  IMAGE_NSEC_RANGE: [abi.STATUS_IMAGE_NSEC_RANGE, "nanoseconds are {actual}, at most {limit} are allowed"],
  IMAGE_WHITEOUT_LINKED: [abi.STATUS_IMAGE_WHITEOUT_LINKED, "a whiteout must have one name and nlink 1 or 0"],
  IMAGE_NATIVE_WHITEOUT: [
    abi.STATUS_IMAGE_NATIVE_WHITEOUT,
    "a character device 0 is allowed as a stub only: in the root, by a name from 00 to ff",
  ],

  IMAGE_XATTR_REFERENCES: [
    abi.STATUS_IMAGE_XATTR_REFERENCES,
    "the inode has {actual} references to shared xattrs, its xattr part holds {limit}",
  ],
  IMAGE_XATTR_REFERENCE: [
    abi.STATUS_IMAGE_XATTR_REFERENCE,
    "a reference leads to a shared xattr at {actual}, the image ends at {limit}",
  ],
  IMAGE_XATTR_ENTRY: [abi.STATUS_IMAGE_XATTR_ENTRY, "an xattr ends at {actual}, the xattr part at {limit}"],
  IMAGE_XATTR_INDEX: [abi.STATUS_IMAGE_XATTR_INDEX, "the name index of an xattr is {actual}, at most {limit}"],
  IMAGE_XATTR_KEY: [abi.STATUS_IMAGE_XATTR_KEY, "an xattr key has 1 to {limit} bytes, this one has {actual}"],
  IMAGE_XATTR_KEY_NUL: [abi.STATUS_IMAGE_XATTR_KEY_NUL, "an xattr key must not hold a zero byte"],
  IMAGE_XATTR_TWICE: [abi.STATUS_IMAGE_XATTR_TWICE, "an inode must not have an xattr key twice"],
  IMAGE_XATTR_SHARED: [
    abi.STATUS_IMAGE_XATTR_SHARED,
    "the inode has {actual} references to shared xattrs, at most {limit} are allowed",
  ],
  IMAGE_XATTR_BUDGET: [
    abi.STATUS_IMAGE_XATTR_BUDGET,
    "the xattrs of an entry are too large[: {actual} bytes counted with 7 for each and 12 for all, at most {limit}]",
  ],
  IMAGE_METACOPY: [
    abi.STATUS_IMAGE_METACOPY,
    "trusted.overlay.metacopy must be empty, or hold version 0, its length, no flags, and a SHA-256 or SHA-512 digest",
  ],
  IMAGE_REDIRECT: [
    abi.STATUS_IMAGE_REDIRECT,
    "trusted.overlay.redirect must hold a path of 1 to 4095 bytes without a zero byte",
  ],
  IMAGE_DIGEST_MIXED: [
    abi.STATUS_IMAGE_DIGEST_MIXED,
    "all digests of an image must be of one hash, SHA-256 or SHA-512",
  ],

  IMAGE_ROOT_TYPE: [abi.STATUS_IMAGE_ROOT_TYPE, "the inode of the root must be a directory"],
  IMAGE_NAMEOFF: [
    abi.STATUS_IMAGE_NAMEOFF,
    "nameoff {actual} is wrong: the first one is 12 for each entry, none decreases or leaves the group[ ({limit})]",
  ],
  IMAGE_NAME_LENGTH: [abi.STATUS_IMAGE_NAME_LENGTH, "a name has 1 to {limit} bytes, this one has {actual}"],
  IMAGE_NAME_BYTE: [abi.STATUS_IMAGE_NAME_BYTE, "a name must not hold a slash or a zero byte"],
  IMAGE_NAME_ORDER: [abi.STATUS_IMAGE_NAME_ORDER, "names of a directory must ascend"],
  IMAGE_NAME_TWICE: [abi.STATUS_IMAGE_NAME_TWICE, "a directory must not have a name twice"],
  IMAGE_DOT: [abi.STATUS_IMAGE_DOT, "the entry . must lead to the directory itself, nid {limit}[, got {actual}]"],
  IMAGE_DOTDOT: [
    abi.STATUS_IMAGE_DOTDOT,
    "the entry .. must lead to the directory that holds this one, nid {limit}[, got {actual}]",
  ],
  IMAGE_FILE_TYPE: [abi.STATUS_IMAGE_FILE_TYPE, "the entry says file type {actual}, its inode is of type {limit}"],
  IMAGE_DIRECTORY_TWICE: [abi.STATUS_IMAGE_DIRECTORY_TWICE, "a directory must have one name, this one has two"],
  IMAGE_PATH_TOO_LONG: [
    abi.STATUS_IMAGE_PATH_TOO_LONG,
    "the path of an entry is too long[: {actual} bytes, at most {limit}]",
  ],
  IMAGE_DIRECTORY_NLINK: [
    abi.STATUS_IMAGE_DIRECTORY_NLINK,
    "the directory has nlink {actual}, its subdirectories and itself make {limit}",
  ],

  IMAGE_STRICT_NLINK: [abi.STATUS_IMAGE_STRICT_NLINK, "nlink is {actual}, the inode has {limit} names"],
  IMAGE_STRICT_RESERVED: [abi.STATUS_IMAGE_STRICT_RESERVED, "reserved bytes must be zero"],
  IMAGE_STRICT_STUBS: [
    abi.STATUS_IMAGE_STRICT_STUBS,
    "the root has {actual} of the {limit} names 00 to ff, by which composefs hides the object directories",
  ],
  IMAGE_STRICT_EMPTY_OBJECT: [abi.STATUS_IMAGE_STRICT_EMPTY_OBJECT, "an empty file has no object in formats v0 and v1"],
  IMAGE_STRICT_V2_WHITEOUT: [
    abi.STATUS_IMAGE_STRICT_V2_WHITEOUT,
    "format v2 has whiteouts as devices, not as files with trusted.overlay.overlay.whiteout",
  ],
  IMAGE_STRICT_SYMLINK_BLOCK: [
    abi.STATUS_IMAGE_STRICT_SYMLINK_BLOCK,
    "a symlink target behind its inode must not cross the end of a block[: it ends at {actual} of {limit}]",
  ],

  TAR_TRUNCATED_HEADER: [abi.STATUS_TAR_TRUNCATED_HEADER, "the tar ends in a header, after {actual} of {limit} bytes"],
  TAR_TRUNCATED_DATA: [abi.STATUS_TAR_TRUNCATED_DATA, "the tar ends in data of which {limit} bytes are missing"],
  TAR_LONE_ZERO_BLOCK: [abi.STATUS_TAR_LONE_ZERO_BLOCK, "the end marker has two zero blocks, the tar ends after one"],
  TAR_STRAY_ZERO_BLOCK: [abi.STATUS_TAR_STRAY_ZERO_BLOCK, "a zero block is followed by something else"],
  TAR_EXTENSION_PENDING: [
    abi.STATUS_TAR_EXTENSION_PENDING,
    "an extension header is not followed by the entry that it is for",
  ],
  TAR_CHECKSUM: [abi.STATUS_TAR_CHECKSUM, "the checksum of the header is wrong: this is no tar, or it is damaged"],
  TAR_NUMBER: [abi.STATUS_TAR_NUMBER, "the field at byte {actual} of the header must be an octal number"],
  TAR_NUMBER_NEGATIVE: [
    abi.STATUS_TAR_NUMBER_NEGATIVE,
    "the field at byte {actual} of the header is a negative number, on which tools do not agree",
  ],
  TAR_NUMBER_RANGE: [abi.STATUS_TAR_NUMBER_RANGE, "the number at byte {actual} of the header does not fit 64 bits"],
  TAR_TYPE: [abi.STATUS_TAR_TYPE, "entries of type byte {actual} cannot be part of an image"],
  TAR_SPARSE: [abi.STATUS_TAR_SPARSE, "sparse files in a tar cannot be read"],
  TAR_EXTENSION_TWICE: [abi.STATUS_TAR_EXTENSION_TWICE, "two extension headers of one type come before one entry"],
  TAR_EXTENSION_TOO_LARGE: [
    abi.STATUS_TAR_EXTENSION_TOO_LARGE,
    "the extension headers of an entry hold {actual} bytes, at most {limit} are allowed",
  ],
  TAR_GLOBAL_BETWEEN: [
    abi.STATUS_TAR_GLOBAL_BETWEEN,
    "a global header must not come between an extension header and its entry",
  ],
  TAR_PAX_LENGTH: [
    abi.STATUS_TAR_PAX_LENGTH,
    "a PAX record says that it has {actual} bytes, of its header {limit} are left",
  ],
  TAR_PAX_NEWLINE: [abi.STATUS_TAR_PAX_NEWLINE, "a PAX record must end with LF"],
  TAR_PAX_EQUALS: [abi.STATUS_TAR_PAX_EQUALS, "a PAX record must be KEY=VALUE"],
  TAR_PAX_KEY_UTF8: [abi.STATUS_TAR_PAX_KEY_UTF8, "the key of a PAX record must be UTF-8"],
  TAR_PAX_NUMBER: [
    abi.STATUS_TAR_PAX_NUMBER,
    "size, uid, gid and mtime of a PAX record must be decimal numbers of 64 bits, not negative",
  ],
  TAR_SIZE_RANGE: [abi.STATUS_TAR_SIZE_RANGE, "the size is {actual}, at most {limit} is allowed"],
  TAR_TYPE_SIZE: [abi.STATUS_TAR_TYPE_SIZE, "only a regular file may have content, this entry has {actual} bytes"],
  TAR_MTIME_RANGE: [abi.STATUS_TAR_MTIME_RANGE, "the mtime is {actual} seconds, at most {limit} are allowed"],
  TAR_DEVICE_FORMAT: [abi.STATUS_TAR_DEVICE_FORMAT, "a header of the old format has no device numbers"],
  TAR_DEVICE_RANGE: [abi.STATUS_TAR_DEVICE_RANGE, "a device number is {actual}, at most {limit} is allowed"],
  TAR_NAME_EMPTY: [abi.STATUS_TAR_NAME_EMPTY, "an entry must have a name"],
  TAR_NAME_DOTDOT: [abi.STATUS_TAR_NAME_DOTDOT, "a name must not have .. as a component"],
  TAR_NAME_TOO_LONG: [
    abi.STATUS_TAR_NAME_TOO_LONG,
    "a component of a name has {actual} bytes, at most {limit} are allowed",
  ],
  TAR_NAME_NUL: [abi.STATUS_TAR_NAME_NUL, "the name of an entry must not hold a zero byte"],
  TAR_PATH_TOO_LONG: [abi.STATUS_TAR_PATH_TOO_LONG, "a path has {actual} bytes, at most {limit} are allowed"],
  TAR_ROOT_TYPE: [abi.STATUS_TAR_ROOT_TYPE, "the entry of the root must be a directory"],
  TAR_LINK_EMPTY: [abi.STATUS_TAR_LINK_EMPTY, "a hardlink must have a target"],
  TAR_SYMLINK_EMPTY: [abi.STATUS_TAR_SYMLINK_EMPTY, "a symlink must have a target"],
  TAR_SYMLINK_TOO_LONG: [
    abi.STATUS_TAR_SYMLINK_TOO_LONG,
    "the target of a symlink has {actual} bytes, at most {limit} are allowed",
  ],
  TAR_SYMLINK_NUL: [abi.STATUS_TAR_SYMLINK_NUL, "the target of a symlink must not hold a zero byte"],
  TAR_XATTR_KEY: [
    abi.STATUS_TAR_XATTR_KEY,
    "an xattr key must have 1 to {limit} bytes, none of them zero; this one has {actual}",
  ],
  TAR_XATTR_BUDGET: [
    abi.STATUS_TAR_XATTR_BUDGET,
    "the xattrs of an entry take {actual} bytes, counted with 7 for each and 12 for all; at most {limit}",
  ],
  TAR_TOO_MANY_ENTRIES: [abi.STATUS_TAR_TOO_MANY_ENTRIES, "the layer has too many entries, at most {limit}"],

  LAYER_RECORD: [abi.STATUS_LAYER_RECORD, "a layer record is damaged"],
  LAYER_DIGEST_MISSING: [
    abi.STATUS_LAYER_DIGEST_MISSING,
    "the records of the layer hold no digests of the hash that is wanted",
  ],
  LAYER_PARENT_MISSING: [abi.STATUS_LAYER_PARENT_MISSING, "the directory that holds this entry is in no layer so far"],
  LAYER_PARENT_TYPE: [
    abi.STATUS_LAYER_PARENT_TYPE,
    "what holds this entry is not a directory; symlinks are not followed",
  ],
  LAYER_LINK_MISSING: [abi.STATUS_LAYER_LINK_MISSING, "the target of this hardlink is in no layer so far"],
  LAYER_LINK_TO_DIRECTORY: [abi.STATUS_LAYER_LINK_TO_DIRECTORY, "the target of this hardlink is a directory"],
  LAYER_WHITEOUT_LINKED: [
    abi.STATUS_LAYER_WHITEOUT_LINKED,
    "a character device 0, which is a whiteout, must have one name",
  ],
  LAYER_USR_MISSING: [abi.STATUS_LAYER_USR_MISSING, "the image has no /usr, whose metadata the root would take"],
  LAYER_USR_TYPE: [abi.STATUS_LAYER_USR_TYPE, "/usr must be a directory"],
  LAYER_RUN_TYPE: [abi.STATUS_LAYER_RUN_TYPE, "/run must be a directory"],
  LAYER_TOO_MANY_ENTRIES: [abi.STATUS_LAYER_TOO_MANY_ENTRIES, "the layers have too many entries, at most {limit}"],

  VERITY_PARAMETERS: [
    abi.STATUS_VERITY_PARAMETERS,
    "expected sha256 or sha512, a block size of 1024 to 65536 that is a power of two, a salt of at most 32 bytes",
  ],
} as const satisfies Record<string, readonly [number, string]>;

/** Errors of the host: code -> what it means. Their messages are written where they are raised. */
export const HOST_ROWS = {
  ENGINE_TRAP: "the engine stopped; a bug of this package, never the fault of an input",
  ENGINE_VERSION: "the WebAssembly module is not the one that belongs to this package",
  ENGINE_LOAD: "the WebAssembly module cannot be compiled here, for want of SIMD or by policy",
  PROFILE_NAME: "not the name of a profile",
  PROFILE_HASH: "the hash of the profile is not that of the object digests in the dumpfile",
  IO_OPEN: "a file cannot be opened",
  IO_READ: "a file cannot be read",
  IO_WRITE: "a file cannot be written",
  IO_CHANGED: "a file changed while it was read",
  SOURCE_KIND: "a file or directory is not of the kind that it was said to be, or of none that is known",
  SOURCE_ARCHIVE: "an outer archive is damaged",
  SOURCE_FILE: "a file of an image is not a regular file, or there are two of its name",
  SOURCE_MISSING: "a file that belongs to an image is not there",
  SOURCE_LINK: "a symbolic link in a docker-save archive leads to nothing that can be a layer",
  SOURCE_JSON: "a document of an image is not JSON, or holds a value of another type than it should",
  SOURCE_DIGEST: "not a digest: sha256: and 64 lower-case hexadecimal digits",
  SOURCE_MEDIA_TYPE: "a descriptor or a document has a media type that it must not have in its place",
  SOURCE_AMBIGUOUS: "a document could be read both as an index and as a manifest",
  SOURCE_ARTIFACT: "a manifest describes an artifact, which has no file tree",
  SOURCE_NESTED: "an index names an index that names an index",
  SOURCE_LAYOUT_VERSION: "an OCI layout of a version that is not known",
  SOURCE_EMPTY: "there is no image",
  SOURCE_TAG: "there is no image of that tag or name",
  SOURCE_PLATFORM: "there is no image for that platform",
  SOURCE_SEVERAL: "there are several images, and nothing says which one is meant",
  SOURCE_LAYERS: "the config has more or fewer diff_ids than the image has layers",
  SOURCE_LIMIT: "a document or an outer archive is larger than a limit allows",
  BLOB_SIZE: "a blob does not have the size that its descriptor says",
  BLOB_DIGEST: "a blob does not have the digest by which it was asked for",
  BLOB_DIFF_ID: "a layer, decompressed, does not have the diff_id of the config",
  BLOB_GZIP: "a blob is not a sequence of gzip members, and nothing else",
  BLOB_ZSTD: "a blob is not a sequence of zstd frames, and nothing else",
  BLOB_LIMIT: "a blob decompresses to more than a limit allows, or wants more memory for it",
  UKI_PE: "a kernel image is not a PE file, or its headers or a section reach beyond its end",
  UKI_SECTION: "a kernel image has no section of that name",
  UKI_UTF8: "a text in a kernel image is not UTF-8",
  UKI_LABEL: "the os-release of a kernel image has no name for a menu",
  KARG_SYNTAX: "a kernel argument that names an image cannot be read",
  BOOT_UTF8: "a boot entry is not UTF-8",
  BOOT_QUOTE: "the options of a boot entry have quotes without end, behind which no argument can be added",
  TREE_PATH: "the tree has no entry at this path",
  TREE_CONTENT: "an entry has no content, or the input does not hold it",
  SELINUX_MISSING: "a SELinux policy has no file_contexts",
  SELINUX_UTF8: "a file of a SELinux policy is not UTF-8",
  SELINUX_LINE: "a line of a SELinux policy has more, fewer or other fields than it must have",
  SELINUX_PATTERN: "a pattern of a SELinux policy is wrong, or its two readers would not read it alike",
  SELINUX_LIMIT: "a SELinux policy is larger than a limit allows, or makes more work",
  USAGE: "a command was called with arguments that it does not take",
} as const;
