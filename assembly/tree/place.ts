/**
 * Errors that are about a node and not about the bytes that are being read.
 */

import { failAt, setErrorText } from "../mem/record";
import { Node } from "./node";
import { path, pathLen, spellPath } from "./path";
import { ORIGIN_LINE, ORIGIN_NID, origin } from "./tree";

/** log2 of the bytes of a nid's slot in an image. */
const SLOT_BITS = 5;

/**
 * Fails at what made a node, with the node's path as text: at its line (whose offset is not known any more), or at the
 * offset of its inode.
 *
 * @returns `status`
 */
export function failAtNode(status: i32, field: u32, node: Node, actual: u64, limit: u64): i32 {
  const offset = origin == ORIGIN_NID ? (<u64>node.origin) << SLOT_BITS : 0;
  failAt(status, field, offset, origin == ORIGIN_LINE ? node.origin : 0, actual, limit);
  spellPath(node);
  setErrorText(path, pathLen);
  return status;
}
