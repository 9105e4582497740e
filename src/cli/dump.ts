/**
 * `composefs dump INPUT`: the canonical dumpfile of a tree, one text for each tree whatever it was read from. With
 * `--digest` only its SHA-256, which names the tree independently of any image format and is no fs-verity digest:
 *
 *   canonical-dump-sha256:9f1c…
 *
 * `--json` prints one object for each line of the dumpfile, one on a line, with the values of the canonical form:
 *
 *   {"path": "/", "type": "directory", "mode": "40755", "nlink": 2, "uid": 0, "gid": 0,
 *    "mtime": {"seconds": 0, "nanoseconds": 0}}
 *   {"path": "/a", "type": "file", …, "size": 2, "content": "a\\n", "xattrs": {"user.k": "v"}}
 *   {"path": "/b", "type": "hardlink", "of": "/a"}
 *
 * Files also have `payload` and `digest`, symlinks `target`, devices `device`: {"major": 1, "minor": 3}. Bytes are
 * escaped as in a dumpfile, numbers beyond 2^53 are strings. With `--digest` it is one object:
 *
 *   {"canonicalDumpSha256": "9f1c…", "size": 123, "entries": 3}
 */

import { createHash } from "node:crypto";
import { acquireEngineSync } from "../engine/load.ts";
import { rereadCanonical } from "../explain/canonical.ts";
import { entryFacts } from "../explain/listing.ts";
import { PathSpeller } from "../image/cursor.ts";
import { OutputFile } from "../image/output.node.ts";
import type { Tree } from "../image/tree.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_OK, usageError, writePieces } from "./common.ts";
import { type InputOptions, noteTree, openTree, type TreeInput } from "./input.ts";
import { writeText } from "./lines.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { treeFacts } from "./view.ts";

export interface DumpCommandOptions extends InputOptions {
  output: string;
  digest?: boolean;
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, and all that reading gives */
export async function run(input: string, options: DumpCommandOptions): Promise<number> {
  const isDigest = options.digest ?? false;
  if (isDigest && options.output !== "-") throw usageError("--digest prints a digest only; there is nothing for -o");
  const output = new OutputFile(pathOfOperand(options.output));
  const progress = startProgress(options.progress);
  try {
    const accelerator = acceleratorFromEnvironment();
    const opened = await openTree(input, options, { progress, accelerator });
    await opened.close();
    const { tree } = opened;
    noteTree(opened);
    if (isDigest) {
      printDigest(opened, options.json ?? false);
    } else if (options.json) {
      await writeText(jsonLines(rereadCanonical(tree, acquireEngineSync(), accelerator).tree), output);
    } else {
      const pieces = tree.canonicalDump();
      await writePieces(() => pieces.next().value ?? new Uint8Array(0), output, {});
    }
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

function printDigest({ tree, container }: TreeInput, isJson: boolean): void {
  const hash = createHash("sha256");
  let size = 0;
  for (const piece of tree.canonicalDump()) {
    hash.update(piece);
    size += piece.length;
  }
  const canonicalDumpSha256 = hash.digest("hex");
  const { entries } = tree.counts;
  print(
    isJson
      ? `${JSON.stringify({ canonicalDumpSha256, size, entries, made: treeFacts(container) })}\n`
      : `canonical-dump-sha256:${canonicalDumpSha256}\n`,
  );
}

/** @param tree in canonical form, where the owner of an inode comes before its other names */
function* jsonLines(tree: Tree): Generator<string, void, undefined> {
  const speller = new PathSpeller();
  const owners = new Map<number, Uint8Array>();
  for (const entry of tree.openCursor().entries()) {
    const path = speller.spell(entry);
    const isLink = entry.type === "hardlink";
    if (!isLink && entry.names > 1) owners.set(entry.index, path);
    const owner = isLink ? { entry, path: owners.get(entry.owner)! } : undefined;
    yield `${JSON.stringify(entryFacts(entry, path, owner))}\n`;
  }
}
