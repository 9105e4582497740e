/**
 * The one error class. Its codes are in codes.ts.
 *
 * Mistakes of the caller (a wrong type, an impossible option) are plain TypeError and RangeError, not this class.
 */

import { HOST_ROWS, STATUS_ROWS } from "./codes.ts";

/** Every code that a {@link ComposefsError} can carry. */
export type ComposefsErrorCode = keyof typeof STATUS_ROWS | keyof typeof HOST_ROWS;

/** What an error knows beside its message; absent where it does not apply. */
export interface ComposefsErrorData {
  /** Line of the dumpfile, from 1. */
  line?: number;
  /** Field of that line, by the name that composefs-dump(5) gives it. */
  field?: string;
  /** Layer of the image, from 1, and entry of its tar, from 0. */
  layer?: number;
  entry?: number;
  /** Offset in the input, in bytes: of the line, of the header, or of the byte at fault. */
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
  /** Of several images, by what each could be chosen: a tag or name, a platform. */
  choices?: ReadonlyArray<{ reference?: string; platform?: string }>;
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
const SUBJECTS: Record<string, string> = {
  DUMP: "dumpfile",
  EROFS: "image",
  IMAGE: "image",
  TAR: "layer",
  LAYER: "image",
  VERITY: "fs-verity",
  ENGINE: "engine",
};

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
  const isTar = row.code.startsWith("TAR_");
  const isLayer = row.code.startsWith("LAYER_");
  if (isLayer && record.line > 0n) {
    data.layer = Number(record.line);
    data.entry = Number(record.offset);
  } else if (record.line > 0n) {
    data.line = Number(record.line);
    // Hardlinks and formats are judged when the line is long gone: the record then knows its number only.
    if (record.offset > 0n || record.line === 1n) data.offset = Number(record.offset);
  }
  if (field) data.field = field;
  const isImage = row.code.startsWith("IMAGE_");
  if ((isImage && record.offset > 0n) || isTar) data.offset = Number(record.offset);
  if (record.actual > 0n || record.limit > 0n) {
    data.actual = plainNumber(record.actual);
    data.limit = plainNumber(record.limit);
  }
  const text = printable(record.text);
  if (text !== "") data.text = text;
  let where = SUBJECTS[row.code.slice(0, row.code.indexOf("_"))] ?? "engine";
  if (data.line !== undefined) where = `dumpfile line ${data.line}`;
  else if (data.layer !== undefined) where = `layer ${data.layer}`;
  else if ((isImage || isTar) && data.offset !== undefined) where += ` at offset ${data.offset}`;
  // Of an entry in an image the path is known, of a line its text.
  const isPath = (isImage && text.startsWith("/")) || ((isTar || isLayer) && text !== "");
  if (isPath) where += `, ${quoted(text)}`;
  if (field) where += `, field ${record.field} (${field})`;
  const got = text === "" || isPath ? "" : `, got ${quoted(text)}`;
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
