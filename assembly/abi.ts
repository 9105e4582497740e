/**
 * The numbers that the engine and its hosts share.
 *
 * Plain constants only, since asc compiles them into the engine and tsc into the host. A host in another language copies
 * those that it needs from build/abi.md, which the build makes of this file, of index.ts and of the table of codes.
 *
 *   linear memory
 *   +------------+---------+-------+--------+--------------+---------------+------------------------+
 *   | null guard | control | error | digest | input window | output window | engine's own | arena …  |
 *   +------------+---------+-------+--------+--------------+---------------+------------------------+
 *
 * The addresses come from the exports `controlPtr`, `errorPtr`, `digestPtr`, `inputPtr` and `outputPtr`; they never
 * change while an instance lives. All numbers in the records are little-endian. Offsets in records are in bytes, from
 * the beginning of the record.
 *
 * `abiVersion()` gives ABI_VERSION. A host compares it with the one that its numbers were copied from and goes on only
 * when they are equal.
 *
 *   - It stays when something is added that a host may leave alone: an export, a flag that was refused before, a slot at
 *     the end of the control record, a status code, a kind of region. So a host takes a status that it does not know for
 *     a refusal, and a kind that it does not know for bytes without a name.
 *   - It stays when the engine gets faster or smaller, and when it is corrected to take or refuse an input as the formats
 *     have it.
 *   - It goes up when an export is removed or renamed, takes other parameters or gives another result; when an offset, a
 *     unit, a size of a window or the meaning of a number changes; when calls must come in another order.
 *   - No version gives a code another meaning: the number of a code that is no longer used is not used again.
 *   - Layer records have a version of their own, LAYER_RECORD_VERSION, since they are kept longer than an engine lives.
 */

/** Goes up whenever an export, a record or a code changes its meaning: the rules are above. */
export const ABI_VERSION = 2;

// ---- windows ------------------------------------------------------------------------------------------------

/** Bytes that a host may write into the input window for one call. */
export const INPUT_WINDOW_BYTES = 1 << 20;

/** Most bytes that one call leaves in the output window. A multiple of the largest verity block. */
export const OUTPUT_WINDOW_BYTES = 1 << 20;

/** Room for one digest: SHA-512 is the longest. */
export const DIGEST_MAX_BYTES = 64;

// ---- control record: u64 slots, byte offsets ------------------------------------------------------------------

/** Entries of the tree, the root and hardlink names included. Set by `dumpEnd` and `scanEnd`. */
export const CONTROL_ENTRIES = 0;
/** Directories among them. */
export const CONTROL_DIRECTORIES = 8;
/** Hardlink names among them. */
export const CONTROL_HARDLINKS = 16;
/** Regular files whose content lies in an object (size above 0, no inline content). */
export const CONTROL_EXTERNAL_FILES = 24;
/** Regular files with inline content. */
export const CONTROL_INLINE_FILES = 32;
/** Symlinks. */
export const CONTROL_SYMLINKS = 40;
/** User whiteouts: character devices with rdev 0. */
export const CONTROL_WHITEOUTS = 48;
/** Bytes of the object digests in the tree: 32 (SHA-256), 64 (SHA-512), 0 when it names none. */
export const CONTROL_DIGEST_BYTES = 56;
/** Input bytes consumed. */
export const CONTROL_INPUT_BYTES = 64;
/** Sum of the sizes of all external files, one count for each inode, modulo 2^64. */
export const CONTROL_EXTERNAL_BYTES = 72;
/** composefs_version of the image (0, 1 or 2). Set by `imageOpen`, and by `scanEnd` for the image that was read. */
export const CONTROL_IMAGE_VERSION = 80;
/** Size of the image in bytes. */
export const CONTROL_IMAGE_BYTES = 88;
/** Inodes of the image, stubs included. */
export const CONTROL_IMAGE_INODES = 96;
/** Xattr entries in the shared area. */
export const CONTROL_IMAGE_SHARED_XATTRS = 104;
/** Bytes of arena in use. Set by every verb that can grow it. */
export const CONTROL_ARENA_BYTES = 112;
/** Entries that the last cursor call wrote into the output window. */
export const CONTROL_CURSOR_COUNT = 120;
/** Bytes of them. */
export const CONTROL_CURSOR_BYTES = 128;
/** Native whiteouts that make the root's object directories invisible. Set by `scanEnd`. */
export const CONTROL_STUBS = 136;

