/**
 * Fields of a structure from its bytes, by the tables of `structures.ts`.
 */

import { FORMAT_NAMES } from "../image/profile.ts";
import { crc32 } from "./crc32.ts";
import { deviceOf, timeText } from "./listing.ts";
import * as s from "./structures.ts";
import type { BytesField, DirentField, Field, NumberField, PadField, XattrField } from "./walk-data.ts";

/** A little-endian number of at most eight bytes. */
export function readNumber(bytes: Uint8Array, offset: number, length: number): bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0);
  return value;
}

function u16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

/** An offset in an image, such as `0x000480`. */
export function offsetText(offset: number | bigint): string {
  return `0x${offset.toString(16).padStart(6, "0")}`;
}

/** What a number says. */
function meaningOf({ show, flags }: s.FieldSpec, value: bigint): string {
  const number = Number(value);
  switch (show) {
    case "decimal":
      return String(value);
    case "bits":
      return `${2 ** number} bytes`;
    case "mode":
      return `${number.toString(8).padStart(6, "0")} ${s.MODE_TYPES[number >> s.MODE_TYPE_SHIFT] ?? "unknown"}`;
    case "time":
      return `${BigInt.asIntN(64, value)}, ${timeText(BigInt.asIntN(64, value), 0)}`;
    case "nid":
      return `${value}, at ${offsetText(value * BigInt(s.SLOT_BYTES))}`;
    case "block":
      return value === 0n ? "none" : `${value}, at ${offsetText(value * BigInt(s.BLOCK_BYTES))}`;
    case "blocks":
      return `${value}, ${value * BigInt(s.BLOCK_BYTES)} bytes`;
    case "device":
      return deviceText(number);
    case "flags":
      return flagsText(number, flags ?? {});
    case "version":
      return `format ${FORMAT_NAMES[number] ?? "unknown"}`;
    case "layout":
      return `${s.LAYOUTS[(number >> 1) & 7] ?? "unknown"}, ${number & 1 ? "extended" : "compact"}`;
    case "xattr words":
      return number === 0 ? "no xattrs" : `${s.XATTR_HEADER_BYTES + 4 * (number - 1)} bytes of xattrs`;
    case "chunks":
      return `chunks of 2^${s.BLOCK_BITS + (number & 31)} bytes`;
    default:
      return "";
  }
}

function deviceText(rdev: number): string {
  const { major, minor } = deviceOf({ rdev });
  return `${major}, ${minor}`;
}

function flagsText(value: number, names: Readonly<Record<number, string>>): string {
  const set: string[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((value >> bit) & 1) === 1) set.push(names[2 ** bit] ?? `bit ${bit}`);
  }
  return set.length === 0 ? "none" : set.join(", ");
}

/** The field that a table describes. */
function fieldOf(spec: s.FieldSpec, bytes: Uint8Array): Field {
  const { name, offset, bytes: length, show } = spec;
  const isReserved = show === "reserved";
  if (length > 8) return bytesField(name, bytes, offset, length, isReserved);
  const value = readNumber(bytes, offset, length);
  const meaning = meaningOf(spec, value);
  return { kind: "number", name, offset, bytes: length, value, meaning, isReserved } satisfies NumberField;
}

/** The fields of a structure that begins at the beginning of `bytes`. */
export function tableFields(specs: readonly s.FieldSpec[], bytes: Uint8Array): Field[] {
  return specs.map((spec) => fieldOf(spec, bytes));
}

/** Bytes as they are, copied. */
export function bytesField(
  name: string,
  bytes: Uint8Array,
  offset = 0,
  length = bytes.length,
  isReserved = false,
): BytesField {
  return { kind: "bytes", name, offset, bytes: length, data: bytes.slice(offset, offset + length), isReserved };
}

/** Bytes that mean nothing. */
export function padField(bytes: Uint8Array, offset: number, before?: PadField): PadField {
  let used = before?.used ?? 0;
  for (const byte of bytes) if (byte !== 0) used++;
  const checksum = crc32(bytes, before?.checksum);
  const start = before?.offset ?? offset;
  return { kind: "pad", name: "pad", offset: start, bytes: (before?.bytes ?? 0) + bytes.length, used, checksum };
}

