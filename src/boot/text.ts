/** Texts inside kernel images and boot entries: UTF-8, lines, and words between ASCII white space. */

import { ComposefsError } from "../error.ts";

/** Characters of a text of unknown length that a message shows. */
const SHOWN_CHARACTERS = 96;

/**
 * Bytes as text. A byte order mark is kept: to the kernel, too, it is a character like others.
 *
 * @param code what is thrown when the bytes are not UTF-8
 * @param where for people: what the text is
 */
export function decodeText(bytes: Uint8Array, code: "UKI_UTF8" | "BOOT_UTF8", where: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ComposefsError(code, `${where}: expected UTF-8`, {}, { cause });
  }
}

/**
 * Whether the character at an index is ASCII white space (Infra Standard 4.5): tab, LF, FF, CR, space. Behind the end of
 * the text there is none.
 */
export function isSpaceAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b);
}

/** The text without ASCII white space at its ends. */
export function trimSpaces(text: string): string {
  // Not by regular expressions: those that look for white space at the end are quadratic in it.
  let start = 0;
  let end = text.length;
  while (isSpaceAt(text, start)) start++;
  while (end > start && isSpaceAt(text, end - 1)) end--;
  return text.slice(start, end);
}

/** The beginning of a text, in quotes, with escapes as in JSON: nothing in it can steer a terminal. */
export function quoteStart(text: string): string {
  const quoted = JSON.stringify(text.slice(0, SHOWN_CHARACTERS)).replace(
    /[\x7f-\x9f]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > SHOWN_CHARACTERS ? `${quoted}…` : quoted;
}
