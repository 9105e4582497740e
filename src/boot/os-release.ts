/**
 * What the operating system in a kernel image calls itself: os-release(5), boot-transform.md 4.2, and the label that the
 * Boot Loader Specification makes of it for a menu.
 */

import { ComposefsError } from "../error.ts";
import { decodeText, trimSpaces } from "./text.ts";

/** Keys whose values a label begins with and ends with, the best first. */
const NAME_KEYS = ["PRETTY_NAME", "NAME", "ID"];
const VERSION_KEYS = ["VERSION_ID", "VERSION"];

/**
 * The values of an os-release text by their keys, without quotes. Of two lines with one key the later one counts; a key
 * whose quotes do not end has no value. Lines that begin with `#` and lines without `=` say nothing.
 *
 * @throws {ComposefsError} UKI_UTF8
 */
export function parseOsRelease(text: Uint8Array): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of decodeText(text, "UKI_UTF8", "os-release").split("\n")) {
    const equals = line.indexOf("=");
    if (equals < 0 || line.startsWith("#")) continue;
    const key = line.slice(0, equals);
    const value = unquote(trimSpaces(line.slice(equals + 1)));
    if (value === null) values.delete(key);
    else values.set(key, value);
  }
  return values;
}

/**
 * The label of a boot menu: the name, and the version if there is one.
 *
 * @param osRelease what {@link parseOsRelease} gives
 * @throws {ComposefsError} UKI_LABEL when there is no name
 */
export function menuLabel(osRelease: ReadonlyMap<string, string>): string {
  const first = (keys: readonly string[]) => keys.map((key) => osRelease.get(key)).find((value) => value !== undefined);
  const name = first(NAME_KEYS);
  if (name === undefined) throw new ComposefsError("UKI_LABEL", `os-release: expected one of ${NAME_KEYS.join(", ")}`);
  const version = first(VERSION_KEYS);
  return version === undefined ? name : `${name} ${version}`;
}

/**
 * A value as a shell would have it, of the few rules that os-release(5) allows: parts in quotes and parts without follow
 * each other, and in double quotes a backslash takes the next character as it is. Elsewhere it is a character like others.
 *
 * @returns null when quotes do not end
 */
function unquote(value: string): string | null {
  let plain = "";
  let quote = "";
  for (let i = 0; i < value.length; i++) {
    let character = value[i]!;
    if (quote === "" && (character === '"' || character === "'")) {
      quote = character;
      continue;
    }
    if (character === quote) {
      quote = "";
      continue;
    }
    if (character === "\\" && quote === '"') {
      if (++i === value.length) return null;
      character = value[i]!;
    }
    plain += character;
  }
  return quote === "" ? plain : null;
}