/** Fields of an inode header; `i_u` is what the mode makes it. */
export function inodeFields(bytes: Uint8Array): Field[] {
  const specs = bytes[s.I_FORMAT]! & 1 ? s.EXTENDED_INODE : s.COMPACT_INODE;
  return tableFields(specs[unionMember(bytes)], bytes);
}

function unionMember(bytes: Uint8Array): s.UnionMember {
  const type = s.MODE_TYPES[u16(bytes, s.I_MODE) >> s.MODE_TYPE_SHIFT];
  if (type === "character device" || type === "block device") return "rdev";
  if (type === "fifo" || type === "socket") return "none";
  return ((bytes[s.I_FORMAT]! >> 1) & 7) === s.LAYOUT_CHUNK_BASED ? "chunks" : "raw_blkaddr";
}

/** Directory entries of a group, and the pad behind their names. */
export function direntFields(group: Uint8Array): Field[] {
  const headersEnd = Math.min(u16(group, s.D_NAMEOFF), group.length);
  const fields: Field[] = [];
  let end = headersEnd;
  for (let at = 0; at + s.DIRENT_BYTES <= headersEnd; at += s.DIRENT_BYTES) {
    const nameOffset = u16(group, at + s.D_NAMEOFF);
    const isLast = at + 2 * s.DIRENT_BYTES > headersEnd;
    end = isLast ? group.length : u16(group, at + s.DIRENT_BYTES + s.D_NAMEOFF);
    const zero = isLast ? group.indexOf(0, nameOffset) : -1;
    if (zero >= 0) end = zero;
    fields.push({
      kind: "dirent",
      name: "dirent",
      offset: at,
      bytes: s.DIRENT_BYTES,
      nid: readNumber(group, at, 8),
      type: s.FILE_TYPES[group[at + s.D_FILE_TYPE]!] ?? "unknown",
      reserved: group[at + s.D_RESERVED]!,
      nameOffset,
      entry: group.slice(nameOffset, end),
    } satisfies DirentField);
  }
  if (end < group.length) fields.push(padField(group.subarray(end), end));
  return fields;
}

/** Where the entry is that a reference names. */
export type SharedLookup = (reference: number) => { target: number; bytes: Uint8Array };

const encoder = new TextEncoder();

/** The xattr entry at the beginning of `bytes`; undefined when it is cut short. */
export function xattrField(bytes: Uint8Array, offset: number): XattrField | undefined {
  const nameLength = bytes[0] ?? 0;
  const valueAt = s.XATTR_ENTRY_BYTES + nameLength;
  const end = valueAt + u16(bytes, s.E_VALUE_SIZE);
  if (bytes.length < s.XATTR_ENTRY_BYTES || bytes.length < end) return undefined;
  const index = bytes[s.E_NAME_INDEX]!;
  const prefix = encoder.encode(s.XATTR_PREFIXES[index] ?? "");
  const key = new Uint8Array(prefix.length + nameLength);
  key.set(prefix);
  key.set(bytes.subarray(s.XATTR_ENTRY_BYTES, valueAt), prefix.length);
  return {
    kind: "xattr",
    name: "erofs_xattr_entry",
    offset,
    bytes: Math.min(Math.ceil(end / 4) * 4, bytes.length),
    target: undefined,
    reference: undefined,
    index,
    key,
    value: bytes.slice(valueAt, end),
  };
}

/** Fields of an inode's xattr part: header, references, local entries. */
export function xattrPartFields(part: Uint8Array, lookup: SharedLookup): Field[] {
  const fields = tableFields(s.XATTR_HEADER, part);
  const count = part[s.H_SHARED_COUNT]!;
  let at = s.XATTR_HEADER_BYTES;
  for (let i = 0; i < count && at + 4 <= part.length; i++, at += 4) {
    const reference = Number(readNumber(part, at, 4));
    const { target, bytes } = lookup(reference);
    const entry = xattrField(bytes, at);
    if (entry !== undefined) fields.push({ ...entry, name: `h_shared_xattrs[${i}]`, bytes: 4, target, reference });
  }
  while (at < part.length) {
    const entry = xattrField(part.subarray(at), at);
    if (entry === undefined) {
      fields.push(bytesField("cut short", part, at, part.length - at));
      break;
    }
    fields.push(entry);
    at += entry.bytes;
  }
  return fields;
}
