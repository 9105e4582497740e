/**
 * Values of a comparison as text for people and as JSON. One row for each class, so that neither form can lack what the
 * other shows.
 */

import { toHex } from "../image/hex.ts";
import { type BaseClass, baseOf, type ClassId } from "./diff-classes.ts";
import type { ContentValue, DiffExample, DiffValue, EntryValue, OwnerValue } from "./diff-data.ts";
import { displayBytes, escapeBytes } from "./display.ts";

/** Characters of a value, and digits of a digest, that are shown to people. */
const SHOWN_CHARACTERS = 36;
const SHOWN_DIGITS = 12;

/** Seconds that a Date can hold: ECMA-262, 21.4.1.1. */
const DATE_MAX_SECONDS = 8_640_000_000_000n;

/** Such as `6,768`. */
export function formatCount(count: number | bigint): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Such as `1 entry`, `6,768 entries`. */
export function countOf(count: number | bigint, one: string, many: string): string {
  return `${formatCount(count)} ${BigInt(count) === 1n ? one : many}`;
}

/** A number for JSON: as a string where a double cannot hold it. */
export function jsonNumber(value: number | bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

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

const ENTRY = form<EntryValue>(showEntry, ({ type, size, below }) => {
  return size === undefined ? { type, below } : { type, size: jsonNumber(size), below };
});
const BYTES = form<Uint8Array>((bytes) => quoted(bytes), escapeBytes);
const NUMBER = form<number>(formatCount, jsonNumber);

const FORMS: Readonly<Record<BaseClass, Form>> = {
  added: ENTRY,
  removed: ENTRY,
  type: form<string>(
    (type) => type,
    (type) => type,
  ),
  content: { show: showContents, json: (value) => jsonContent(value as ContentValue) },
  "inline-object": { show: showContents, json: (value) => jsonContent(value as ContentValue) },
  "object-path": BYTES,
  target: BYTES,
  device: form<number>((rdev) => (rdev === 0 ? "0 (whiteout)" : `${majorOf(rdev)}:${minorOf(rdev)}`), jsonNumber),
  mode: form<number>(octal, octal),
  owner: form<OwnerValue>(
    ({ uid, gid }) => `${uid}:${gid}`,
    ({ uid, gid }) => ({ uid, gid }),
  ),
  "mtime-seconds": form<bigint>(showSeconds, jsonNumber),
  "mtime-nanoseconds": form<number>(formatCount, jsonNumber),
  xattr: BYTES,
  "link-count": NUMBER,
  hardlink: form<Uint8Array>((path) => `link to ${displayBytes(path)}`, escapeBytes, "an inode of its own"),
};

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** new_decode_dev of include/linux/kdev_t.h. */
function majorOf(rdev: number): number {
  return (rdev >> 8) & 0xfff;
}

function minorOf(rdev: number): number {
  return (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
}

/** Such as `2023-11-14T22:13:20Z`; the bare number where there is no such date. */
export function showSeconds(seconds: bigint): string {
  if (seconds > DATE_MAX_SECONDS || seconds < -DATE_MAX_SECONDS) return String(seconds);
  return new Date(Number(seconds) * 1000).toISOString().replace(".000Z", "Z");
}

function showEntry({ type, size, below }: EntryValue): string {
  const what = type === "hardlink" ? "hard link" : type;
  if (size !== undefined) return `${what}, ${countOf(size, "byte", "bytes")}`;
  return below === 0 ? what : `${what} and ${countOf(below, "entry", "entries")} below`;
}

/** The beginning of some bytes in double quotes. */
function quoted(bytes: Uint8Array): string {
  // Cut first: a value may have 64 KiB.
  const text = displayBytes(bytes.length > SHOWN_CHARACTERS ? bytes.subarray(0, SHOWN_CHARACTERS) : bytes);
  const isCut = bytes.length > SHOWN_CHARACTERS;
  return isCut ? `"${text}…" (${formatCount(bytes.length)} bytes)` : `"${text}"`;
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
