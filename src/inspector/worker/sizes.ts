/**
 * The tree by size, for a map: of a directory as many of the largest entries as there is room for.
 */

import { escapeBytes } from "../../explain/display.ts";
import type { TreeTable } from "../../explain/tree-table.ts";
import type { SizeNode } from "../protocol.ts";

/** Most entries of one map. */
export const NODES_MAX = 2000;

/** A directory that may be taken apart. */
interface Candidate {
  index: number;
  node: SizeNode;
}

/**
 * The largest directory is taken apart first, into children that are large enough to be seen; so on, until there is no room.
 *
 * @param layerOf layer of an entry, 0 for none
 */
export function sizeMap(table: TreeTable, top: number, maxNodes: number, layerOf: (index: number) => number): SizeNode {
  const nodeOf = (index: number): SizeNode => ({
    index,
    path: escapeBytes(table.path(index)),
    name: escapeBytes(table.name(index)),
    type: table.type(index),
    bytes: table.sum[index]!,
    entries: table.below[index]!,
    layer: layerOf(index),
  });
  const root = nodeOf(top);
  const open: Candidate[] = [{ index: top, node: root }];
  let room = Math.min(Math.max(maxNodes, 1), NODES_MAX) - 1;
  // What would take less than its share of the map is summed up.
  const least = root.bytes / (4 * NODES_MAX);
  while (room > 0) {
    const next = takeLargest(open);
    if (next === undefined) break;
    const children = [...table.children(next.index)]
      .filter((child) => table.sum[child]! > least)
      .sort((a, b) => table.sum[b]! - table.sum[a]!)
      .slice(0, room);
    room -= children.length;
    next.node.children = children.map(nodeOf);
    for (const [i, index] of children.entries()) {
      if (table.below[index]! > 0) open.push({ index, node: next.node.children[i]! });
    }
    const shown = next.node.children.reduce((sum, { bytes }) => sum + bytes, 0);
    const entries = next.node.children.reduce((sum, child) => sum + child.entries + 1, 0);
    if (entries < next.node.entries) {
      next.node.rest = { bytes: Math.max(next.node.bytes - shown, 0), entries: next.node.entries - entries };
    }
  }
  return root;
}

/** There are at most NODES_MAX of them. */
function takeLargest(open: Candidate[]): Candidate | undefined {
  let at = 0;
  for (let i = 1; i < open.length; i++) if (open[i]!.node.bytes > open[at]!.node.bytes) at = i;
  return open.splice(at, 1)[0];
}
