/**
 * What a case asks of a command: the values of its placeholders, and whether the command can be asked at all.
 *
 * A command that does not name a parameter answers as if it had its usual value; cases with another one are then not
 * its business.
 */

import { type ConformanceCase, LEVELS, type Level, type Parameter } from "./cases.ts";
import type { Placeholder, Template } from "./template.ts";

/** Usual values; null: none. Levels that are not here have no parameters. */
const USUAL: Partial<Record<Level, Partial<Record<Parameter, string | null>>>> = {
  verity: { hash: "sha256", blockSize: "4096", salt: null },
  // What composefs-rs and bootc use.
  oci: { format: "v1", hash: "sha512", role: "merged", layer: null, xattrs: "allowlist-only" },
};

/** Placeholders that say a parameter, beside that of its name. */
const SAID_BY: Partial<Record<Parameter, readonly Placeholder[]>> = {
  format: ["version", "profile"],
  hash: ["profile"],
};

/** Levels that a command is asked when nobody says which: those of formats if it can say a format. */
export function levelsOf({ names }: Template): Level[] {
  const saysFormat = (["format", "version", "profile"] as const).some((name) => names.has(name));
  return saysFormat ? ["v0", "v1", "v2"] : ["auto"];
}

/** Why a command cannot be asked a case; null when it can. */
export function unasked(one: ConformanceCase, { names }: Template): string | null {
  for (const [name, usual] of Object.entries(USUAL[one.level] ?? {}) as Array<[Parameter, string | null]>) {
    const isSaid = [name, ...(SAID_BY[name] ?? [])].some((said) => names.has(said));
    if (!isSaid && (one.parameters.get(name) ?? null) !== usual) return `the command has no {${name}}`;
  }
  return null;
}

/** Values of the placeholders that are not a matter of where files are. */
export function valuesOf({ level, parameters }: ConformanceCase): Map<Placeholder, string> {
  const values = new Map<Placeholder, string>([["level", level], ...parameters]);
  // The levels of a format are named by it.
  if (/^v\d$/.test(level)) values.set("format", level);
  const [format, hash] = [values.get("format"), values.get("hash")];
  if (format !== undefined) values.set("version", format.slice(1));
  if (format !== undefined && hash !== undefined) values.set("profile", `${format}-${hash}-12`);
  return values;
}

/** Levels by the texts of `--level`, in their own order. @throws {RangeError} */
export function parseLevels(texts: readonly string[]): Level[] {
  const wanted = texts.flatMap((text) => text.split(","));
  const unknown = wanted.find((name) => !(LEVELS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new RangeError(`expected ${LEVELS.join(", ")}, got ${JSON.stringify(unknown)}`);
  return LEVELS.filter((level) => wanted.includes(level));
}
