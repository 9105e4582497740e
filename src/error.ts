/**
 * The one error class and the one table of codes.
 *
 * Every status that the engine can give has exactly one row here: number, code, message. The code is the name of the
 * status without `STATUS_`; a test holds the rows against the constants of assembly/abi.ts, so that neither side can
 * have a code that the other lacks. Rows of the host itself have no number.
 *
 * A message reads "where: what was wanted[, what was found]". In the table `{actual}` and `{limit}` stand for the two
 * numbers of the engine's error record; a part in square brackets is left out when the numbers in it are both 0.
 *
 * Mistakes of the caller (a wrong type, an impossible option) are plain TypeError and RangeError, not this class.
 */

import * as abi from "../assembly/abi.ts";

/** Engine statuses: code -> [number, message]. */
const STATUS_ROWS = {
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

  VERITY_PARAMETERS: [
    abi.STATUS_VERITY_PARAMETERS,
    "expected sha256 or sha512, a block size of 1024 to 65536 that is a power of two, a salt of at most 32 bytes",
  ],
} as const satisfies Record<string, readonly [number, string]>;

/** Errors of the host: code -> what it means. Their messages are written where they are raised. */
const HOST_ROWS = {
  ENGINE_TRAP: "the engine stopped; a bug of this package, never the fault of an input",
  ENGINE_VERSION: "the WebAssembly module is not the one that belongs to this package",
  ENGINE_LOAD: "the WebAssembly module cannot be compiled here, for want of SIMD or by policy",
  PROFILE_NAME: "not the name of a profile",
  PROFILE_HASH: "the hash of the profile is not that of the object digests in the dumpfile",
  IO_OPEN: "a file cannot be opened",
  IO_READ: "a file cannot be read",
  IO_WRITE: "a file cannot be written",
  IO_CHANGED: "a file changed its size while it was read",
  USAGE: "a command was called with arguments that it does not take",
} as const;

/** Every code that a {@link ComposefsError} can carry. */
export type ComposefsErrorCode = keyof typeof STATUS_ROWS | keyof typeof HOST_ROWS;

/** What an error knows beside its message; absent where it does not apply. */
export interface ComposefsErrorData {
  /** Line of the dumpfile, from 1. */
  line?: number;
  /** Field of that line, by the name that composefs-dump(5) gives it. */
  field?: string;
  /** Offset in the input, in bytes: of the line, or of the byte at fault. */
  offset?: number;
  /** What was found. A bigint when it is above 2^53. */
  actual?: number | bigint;
  /** What was allowed or wanted. */
  limit?: number | bigint;
  /**
   * The offending field as the input has it, or the path of an entry that was judged when its line was long gone; cut
   * at 128 bytes, bytes that are not printable ASCII as `\\xHH`.
   */
  text?: string;
  /** The file that could not be read or written. */
  path?: string;
}

/** The numbers of the engine's error record (assembly/abi.ts, ERROR_*). */
export interface ErrorRecord {
  status: number;
  field: number;
  offset: bigint;
  line: bigint;
  actual: bigint;
  limit: bigint;
  /** The offending field as the input has it, or the path of the entry; empty when there is none. */
  text: Uint8Array;
}

/** Names of the FIELD_* numbers. */
const FIELD_NAMES = [
  "",
  "path",
  "size",
  "mode",
  "nlink",
  "uid",
  "gid",
  "rdev",
  "mtime",
  "payload",
  "content",
  "digest",
  "xattr",
] as const;

/** What the messages call the thing that the codes of a prefix speak of. */
const SUBJECTS: Record<string, string> = { DUMP: "dumpfile", EROFS: "image", VERITY: "fs-verity", ENGINE: "engine" };

/** Characters of an input's text that a message shows. */
const SHOWN_CHARACTERS = 64;

/** Codes that mean a bug of this package, not bad input. */
const BUG_CODES: ReadonlySet<string> = new Set(["ENGINE_TRAP", "ENGINE_VERSION", "ENGINE_STATE", "ENGINE_ARGUMENT"]);

/**
 * What every failure of this package throws, apart from wrong arguments.
 *
 * @example
 * try {
 *   await buildImage(new TextEncoder().encode('/ 0 40755 two 0 0 0 0.0 - - -\n'))
 * } catch (error) {
 *   if (error instanceof ComposefsError) console.log(error.code, error.data.line, error.data.field)
 *   // DUMP_NUMBER 1 nlink
 * }
 */
