/**
 * What of a directory was not seen, in words.
 */

import type { Unseen } from "../image/layers.ts";
import { printable, printError } from "./text.ts";

/** Says what of a directory was not seen, so that nobody takes a digest for that of the whole tree. */
export function noteUnseen(name: string, unseen: readonly Unseen[]): void {
  if (unseen.length === 0) return;
  const what = unseen.join(" and ");
  printError(`${printable(name)}: ${what} were not seen: what comes out is of the tree without them\n`);
}
