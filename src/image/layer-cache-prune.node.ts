/**
 * Keeps the directory of a layer cache small: entries that were not used for long go, and then those used least recently until
 * the rest fits. Processes that use the cache meanwhile read a removed entry to its end, or find none and make it anew.
 *
 * Only files by the names that the cache gives are touched, whatever else lies there.
 */

import { opendir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ioError, type SystemError } from "../source/files.node.ts";

/** What may stay. */
export interface PruneRules {
  /** Bytes of all entries together, 0 or more. */
  maxBytes?: number | undefined;
  /** Milliseconds since an entry was used. */
  maxAgeMs?: number | undefined;
}

/** What was there and what is. */
export interface PruneCounts {
  entries: number;
  bytes: number;
  removedEntries: number;
  removedBytes: number;
}

/** `cacheKey` of layer-cache.ts, and while it is written `.RANDOM.tmp` behind it. */
const NAME = /^sha256-[0-9a-f]{64}\.sha(?:256|512|256-sha512)\.v\d+(\.[0-9a-f]{12}\.tmp)?$/;

/** Milliseconds after which nobody writes a temporary file any more: its process was killed. */
const TEMPORARY_MS = 3_600_000;

/**
 * Removes entries of a layer cache.
 *
 * @returns counts; `entries` and `bytes` of those that stay
 * @throws {ComposefsError} IO_OPEN, IO_READ, IO_WRITE; a directory that is not there is an empty cache
 */
export async function pruneCache(directory: string, rules: PruneRules, nowMs = Date.now()): Promise<PruneCounts> {
  const { maxBytes = Number.POSITIVE_INFINITY, maxAgeMs = Number.POSITIVE_INFINITY } = rules;
  const counts: PruneCounts = { entries: 0, bytes: 0, removedEntries: 0, removedBytes: 0 };
  const files = await filesOf(directory);
  // The one used last comes first.
  files.sort((a, b) => b.usedMs - a.usedMs || (a.name < b.name ? -1 : 1));
  for (const { name, bytes, usedMs, isTemporary } of files) {
    const ageMs = nowMs - usedMs;
    const isKept = isTemporary ? ageMs <= TEMPORARY_MS : ageMs <= maxAgeMs && counts.bytes + bytes <= maxBytes;
    if (isKept) {
      if (isTemporary) continue;
      counts.entries++;
      counts.bytes += bytes;
      continue;
    }
    const path = join(directory, name);
    await rm(path, { force: true }).catch((cause) => {
      throw ioError("IO_WRITE", path, cause);
    });
    counts.removedEntries++;
    counts.removedBytes += bytes;
  }
  return counts;
}

async function filesOf(directory: string) {
  const files: Array<{ name: string; bytes: number; usedMs: number; isTemporary: boolean }> = [];
  try {
    for await (const entry of await opendir(directory)) {
      const [name, temporary] = NAME.exec(entry.name) ?? [];
      if (name === undefined || !entry.isFile()) continue;
      const found = await stat(join(directory, name)).catch((error: SystemError) => {
        if (error.code === "ENOENT") return null;
        throw error;
      });
      if (found === null) continue;
      files.push({ name, bytes: found.size, usedMs: found.mtimeMs, isTemporary: temporary !== undefined });
    }
  } catch (cause) {
    if ((cause as SystemError).code === "ENOENT") return [];
    throw ioError("IO_OPEN", directory, cause);
  }
  return files;
}
