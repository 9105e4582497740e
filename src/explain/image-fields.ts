/**
 * Which field of a structure a byte belongs to, and what two images have in it.
 */

import { toHex } from "../image/hex.ts";
import { escapeBytes } from "./display.ts";
import * as s from "./structures.ts";
import type { Field, StructureKind } from "./walk-data.ts";
import { inodeFields, readNumber, tableFields } from "./walk-fields.ts";

/** Bytes of a value that are shown. */
const SHOWN_BYTES = 16;

/** A field and its values in two structures. */
export interface ComparedField {
  field: string;
  /** In the structure, where it begins; of bytes the first that differs. */
  offset: number;
  a: string;
  b: string;
  /** Where it ends in the structure. */
  end: number;
}

/** A part of a structure. */
interface Leaf {
  field: string;
  offset: number;
  bytes: number;
  isNumber: boolean;
}

/**
 * Finds the field that a byte belongs to.
 *
 * @param fields of the structure as A has it
 * @param a the structure's bytes
 * @param b bytes at the same place in B, fewer at its end
 * @param at the first byte that differs
 */
export function fieldAt(
  kind: StructureKind,
  fields: readonly Field[],
  a: Uint8Array,
  b: Uint8Array,
  at: number,
): ComparedField {
  const leaf = leafAt(fields, at) ?? { field: kind, offset: 0, bytes: a.length, isNumber: false };
  const { field, bytes, isNumber } = leaf;
  const offset = isNumber ? leaf.offset : at;
  const end = leaf.offset + bytes;
  const text = (data: Uint8Array) => (isNumber ? numberText(kind, data, leaf) : bytesText(data.subarray(at, end)));
  return { field, offset, a: text(a), b: text(b), end };
}

function bytesText(bytes: Uint8Array): string {
  if (bytes.length === 0) return "nothing";
  return bytes.length > SHOWN_BYTES ? `${toHex(bytes.subarray(0, SHOWN_BYTES))}…` : toHex(bytes);
}

/** A number with its meaning, when the structure is one that says it. */
function numberText(kind: StructureKind, data: Uint8Array, { offset, bytes, field }: Leaf): string {
  if (offset + bytes > data.length) return "nothing";
  const known = fixedFields(kind, data).find((other) => other.offset === offset && other.name === field);
  const raw = `0x${readNumber(data, offset, bytes).toString(16)}`;
  return known?.kind === "number" && known.meaning !== "" ? `${raw} (${known.meaning})` : raw;
}

/** Fields of structures that have a table. */
function fixedFields(kind: StructureKind, data: Uint8Array): Field[] {
  if (kind === "composefs header") return tableFields(s.HEADER, data);
  if (kind === "superblock") return tableFields(s.SUPERBLOCK, data);
  if (kind === "compact inode" || kind === "extended inode" || kind === "stub") return inodeFields(data);
  return kind === "xattrs" ? tableFields(s.XATTR_HEADER, data) : [];
}

function leafAt(fields: readonly Field[], at: number): Leaf | undefined {
  for (const field of fields) {
    const { name, offset, bytes } = field;
    const isInside = at >= offset && at < offset + bytes;
    if (field.kind === "dirent") {
      const entry = escapeBytes(field.entry);
      if (isInside) return partOf(`dirent ${entry}`, offset, DIRENT, at);
      const { nameOffset } = field;
      const isName = at >= nameOffset && at < nameOffset + field.entry.length;
      if (isName) return { field: `name ${entry}`, offset: nameOffset, bytes: field.entry.length, isNumber: false };
    } else if (isInside && field.kind === "xattr" && field.reference === undefined) {
      return partOf(`${name} ${escapeBytes(field.key)}`, offset, XATTR_ENTRY, at) ?? rest(field.name, offset, bytes);
    } else if (isInside) {
      return { field: name, offset, bytes, isNumber: field.kind === "number" || field.kind === "xattr" };
    }
  }
  return undefined;
}

/** Parts of the headers of directory entries and xattr entries: name, offset, bytes. */
const DIRENT = [
  ["nid", 0, 8],
  ["nameoff", s.D_NAMEOFF, 2],
  ["file_type", s.D_FILE_TYPE, 1],
  ["reserved", s.D_RESERVED, 1],
] as const;
const XATTR_ENTRY = [
  ["e_name_len", 0, 1],
  ["e_name_index", s.E_NAME_INDEX, 1],
  ["e_value_size", s.E_VALUE_SIZE, 2],
] as const;

function partOf(
  field: string,
  start: number,
  parts: readonly (readonly [string, number, number])[],
  at: number,
): Leaf | undefined {
  for (const [name, offset, bytes] of parts) {
    if (at >= start + offset && at < start + offset + bytes) {
      return { field: `${field}: ${name}`, offset: start + offset, bytes, isNumber: true };
    }
  }
  return undefined;
}

function rest(field: string, offset: number, bytes: number): Leaf {
  return { field, offset, bytes, isNumber: false };
}
