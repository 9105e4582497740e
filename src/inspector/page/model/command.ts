/**
 * The command that prints what a view shows, for a shell.
 */

import type { Opened } from "../../protocol.ts";

/** An operand as a shell reads it. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A command about an input, with the options that choose the image and the tree that are shown.
 *
 * @param name such as `ls -R` @param more operands and options behind the input, not yet quoted
 */
export function commandText(name: string, opened: Opened, more: readonly string[] = []): string {
  const words = [opened.operand, ...more, ...opened.choiceOptions, ...opened.viewOptions];
  return [`composefs ${name}`, ...words.map(shellQuote)].join(" ");
}
