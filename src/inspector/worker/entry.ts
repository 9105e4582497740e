/**
 * Everything about one entry.
 */

import { ComposefsError } from "../../error.ts";
import { displayBytes, escapeBytes } from "../../explain/display.ts";
import { type PathEvent as LayerEvent, pathEvents } from "../../explain/layer-changes.ts";
import { entryFacts, modeText, pathOfText, timeText } from "../../explain/listing.ts";
import { xattrMeaning } from "../../explain/xattr-meaning.ts";
import { ENTRY_TYPES, type Entry, type Xattr } from "../../image/cursor.ts";
import { toHex } from "../../image/hex.ts";
import type { EntryDetails, PathEvent, XattrFacts } from "../protocol.ts";
import type { OpenImage } from "./open-image.ts";

/** Other names of an inode that are shown. */
const NAMES_MAX = 100;

const latin1 = new TextDecoder("latin1");

/** The index of the entry at a path; undefined when the tree has none there. */
export function findIndex(image: OpenImage, text: string): number | undefined {
  const path = pathOfText(text);
  return path && image.cursor.find(path)?.index;
}

/** The index of the entry at a path. @throws {ComposefsError} TREE_PATH */
export function indexOf(image: OpenImage, text: string): number {
  const index = findIndex(image, text);
  if (index !== undefined) return index;
  const path = pathOfText(text);
  const what = path === undefined ? "that is no path" : `the tree has no ${displayBytes(path)}`;
  throw new ComposefsError("TREE_PATH", what, { text });
}

/** @throws {ComposefsError} TREE_PATH, and what reading etc/passwd gives */
export function entryDetails(image: OpenImage, text: string): EntryDetails {
  const { cursor, table } = image;
  const index = indexOf(image, text);
  const entry = cursor.at(index);
  const inode = entry.owner === index ? entry : cursor.at(entry.owner);
  const path = table.path(index);
  const owner = entry.owner === index ? undefined : { entry: inode, path: table.path(inode.index) };
  const kind = image.container === undefined && image.read.kind === "dump" ? "line" : image.container ? "layer" : "nid";
  return {
    index,
    path: escapeBytes(path),
    facts: entryFacts(inode, path, undefined),
    modeText: modeText(inode),
    owner: namesOf(image, inode),
    timeText: timeText(inode.seconds, inode.nanoseconds),
    isWhiteout: inode.isWhiteout,
    xattrs: inode.xattrs.map(xattrFacts),
    objectPath: objectPathOf(inode),
    content: inode.type === "file" ? (inode.content ?? null) : null,
    names: [...(owner === undefined ? [] : [escapeBytes(owner.path)]), ...otherNames(image, index, inode)],
    origin: { kind, number: entry.origin },
    history: historyOf(image, path),
    bytesBelow: table.isDirectory(index) ? table.sum[index]! : 0,
    entriesBelow: table.below[index]!,
  };
}

function xattrFacts({ key, value }: Xattr): XattrFacts {
  const meaning = xattrMeaning(latin1.decode(key), value);
  return { key: escapeBytes(key), meaning, value: escapeBytes(value), bytes: value.slice() };
}

/** The object of a file: by its path, or by its digest as a repository names it. */
function objectPathOf({ type, payload, digest }: Entry): string | null {
  if (type !== "file") return null;
  if (payload !== undefined) return escapeBytes(payload);
  if (digest === undefined) return null;
  const hex = toHex(digest);
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** Names of an inode beside the one that has it and the one that is shown. */
function otherNames({ table }: OpenImage, shown: number, inode: Entry): string[] {
  const names: string[] = [];
  if (inode.names <= 1) return names;
  for (let index = 0; index < table.length && names.length < NAMES_MAX; index++) {
    const isOther = index !== shown && index !== inode.index;
    if (isOther && table.owner[index] === inode.index) names.push(escapeBytes(table.path(index)));
  }
  return names;
}

function historyOf({ container, view }: OpenImage, path: Uint8Array): PathEvent[] {
  if (container === undefined) return [];
  const records = container.layers.map((layer) => layer.records);
  const events = pathEvents(records, latin1.decode(path.subarray(1)));
  return events.filter(({ layer }) => view?.role !== "layer" || layer === view.layer).map(eventOf);
}

function eventOf({ type, ...event }: LayerEvent): PathEvent {
  return { ...event, type: type === null ? null : (ENTRY_TYPES[type] ?? null) };
}

/** Names of user and group, as far as the files that say so were kept when the layers were read. */
function namesOf({ container }: OpenImage, { uid, gid }: Entry): { user: string | null; group: string | null } {
  const nameIn = (path: string, id: number) => {
    const contents = container?.layers.flatMap(({ records }) => records.contents) ?? [];
    const file = contents.findLast((content) => latin1.decode(content.path) === path);
    if (file === undefined) return null;
    // passwd(5), group(5): name, password, number.
    const line = latin1
      .decode(file.bytes)
      .split("\n")
      .find((text) => text.split(":")[2] === String(id));
    return line === undefined ? null : escapeBytes(Uint8Array.from(line.split(":")[0]!, (c) => c.charCodeAt(0)));
  };
  return { user: nameIn("etc/passwd", uid), group: nameIn("etc/group", gid) };
}