/** Bytes of the input window that the last `layerWrite` took. */
export const CONTROL_LAYER_TAKEN = 144;
/** Entries of the tar so far. */
export const CONTROL_LAYER_ENTRIES = 152;
/** Bytes of the tar so far. */
export const CONTROL_LAYER_BYTES = 160;
/** Entries of the layer that is being applied, so far. */
export const CONTROL_MERGE_ENTRIES = 168;

/** Size of the record; what lies behind the last slot is zero. */
export const CONTROL_RECORD_BYTES = 192;

// ---- error record ----------------------------------------------------------------------------------------------

/** u32, a `STATUS_*` number. */
export const ERROR_STATUS = 0;
/** u32, a `FIELD_*` number. */
export const ERROR_FIELD = 4;
/**
 * u64, where: of a dumpfile the offset of the line, of a tar that of the entry's header, of an image that of the bytes at
 * fault; of layers that are merged the entry, from 0.
 */
export const ERROR_OFFSET = 8;
/** u64, line of the dumpfile, from 1; of layers that are merged the layer, from 1; 0 when there is none. */
export const ERROR_LINE = 16;
/** u64, what was found. */
export const ERROR_ACTUAL = 24;
/** u64, what was allowed or wanted. */
export const ERROR_LIMIT = 32;
/**
 * u32, bytes of the text that follows, 0 = none: the offending field as the input has it, or the path of an entry that
 * was judged when its line was long gone. Cut at ERROR_TEXT_MAX_BYTES.
 */
export const ERROR_TEXT_BYTES = 40;
/** The bytes of that text: as the input has them, so of no certain encoding. */
export const ERROR_TEXT = 44;
/** Most bytes of it. */
export const ERROR_TEXT_MAX_BYTES = 128;

/** Size of the record. */
export const ERROR_RECORD_BYTES = 176;

// ---- fields of a dumpfile line: composefs-dump(5), in their order ------------------------------------------------

/** No field is at fault. */
export const FIELD_NONE = 0;
/** Path. */
export const FIELD_PATH = 1;
/** Size in bytes. */
export const FIELD_SIZE = 2;
/** Mode, octal. */
export const FIELD_MODE = 3;
/** Link count. */
export const FIELD_NLINK = 4;
/** Owner. */
export const FIELD_UID = 5;
/** Group. */
export const FIELD_GID = 6;
/** Device number. */
export const FIELD_RDEV = 7;
/** Modification time, SECONDS.NANOSECONDS. */
export const FIELD_MTIME = 8;
/** Payload: symlink target, path of an object, other name of a hardlink. */
export const FIELD_PAYLOAD = 9;
/** Inline content. */
export const FIELD_CONTENT = 10;
/** fs-verity digest of an object. */
export const FIELD_DIGEST = 11;
/** One of the xattrs, KEY=VALUE. */
export const FIELD_XATTR = 12;

// ---- flags and choices -----------------------------------------------------------------------------------------

/** `dumpBegin`: refuse also what C refuses under CFS_PARSE_STRICT, and untrue link counts. */
export const DUMP_STRICT = 1;

/** `scanBegin`: refuse also what no writer makes although every reader takes it, and untrue link counts. */
export const SCAN_STRICT = 1;

/** `layerBegin`: digests of contents to compute. At least one of the two. */
export const LAYER_SHA256 = 1;
/** The same for SHA-512. */
export const LAYER_SHA512 = 2;
/** `layerBegin`: report also where the contents lie while they pass (RECORD_KIND_BEGIN and RECORD_KIND_DATA). */
export const LAYER_CONTENT = 4;

/** `mergeBegin`: object digests of the tree are SHA-512, not SHA-256. */
export const MERGE_SHA512 = 1;
/** `mergeBegin`: apply the OCI transform (oci-to-tree.md 5), keeping of the xattrs security.capability alone. */
export const MERGE_TRANSFORM = 2;
/** `mergeBegin`, with MERGE_TRANSFORM: keep also the xattrs that begin with user. */
export const MERGE_KEEP_USER_XATTRS = 4;
/** `mergeBegin`: one layer alone: parents that it lacks are implied (oci-to-tree.md 7). */
export const MERGE_IMPLY_PARENTS = 8;
/** `mergeBegin`, with MERGE_TRANSFORM: empty /boot and /sysroot (boot-transform.md 2); labels come with `labelBegin`. */
export const MERGE_BOOTABLE = 16;
/** `mergeBegin`, with MERGE_BOOTABLE: revision 2, in which the two take also the nanoseconds of /usr. */
export const MERGE_BOOT_NANOSECONDS = 32;

