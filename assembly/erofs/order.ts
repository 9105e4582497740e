/**
 * The order of the inodes (erofs-v1.md 4.1 and 12.3), and the stubs that V0 and V1 add to the root (3.7).
 */

import { FORMAT_V2, STATUS_OK } from "../abi";
import { allocate } from "../mem/arena";
import { hexLetter } from "../mem/hex";
import { isText } from "../mem/text";
import { failMemory } from "../mem/record";
import { compareNames } from "../tree/children";
import { FLAG_STUB, Node, TYPE_CHARACTER, TYPE_DIRECTORY, TYPE_HARDLINK } from "../tree/node";
import { depthFirst as listEntries } from "../tree/order";
import { newNode, rootNode, entryCount } from "../tree/tree";
import { listCount, listItem, newList, Pair, setListItem } from "../tree/xattrs";
import { childAt, childCount, setList, setRootChildren } from "./plan";

const STUBS: u32 = 256;
/** st_mode of a stub: a character device, rdev 0, mode 0644. */
const STUB_MODE: u16 = 0o020644;

const name = memory.data(8, 8);

/** The xattrs of the stubs: a copy of the root's security.selinux; 0 when it has none. */
let stubXattrs: usize = 0;

/** Makes that list. @returns false when memory is refused */
function copyLabel(root: Node): bool {
  stubXattrs = 0;
  for (let i: u32 = 0; i < listCount(root.xattrs); i++) {
    const key = changetype<Pair>(listItem(root.xattrs, i)).key;
    if (!isText(key.bytes, key.len, "security.selinux")) continue;
    stubXattrs = newList(1);
    if (stubXattrs) setListItem(stubXattrs, 0, listItem(root.xattrs, i));
    return stubXattrs != 0;
  }
  return true;
}

function newStub(root: Node): usize {
  const at = newNode(changetype<usize>(root), name, 2, TYPE_CHARACTER);
  if (!at) return 0;
  const stub = changetype<Node>(at);
  stub.set(FLAG_STUB);
  stub.mode = STUB_MODE;
  stub.nlink = 1;
  stub.uid = root.uid;
  stub.gid = root.gid;
  stub.seconds = root.seconds;
  stub.nanoseconds = root.nanoseconds;
  stub.xattrs = stubXattrs;
  return at;
}

/**
 * Gives the root a character device for every two-digit hexadecimal name that it lacks, so that no overlay mount shows
 * what lies below the object directories of that name.
 *
 * @returns a status
 */
export function addStubs(): i32 {
  const root = rootNode();
  if (!copyLabel(root)) return failMemory();
  const array = allocate((<u64>(root.dataLen + STUBS)) << 2);
  if (!array) return failMemory();
  let count: u32 = 0;
  let from: u32 = 0;
  for (let i: u32 = 0; i < STUBS; i++) {
    store<u64>(name, 0);
    store<u8>(name, hexLetter(i >> 4));
    store<u8>(name, hexLetter(i & 15), 1);
    const at = newStub(root);
    if (!at) return failMemory();
    const stub = changetype<Node>(at);
    let taken = false;
    while (from < root.dataLen) {
      const order = compareNames(root.child(from), stub);
      if (order > 0) break;
      if (order == 0) taken = true;
      store<u32>(array + ((<usize>count) << 2), <u32>changetype<usize>(root.child(from)));
      count++;
      from++;
    }
    if (taken) continue;
    store<u32>(array + ((<usize>count) << 2), <u32>at);
    count++;
  }
  for (; from < root.dataLen; from++, count++) {
    store<u32>(array + ((<usize>count) << 2), <u32>changetype<usize>(root.child(from)));
  }
  setRootChildren(array, count);
  return STATUS_OK;
}

function append(list: usize, at: u32, node: Node): void {
  store<u32>(list + ((<usize>at) << 2), <u32>changetype<usize>(node));
  node.next = at;
}

/** Breadth first: V0 and V1. @returns a status */
function breadthFirst(): i32 {
  const list = allocate((<u64>(entryCount + STUBS)) << 2);
  if (!list) return failMemory();
  append(list, 0, rootNode());
  let count: u32 = 1;
  for (let i: u32 = 0; i < count; i++) {
    const directory = changetype<Node>(<usize>load<u32>(list + ((<usize>i) << 2)));
    if (directory.type != TYPE_DIRECTORY) continue;
    const children = childCount(directory);
    for (let k: u32 = 0; k < children; k++) {
      const child = childAt(directory, k);
      if (child.type == TYPE_HARDLINK) continue;
      append(list, count, child);
      count++;
    }
  }
  setList(list, count);
  return STATUS_OK;
}

/** Depth first, a hardlinked file at the first of its names: V2. @returns a status */
function depthFirst(): i32 {
  const list = listEntries(rootNode(), entryCount);
  if (!list) return failMemory();
  let count: u32 = 0;
  for (let i: u32 = 0; i < entryCount; i++) {
    const node = changetype<Node>(<usize>load<u32>(list + ((<usize>i) << 2))).owner;
    // Met before under another name: the list itself says so, whatever an earlier walk left in the field.
    if (node.next < count && load<u32>(list + ((<usize>node.next) << 2)) == <u32>changetype<usize>(node)) continue;
    append(list, count, node);
    count++;
  }
  setList(list, count);
  return STATUS_OK;
}

/** Lists the inodes of the image. @returns a status */
export function orderInodes(version: u32): i32 {
  return version == FORMAT_V2 ? depthFirst() : breadthFirst();
}
