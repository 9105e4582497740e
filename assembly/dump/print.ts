/**
 * The canonical dumpfile of a tree (dumpfile.md 8): one form for each tree, whatever dumpfile or image it came from.
 *
 * Lines are in depth-first order. A hardlinked inode is printed at the first of its names, all others are hardlinks to
 * that one; so sizes, link counts and xattrs are those of the tree, never of the line that was read.
 */

import { STATUS_OK } from "../abi";
import { encodeObjectPath, objectPathLen } from "../mem/hex";
import {
  ESCAPE_EQUALS,
  ESCAPE_PLAIN,
  writeAbsent,
  writeEscaped,
  writeField,
  writeNumber,
  writeOptional,
} from "../mem/lines";
import { beginPieces, nextPiece } from "../mem/pieces";
import { failMemory } from "../mem/record";
import { writeText } from "../mem/text";
import { Digest, itemDigest, itemTag, TAG_REDIRECT } from "../tree/digests";
import {
  FLAG_INLINE,
  Node,
  TYPE_BLOCK,
  TYPE_CHARACTER,
  TYPE_DIRECTORY,
  TYPE_REGULAR,
  TYPE_SYMLINK,
} from "../tree/node";
import { depthFirst } from "../tree/order";
import { path, pathLen, spellPath } from "../tree/path";
import { entryCount, rootNode } from "../tree/tree";
import { copyKey, listCount, listItem, Pair } from "../tree/xattrs";

const SPACE: u8 = 0x20;
const DASH: u8 = 0x2d;
const LF: u8 = 0x0a;

/** Type bits and permissions; the writer of an image keeps all sixteen bits of a mode, which is the same here. */
const MODE_BITS: u32 = 0o177777;

let list: usize = 0;
let index: u32 = 0;

/** A key as the input had it, or an object path. */
const scratch = memory.data(512, 8);

function entryAt(at: u32): Node {
  return changetype<Node>(<usize>load<u32>(list + ((<usize>at) << 2)));
}

/** Lists the entries and forgets which names stand for their inodes. @returns a status */
export function openPrint(): i32 {
  list = depthFirst(rootNode(), entryCount);
  if (!list) return failMemory();
  for (let i: u32 = 0; i < entryCount; i++) entryAt(i).owner.nid = 0;
  index = 0;
  beginPieces();
  return STATUS_OK;
}

/** Makes the next piece of the dumpfile. @returns its bytes, 0 at the end */
export function readPrint(): u32 {
  return nextPiece(printNext, isPrinted);
}

function isPrinted(): bool {
  return index == entryCount;
}

function printNext(to: usize): usize {
  const entry = entryAt(index);
  index++;
  const owner = entry.owner;
  spellPath(entry);
  to = writeEscaped(path, pathLen, to, ESCAPE_PLAIN);
  if (owner.type != TYPE_DIRECTORY) {
    // `nid` is the image writer's; between images it holds the name that stands for the inode.
    if (owner.nid) return printHardlink(changetype<Node>(<usize>owner.nid), to);
    owner.nid = <u32>changetype<usize>(entry);
  }
  return printInode(owner, to);
}

function printHardlink(first: Node, to: usize): usize {
  to += writeText(to, " 0 @120000 - - - - 0.0 ");
  spellPath(first);
  to = writeEscaped(path, pathLen, to, ESCAPE_PLAIN);
  return to + writeText(to, " - -\n");
}

function sizeOf(node: Node): u64 {
  return node.type == TYPE_REGULAR || node.type == TYPE_SYMLINK ? node.size : 0;
}

/** Writes the fields behind the path. */
function printInode(node: Node, to: usize): usize {
  const isDevice = node.type == TYPE_CHARACTER || node.type == TYPE_BLOCK;
  to = writeField(sizeOf(node), 10, to);
  to = writeField(<u32>node.mode & MODE_BITS, 8, to);
  to = writeField(node.type == TYPE_DIRECTORY ? 2 + node.extra : node.names, 10, to);
  to = writeField(node.uid, 10, to);
  to = writeField(node.gid, 10, to);
  to = writeField(isDevice ? node.rdev : 0, 10, to);
  store<u8>(to, SPACE);
  to++;
  let seconds = <u64>node.seconds;
  if (node.seconds < 0) {
    store<u8>(to, DASH);
    to++;
    seconds = 0 - seconds;
  }
  to = writeNumber(seconds, 10, to);
  store<u8>(to, 0x2e);
  to = writeNumber(node.nanoseconds, 10, to + 1);

  const isFile = node.type == TYPE_REGULAR && node.size > 0;
  const isInline = isFile && node.has(FLAG_INLINE);
  to = printPayload(node, isFile && !isInline, to);
  to = isInline ? writeOptional(node.data, node.dataLen, to) : writeAbsent(to);
  to = isFile && !isInline && node.data ? printDigest(changetype<Digest>(node.data), to) : writeAbsent(to);
  to = printXattrs(node.xattrs, to);
  store<u8>(to, LF);
  return to + 1;
}

function printPayload(node: Node, isExternal: bool, to: usize): usize {
  if (node.type == TYPE_SYMLINK) return writeOptional(node.data, node.dataLen, to);
  if (!isExternal || !node.extra) return writeAbsent(to);
  if (itemTag(node.extra) == TAG_REDIRECT) {
    const digest = itemDigest(node.extra);
    store<u8>(to, SPACE);
    encodeObjectPath(digest.bytes, digest.len, to + 1);
    return to + 1 + objectPathLen(digest.len);
  }
  const pair = changetype<Pair>(node.extra);
  return writeOptional(pair.value + 1, <u32>pair.valueLen - 1, to);
}

/** An object path less its slash is the digest in hexadecimal. */
function printDigest(digest: Digest, to: usize): usize {
  encodeObjectPath(digest.bytes, digest.len, scratch);
  store<u8>(to, SPACE);
  store<u16>(to, load<u16>(scratch), 1);
  const rest = objectPathLen(digest.len) - 3;
  memory.copy(to + 3, scratch + 3, rest);
  return to + 3 + rest;
}

function printXattrs(xattrs: usize, to: usize): usize {
  const count = listCount(xattrs);
  for (let i: u32 = 0; i < count; i++) {
    const pair = changetype<Pair>(listItem(xattrs, i));
    store<u8>(to, SPACE);
    to = writeEscaped(scratch, copyKey(pair.key, scratch), to + 1, ESCAPE_EQUALS);
    store<u8>(to, 0x3d);
    to = writeEscaped(pair.value, pair.valueLen, to + 1, ESCAPE_EQUALS);
  }
  return to;
}