/** `imageOpen`: composefs_version of the composefs header, V0. */
export const FORMAT_V0 = 0;
/** The same, V1. */
export const FORMAT_V1 = 1;
/** The same, V2: the format of composefs-rs. */
export const FORMAT_V2 = 2;
/** `imageOpen`: V1 when the tree holds a user whiteout, else V0 (the default of C mkcomposefs). */
export const FORMAT_AUTO = 3;

/** fs-verity hash algorithm numbers: FS_VERITY_HASH_ALG_* of include/uapi/linux/fsverity.h. */
export const HASH_SHA256 = 1;
/** The same, SHA-512. */
export const HASH_SHA512 = 2;

/** Smallest fs-verity block, log2 of bytes: 1024. */
export const VERITY_BLOCK_BITS_MIN = 10;
/** Largest one: 65536. */
export const VERITY_BLOCK_BITS_MAX = 16;
/** Longest fs-verity salt: FS_VERITY_MAX_SALT_SIZE of fs/verity/fsverity_private.h is 32. */
export const VERITY_SALT_MAX_BYTES = 32;
/** Digests that can be computed side by side in one instance. */
export const VERITY_SLOTS = 4;

// ---- limits that a host may lower with `setLimit` (never raise, except memory up to its default) --------------------

/** `setLimit`: linear memory, in bytes. */
export const LIMIT_MEMORY_BYTES = 0;
/** `setLimit`: entries of a tree, and of a layer. */
export const LIMIT_ENTRIES = 1;
/** `setLimit`: one line of a dumpfile, in bytes. */
export const LIMIT_LINE_BYTES = 2;
/** `setLimit`: an image that is written, in blocks of 4096 bytes. */
export const LIMIT_IMAGE_BLOCKS = 3;
/** `setLimit`: an image that is read, in bytes. */
export const LIMIT_SCAN_BYTES = 4;
/** Number of adjustable limits. */
export const LIMIT_COUNT = 5;

/** 3 GiB: below the point where 32-bit addresses wrap; a browser host lowers it to 1 GiB. */
export const LIMIT_MEMORY_BYTES_DEFAULT = 3221225472;
/** 2^24: at about 150 bytes an entry more would not fit the memory limit. */
export const LIMIT_ENTRIES_DEFAULT = 16777216;
/** Escaped content (4 x 5000), payload and path (4 x 4096 each) and 64 KiB of xattrs fit well; dumpfile.md 6 allows this cut. */
export const LIMIT_LINE_BYTES_DEFAULT = 262144;
/** Blocks of 4096 bytes in an image: the superblock counts them in 32 bits. */
export const LIMIT_IMAGE_BLOCKS_DEFAULT = 4294967295;
/** 1 GiB: the image is held while it is read, and composefs-rs has the same default (erofs-reader.md 3, no. 1). */
export const LIMIT_SCAN_BYTES_DEFAULT = 1073741824;

// ---- what a job may cost ------------------------------------------------------------------------------------------------

/** Linear memory of an instance that does nothing: windows, scratch, verity slots. */
export const MEMORY_BASE_BYTES = 8388608;
/**
 * Most linear memory for an entry or an xattr: node record, places in lists, digest, slots of the hash tables, what
 * sorting wants for a moment.
 */
export const MEMORY_PER_RECORD_BYTES = 320;
/** Most linear memory for a byte of names, hardlink targets, symlink targets, payloads, xattrs and inline content. */
export const MEMORY_PER_TEXT_BYTE = 2;
/**
 * Most linear memory for a byte of an image that is read: the image itself, xattrs of 8 bytes that are each a key and a
 * pair of their own, and what memory grows by at a time. Images that are not made to be bad need about three.
 */
export const MEMORY_PER_IMAGE_BYTE = 32;

// ---- limits of the format: fixed, since moving one would move digests ------------------------------------------------

