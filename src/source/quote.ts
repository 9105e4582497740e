/** Texts of an input, for people. */

/** A text in quotes, with escapes as in JSON: nothing in it can steer a terminal. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\x7f-\x9f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Characters of a text of unknown length that a message shows. */
const SHOWN_CHARACTERS = 96;

/** The beginning of a text of unknown length, in quotes. */
export function quoteStart(text: string): string {
  return text.length <= SHOWN_CHARACTERS ? quote(text) : `${quote(text.slice(0, SHOWN_CHARACTERS))}…`;
}
