/**
 * Hardlinks: from the path that a hardlink line names to the node that owns the inode.
 *
 * Targets may come later than the links to them and may be links themselves, so all are resolved when the tree is
 * complete. Following a chain marks its links, so that a cycle is seen at once, and afterwards shortens it, so that a
 * long chain is followed only once however many links hang on it.
 */

import { NAME_MAX_BYTES } from "../abi";
import { equal, zero } from "../mem/bytes";
import { findChild } from "./children";
import { FLAG_FOLLOWING, FLAG_RESOLVED, FLAG_UNSORTED, Node, TYPE_DIRECTORY, TYPE_HARDLINK } from "./node";
import { firstHardlink, rootNode } from "./tree";

export const LINK_OK: u32 = 0;
export const LINK_DANGLING: u32 = 1;
export const LINK_TO_DIRECTORY: u32 = 2;
export const LINK_CYCLE: u32 = 3;
export const LINK_TO_WHITEOUT: u32 = 4;
export const LINK_SELF: u32 = 5;

const SLASH: u8 = 0x2f;

/** A component, padded for comparison; `zero` may overshoot. */
const component = memory.data(NAME_MAX_BYTES + 1 + 32, 16);

/** The node whose line was at fault when `resolve` failed. */
export let faulty: usize = 0;

/** Target path of the link that was resolved last, and the directory that holds the target: neighbours share it. */
let lastPath: usize = 0;
let lastDirectoryLen: u32 = 0;
let lastDirectory: usize = 0;

/**
 * The entry at an absolute path, 0 when there is none. Components that no entry can have are found nowhere.
 *
 * @param from first byte of the component to begin with, `directory` where it is looked for
 */
function descend(directory: usize, path: usize, from: u32, len: u32): usize {
  let node = directory;
  while (from < len) {
    if (changetype<Node>(node).type != TYPE_DIRECTORY) return 0;
    let end = from;
    while (end < len && load<u8>(path + end) != SLASH) end++;
    const size = end - from;
    if (size == 0 || size > <u32>NAME_MAX_BYTES) return 0;
    zero(component, size + 8);
    memory.copy(component, path + from, size);
    node = findChild(changetype<Node>(node), component, size);
    if (!node) return 0;
    from = end + 1;
  }
  return node;
}

/** The entry at an absolute path, 0 when there is none. */
export function findPath(path: usize, len: u32): usize {
  return descend(changetype<usize>(rootNode()), path, 1, len);
}

/** `findPath` for the target of a link, whose path stays where it is. */
function findTarget(path: usize, len: u32): usize {
  if (len == 1) return changetype<usize>(rootNode());
  let name = len;
  while (load<u8>(path + name - 1) != SLASH) name--;
  if (!lastDirectory || name != lastDirectoryLen || !equal(path, lastPath, name)) {
    lastDirectory =
      name == 1 ? changetype<usize>(rootNode()) : descend(changetype<usize>(rootNode()), path, 1, name - 1);
    lastPath = path;
    lastDirectoryLen = name;
    if (!lastDirectory) return 0;
  }
  return descend(lastDirectory, path, name, len);
}

/** Follows one link to its owner and counts the name there. */
function resolveLink(link: Node): u32 {
  if (link.has(FLAG_RESOLVED)) return LINK_OK;
  let at = link;
  let outcome = LINK_OK;
  // Down the chain: each link's path gives way to the next node.
  while (at.type == TYPE_HARDLINK && !at.has(FLAG_RESOLVED)) {
    if (at.has(FLAG_FOLLOWING)) {
      faulty = changetype<usize>(at);
      return LINK_CYCLE;
    }
    at.set(FLAG_FOLLOWING);
    const target = findTarget(at.data, at.dataLen);
    if (!target) outcome = LINK_DANGLING;
    else if (changetype<Node>(target).type == TYPE_DIRECTORY) outcome = LINK_TO_DIRECTORY;
    else if (changetype<Node>(target).isWhiteout) outcome = LINK_TO_WHITEOUT;
    else if (target == changetype<usize>(at)) outcome = LINK_SELF;
    if (outcome != LINK_OK) {
      faulty = changetype<usize>(at);
      return outcome;
    }
    at.data = target;
    at = changetype<Node>(target);
  }
  const owner = at.owner;
  // And again: every link of the chain learns its owner.
  at = link;
  while (at.type == TYPE_HARDLINK && !at.has(FLAG_RESOLVED)) {
    const following = changetype<Node>(at.data);
    at.data = changetype<usize>(owner);
    at.set(FLAG_RESOLVED);
    owner.names++;
    at = following;
  }
  return LINK_OK;
}

/**
 * Resolves all hardlinks, in the order of the input.
 *
 * @returns `LINK_OK`, or what is wrong with the node `faulty`
 */
export function resolveLinks(): u32 {
  lastDirectory = 0;
  for (let at = firstHardlink; at; at = changetype<Node>(at).items) {
    const outcome = resolveLink(changetype<Node>(at));
    if (outcome != LINK_OK) return outcome;
  }
  return LINK_OK;
}

/** Makes `node`, a hardlink, what `inode` is; that one is a name of it from now on, if it is one still. */
export function takeOver(node: Node, inode: Node): void {
  node.type = inode.type;
  node.flags = (node.flags & FLAG_UNSORTED) | inode.flags;
  node.mode = inode.mode;
  node.uid = inode.uid;
  node.gid = inode.gid;
  node.rdev = inode.rdev;
  node.seconds = inode.seconds;
  node.nanoseconds = inode.nanoseconds;
  node.size = inode.size;
  node.data = inode.data;
  node.dataLen = inode.dataLen;
  node.extra = inode.extra;
  node.xattrs = inode.xattrs;
  node.origin = inode.origin;
}
