/**
 * What kind of input a file is, by its first bytes.
 */

import { compressionOf } from "./media-types.ts";
import { beginsWithHeader } from "./outer-tar.ts";

export type SourceKind = "dump" | "erofs";

/** EROFS_SUPER_OFFSET and EROFS_SUPER_MAGIC_V1 of fs/erofs/erofs_fs.h and include/uapi/linux/magic.h. */
const SUPER_OFFSET = 1024;
const SUPER_MAGIC = 0xe0f5e1e2;
/** LCFS_EROFS_MAGIC of composefs. */
const COMPOSEFS_MAGIC = 0xd078629a;

/** First bytes that tell kinds apart. */
export const HEAD_BYTES = SUPER_OFFSET + 4;

/** @param head at least HEAD_BYTES of the file, less when it is shorter */
export function inputKind(head: Uint8Array): SourceKind | "container" {
  if (isErofs(head)) return "erofs";
  return !beginsWithHeader(head) && compressionOf(head) === "none" ? "dump" : "container";
}

/** Whether a file begins as an EROFS image, of composefs or not, does. */
function isErofs(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const at = (offset: number) => (head.length >= offset + 4 ? view.getUint32(offset, true) : 0);
  return at(0) === COMPOSEFS_MAGIC || at(SUPER_OFFSET) === SUPER_MAGIC;
}
