/**
 * What `composefs-info dump` of C composefs 1.0.8 prints of an image (dump_node in composefs-info.c; dumpfile.md 7).
 *
 * Lines are in depth-first order; a hardlink repeats the fields of its inode. The tree gives the order and the names,
 * everything else is read from the image once more, for C shows what the tree does not keep: sizes of directories, the
 * order of xattrs, markers of the writer.
 *
 * Other than C (dumpfile.md 7.2): the payload of a file ends where its value does; a last xattr with neither suffix nor
 * value is shown; a digest of SHA-512 is shown.
 */

import { STATUS_OK } from "../abi";
import { encodeObjectPath, objectPathLen } from "../mem/hex";
import { beginPieces, nextPiece } from "../mem/pieces";
import { failMemory } from "../mem/record";
import { Node, TYPE_BLOCK, TYPE_CHARACTER, TYPE_HARDLINK, TYPE_REGULAR, TYPE_SYMLINK } from "../tree/node";
import { depthFirst } from "../tree/order";
import { path, pathLen, spellPath } from "../tree/path";
import { entryCount, rootNode } from "../tree/tree";
import { BLOCK, BLOCK_BITS, LAYOUT_CHUNK_BASED, PERMISSIONS, S_IFCHR } from "./format";
import {
  ESCAPE_PLAIN,
  writeAbsent,
  writeByte,
  writeEscaped,
  writeField,
  writeNumber,
  writeOptional,
} from "../mem/lines";
import { digest, digestLen, isWhiteout, payload, payloadLen, printXattrs, readOverlay } from "./info-xattrs";
import { addressOf } from "./input";
import * as inode from "./read-inode";

const SPACE: u8 = 0x20;
const DASH: u8 = 0x2d;
const DOT: u8 = 0x2e;
const AT: u8 = 0x40;
const LF: u8 = 0x0a;

let list: usize = 0;
let index: u32 = 0;

/** An object path. */
const scratch = memory.data(160, 16);

/** Lists the entries. @returns a status */
export function openInfo(): i32 {
  list = depthFirst(rootNode(), entryCount);
  if (!list) return failMemory();
  index = 0;
  beginPieces();
  return STATUS_OK;
}

/** Makes the next piece of the text. @returns its bytes, 0 at the end */
export function readInfo(): u32 {
  return nextPiece(printNext, isPrinted);
}

function isPrinted(): bool {
  return index == entryCount;
}

/**
 * Writes the line of the next entry.
 *
 * Two paths of 4096 bytes, a content of 5000 and xattrs of 32767, all of them escaped, stay below UNIT_MAX_BYTES.
 */
function printNext(to: usize): usize {
  const entry = changetype<Node>(<usize>load<u32>(list + ((<usize>index) << 2)));
  index++;
  assert(inode.readInode(entry.owner.origin, 0, false) == STATUS_OK);
  // C takes every native whiteout for a stub. The tree holds those of format V2, which has no stubs.
  if (inode.type == TYPE_CHARACTER && inode.union == 0) return to;
  readOverlay();
  spellPath(entry);
  to = writeEscaped(path, pathLen, to, ESCAPE_PLAIN);
  to = printNumbers(entry.type == TYPE_HARDLINK, to);
  if (entry.type == TYPE_HARDLINK) {
    spellPath(entry.owner);
    to = writeOptional(path, pathLen, to);
  } else {
    to = printPayload(to);
  }
  to = printContent(to);
  to = digest ? printDigest(to) : writeAbsent(to);
  return writeByte(LF, printXattrs(to));
}

/** Writes the fields from size to mtime. */
function printNumbers(isHardlink: bool, to: usize): usize {
  const isDevice = inode.type == TYPE_CHARACTER || inode.type == TYPE_BLOCK;
  to = writeField(isWhiteout ? 0 : inode.size, 10, to);
  to = writeByte(SPACE, to);
  if (isHardlink) to = writeByte(AT, to);
  to = writeNumber(isWhiteout ? (inode.mode & PERMISSIONS) | S_IFCHR : inode.mode, 8, to);
  to = writeField(inode.nlink, 10, to);
  to = writeField(inode.uid, 10, to);
  to = writeField(inode.gid, 10, to);
  to = writeField(isDevice ? inode.union : 0, 10, to);
  to = writeByte(SPACE, to);
  const isNegative = inode.seconds < 0;
  if (isNegative) to = writeByte(DASH, to);
  to = writeNumber(isNegative ? 0 - <u64>inode.seconds : <u64>inode.seconds, 10, to);
  return writeNumber(inode.nanoseconds, 10, writeByte(DOT, to));
}

/** Writes what the entry leads to: target of a symlink, path of an object. */
function printPayload(to: usize): usize {
  if (inode.type == TYPE_SYMLINK) return writeOptional(dataAt(), <u32>inode.size, to);
  return payload ? writeOptional(payload, payloadLen, to) : writeAbsent(to);
}

function printContent(to: usize): usize {
  const isInline = inode.type == TYPE_REGULAR && inode.size > 0 && inode.layout != LAYOUT_CHUNK_BASED;
  if (!isInline) return writeAbsent(to);
  // C reads the content before it finds the file to be a whiteout, whose size is 0: it prints an empty field.
  const size = isWhiteout ? 0 : <u32>inode.size;
  const first = inode.blocks ? min<u32>(size, <u32>(inode.blocks * BLOCK)) : size;
  to = writeOptional(dataAt(), first, to);
  return writeEscaped(addressOf(inode.tailAt()), size - first, to, ESCAPE_PLAIN);
}

/** Address of the data of the inode, of its blocks when it has any. */
function dataAt(): usize {
  return addressOf(inode.blocks ? (<u64>inode.union) << BLOCK_BITS : inode.tailAt());
}

/** An object path less its slash is the digest in hexadecimal. */
function printDigest(to: usize): usize {
  encodeObjectPath(digest, digestLen, scratch);
  to = writeByte(SPACE, to);
  store<u16>(to, load<u16>(scratch));
  const rest = objectPathLen(digestLen) - 3;
  memory.copy(to + 2, scratch + 3, rest);
  return to + 2 + rest;
}