/** One path component, NAME_MAX. */
export const NAME_MAX_BYTES = 255;
/** A whole path, unescaped; PATH_MAX. */
export const PATH_MAX_BYTES = 4096;
/** Symlink target or payload, unescaped: PATH_MAX less the terminating zero, as C's parser has it (dumpfile.md 4). */
export const PAYLOAD_MAX_BYTES = 4095;
/** Inline content: LCFS_BUILD_INLINE_FILE_SIZE_LIMIT of C composefs. Format break if changed. */
export const INLINE_MAX_BYTES = 5000;
/** External file: 1024 chunks of 2^43 bytes. */
export const EXTERNAL_MAX_BYTES = 9007199254740992;
/** Xattr key before renaming: XATTR_NAME_MAX. */
export const XATTR_KEY_MAX_BYTES = 255;
/** Xattr text of a line, escaped: C's parser refuses more (dumpfile.md 4). */
export const XATTR_TEXT_MAX_BYTES = 65535;
/** 12 + sum of (7 + key + value) over a node's xattrs, as C counts. */
export const XATTR_BUDGET_BYTES = 32767;
/** Inline content that format V2 can hold. */
export const V2_INLINE_MAX_BYTES = 512;
/** Symlink target that format V2 can hold. */
export const V2_SYMLINK_MAX_BYTES = 1024;
/** Shared references of one inode in format V2: h_shared_count is one byte. */
export const V2_SHARED_MAX = 255;

// ---- status codes: 0 is success; every other one has its row in src/codes.ts ------------------------------------------

/** Done. */
export const STATUS_OK = 0;

export const STATUS_ENGINE_MEMORY = 1;
export const STATUS_ENGINE_STATE = 2;
export const STATUS_ENGINE_ARGUMENT = 3;

export const STATUS_DUMP_EMPTY_INPUT = 10;
export const STATUS_DUMP_EMPTY_LINE = 11;
export const STATUS_DUMP_NUL_BYTE = 12;
export const STATUS_DUMP_CR_LINE_END = 13;
export const STATUS_DUMP_LINE_TOO_LONG = 14;
export const STATUS_DUMP_FIELD_MISSING = 15;
export const STATUS_DUMP_ESCAPE = 16;
export const STATUS_DUMP_NUL_ESCAPE = 17;
export const STATUS_DUMP_PATH_RELATIVE = 18;
export const STATUS_DUMP_PATH_EMPTY = 19;
export const STATUS_DUMP_PATH_DOUBLE_SLASH = 20;
export const STATUS_DUMP_PATH_TRAILING_SLASH = 21;
export const STATUS_DUMP_PATH_DOT = 22;
export const STATUS_DUMP_NAME_TOO_LONG = 23;
export const STATUS_DUMP_PATH_TOO_LONG = 24;
export const STATUS_DUMP_ROOT_FIRST = 25;
export const STATUS_DUMP_ROOT_TYPE = 26;
export const STATUS_DUMP_ROOT_TWICE = 27;
export const STATUS_DUMP_PATH_TWICE = 28;
export const STATUS_DUMP_PARENT_MISSING = 29;
export const STATUS_DUMP_PARENT_TYPE = 30;
export const STATUS_DUMP_NUMBER = 31;
export const STATUS_DUMP_NUMBER_RANGE = 32;
export const STATUS_DUMP_MODE_TYPE = 33;
export const STATUS_DUMP_MTIME = 34;
export const STATUS_DUMP_NSEC_RANGE = 35;
export const STATUS_DUMP_RDEV_TYPE = 36;
export const STATUS_DUMP_CONTENT_SIZE = 37;
export const STATUS_DUMP_CONTENT_TOO_LONG = 38;
export const STATUS_DUMP_CONTENT_TYPE = 39;
export const STATUS_DUMP_CONTENT_PAYLOAD = 40;
export const STATUS_DUMP_CONTENT_DIGEST = 41;
export const STATUS_DUMP_DIGEST_TYPE = 42;
export const STATUS_DUMP_DIGEST = 43;
export const STATUS_DUMP_DIGEST_MIXED = 44;
export const STATUS_DUMP_PAYLOAD_EMPTY = 45;
export const STATUS_DUMP_PAYLOAD_TOO_LONG = 46;
export const STATUS_DUMP_SIZE_TOO_LARGE = 47;
export const STATUS_DUMP_SYMLINK_TARGET = 48;
export const STATUS_DUMP_SYMLINK_TOO_LONG = 49;
export const STATUS_DUMP_XATTR_EQUALS = 50;
export const STATUS_DUMP_XATTR_KEY_EMPTY = 51;
export const STATUS_DUMP_XATTR_KEY_TOO_LONG = 52;
export const STATUS_DUMP_XATTR_BUDGET = 53;
export const STATUS_DUMP_XATTR_TEXT_TOO_LONG = 54;
export const STATUS_DUMP_XATTR_EMPTY_TOKEN = 55;
export const STATUS_DUMP_LINK_TYPE = 56;
export const STATUS_DUMP_LINK_WITHOUT_TARGET = 57;
export const STATUS_DUMP_LINK_DANGLING = 58;
export const STATUS_DUMP_LINK_TO_DIRECTORY = 59;
export const STATUS_DUMP_LINK_CYCLE = 60;
export const STATUS_DUMP_WHITEOUT_LINKED = 61;
export const STATUS_DUMP_TOO_MANY_ENTRIES = 62;
export const STATUS_DUMP_STRICT_FINAL_NEWLINE = 63;
export const STATUS_DUMP_STRICT_SYMLINK_SIZE = 64;
export const STATUS_DUMP_STRICT_XATTR_TWICE = 65;
export const STATUS_DUMP_STRICT_NLINK = 66;
export const STATUS_DUMP_NUMBER_NEGATIVE = 67;
export const STATUS_DUMP_NUMBER_WHITE_SPACE = 68;
export const STATUS_DUMP_ESCAPE_HEX = 69;
export const STATUS_DUMP_DIGEST_ESCAPE = 70;
export const STATUS_DUMP_LINK_SELF = 71;
export const STATUS_DUMP_LINK_MODE_TYPE = 72;
export const STATUS_DUMP_MODE_AT = 73;

