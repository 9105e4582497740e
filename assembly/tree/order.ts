/**
 * The entries of a tree in depth-first order: the root, then each directory's entries by name, every directory
 * followed at once by what it holds (dumpfile.md 8.1).
 */

import { PATH_MAX_BYTES } from "../abi";
import { allocate } from "../mem/arena";
import { Node, TYPE_DIRECTORY } from "./node";

/** Directories from the root down, (address, next child): a path has at most PATH_MAX_BYTES / 2 components. */
const open = memory.data((PATH_MAX_BYTES / 2 + 2) * 8, 8);

/**
 * Lists all entries, hardlink names included.
 *
 * @param entryCount entries of the tree
 * @returns address of as many u32 node addresses, 0 when memory is refused
 */
export function depthFirst(root: Node, entryCount: u32): usize {
  const list = allocate((<u64>entryCount) << 2);
  if (!list) return 0;
  store<u32>(list, <u32>changetype<usize>(root));
  let count: u32 = 1;
  let depth: u32 = 1;
  store<u32>(open, <u32>changetype<usize>(root));
  store<u32>(open, 0, 4);
  while (depth) {
    const level = open + ((depth - 1) << 3);
    const directory = changetype<Node>(<usize>load<u32>(level));
    const index = load<u32>(level, 4);
    if (index == directory.dataLen) {
      depth--;
      continue;
    }
    store<u32>(level, index + 1, 4);
    const child = directory.child(index);
    store<u32>(list + ((<usize>count) << 2), <u32>changetype<usize>(child));
    count++;
    if (child.type == TYPE_DIRECTORY) {
      store<u32>(level + 8, <u32>changetype<usize>(child));
      store<u32>(level + 8, 0, 4);
      depth++;
    }
  }
  return list;
}
