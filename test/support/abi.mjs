/**
 * The shared numbers of `assembly/abi.ts` for plain Node, which cannot import TypeScript: read from its text.
 */
import { readFileSync } from "node:fs";

const text = readFileSync(new URL("../../assembly/abi.ts", import.meta.url), "utf8");

/** Every constant by its name, for instance `ABI.STATUS_OK`. */
export const ABI = {};
for (const [, name, base, shift] of text.matchAll(/^export const (\w+) = (\d+)(?: << (\d+))?;$/gm)) {
  ABI[name] = Number(base) * 2 ** Number(shift ?? 0);
}

function namesByNumber(prefix) {
  const names = new Map();
  for (const [name, value] of Object.entries(ABI)) {
    if (name.startsWith(prefix)) names.set(value, name.slice(prefix.length));
  }
  return names;
}

/** `DUMP_ESCAPE` for the number of `STATUS_DUMP_ESCAPE`, and so on. */
export const STATUS_NAMES = namesByNumber("STATUS_");

/** `path` for the number of `FIELD_PATH`, and so on. */
export const FIELD_NAMES = new Map([...namesByNumber("FIELD_")].map(([value, name]) => [value, name.toLowerCase()]));