export const STATUS_EROFS_FORMAT = 120;
export const STATUS_EROFS_IMAGE_TOO_LARGE = 121;
export const STATUS_EROFS_V2_INLINE = 123;
export const STATUS_EROFS_V2_SYMLINK = 124;
export const STATUS_EROFS_V2_SHARED = 125;
export const STATUS_EROFS_V2_PAYLOAD = 126;

export const STATUS_VERITY_PARAMETERS = 140;

// What is wrong with an image that is read. The image as a whole:
export const STATUS_IMAGE_TOO_LARGE = 160;
export const STATUS_IMAGE_TOO_SHORT = 161;
export const STATUS_IMAGE_NOT_EROFS = 162;
export const STATUS_IMAGE_NOT_COMPOSEFS = 163;
export const STATUS_IMAGE_HEADER_VERSION = 164;
export const STATUS_IMAGE_VERSION = 165;
export const STATUS_IMAGE_BLOCK_SIZE = 166;
export const STATUS_IMAGE_FEATURE_COMPAT = 167;
export const STATUS_IMAGE_FEATURE_INCOMPAT = 168;
export const STATUS_IMAGE_COMPRESSED = 169;
export const STATUS_IMAGE_DEVICES = 170;
export const STATUS_IMAGE_SB_EXTSLOTS = 171;
export const STATUS_IMAGE_PACKED_INODE = 172;
export const STATUS_IMAGE_META_BLKADDR = 173;
export const STATUS_IMAGE_XATTR_PREFIXES = 174;
export const STATUS_IMAGE_XATTR_BLKADDR = 175;
export const STATUS_IMAGE_OVERLAP = 176;
export const STATUS_IMAGE_TOO_MANY_ENTRIES = 177;
// Its inodes:
export const STATUS_IMAGE_NID = 180;
export const STATUS_IMAGE_INODE = 181;
export const STATUS_IMAGE_LAYOUT = 182;
export const STATUS_IMAGE_TYPE = 183;
export const STATUS_IMAGE_LAYOUT_TYPE = 184;
export const STATUS_IMAGE_DATA = 185;
export const STATUS_IMAGE_SPECIAL_SIZE = 186;
export const STATUS_IMAGE_SYMLINK_LENGTH = 187;
export const STATUS_IMAGE_SYMLINK_NUL = 188;
export const STATUS_IMAGE_INLINE_TOO_LONG = 189;
export const STATUS_IMAGE_FILE_TOO_LARGE = 190;
export const STATUS_IMAGE_NSEC_RANGE = 191;
export const STATUS_IMAGE_WHITEOUT_LINKED = 192;
export const STATUS_IMAGE_NATIVE_WHITEOUT = 193;
// Their xattrs:
export const STATUS_IMAGE_XATTR_REFERENCES = 200;
export const STATUS_IMAGE_XATTR_REFERENCE = 201;
export const STATUS_IMAGE_XATTR_ENTRY = 202;
export const STATUS_IMAGE_XATTR_INDEX = 203;
export const STATUS_IMAGE_XATTR_KEY = 204;
export const STATUS_IMAGE_XATTR_KEY_NUL = 205;
export const STATUS_IMAGE_XATTR_TWICE = 206;
export const STATUS_IMAGE_XATTR_SHARED = 207;
export const STATUS_IMAGE_XATTR_BUDGET = 208;
export const STATUS_IMAGE_METACOPY = 209;
export const STATUS_IMAGE_REDIRECT = 210;
export const STATUS_IMAGE_DIGEST_MIXED = 211;
// Its directories:
export const STATUS_IMAGE_ROOT_TYPE = 220;
export const STATUS_IMAGE_NAMEOFF = 221;
export const STATUS_IMAGE_NAME_LENGTH = 222;
export const STATUS_IMAGE_NAME_BYTE = 223;
export const STATUS_IMAGE_NAME_ORDER = 224;
export const STATUS_IMAGE_NAME_TWICE = 225;
export const STATUS_IMAGE_DOT = 226;
export const STATUS_IMAGE_DOTDOT = 227;
export const STATUS_IMAGE_FILE_TYPE = 228;
export const STATUS_IMAGE_DIRECTORY_TWICE = 229;
export const STATUS_IMAGE_PATH_TOO_LONG = 230;
export const STATUS_IMAGE_DIRECTORY_NLINK = 231;
// In strict mode:
export const STATUS_IMAGE_STRICT_NLINK = 240;
export const STATUS_IMAGE_STRICT_RESERVED = 241;
export const STATUS_IMAGE_STRICT_STUBS = 242;
export const STATUS_IMAGE_STRICT_EMPTY_OBJECT = 243;
export const STATUS_IMAGE_STRICT_V2_WHITEOUT = 244;
export const STATUS_IMAGE_STRICT_SYMLINK_BLOCK = 245;

