/** Entries of type 1 of the Boot Loader Specification, `*.conf`: boot-transform.md 4.1 and 4.3. */

import { ComposefsError } from "../error.ts";
import { cmdlineWords, splitCmdline } from "./karg.ts";
import { decodeText, isSpaceAt, trimSpaces } from "./text.ts";

/** What an entry says, without white space around it. Of a key that may be given once, the first line counts. */
export interface BootEntry {
  title: string | null;
  version: string | null;
  /** Files, as absolute paths in the image. */
  linux: string | null;
  initrd: string[];
  efi: string | null;
  /** The kernel command line: all `options` lines, with a space between them; empty when there is none. */
  options: string;
}

/**
 * Reads an entry: lines of a key, white space and a value. A line that begins with white space has no key; keys that are
 * not listed in {@link BootEntry} are left out.
 *
 * @throws {ComposefsError} BOOT_UTF8
 */
export function parseBootEntry(text: Uint8Array): BootEntry {
  const values = new Map<string, string[]>();
  const decoded = decodeText(text, "BOOT_UTF8", "boot entry");
  for (const { start, keyEnd, end } of linesOf(decoded)) {
    const key = decoded.slice(start, keyEnd);
    const value = trimSpaces(decoded.slice(keyEnd, end));
    const others = values.get(key);
    if (others === undefined) values.set(key, [value]);
    else others.push(value);
  }
  const first = (key: string) => values.get(key)?.[0] ?? null;
  return {
    title: first("title"),
    version: first("version"),
    linux: first("linux"),
    initrd: values.get("initrd") ?? [],
    efi: first("efi"),
    options: (values.get("options") ?? []).join(" "),
  };
}

/**
 * Puts an argument on the kernel command line of an entry: in the place of the first word that has the same key up to and
 * including `=`; else at the end of the first `options` line; else on an `options` line of its own at the end. All other
 * bytes stay as they are.
 *
 * @param text an entry
 * @param karg one word, such as {@link formatKarg} gives; without `=` it is its own key
 * @throws {ComposefsError} BOOT_UTF8; BOOT_QUOTE: what follows quotes without end would not be read as an argument
 * @throws {RangeError} when the argument is not one word
 */
export function addKarg(text: Uint8Array, karg: string): Uint8Array {
  const [only] = cmdlineWords(karg);
  if (only === undefined || only.isOpen || splitCmdline(karg)[0] !== karg) {
    throw new RangeError(`karg: expected one word, got ${JSON.stringify(karg)}`);
  }
  const entry = decodeText(text, "BOOT_UTF8", "boot entry");
  const key = karg.slice(0, karg.indexOf("=") + 1);
  const put = (start: number, end: number, piece: string) =>
    new TextEncoder().encode(entry.slice(0, start) + piece + entry.slice(end));
  let place = -1;
  for (const { line, start, keyEnd, end } of linesOf(entry)) {
    if (entry.slice(start, keyEnd) !== "options") continue;
    for (const word of cmdlineWords(entry.slice(keyEnd, end))) {
      const found = entry.slice(keyEnd + word.start, keyEnd + word.end);
      if (key === "" ? found === karg : found.startsWith(key)) {
        return put(keyEnd + word.start, keyEnd + word.end, karg);
      }
      if (word.isOpen) {
        throw new ComposefsError("BOOT_QUOTE", `boot entry line ${line}: the quotes in options have no end`, { line });
      }
    }
    if (place < 0) place = end;
  }
  if (place >= 0) return put(place, place, ` ${karg}`);
  const lineEnd = entry === "" || entry.endsWith("\n") ? "" : "\n";
  return put(entry.length, entry.length, `${lineEnd}options ${karg}\n`);
}

/** Where a line is that has a key. */
interface EntryLine {
  /** Number, from 1. */
  line: number;
  start: number;
  /** White space begins here. */
  keyEnd: number;
  /** Without LF or CR LF. */
  end: number;
}

/** The lines that have a key: those whose beginning is followed by white space. */
function* linesOf(text: string): Generator<EntryLine, void, undefined> {
  let line = 1;
  for (let start = 0; start < text.length; line++) {
    const feed = text.indexOf("\n", start);
    const next = feed < 0 ? text.length : feed;
    const end = feed > start && text[feed - 1] === "\r" ? feed - 1 : next;
    let keyEnd = start;
    while (keyEnd < end && !isSpaceAt(text, keyEnd)) keyEnd++;
    if (keyEnd > start && keyEnd < end) yield { line, start, keyEnd, end };
    start = next + 1;
  }
}