export class ComposefsError extends Error {
  /** The rule that was broken. Stable: a code is never given another meaning. */
  readonly code: ComposefsErrorCode;
  /** Numbers that go with it. */
  readonly data: Readonly<ComposefsErrorData>;

  /**
   * @param code the rule that was broken
   * @param message one line for people: what, where, found, wanted
   * @param data numbers for programs
   * @param options `cause`: the error underneath
   */
  constructor(code: ComposefsErrorCode, message: string, data: ComposefsErrorData = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "ComposefsError";
    this.code = code;
    this.data = data;
  }

  /** True when the error shows a bug of this package rather than bad input. */
  get isBug(): boolean {
    return BUG_CODES.has(this.code);
  }

  /** A plain object for JSON: name, code, message, data. Numbers above 2^53 become decimal strings. */
  toJSON(): { name: string; code: ComposefsErrorCode; message: string; data: Record<string, unknown> } {
    const data: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(this.data)) data[key] = typeof value === "bigint" ? String(value) : value;
    return { name: this.name, code: this.code, message: this.message, data };
  }
}

/** The rows of engine statuses, for the test that holds them against assembly/abi.ts. */
export function statusRows(): ReadonlyArray<{ status: number; code: ComposefsErrorCode; message: string }> {
  return Object.entries(STATUS_ROWS).map(([code, [status, message]]) => ({
    status,
    code: code as ComposefsErrorCode,
    message,
  }));
}

/** All codes with their meaning, the host's own included. */
export function errorCodes(): ReadonlyMap<ComposefsErrorCode, string> {
  const rows = statusRows().map((row) => [row.code, row.message] as const);
  return new Map([...rows, ...(Object.entries(HOST_ROWS) as Array<[ComposefsErrorCode, string]>)]);
}

/** Makes the error that an engine status and its record stand for. */
export function errorFromRecord(record: ErrorRecord): ComposefsError {
  const row = statusRows().find((candidate) => candidate.status === record.status);
  if (row === undefined) {
    return new ComposefsError("ENGINE_VERSION", `engine: status ${record.status} is unknown to this host`);
  }
  const data: ComposefsErrorData = {};
  const field = FIELD_NAMES[record.field];
  if (record.line > 0n) {
    data.line = Number(record.line);
    // Hardlinks and formats are judged when the line is long gone: the record then knows its number only.
    if (record.offset > 0n || record.line === 1n) data.offset = Number(record.offset);
  }
  if (field) data.field = field;
  if (record.actual > 0n || record.limit > 0n) {
    data.actual = plainNumber(record.actual);
    data.limit = plainNumber(record.limit);
  }
  const text = printable(record.text);
  if (text !== "") data.text = text;
  let where = SUBJECTS[row.code.slice(0, row.code.indexOf("_"))] ?? "engine";
  if (data.line !== undefined) where = `dumpfile line ${data.line}`;
  if (field) where += `, field ${record.field} (${field})`;
  const got = text === "" ? "" : `, got ${quoted(text)}`;
  return new ComposefsError(row.code, `${where}: ${fillIn(row.message, record)}${got}`, data);
}

/** Text of an input, for people: nothing in it can steer a terminal. */
function printable(text: Uint8Array): string {
  const show = (byte: number) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  return Array.from(text, show).join("");
}

/**
 * The beginning of a text in double quotes. A quote in it is shown as `\x22`, the way a dumpfile may write it; backslashes
 * stay as they are, since the text of a line is shown as the line has it, escapes included.
 */
function quoted(text: string): string {
  const shown = text.slice(0, SHOWN_CHARACTERS).replaceAll('"', "\\x22");
  return `"${shown}${text.length > SHOWN_CHARACTERS ? "…" : ""}"`;
}

function fillIn(template: string, record: ErrorRecord): string {
  const known = record.actual > 0n || record.limit > 0n;
  return template
    .replace(/\[(.*?)\]/g, known ? "$1" : "")
    .replaceAll("{actual}", String(record.actual))
    .replaceAll("{limit}", String(record.limit));
}

function plainNumber(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
