/**
 * `composefs cache prune`: removes what nobody needs from the directory of a layer cache, also while others use it. Prints one
 * line, or with `--json` one object:
 *
 *   removed 12 files, 3,145,728 bytes; stay 40 files, 10,485,760 bytes
 *   {"entries": 40, "bytes": 10485760, "removedEntries": 12, "removedBytes": 3145728}
 *
 * A bucket has rules of its own for that (lifecycle rules).
 */

import { countOf } from "../explain/words.ts";
import { defaultCacheDirectory } from "../image/layer-cache.node.ts";
import { pruneCache } from "../image/layer-cache-prune.node.ts";
import { quote } from "../source/files.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { print } from "./text.ts";

export interface CachePruneOptions {
  cache?: string;
  maxBytes?: string;
  maxAge?: string;
  json?: boolean;
}

const DAY_MS = 86_400_000;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, IO_* */
export async function runPrune({ cache, maxBytes, maxAge, json }: CachePruneOptions): Promise<number> {
  if (cache?.startsWith("s3:")) throw usageError("--cache: expected a directory; a bucket has lifecycle rules");
  if (maxBytes === undefined && maxAge === undefined) throw usageError("expected --max-bytes, --max-age or both");
  const days = numberOf("--max-age", maxAge);
  const counts = await pruneCache(cache ?? defaultCacheDirectory(), {
    maxBytes: numberOf("--max-bytes", maxBytes),
    maxAgeMs: days === undefined ? undefined : days * DAY_MS,
  });
  if (json) print(`${JSON.stringify(counts)}\n`);
  else {
    const text = (count: number, bytes: number) => `${countOf(count, "file")}, ${countOf(bytes, "byte")}`;
    const { entries, bytes, removedEntries, removedBytes } = counts;
    print(`removed ${text(removedEntries, removedBytes)}; stay ${text(entries, bytes)}\n`);
  }
  return EXIT_OK;
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw usageError(`${option}: expected a number from 0 on, got ${quote(text)}`);
  return Number(text);
}
