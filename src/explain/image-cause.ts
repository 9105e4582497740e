/**
 * Why an image is not the one that the writer makes of its tree: what is likely, by what differs.
 */

import type { Tree } from "../image/tree.ts";
import type { ImageComparison } from "./image-compare.ts";

/** Names of causes, with what each means. */
export const CAUSES = {
  "trailing-bytes": "bytes behind the end of the image",
  "cut-short": "the end is missing",
  "superblock-stamp": "checksum, UUID or volume name, which a tool put into the finished image",
  "superblock-field": "the composefs header or the superblock only",
  "padding-used": "bytes in the padding or in the place of chunk pointers, which nothing reads",
  "link-counts": "link counts as the input gave them, which format v2 counts",
  "name-filter": "filters of xattr names that were computed otherwise",
  "inode-numbers": "inodes that were numbered otherwise",
  "hardlink-place":
    "a hardlinked inode that was placed at another one of its names, as C places it where the dumpfile has it",
  "shared-xattrs": "xattrs that were shared otherwise, in another order or in other inodes",
  "other-writer": "another tool, or another version of one, laid it out",
} as const;

export type Cause = keyof typeof CAUSES;

/** Fields that a tool may set when the image is finished. */
const STAMPS = ["checksum", "feature_compat", "uuid", "volume_name"];

/**
 * Finds the likely cause.
 *
 * @param found the image, A, compared with what the writer makes of its tree, B
 * @param tree the one of A
 */
export function causeOf(found: ImageComparison, tree: Tree): Cause {
  const { sizes, head, kinds, fields } = found;
  if (sizes.a > sizes.b && found.bytes === sizes.a - sizes.b) return "trailing-bytes";
  if (found.bytes === 0) return "cut-short";
  const isOnly = (...names: string[]) => fields.length > 0 && fields.every((name) => names.includes(name));
  const [other] = Object.keys(kinds).filter((kind) => kind !== "composefs header" && kind !== "superblock");
  if (other === undefined) {
    return head.every(({ field }) => STAMPS.includes(field)) ? "superblock-stamp" : "superblock-field";
  }
  if (isOnly("pad")) return "padding-used";
  if (isOnly("i_nlink")) return "link-counts";
  if (isOnly("h_name_filter")) return "name-filter";
  if (isOnly("i_ino")) return "inode-numbers";
  if (isHardlinkMoved(tree)) return "hardlink-place";
  if (Object.keys(kinds).every((kind) => kind === "shared xattr" || kind === "xattrs")) return "shared-xattrs";
  return "other-writer";
}

/**
 * Whether the inodes of an image stand in another order than that of the names which the reader takes for their own, and
 * the first one that does has several names.
 */
function isHardlinkMoved(tree: Tree): boolean {
  const { entries, hardlinks } = tree.counts;
  if (hardlinks === 0) return false;
  const nids = new Uint32Array(entries);
  const parents = new Uint32Array(entries);
  /** 0 for a name without inode. */
  const names = new Uint32Array(entries);
  for (const entry of tree.openCursor().entries()) {
    nids[entry.index] = entry.origin;
    parents[entry.index] = entry.parent;
    names[entry.index] = entry.type === "hardlink" ? 0 : entry.names;
  }
  const order = (tree.format === "v2" ? depthFirst(entries) : breadthFirst(parents)).filter(
    (index) => names[index]! > 0,
  );
  const stored = order.slice().sort((a, b) => nids[a]! - nids[b]!);
  const moved = order.findIndex((index, i) => index !== stored[i]);
  return moved >= 0 && (names[order[moved]!]! > 1 || names[stored[moved]!]! > 1);
}

function depthFirst(entries: number): Uint32Array {
  return Uint32Array.from({ length: entries }, (_, index) => index);
}

/** Indexes of entries in the order in which V0 and V1 number inodes (erofs-v1.md 4.1). */
function breadthFirst(parents: Uint32Array): Uint32Array {
  const first = new Uint32Array(parents.length);
  const next = new Uint32Array(parents.length);
  for (let index = parents.length - 1; index > 0; index--) {
    next[index] = first[parents[index]!]!;
    first[parents[index]!] = index;
  }
  const order = new Uint32Array(parents.length);
  let end = 1;
  for (let at = 0; at < end; at++) {
    for (let child = first[order[at]!]!; child !== 0; child = next[child]!) order[end++] = child;
  }
  return order;
}
