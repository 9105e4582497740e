/**
 * Texts with the escapes of composefs-dump(5), as people read them.
 */

import { displayBytes, unescapeBytes } from "../../../explain/display.ts";

/** UTF-8 where it is that and steers nothing; otherwise the escapes. */
export function readable(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  const bytes = unescapeBytes(escaped);
  return bytes === undefined ? escaped : displayBytes(bytes);
}

/** The last component of a path; `/` of the root. */
export function baseName(path: string): string {
  return path === "/" ? "/" : path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that holds a path; the root's is the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}
