/**
 * Values of a comparison as text for people and as JSON. One row for each class, so that neither form can lack what the
 * other shows.
 */

import { toHex } from "../image/hex.ts";
import { type BaseClass, baseOf, type ClassId } from "./diff-classes.ts";
import type { ContentValue, DiffExample, DiffValue, EntryValue, OwnerValue } from "./diff-data.ts";
import { displayBytes, escapeBytes } from "./display.ts";
import { deviceOf, jsonNumber, timeText } from "./listing.ts";
import { countOf, formatCount } from "./words.ts";

/** Bytes of a value, and digits of a digest, that are shown to people. */
const SHOWN_BYTES = 36;
const SHOWN_DIGITS = 12;
/** RFC 3629. */
const UTF8_MAX_BYTES = 4;

/** Text of both values, for one line. */
export function showValues(id: ClassId, { a, b }: DiffExample): [string, string] {
  return FORMS[baseOf(id)].show(a, b);
}

/** A value for JSON; null where the side has none. */
export function jsonValue(id: ClassId, value: DiffValue): unknown {
  return value === undefined ? null : FORMS[baseOf(id)].json(value);
}

interface Form {
  show(a: DiffValue, b: DiffValue): [string, string];
  json(value: DiffValue): unknown;
}

/** A form that shows each value by itself. */
function form<T extends DiffValue>(show: (value: T) => string, json: (value: T) => unknown, none = "none"): Form {
  const one = (value: DiffValue) => (value === undefined ? none : show(value as T));
  return { show: (a, b) => [one(a), one(b)], json: (value) => json(value as T) };
}

const same = <T>(value: T): T => value;

const ENTRY = form<EntryValue>(showEntry, ({ type, size, below }) => {
  return size === undefined ? { type, below } : { type, size: jsonNumber(size), below };
});
const BYTES = form<Uint8Array>((bytes) => quoted(bytes), escapeBytes);
const NUMBER = form<number>(formatCount, same);

const FORMS: Readonly<Record<BaseClass, Form>> = {
  added: ENTRY,
  removed: ENTRY,
  type: form<string>(same, same),
  content: { show: showContents, json: (value) => jsonContent(value as ContentValue) },
  "inline-object": { show: showContents, json: (value) => jsonContent(value as ContentValue) },
  "object-path": BYTES,
  target: BYTES,
  device: form<number>(showDevice, same),
  mode: form<number>(octal, octal),
  owner: form<OwnerValue>(
    ({ uid, gid }) => `${uid}:${gid}`,
    ({ uid, gid }) => ({ uid, gid }),
  ),
  "mtime-seconds": form<bigint>((seconds) => timeText(seconds, 0), jsonNumber),
  "mtime-nanoseconds": form<number>(formatCount, same),
  xattr: BYTES,
  "link-count": NUMBER,
  hardlink: form<Uint8Array>((path) => `link to ${displayBytes(path)}`, escapeBytes, "an inode of its own"),
};

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function showDevice(rdev: number): string {
  const { major, minor } = deviceOf({ rdev });
  return rdev === 0 ? "0 (whiteout)" : `${major}:${minor}`;
}

function showEntry({ type, size, below }: EntryValue): string {
  const what = type === "hardlink" ? "hard link" : type;
  if (size !== undefined) return `${what}, ${countOf(size, "byte", "bytes")}`;
  return below === 0 ? what : `${what} and ${countOf(below, "entry", "entries")} below`;
}

/** The beginning of some bytes in double quotes. */
function quoted(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_BYTES) return `"${displayBytes(bytes)}"`;
  let end = SHOWN_BYTES;
  // Not in the middle of a character, or what is UTF-8 would be shown as bytes.
  while (end > SHOWN_BYTES - UTF8_MAX_BYTES && (bytes[end]! & 0xc0) === 0x80) end--;
  return `"${displayBytes(bytes.subarray(0, end))}…" (${formatCount(bytes.length)} bytes)`;
}

/** What tells two contents apart: their sizes, or else what they are known by. */
function showContents(a: DiffValue, b: DiffValue): [string, string] {
  const [x, y] = [a, b] as [ContentValue, ContentValue];
  if (x.size !== y.size) return [showSize(x), showSize(y)];
  return [showContent(x, y), showContent(y, x)];
}

function showSize({ size, content }: ContentValue): string {
  if (size === 0n) return "empty";
  return `${countOf(size, "byte", "bytes")}${content === undefined ? "" : ` ${quoted(content)}`}`;
}

function showContent({ content, digest, object }: ContentValue, other: ContentValue): string {
  if (content !== undefined) return other.content === undefined ? `inline ${quoted(content)}` : quoted(content);
  if (digest === undefined) return object === undefined ? "no digest" : `no digest, object ${quoted(object)}`;
  const isOtherHash = other.digest !== undefined && other.digest.length !== digest.length;
  const hash = isOtherHash ? (digest.length === 32 ? "SHA-256 " : "SHA-512 ") : "";
  return `${hash}digest ${toHex(digest).slice(0, SHOWN_DIGITS)}…`;
}

function jsonContent({ size, content, digest, object }: ContentValue): unknown {
  return {
    size: jsonNumber(size),
    ...(content && { content: escapeBytes(content) }),
    ...(digest && { digest: toHex(digest) }),
    ...(object && { object: escapeBytes(object) }),
  };
}