// What is wrong with a layer's tar (oci-to-tree.md 2 and 3):
export const STATUS_TAR_TRUNCATED_HEADER = 300;
export const STATUS_TAR_TRUNCATED_DATA = 301;
export const STATUS_TAR_LONE_ZERO_BLOCK = 302;
export const STATUS_TAR_STRAY_ZERO_BLOCK = 303;
export const STATUS_TAR_EXTENSION_PENDING = 304;
export const STATUS_TAR_CHECKSUM = 305;
export const STATUS_TAR_NUMBER = 306;
export const STATUS_TAR_NUMBER_NEGATIVE = 307;
export const STATUS_TAR_NUMBER_RANGE = 308;
export const STATUS_TAR_TYPE = 309;
export const STATUS_TAR_SPARSE = 310;
export const STATUS_TAR_EXTENSION_TWICE = 311;
export const STATUS_TAR_EXTENSION_TOO_LARGE = 312;
export const STATUS_TAR_GLOBAL_BETWEEN = 313;
export const STATUS_TAR_PAX_LENGTH = 314;
export const STATUS_TAR_PAX_NEWLINE = 315;
export const STATUS_TAR_PAX_EQUALS = 316;
export const STATUS_TAR_PAX_KEY_UTF8 = 317;
export const STATUS_TAR_PAX_NUMBER = 318;
export const STATUS_TAR_SIZE_RANGE = 319;
export const STATUS_TAR_TYPE_SIZE = 320;
export const STATUS_TAR_MTIME_RANGE = 321;
export const STATUS_TAR_DEVICE_FORMAT = 322;
export const STATUS_TAR_DEVICE_RANGE = 323;
export const STATUS_TAR_NAME_EMPTY = 324;
export const STATUS_TAR_NAME_DOTDOT = 325;
export const STATUS_TAR_NAME_TOO_LONG = 326;
export const STATUS_TAR_NAME_NUL = 327;
export const STATUS_TAR_PATH_TOO_LONG = 328;
export const STATUS_TAR_ROOT_TYPE = 329;
export const STATUS_TAR_LINK_EMPTY = 330;
export const STATUS_TAR_SYMLINK_EMPTY = 331;
export const STATUS_TAR_SYMLINK_TOO_LONG = 332;
export const STATUS_TAR_SYMLINK_NUL = 333;
export const STATUS_TAR_XATTR_KEY = 334;
export const STATUS_TAR_XATTR_BUDGET = 335;
export const STATUS_TAR_TOO_MANY_ENTRIES = 336;

