/**
 * `composefs walk IMAGE`: what the bytes of an image are, structure by structure, so that two images can be compared
 * with `diff` (src/explain/walk-text.ts shows the form):
 *
 *   0x000480  compact inode  /  nid 36
 *     000  i_format               0x0000              flat plain, compact
 *
 * `--from` and `--to` give the structures that have bytes between two offsets, `--path` those of one entry: its inode
 * with xattrs and content or directory entries. `--json` prints one object (src/explain/walk-json.ts).
 */

import { acquireEngineSync } from "../engine/load.ts";
import { escapeBytes } from "../explain/display.ts";
import { pathOfText } from "../explain/listing.ts";
import { type WalkOptions, walkImage } from "../explain/walk.ts";
import { walkJson } from "../explain/walk-json.ts";
import { walkText } from "../explain/walk-text.ts";
import { OutputFile } from "../image/output.node.ts";
import type { Tree } from "../image/tree.ts";
import { quote } from "../source/files.node.ts";
import { openSource } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_OK, readTree, usageError } from "./common.ts";
import { writeText } from "./lines.ts";
import { startProgress } from "./progress.ts";
import { missingError } from "./tree-path.ts";

export interface WalkCommandOptions {
  from?: string;
  to?: string;
  path?: string;
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, TREE_PATH, IMAGE_*, IO_*, ENGINE_* */
export async function run(input: string, options: WalkCommandOptions): Promise<number> {
  const from = offsetOf("--from", options.from);
  const to = offsetOf("--to", options.to);
  const source = openSource(input);
  if (source.kind === "dump") {
    throw usageError(`walk: expected an EROFS image, ${quote(source.name)} is a dumpfile; make an image with mkfs`);
  }
  const progress = startProgress(options.progress);
  try {
    const tree = readTree(acquireEngineSync(), source, {
      strict: false,
      accelerator: acceleratorFromEnvironment(),
      progress,
    });
    progress.clear();
    const structures = walkImage(tree, { from, to, ...entryOf(tree, options.path) });
    const text = options.json
      ? walkJson({ format: tree.format!, size: tree.image!.size }, structures)
      : walkText(structures);
    await writeText(text, new OutputFile(null));
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

/** An offset, decimal or hexadecimal. @throws {ComposefsError} USAGE */
function offsetOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const offset = /^(0x[0-9a-f]+|[0-9]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(offset)) return offset;
  throw usageError(`${option}: expected an offset such as 4096 or 0x1000, got ${quote(text)}`);
}

/** The entry at a path, or the stub. @throws {ComposefsError} USAGE, TREE_PATH */
function entryOf(tree: Tree, text: string | undefined): WalkOptions {
  if (text === undefined) return {};
  const path = pathOfText(text);
  if (path === undefined) throw usageError(`--path: expected an escape such as \\xff or \\\\, got ${quote(text)}`);
  const cursor = tree.openCursor();
  const entry = cursor.find(path);
  if (entry !== undefined) return { entry: entry.owner };
  const spelt = escapeBytes(path);
  if (tree.format !== "v2" && /^\/[0-9a-f]{2}$/.test(spelt)) return { stub: Number.parseInt(spelt.slice(1), 16) };
  throw missingError(cursor, path);
}
