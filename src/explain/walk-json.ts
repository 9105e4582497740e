/**
 * A walk as JSON: one object, a structure on each line.
 *
 *   {"image": {"format": "v1", "size": 16384}, "structures": [
 *   {"kind": "compact inode", "offset": 1152, "bytes": 32, "path": "/", "fields": [
 *     {"name": "i_mode", "offset": 4, "bytes": 2, "value": 16877, "meaning": "040755 directory"}, …]},
 *   …]}
 *
 * Offsets of fields are in their structure. Numbers beyond 2^53 are strings; bytes are text with the escapes of
 * composefs-dump(5).
 */

import { escapeBytes } from "./display.ts";
import { type JsonNumber, jsonNumber } from "./listing.ts";
import type { Field, Structure } from "./walk-data.ts";

/** A field as JSON has it. */
export interface JsonField {
  name: string;
  offset: number;
  bytes: number;
  /** Of numbers. */
  value?: JsonNumber;
  meaning?: string;
  /** Of bytes. */
  data?: string;
  /** Of padding: how many bytes are not zero. */
  used?: number;
  /** Of directory entries. */
  nid?: JsonNumber;
  type?: string;
  nameOffset?: number;
  entry?: string;
  /** Of extended attributes. */
  index?: number;
  key?: string;
  /** Of references to shared ones: the number, and the offset in the image to which it leads. */
  reference?: number;
  target?: number;
}

/** A field as JSON has it. */
export function jsonField(field: Field): JsonField {
  const { name, offset, bytes } = field;
  const base = { name, offset, bytes };
  switch (field.kind) {
    case "number":
      return { ...base, value: jsonNumber(field.value), ...(field.meaning !== "" && { meaning: field.meaning }) };
    case "bytes":
      return { ...base, data: escapeBytes(field.data) };
    case "pad":
      return { ...base, used: field.used };
    case "dirent": {
      const { nid, type, nameOffset, entry } = field;
      return { ...base, nid: jsonNumber(nid), type, nameOffset, entry: escapeBytes(entry) };
    }
    case "xattr": {
      const { index, key, value, reference, target } = field;
      const shared = reference !== undefined && target !== undefined && { reference, target };
      return { ...base, index, key: escapeBytes(key), data: escapeBytes(value), ...shared };
    }
  }
}

/**
 * Makes JSON of a walk.
 *
 * @param image what is said of the whole
 * @param structures as `walkImage` gives them
 * @returns one line at a time
 */
export function* walkJson(
  image: { format: string; size: number },
  structures: Iterable<Structure>,
): Generator<string, void, undefined> {
  yield `{"image":${JSON.stringify(image)},"structures":[`;
  let comma = "\n";
  for (const { kind, offset, bytes, path, fields } of structures) {
    const spelt = path === undefined ? {} : { path: escapeBytes(path) };
    yield comma + JSON.stringify({ kind, offset, bytes, ...spelt, fields: fields.map(jsonField) });
    comma = ",\n";
  }
  yield "\n]}\n";
}
