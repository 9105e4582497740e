/** What is said of a path that a tree does not have. */

import { ComposefsError } from "../error.ts";
import { displayBytes, escapeBytes } from "../explain/display.ts";
import type { TreeCursor } from "../image/cursor.ts";

const SLASH = 0x2f;

/**
 * The error for a path that a tree does not have. Links are not followed in a tree, whose own entries are what is asked for:
 * where one stands in the way, as /bin does where /usr is merged, the error says where it leads.
 */
export function missingError(cursor: TreeCursor, path: Uint8Array): ComposefsError {
  let way = "";
  for (let end = path.indexOf(SLASH, 1); end !== -1; end = path.indexOf(SLASH, end + 1)) {
    const above = path.subarray(0, end);
    const entry = cursor.find(above);
    if (entry?.type !== "symlink") continue;
    way = `: ${displayBytes(above)} is a symlink to ${displayBytes(entry.payload!)}`;
    break;
  }
  return new ComposefsError("TREE_PATH", `the tree has no ${displayBytes(path)}${way}`, { text: escapeBytes(path) });
}