// What keeps layers from becoming a tree (oci-to-tree.md 3 to 5):
export const STATUS_LAYER_RECORD = 350;
export const STATUS_LAYER_DIGEST_MISSING = 351;
export const STATUS_LAYER_PARENT_MISSING = 352;
export const STATUS_LAYER_PARENT_TYPE = 353;
export const STATUS_LAYER_LINK_MISSING = 354;
export const STATUS_LAYER_LINK_TO_DIRECTORY = 355;
export const STATUS_LAYER_WHITEOUT_LINKED = 356;
export const STATUS_LAYER_USR_MISSING = 357;
export const STATUS_LAYER_USR_TYPE = 358;
export const STATUS_LAYER_RUN_TYPE = 359;
export const STATUS_LAYER_TOO_MANY_ENTRIES = 360;
export const STATUS_LAYER_BOOT_MISSING = 361;
export const STATUS_LAYER_BOOT_TYPE = 362;
export const STATUS_LAYER_SYSROOT_MISSING = 363;
export const STATUS_LAYER_SYSROOT_TYPE = 364;
export const STATUS_LABEL_BUDGET = 365;

// ---- layer records: the entries of a tar in its order ----------------------------------------------------------------

/** Goes up whenever the layout or the meaning of layer records changes: caches keep them. */
export const LAYER_RECORD_VERSION = 2;

/** u32, bytes of the whole record, a multiple of 8: where the next one begins. */
export const RECORD_BYTES = 0;
/** u8, a `RECORD_KIND_*` number. */
export const RECORD_KIND = 4;
/** u8: 1 regular file, 2 directory, 3 character device, 4 block device, 5 FIFO, 6 socket, 7 symlink, 8 hardlink. */
export const RECORD_TYPE = 5;
/** u16, permissions: the low twelve bits of st_mode. */
export const RECORD_MODE = 6;
/** u32, owner. */
export const RECORD_UID = 8;
/** u32, group. */
export const RECORD_GID = 12;
/** u32, device number in the kernel's encoding (new_encode_dev); 0 when it is no device. */
export const RECORD_RDEV = 16;
/** u32, the part of the mtime below a second: 0 to 999999999. */
export const RECORD_NANOSECONDS = 20;
/** i64, mtime, seconds since 1970. */
export const RECORD_SECONDS = 24;
/** u64, bytes of the content. */
export const RECORD_SIZE = 32;
/** u64, offset of the content in the tar. */
export const RECORD_DATA_OFFSET = 40;
/** u32, bytes of the path: the first of what follows the header, in the order of these lengths; 0 = absent. */
export const RECORD_PATH_BYTES = 48;
/** u32, bytes of the target of a symlink; of a hardlink the path of its target, in the form of the entry's own. */
export const RECORD_LINK_BYTES = 52;
/** u32, bytes of content that an image holds inline. */
export const RECORD_CONTENT_BYTES = 56;
/** u32, bytes of the content's fs-verity digest, SHA-256, 4096-byte blocks, no salt: 0 or 32. */
export const RECORD_SHA256_BYTES = 60;
/** u32, the same for SHA-512: 0 or 64. */
export const RECORD_SHA512_BYTES = 64;
/** u32, number of xattrs; each follows as u16 key bytes, u16 value bytes, key, value. No key occurs twice. */
export const RECORD_XATTR_COUNT = 68;
/** u32, what the tree does not show of how the tar spells the entry: RECORD_FLAG_* bits. */
export const RECORD_FLAGS = 72;
/** Bytes of the fields above. Behind what follows them a record is padded with zeros. */
export const RECORD_HEADER_BYTES = 80;

/** A global PAX header came after the entry before: ignored here, while other tools let it change what follows. */
export const RECORD_FLAG_GLOBAL_PAX = 1;
/** The name of a regular file ends in a slash: a directory for tools that follow ustar. */
export const RECORD_FLAG_FILE_SLASH = 2;
/** Type 7, a contiguous file: a regular file here, refused or left out by some. */
export const RECORD_FLAG_CONTIGUOUS = 4;
/** Not of a tar but of a directory: a name that begins with .wh. is one as any other, and the entry may be a socket. */
export const RECORD_FLAG_LITERAL = 8;

/** An entry of the tar. */
export const RECORD_KIND_ENTRY = 1;
/** Content of a regular file begins: path, size and data offset as in the entry's record, which follows the content. */
export const RECORD_KIND_BEGIN = 2;
/** A piece of that content: offset in the input window at RECORD_DATA_OFFSET, bytes at RECORD_SIZE. */
export const RECORD_KIND_DATA = 3;

/** Longest record. */
export const RECORD_MAX_BYTES = 65536;

