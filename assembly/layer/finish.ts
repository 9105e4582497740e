/**
 * When the last layer was applied: the OCI transform, what is left gets its place, and every inode its first name as the
 * one that owns it (oci-to-tree.md 4 and 5).
 */

import {
  FIELD_NONE,
  MERGE_BOOTABLE,
  MERGE_BOOT_NANOSECONDS,
  MERGE_TRANSFORM,
  STATUS_LAYER_BOOT_MISSING,
  STATUS_LAYER_BOOT_TYPE,
  STATUS_LAYER_RUN_TYPE,
  STATUS_LAYER_SYSROOT_MISSING,
  STATUS_LAYER_SYSROOT_TYPE,
  STATUS_LAYER_USR_MISSING,
  STATUS_LAYER_USR_TYPE,
  STATUS_LAYER_WHITEOUT_LINKED,
  STATUS_OK,
} from "../abi";
import { mark, release } from "../mem/arena";
import { failMemory, fail } from "../mem/record";
import { writeText } from "../mem/text";
import { arrange, ARRANGE_OK } from "../tree/children";
import { takeOver } from "../tree/links";
import { FLAG_UNSORTED, Node, TYPE_DIRECTORY, TYPE_HARDLINK, TYPE_REGULAR } from "../tree/node";
import { depthFirst } from "../tree/order";
import { itemDigest } from "../tree/digests";
import { failAtNode } from "../tree/place";
import {
  append,
  directoryCount,
  entryCount,
  publishCounts,
  rootNode,
  setDigestBytes,
  setHardlinkCount,
  tally,
} from "../tree/tree";
import { firstMade, flags } from "./apply";
import { empty, find, isInPlace } from "./names";

const text = memory.data(8, 8);

/** The entry of the root by its name. */
function findTop(name: string): usize {
  return find(rootNode(), text, writeText(text, name));
}

/** Copies what the transform takes from /usr. */
function copyTimes(to: Node, from: Node): void {
  to.seconds = from.seconds;
  to.nanoseconds = from.nanoseconds;
}

/** The root becomes as /usr is, /run empty. @returns a status */
function transform(): i32 {
  const usrAddress = findTop("usr");
  if (!usrAddress) return fail(STATUS_LAYER_USR_MISSING, 0, 0);
  const usr = changetype<Node>(usrAddress);
  if (usr.type != TYPE_DIRECTORY) return failAtNode(STATUS_LAYER_USR_TYPE, FIELD_NONE, usr, 0, 0);
  const root = rootNode();
  root.mode = usr.mode;
  root.uid = usr.uid;
  root.gid = usr.gid;
  root.xattrs = usr.xattrs;
  copyTimes(root, usr);
  const runAddress = findTop("run");
  if (!runAddress) return STATUS_OK;
  const run = changetype<Node>(runAddress);
  if (run.type != TYPE_DIRECTORY) return failAtNode(STATUS_LAYER_RUN_TYPE, FIELD_NONE, run, 0, 0);
  copyTimes(run, usr);
  empty(run);
  return STATUS_OK;
}

/**
 * Empties a directory of the root, whose times become those of /usr: in revision 1 the nanoseconds stay as they were.
 *
 * @returns a status
 */
function emptyTop(name: string, missing: i32, wrongType: i32): i32 {
  const address = findTop(name);
  if (!address) return fail(missing, 0, 0);
  const directory = changetype<Node>(address);
  if (directory.type != TYPE_DIRECTORY) return failAtNode(wrongType, FIELD_NONE, directory, 0, 0);
  const nanoseconds = directory.nanoseconds;
  copyTimes(directory, changetype<Node>(findTop("usr")));
  if (!(flags & MERGE_BOOT_NANOSECONDS)) directory.nanoseconds = nanoseconds;
  empty(directory);
  return STATUS_OK;
}

/** /boot and /sysroot become empty (boot-transform.md 2). @returns a status */
function bootTransform(): i32 {
  const status = emptyTop("boot", STATUS_LAYER_BOOT_MISSING, STATUS_LAYER_BOOT_TYPE);
  if (status != STATUS_OK) return status;
  return emptyTop("sysroot", STATUS_LAYER_SYSROOT_MISSING, STATUS_LAYER_SYSROOT_TYPE);
}

/** Chains what is left to its directories. A directory was made before everything below it. */
function place(): void {
  rootNode().references = 1;
  for (let at = firstMade; at; ) {
    const node = changetype<Node>(at);
    at = node.items;
    const parent = changetype<Node>(node.parent);
    // `references` says whether a directory is reached from the root.
    if (!parent.references || !isInPlace(node)) continue;
    node.references = 1;
    parent.set(FLAG_UNSORTED);
    append(parent, node);
  }
}

function entryAt(list: usize, index: u32): Node {
  return changetype<Node>(<usize>load<u32>(list + ((<usize>index) << 2)));
}

/**
 * Gives every inode to the first of its names. While that is done, `nid` of the node that has the inode now is the
 * address of the one that shall have it.
 */
function settleLinks(list: usize): i32 {
  for (let i: u32 = 0; i < entryCount; i++) {
    const node = entryAt(list, i);
    if (node.type == TYPE_DIRECTORY) continue;
    node.owner.nid = 0;
    node.owner.names = 0;
  }
  let hardlinks: u32 = 0;
  for (let i: u32 = 0; i < entryCount; i++) {
    const node = entryAt(list, i);
    if (node.type == TYPE_DIRECTORY) continue;
    const inode = node.owner;
    if (!inode.nid) {
      inode.nid = <u32>changetype<usize>(node);
      if (node.type == TYPE_HARDLINK) takeOver(node, inode);
      node.names = 1;
      continue;
    }
    const owner = changetype<Node>(<usize>inode.nid);
    owner.names++;
    hardlinks++;
    if (owner.isWhiteout) return failAtNode(STATUS_LAYER_WHITEOUT_LINKED, FIELD_NONE, owner, 2, 1);
    node.type = <u8>TYPE_HARDLINK;
    node.data = changetype<usize>(owner);
  }
  setHardlinkCount(hardlinks);
  return STATUS_OK;
}

/** Completes the tree. @returns a status */
export function endMerge(): i32 {
  if (flags & MERGE_TRANSFORM) {
    let status = transform();
    if (status == STATUS_OK && flags & MERGE_BOOTABLE) status = bootTransform();
    if (status != STATUS_OK) return status;
  }
  place();
  if (arrange(rootNode(), directoryCount) != ARRANGE_OK) return failMemory();
  const point = mark();
  const list = depthFirst(rootNode(), entryCount);
  if (!list) return failMemory();
  const status = settleLinks(list);
  if (status != STATUS_OK) return status;
  // Objects that are in no layer any more say nothing of the tree.
  setDigestBytes(0);
  for (let i: u32 = 0; i < entryCount; i++) {
    const node = entryAt(list, i);
    if (node.type == TYPE_HARDLINK) continue;
    if (node.type == TYPE_REGULAR && node.extra) setDigestBytes(itemDigest(node.extra).len);
    node.nlink = node.type == TYPE_DIRECTORY ? 2 + node.extra : node.names;
    tally(node);
  }
  release(point);
  publishCounts(0);
  return STATUS_OK;
}
