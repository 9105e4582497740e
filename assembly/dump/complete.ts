/**
 * What can be said of a dumpfile only when its last line was read: names that occur twice, hardlinks, and in strict
 * mode link counts.
 */

import {
  FIELD_NLINK,
  FIELD_PATH,
  FIELD_PAYLOAD,
  STATUS_DUMP_LINK_CYCLE,
  STATUS_DUMP_LINK_DANGLING,
  STATUS_DUMP_LINK_SELF,
  STATUS_DUMP_LINK_TO_DIRECTORY,
  STATUS_DUMP_PATH_TWICE,
  STATUS_DUMP_STRICT_NLINK,
  STATUS_DUMP_WHITEOUT_LINKED,
  STATUS_OK,
} from "../abi";
import { mark, release } from "../mem/arena";
import { failMemory, setErrorText } from "../mem/record";
import { arrange, ARRANGE_MEMORY, ARRANGE_TWICE, twice } from "../tree/children";
import { faulty, LINK_CYCLE, LINK_DANGLING, LINK_OK, LINK_SELF, LINK_TO_DIRECTORY, resolveLinks } from "../tree/links";
import { Node, TYPE_DIRECTORY, TYPE_HARDLINK } from "../tree/node";
import { depthFirst } from "../tree/order";
import { failAtNode } from "../tree/place";
import { directoryCount, entryCount, rootNode } from "../tree/tree";

/** Fails at a hardlink: with its target as the line gave it, as long as the link still knows it. */
function failAtLink(outcome: u32): i32 {
  const status = failAtNode(linkStatus(outcome), FIELD_PAYLOAD, changetype<Node>(faulty), 0, 0);
  const link = changetype<Node>(faulty);
  if (outcome != LINK_CYCLE) setErrorText(link.data, link.dataLen);
  return status;
}

function linkStatus(outcome: u32): i32 {
  if (outcome == LINK_DANGLING) return STATUS_DUMP_LINK_DANGLING;
  if (outcome == LINK_TO_DIRECTORY) return STATUS_DUMP_LINK_TO_DIRECTORY;
  if (outcome == LINK_CYCLE) return STATUS_DUMP_LINK_CYCLE;
  if (outcome == LINK_SELF) return STATUS_DUMP_LINK_SELF;
  return STATUS_DUMP_WHITEOUT_LINKED;
}

/** Holds every link count against the names that there are (strict mode). */
function checkLinkCounts(): i32 {
  const point = mark();
  const list = depthFirst(rootNode(), entryCount);
  if (!list) return failMemory();
  for (let i: u32 = 0; i < entryCount; i++) {
    const address = <usize>load<u32>(list + ((<usize>i) << 2));
    const node = changetype<Node>(address);
    if (node.type == TYPE_HARDLINK) continue;
    const counted = node.type == TYPE_DIRECTORY ? 2 + node.extra : node.names;
    if (node.nlink != counted) {
      return failAtNode(STATUS_DUMP_STRICT_NLINK, FIELD_NLINK, node, node.nlink, counted);
    }
  }
  release(point);
  return STATUS_OK;
}

/**
 * Completes the tree.
 *
 * @returns a status
 */
export function completeTree(strict: bool): i32 {
  const arranged = arrange(rootNode(), directoryCount);
  if (arranged == ARRANGE_MEMORY) return failMemory();
  if (arranged == ARRANGE_TWICE) return failAtNode(STATUS_DUMP_PATH_TWICE, FIELD_PATH, changetype<Node>(twice), 0, 0);
  const resolved = resolveLinks();
  if (resolved != LINK_OK) return failAtLink(resolved);
  return strict ? checkLinkCounts() : STATUS_OK;
}