/** Content up to this many bytes is stored in the image itself (oci-to-tree.md 4). Format break if changed. */
export const LAYER_INLINE_MAX_BYTES = 64;
/** Data of all extension headers of one entry (oci-to-tree.md 2.3). */
export const TAR_EXTENSIONS_MAX_BYTES = 1048576;

// ---- cursor records: an entry of the tree in the output window --------------------------------------------------------

/** u32, bytes of the whole record, a multiple of 8: where the next one begins. */
export const CURSOR_RECORD_BYTES = 0;
/** u32, position of the entry in depth-first order, from 0 (the root). The name by which cursor calls know it. */
export const CURSOR_INDEX = 4;
/** u32, index of the directory that holds it; the root's is 0. */
export const CURSOR_PARENT = 8;
/** u32, EROFS's file types and one more, numbered as RECORD_TYPE; 8 for a further name of an inode. */
export const CURSOR_TYPE = 12;
/** u32, low 16 bits of st_mode. */
export const CURSOR_MODE = 16;
/** u32, link count as the input gives it. */
export const CURSOR_NLINK = 20;
/** u32, owner. */
export const CURSOR_UID = 24;
/** u32, group. */
export const CURSOR_GID = 28;
/** u32, device number. */
export const CURSOR_RDEV = 32;
/** u32, the part of the mtime below a second. */
export const CURSOR_NANOSECONDS = 36;
/** i64, mtime, seconds since 1970. */
export const CURSOR_SECONDS = 40;
/** u64, bytes. */
export const CURSOR_SIZE = 48;
/** u32, names of the inode: 1 + hardlinks to it. */
export const CURSOR_NAMES = 56;
/** u32, entries of a directory; index of the owner of a hardlink's inode; else 0. */
export const CURSOR_LINK = 60;
/** u32, line of the dumpfile, from 1; nid of the inode in the image that was read. */
export const CURSOR_ORIGIN = 64;
/** u32, bytes of the name: the first of what follows the header, in the order of these lengths; 0 = absent. */
export const CURSOR_NAME_BYTES = 68;
/** u32, bytes of the payload: target of a symlink, path of an object. */
export const CURSOR_PAYLOAD_BYTES = 72;
/** u32, bytes of the inline content. */
export const CURSOR_CONTENT_BYTES = 76;
/** u32, bytes of the object digest: 0, 32 or 64. */
export const CURSOR_DIGEST_BYTES = 80;
/** u32, number of xattrs; each follows as u16 key bytes, u16 value bytes, key, value. */
export const CURSOR_XATTR_COUNT = 84;
/** Bytes of the fields above. Behind what follows them a record is padded with zeros. */
export const CURSOR_HEADER_BYTES = 88;

// ---- regions: what the bytes of an image are, in the order of the image ---------------------------------------------

/** u32, offset in the image, in bytes. */
export const REGION_OFFSET = 0;
/** u32, bytes. */
export const REGION_BYTES = 4;
/** u32, a `REGION_KIND_*` number. */
export const REGION_KIND = 8;
/** u32, cursor index of the entry that it belongs to, or the name of a stub; 0 for none and for the root. */
export const REGION_ENTRY = 12;
/** Size of a record. */
export const REGION_RECORD_BYTES = 16;

/** composefs header. */
export const REGION_KIND_HEADER = 1;
/** EROFS superblock. */
export const REGION_KIND_SUPERBLOCK = 2;
/** Inode header of 32 bytes. */
export const REGION_KIND_COMPACT_INODE = 3;
/** Inode header of 64 bytes. */
export const REGION_KIND_EXTENDED_INODE = 4;
/** Xattr part of an inode: header, references, local entries. */
export const REGION_KIND_XATTRS = 5;
/** Directory entries behind their inode. */
export const REGION_KIND_DIRENT_TAIL = 6;
/** A block of directory entries. */
export const REGION_KIND_DIRENT_BLOCK = 7;
/** Content or symlink target behind its inode. */
export const REGION_KIND_CONTENT_TAIL = 8;
/** Whole blocks of content or of a symlink target. */
export const REGION_KIND_CONTENT_BLOCKS = 9;
/** Chunk pointers of a file whose content is an object. */
export const REGION_KIND_CHUNKS = 10;
/** An entry of the shared xattr area. */
export const REGION_KIND_SHARED_XATTR = 11;
/** Inode header and xattr part of a stub; in place of an entry its name as a number, 0 to 255. */
export const REGION_KIND_STUB = 12;
/** Bytes that nothing refers to: alignment, the rest of a block. */
export const REGION_KIND_PAD = 13;
