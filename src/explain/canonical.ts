/**
 * The canonical dumpfile of a tree, line by line, and the tree that it makes when it is read back: link counts are then
 * true, the first name of an inode owns it, sizes that mean nothing are 0 (dumpfile.md 8).
 *
 * A canonical dumpfile is ASCII, its fields stand between single spaces: the lines here are strings.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { DumpJob } from "../image/job.ts";
import type { Tree } from "../image/tree.ts";

/** The fields of a canonical line: eleven, then one for each xattr. Hardlinks have `@120000` as mode. */
export type Fields = string[];

/** Positions in {@link Fields}. */
export const PATH = 0;
export const MODE = 2;
export const NLINK = 3;
export const UID = 4;
export const GID = 5;
export const MTIME = 7;
export const PAYLOAD = 8;
export const DIGEST = 10;
export const XATTRS = 11;

/** Changes a line; undefined leaves it out. May change the array that it is given. */
export type LineEdit = (fields: Fields) => Fields | undefined;

/** The lines of the canonical dumpfile, without their ends, as many at a time as come in one piece. */
export function* canonicalLines(tree: Tree): Generator<string[], void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for (const piece of tree.canonicalDump()) {
    const lines = (rest + decoder.decode(piece)).split("\n");
    rest = lines.pop()!;
    yield lines;
  }
}

/**
 * Reads the canonical dumpfile of a tree into another engine.
 *
 * @param engine a fresh one, not that of `tree`
 * @param edit changes lines on the way
 * @returns the tree in `engine`, and whether `edit` changed any line
 * @throws {ComposefsError} ENGINE_MEMORY; DUMP_* when `edit` makes lines that are no dumpfile
 */
export function rereadCanonical(
  tree: Tree,
  engine: Engine,
  accelerator: Accelerator,
  edit?: LineEdit,
): { tree: Tree; isChanged: boolean } {
  const job = new DumpJob(engine, { strict: false, accelerator });
  if (edit === undefined) {
    for (const piece of tree.canonicalDump()) job.write(piece);
    return { tree: job.end(), isChanged: false };
  }
  const encoder = new TextEncoder();
  let isChanged = false;
  for (const lines of canonicalLines(tree)) {
    let text = "";
    for (const line of lines) {
      const edited = edit(line.split(" "))?.join(" ");
      isChanged ||= edited !== line;
      if (edited !== undefined) text += `${edited}\n`;
    }
    job.write(encoder.encode(text));
  }
  return { tree: job.end(), isChanged };
}
