/**
 * The path of a node, put together from the names on the way to the root.
 */

import { PATH_MAX_BYTES } from "../abi";
import { Node } from "./node";

const SLASH: u8 = 0x2f;

const buffer = memory.data(PATH_MAX_BYTES + 16, 16);

/** Where the path that `spellPath` made begins; it ends with the buffer. */
export let path: usize = 0;
export let pathLen: u32 = 0;

/** Puts the absolute path of a node together; valid until the next call. */
export function spellPath(node: Node): void {
  const end = buffer + PATH_MAX_BYTES;
  let at = end;
  while (node.parent != changetype<usize>(node)) {
    at -= node.nameLen;
    memory.copy(at, node.name, node.nameLen);
    at--;
    store<u8>(at, SLASH);
    node = changetype<Node>(node.parent);
  }
  if (at == end) {
    at--;
    store<u8>(at, SLASH);
  }
  path = at;
  pathLen = <u32>(end - at);
}
