/**
 * Tree preparation: for every inode the list of xattrs that reach the image (erofs-v1.md 3.3 to 3.6 and 12.1), how
 * often each is carried, and what the superblock says of the whole tree.
 *
 * Escaping of `trusted.overlay.*` happened when the keys were interned. A node to which nothing is added keeps the list
 * that it was read with.
 */

import {
  FIELD_CONTENT,
  FIELD_PAYLOAD,
  FORMAT_V2,
  STATUS_EROFS_V2_INLINE,
  STATUS_EROFS_V2_PAYLOAD,
  STATUS_EROFS_V2_SYMLINK,
  STATUS_OK,
  V2_INLINE_MAX_BYTES,
  V2_SYMLINK_MAX_BYTES,
} from "../abi";
import { failMemory, setErrorText } from "../mem/record";
import { capacity, recordAt } from "../mem/table";
import { allDigests, Digest, itemTag, TAG_METACOPY, TAG_REDIRECT } from "../tree/digests";
import { FLAG_EXTENDED, FLAG_HAS_WHITEOUTS, FLAG_INLINE, Node, TYPE_REGULAR, TYPE_SYMLINK } from "../tree/node";
import {
  emptyMetacopy,
  PARENT_MARKER_COUNT_V0,
  PARENT_MARKER_COUNT_V1,
  PARENT_MARKERS_V0,
  PARENT_MARKERS_V1,
  rootOpaque,
  WHITEOUT_MARKER_COUNT,
  WHITEOUT_MARKERS,
} from "../tree/overlay";
import { failAtNode } from "../tree/place";
import { rootNode } from "../tree/tree";
import { allPairs, compareKeys, listCount, listItem, newList, Pair, setListItem } from "../tree/xattrs";
import { hasOverlayPreparation, marksOpaque } from "./format";
import { countItem, itemKeyOf } from "./items";
import { inodeCount, isEscaped, isExternal, nodeAt, setAcl, setMtime, version } from "./plan";

/** Items to be added to one node, in key order: at most metacopy and redirect, or four markers and the root's. */
const added = memory.data(8 * 4, 8);
let addedCount: u32 = 0;

/** Adds an item behind those of smaller keys. */
function add(item: usize): void {
  let at = addedCount++;
  for (; at; at--) {
    const before = <usize>load<u32>(added + ((at - 1) << 2));
    if (compareKeys(itemKeyOf(before), itemKeyOf(item)) < 0) break;
    store<u32>(added + (at << 2), <u32>before);
  }
  store<u32>(added + (at << 2), <u32>item);
}

function addAll(items: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) add(<usize>load<u32>(items + (i << 2)));
}

/** Zeroes what an earlier image counted. */
function resetCounts(): void {
  const pairs = allPairs();
  for (let i: u32 = 0; i < capacity(pairs); i++) {
    const at = recordAt(pairs, i);
    if (at) changetype<Pair>(at).count = 0;
  }
  const digests = allDigests();
  for (let i: u32 = 0; i < capacity(digests); i++) {
    const at = recordAt(digests, i);
    if (!at) continue;
    changetype<Digest>(at).metacopyCount = 0;
    changetype<Digest>(at).redirectCount = 0;
  }
  changetype<Pair>(emptyMetacopy).count = 0;
  changetype<Pair>(rootOpaque).count = 0;
}

/** Whether some node carries an ACL: one that was counted, for stubs of an image that was read may have had others. */
function findAcl(): bool {
  const pairs = allPairs();
  for (let i: u32 = 0; i < capacity(pairs); i++) {
    const at = recordAt(pairs, i);
    if (at && changetype<Pair>(at).count && changetype<Pair>(at).key.isAcl) return true;
  }
  return false;
}

/** Marks the directories that hold user whiteouts and finds the smallest mtime. */
function survey(): void {
  let seconds = nodeAt(0).seconds;
  let nanoseconds = nodeAt(0).nanoseconds;
  for (let i: u32 = 0; i < inodeCount; i++) {
    const node = nodeAt(i);
    node.flags &= ~(FLAG_EXTENDED | FLAG_HAS_WHITEOUTS);
    // Parents come before their children in every order, so a mark that is set here stays.
    if (isEscaped(node)) changetype<Node>(node.parent).set(FLAG_HAS_WHITEOUTS);
    if (node.seconds < seconds || (node.seconds == seconds && node.nanoseconds < nanoseconds)) {
      seconds = node.seconds;
      nanoseconds = node.nanoseconds;
    }
  }
  setMtime(seconds, nanoseconds);
}

