/**
 * SELinux labels: every entry of a tree gets the xattr security.selinux that it is told, or none (boot-transform.md 3.5).
 *
 * Which label an entry gets is the host's to say, since rules are matched there. Names of one inode whose labels differ
 * become inodes of their own, each a copy; only a tree whose inodes belong to their first names can be labelled, since
 * it is the first name whose label the inode keeps.
 */

import { FIELD_NONE, STATUS_LABEL_BUDGET, STATUS_OK, XATTR_BUDGET_BYTES } from "../abi";
import { allocate } from "../mem/arena";
import { fail, failArgument, failMemory, failState } from "../mem/record";
import { writeText } from "../mem/text";
import { takeOver } from "./links";
import { Node, TYPE_HARDLINK } from "./node";
import { depthFirst } from "./order";
import { failAtNode } from "./place";
import {
  entryCount,
  hardlinkCount,
  ORIGIN_LAYER,
  origin,
  publishCounts,
  rootNode,
  setHardlinkCount,
  tally,
} from "./tree";
import { internKey, internPair, keepPairs, Key, listCount, listItem, Pair } from "./xattrs";

/** lcfs_node_set_xattr counts 7 bytes for each xattr beside key and value, and 12 for all. */
const PAIR_OVERHEAD: u32 = 7;
const NODE_OVERHEAD: u32 = 12;

const SELINUX = "security.selinux";
const keyText = memory.data(16, 8);

/** A label: its pair, the list of an entry that has no other xattr, the next label. */
@unmanaged
class Label {
  pair: u32;
  list: u32;
}
const LABEL_BYTES: usize = 8;
/** Labels come in chunks of this many, which stay where they are. */
const CHUNK: u32 = 1024;
/** As many as entries, one for each: no policy has more than one for each rule. */
const CHUNKS_MAX: u32 = 4096;
const chunks = memory.data(CHUNKS_MAX * 4, 8);

/** Room for a list of pairs; a budget allows no more. */
const pairs = memory.data((XATTR_BUDGET_BYTES / 8 + 2) * 4, 8);

let key: Key = changetype<Key>(0);
let labelCount: u32 = 0;
let list: usize = 0;
/** Entries that have their label. */
let done: u32 = 0;

function labelAt(number: u32): Label {
  const index = number - 1;
  const chunk = <usize>load<u32>(chunks + ((index / CHUNK) << 2));
  return changetype<Label>(chunk + <usize>(index % CHUNK) * LABEL_BYTES);
}

/** Begins. @returns a status */
export function beginLabels(): i32 {
  if (origin != ORIGIN_LAYER) return failState();
  labelCount = 0;
  done = 0;
  key = changetype<Key>(internKey(keyText, writeText(keyText, SELINUX)));
  list = depthFirst(rootNode(), entryCount);
  return list && changetype<usize>(key) ? STATUS_OK : failMemory();
}

/** Adds the label at `at`. @returns a status */
export function addLabel(at: usize, len: u32): i32 {
  const budget = NODE_OVERHEAD + PAIR_OVERHEAD + key.len + len;
  if (budget > <u32>XATTR_BUDGET_BYTES) return fail(STATUS_LABEL_BUDGET, budget, XATTR_BUDGET_BYTES);
  if (labelCount == CHUNK * CHUNKS_MAX) return failArgument(labelCount + 1, labelCount);
  if (labelCount % CHUNK == 0) {
    const chunk = allocate(<u64>CHUNK * LABEL_BYTES);
    if (!chunk) return failMemory();
    store<u32>(chunks + ((labelCount / CHUNK) << 2), <u32>chunk);
  }
  const pair = internPair(key, at, len);
  if (!pair) return failMemory();
  labelCount++;
  labelAt(labelCount).pair = <u32>pair;
  return STATUS_OK;
}

/** Gives a node its label, 0 for none, in place of the one that it has. @returns a status */
function setLabel(node: Node, number: u32): i32 {
  const had = listCount(node.xattrs);
  if (!had) {
    node.xattrs = 0;
    if (!number) return STATUS_OK;
    const label = labelAt(number);
    if (!label.list) {
      store<u32>(pairs, label.pair);
      label.list = <u32>keepPairs(pairs, 1);
      if (!label.list) return failMemory();
    }
    node.xattrs = <usize>label.list;
    return STATUS_OK;
  }
  let count: u32 = 0;
  let budget = NODE_OVERHEAD;
  for (let i: u32 = 0; i <= had; i++) {
    let item = i < had ? listItem(node.xattrs, i) : 0;
    if (i < had && changetype<Pair>(item).key == key) continue;
    if (i == had) {
      if (!number) break;
      item = <usize>labelAt(number).pair;
    }
    const pair = changetype<Pair>(item);
    budget += PAIR_OVERHEAD + <u32>pair.key.len + <u32>pair.valueLen;
    store<u32>(pairs + (count << 2), <u32>item);
    count++;
  }
  if (budget > <u32>XATTR_BUDGET_BYTES) {
    return failAtNode(STATUS_LABEL_BUDGET, FIELD_NONE, node, budget, XATTR_BUDGET_BYTES);
  }
  node.xattrs = count ? keepPairs(pairs, count) : 0;
  return !count || node.xattrs ? STATUS_OK : failMemory();
}

/** Makes a hardlink an inode of its own. */
function split(node: Node): void {
  const owner = node.owner;
  owner.names--;
  owner.nlink--;
  takeOver(node, owner);
  node.names = 1;
  node.nlink = 1;
  setHardlinkCount(hardlinkCount - 1);
  tally(node);
}

/**
 * Gives the next entries in depth-first order their labels.
 *
 * @param at u32 for each: the number of a label, in the order in which they were added, from 1; 0 for none
 * @returns a status
 */
export function labelEntries(at: usize, count: u32): i32 {
  if (count > entryCount - done) return failArgument(count, entryCount - done);
  for (let i: u32 = 0; i < count; i++) {
    const number = load<u32>(at + ((<usize>i) << 2));
    if (number > labelCount) return failArgument(number, labelCount);
    const node = changetype<Node>(<usize>load<u32>(list + ((<usize>(done + i)) << 2)));
    if (node.type == TYPE_HARDLINK) {
      if (node.owner.nid == number) continue;
      split(node);
    }
    // The label of an inode, for its further names.
    node.nid = number;
    const status = setLabel(node, number);
    if (status != STATUS_OK) return status;
  }
  done += count;
  return STATUS_OK;
}

/** Ends. @returns a status */
export function endLabels(): i32 {
  if (done != entryCount) return failArgument(done, entryCount);
  publishCounts(0);
  return STATUS_OK;
}
