/**
 * `composefs ls INPUT [PATH]`: what a directory of a tree holds, or another entry by itself; with `--recursive` all that
 * is below it, with whole paths.
 *
 *   drwxr-xr-x 2 0 0     - 2024-05-01T12:00:00Z           bin
 *   -rw-r--r-- 2 0 0  1234 2024-05-01T12:00:00.000000005Z data @ 9f/1c2d3e4f5a…
 *   -rw-r--r-- 2 0 0  1234 2024-05-01T12:00:00.000000005Z more = /data
 *   lrwxrwxrwx 1 0 0     6 2024-05-01T12:00:00Z           sh -> bin/sh
 *   crw-rw-rw- 1 0 0  1, 3 1970-01-01T00:00:00Z           null
 *
 * Type and permissions, links, uid, gid, size or device, time of change; then the name and what is behind it: `->` the
 * target of a symlink, `=` the name that has the inode of a hardlink, `@` the object with the content. Link counts and
 * sizes are those of the input. `--json` prints one object, with entries as `dump --json` has them and where in the
 * input they are (`line` of a dumpfile, `nid` in an image, `layer` of a container
 * image, from 1):
 *
 *   {"path": "/usr", "made": {"role": null, "transform": false, …}, "entries": [{"path": "/usr/bin", "type": "directory", …, "line": 3}, …]}
 */

import { displayBytes, escapeBytes } from "../explain/display.ts";
import {
  deviceOf,
  entryFacts,
  findOwners,
  isDevice,
  modeText,
  type Owner,
  pathOfText,
  sizeOf,
  timeText,
} from "../explain/listing.ts";
import { type Entry, PathSpeller, type TreeCursor } from "../image/cursor.ts";
import { toHex } from "../image/hex.ts";
import { OutputFile } from "../image/output.node.ts";
import type { OriginKind } from "../image/tree.ts";
import { quote } from "../source/files.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { type InputOptions, noteTree, openTree } from "./input.ts";
import { writeText } from "./lines.ts";
import { startProgress } from "./progress.ts";
import { missingError } from "./tree-path.ts";
import { type TreeFacts, treeFacts } from "./view.ts";

export interface LsOptions extends InputOptions {
  recursive?: boolean;
  json?: boolean;
  progress: boolean;
}

/** One line: an entry, its path from the root, and the name that has its inode when it is a hardlink. */
interface Row {
  entry: Entry;
  path: Uint8Array;
  owner: Owner | undefined;
}

/** Column of the time, the only one that is text. */
const TIME = 5;
/** Digits of an object's digest that are shown. */
const OBJECT_DIGITS = 12;
const SLASH = 0x2f;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, TREE_PATH, and all that reading gives */
export async function run(input: string, path: string, options: LsOptions): Promise<number> {
  const wanted = pathOfText(path);
  if (wanted === undefined) throw usageError(`path: expected an escape such as \\xff or \\\\, got ${quote(path)}`);
  const progress = startProgress(options.progress);
  try {
    const opened = await openTree(input, options, { progress });
    await opened.close();
    const { tree } = opened;
    noteTree(opened);
    const cursor = tree.openCursor();
    const top = cursor.find(wanted);
    if (top === undefined) throw missingError(cursor, wanted);
    const isRecursive = options.recursive ?? false;
    const rows = listingOf(cursor, top, wanted, isRecursive);
    const text = options.json
      ? jsonText(rows(), wanted, treeFacts(opened.container), tree.origin)
      : listText(rows, isRecursive || top.type !== "directory");
    await writeText(text, new OutputFile(null));
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

/** What is to be listed, as often as it is asked for. */
function listingOf(cursor: TreeCursor, top: Entry, path: Uint8Array, isRecursive: boolean): () => Generator<Row> {
  const entries = () => (top.type === "directory" ? below(cursor, top, path, isRecursive) : [[top, path] as const]);
  const wanted = new Set<number>();
  for (const [entry] of entries()) if (entry.type === "hardlink") wanted.add(entry.owner);
  const owners = findOwners(cursor, wanted);
  return function* () {
    for (const [entry, path] of entries()) {
      yield { entry, path, owner: entry.type === "hardlink" ? owners.get(entry.owner) : undefined };
    }
  };
}

/** The entries of a directory, or all below it, with their paths. */
function* below(
  cursor: TreeCursor,
  top: Entry,
  path: Uint8Array,
  isRecursive: boolean,
): Generator<readonly [Entry, Uint8Array]> {
  const speller = spellerAt(cursor, path);
  // In depth-first order all of it comes right behind the directory.
  for (const entry of isRecursive ? cursor.entries(top.index + 1) : cursor.children(top)) {
    if (entry.parent < top.index) return;
    yield [entry, speller.spell(entry)];
  }
}

/** A speller that has come to the directory at `path`. */
function spellerAt(cursor: TreeCursor, path: Uint8Array): PathSpeller {
  const speller = new PathSpeller();
  const spell = (end: number) => speller.spell(cursor.find(path.subarray(0, end))!);
  spell(1);
  for (let end = 2; end < path.length; end++) if (path[end] === SLASH) spell(end);
  if (path.length > 1) spell(path.length);
  return speller;
}

/** The list for people: widths first, then lines, so that nothing has to be kept. */
function* listText(rows: () => Iterable<Row>, isWholePath: boolean): Generator<string, void, undefined> {
  const widths: number[] = [];
  for (const row of rows()) {
    for (const [i, text] of columnsOf(row).entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  }
  for (const row of rows()) {
    const columns = columnsOf(row).map((text, i) => (i === TIME ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)));
    const name = displayBytes(isWholePath ? row.path : row.entry.name);
    yield `${columns.join(" ")} ${name}${remarkOf(row)}\n`;
  }
}

function columnsOf({ entry, owner }: Row): string[] {
  const inode = owner?.entry ?? entry;
  const { nlink, uid, gid } = inode;
  let size = "-";
  if (inode.type === "file" || inode.type === "symlink") size = String(sizeOf(inode));
  else if (isDevice(inode)) size = `${deviceOf(inode).major}, ${deviceOf(inode).minor}`;
  return [modeText(inode), String(nlink), String(uid), String(gid), size, timeText(inode.seconds, inode.nanoseconds)];
}

/** What stands behind a name. */
function remarkOf({ entry, owner }: Row): string {
  if (owner !== undefined) return ` = ${displayBytes(owner.path)}`;
  if (entry.isWhiteout) return " (whiteout)";
  const { type, payload, digest } = entry;
  if (type === "symlink") return ` -> ${displayBytes(payload!)}`;
  const hex = digest && toHex(digest);
  const object = hex && `${hex.slice(0, 2)}/${hex.slice(2)}`;
  if (payload === undefined) return object === undefined ? "" : ` @ (digest ${hex!.slice(0, OBJECT_DIGITS)}…)`;
  const text = displayBytes(payload);
  return ` @ ${text === object ? `${object.slice(0, OBJECT_DIGITS + 1)}…` : text}`;
}

function* jsonText(
  rows: Iterable<Row>,
  path: Uint8Array,
  made: TreeFacts,
  origin: OriginKind,
): Generator<string, void, undefined> {
  yield `{"path":${JSON.stringify(escapeBytes(path))},"made":${JSON.stringify(made)},"entries":[`;
  let comma = "";
  for (const { entry, path, owner } of rows) {
    yield `${comma}${JSON.stringify({ ...entryFacts(entry, path, owner), [origin]: entry.origin })}`;
    comma = ",";
  }
  yield "]}\n";
}