/** Merges the node's own list with the added items by key; an added one replaces one of the same key. */
function mergeAdded(own: usize): usize {
  const ownCount = listCount(own);
  const list = newList(ownCount + addedCount);
  if (!list) return 0;
  let count: u32 = 0;
  let k: u32 = 0;
  for (let i: u32 = 0; i < ownCount; i++) {
    const item = listItem(own, i);
    let order = -1;
    while (k < addedCount) {
      const next = <usize>load<u32>(added + (k << 2));
      order = compareKeys(itemKeyOf(item), itemKeyOf(next));
      if (order < 0) break;
      setListItem(list, count++, next);
      k++;
      if (order == 0) break;
    }
    if (order != 0) setListItem(list, count++, item);
  }
  for (; k < addedCount; k++) setListItem(list, count++, <usize>load<u32>(added + (k << 2)));
  store<u32>(list, count);
  return list;
}

/** The added items first, then the node's own: the order of V2. */
function appendOwn(own: usize): usize {
  const ownCount = listCount(own);
  const list = newList(ownCount + addedCount);
  if (!list) return 0;
  for (let k: u32 = 0; k < addedCount; k++) setListItem(list, k, <usize>load<u32>(added + (k << 2)));
  for (let i: u32 = 0; i < ownCount; i++) setListItem(list, addedCount + i, listItem(own, i));
  return list;
}

/** Collects what V0 and V1 add to a node. */
function collect(node: Node): void {
  if (isExternal(node)) {
    add(node.data ? node.data | TAG_METACOPY : emptyMetacopy);
    if (node.extra) add(node.extra);
    return;
  }
  if (isEscaped(node)) addAll(WHITEOUT_MARKERS, WHITEOUT_MARKER_COUNT);
  if (node.has(FLAG_HAS_WHITEOUTS)) {
    if (marksOpaque(version)) addAll(PARENT_MARKERS_V1, PARENT_MARKER_COUNT_V1);
    else addAll(PARENT_MARKERS_V0, PARENT_MARKER_COUNT_V0);
  }
  if (changetype<usize>(node) == changetype<usize>(rootNode())) add(rootOpaque);
}

/** Collects what V2 adds to a node, and refuses what it cannot hold. @returns a status */
function collectV2(node: Node): i32 {
  if (node.type == TYPE_SYMLINK && node.dataLen > <u32>V2_SYMLINK_MAX_BYTES) {
    return failAtNode(STATUS_EROFS_V2_SYMLINK, FIELD_PAYLOAD, node, node.dataLen, V2_SYMLINK_MAX_BYTES);
  }
  if (node.type == TYPE_REGULAR && node.has(FLAG_INLINE) && node.dataLen > <u32>V2_INLINE_MAX_BYTES) {
    return failAtNode(STATUS_EROFS_V2_INLINE, FIELD_CONTENT, node, node.dataLen, V2_INLINE_MAX_BYTES);
  }
  if (!isExternal(node)) return STATUS_OK;
  if (node.data) {
    // Whatever the payload says, the redirect follows from the digest.
    add(node.data | TAG_METACOPY);
    add(node.data | TAG_REDIRECT);
    return STATUS_OK;
  }
  if (node.extra && itemTag(node.extra) != TAG_REDIRECT) {
    const redirect = changetype<Pair>(node.extra);
    failAtNode(STATUS_EROFS_V2_PAYLOAD, FIELD_PAYLOAD, node, 0, 0);
    setErrorText(redirect.value + 1, <u32>redirect.valueLen - 1);
    return STATUS_EROFS_V2_PAYLOAD;
  }
  add(emptyMetacopy);
  if (node.extra) add(node.extra);
  return STATUS_OK;
}

/**
 * Prepares every inode of the list.
 *
 * @returns a status
 */
export function prepare(): i32 {
  resetCounts();
  survey();
  for (let i: u32 = 0; i < inodeCount; i++) {
    const node = nodeAt(i);
    addedCount = 0;
    if (version == FORMAT_V2) {
      const status = collectV2(node);
      if (status != STATUS_OK) return status;
    } else {
      collect(node);
    }
    node.items = node.xattrs;
    if (addedCount) {
      node.items = version == FORMAT_V2 ? appendOwn(node.xattrs) : mergeAdded(node.xattrs);
      if (!node.items) return failMemory();
    }
    const count = listCount(node.items);
    for (let k: u32 = 0; k < count; k++) countItem(listItem(node.items, k));
  }
  setAcl(hasOverlayPreparation(version) && findAcl());
  return STATUS_OK;
}
