/**
 * Texts with the escapes of composefs-dump(5), as people read them.
 */

import { displayBytes } from "../../../explain/display.ts";
import { pathOfText } from "../../../explain/listing.ts";

/** UTF-8 where it is that and steers nothing; otherwise the escapes. */
export function readable(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  // A path is read as one; a text that is none is made one for it.
  const bytes = pathOfText(`/${escaped.replaceAll("/", "\\x2f")}`);
  return bytes === undefined ? escaped : displayBytes(bytes.subarray(1));
}

/** The last component of a path; `/` of the root. */
export function baseName(path: string): string {
  return path === "/" ? "/" : path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that holds a path; the root's is the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}
