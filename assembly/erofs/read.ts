/**
 * An EROFS image of composefs, made by whichever tool, becomes a tree (erofs-reader.md).
 *
 *   superblock -> root -> dirents -> inode -> xattrs -> …   depth first, every check on the way
 *
 * The image is kept in one piece: metadata is all that such an image is, so every part of it is looked at. It arrives in
 * chunks of any size, and what is no image of composefs is refused when its first chunks are there.
 */

import {
  CONTROL_IMAGE_BYTES,
  CONTROL_IMAGE_VERSION,
  FIELD_NLINK,
  SCAN_STRICT,
  STATUS_IMAGE_STRICT_NLINK,
  STATUS_IMAGE_TOO_LARGE,
  STATUS_IMAGE_TOO_SHORT,
  STATUS_OK,
} from "../abi";
import { allocate, extend } from "../mem/arena";
import { fail, failMemory, setControl } from "../mem/record";
import { OUTPUT } from "../mem/windows";
import { arrange, ARRANGE_OK } from "../tree/children";
import { Node, TYPE_DIRECTORY, TYPE_HARDLINK } from "../tree/node";
import { begin as beginOverlay } from "../tree/overlay";
import { failAtNode } from "../tree/place";
import { directoryCount, ORIGIN_NID, publishCounts, rootNode, setOrigin } from "../tree/tree";
import { FIRST_INODE } from "./format";
import { imageAddress, imageBytes, imageVersion, setImage } from "./input";
import { checkExtent, checkHead } from "./read-superblock";
import { readEntries } from "./read-tree";

let isStrict: bool = false;
let byteLimit: u32 = 0;
let entryLimit: u32 = 0;

/** Forgets the image; its memory goes with the arena. */
export function reset(): void {
  setImage(0, 0);
}

/** Whether there is an image, complete or not. */
export function isScanned(): bool {
  return imageAddress != 0;
}

/**
 * Begins an image.
 *
 * @param flags SCAN_STRICT or 0
 * @param bytes most bytes of the image
 * @param entries most entries
 * @returns a status
 */
export function beginScan(flags: u32, bytes: u32, entries: u32): i32 {
  isStrict = (flags & SCAN_STRICT) != 0;
  byteLimit = bytes;
  entryLimit = entries;
  const address = allocate(0);
  if (!address) return failMemory();
  setImage(address, 0);
  return STATUS_OK;
}

/** Takes the next bytes. @returns a status */
export function writeScan(at: usize, len: u32): i32 {
  const before = imageBytes;
  const bytes = <u64>before + len;
  if (bytes > <u64>byteLimit) return fail(STATUS_IMAGE_TOO_LARGE, bytes, byteLimit);
  if (!extend(imageAddress, bytes)) return failMemory();
  memory.copy(imageAddress + before, at, len);
  setImage(imageAddress, <u32>bytes);
  return before < <u32>FIRST_INODE && bytes >= FIRST_INODE ? checkHead(isStrict) : STATUS_OK;
}

/** Holds every link count of the leaves against the names that there are. */
function checkLinkCounts(): i32 {
  // The children are arranged; directories were judged when they were read.
  let directory = rootNode();
  let index: u32 = 0;
  while (true) {
    if (index == directory.dataLen) {
      if (directory.parent == changetype<usize>(directory)) return STATUS_OK;
      // `next` of a directory holds its place among the entries of its parent.
      index = directory.next + 1;
      directory = changetype<Node>(directory.parent);
      continue;
    }
    const node = directory.child(index);
    if (node.type == TYPE_DIRECTORY) {
      node.next = index;
      directory = node;
      index = 0;
      continue;
    }
    if (node.type != TYPE_HARDLINK && node.nlink != node.names) {
      return failAtNode(STATUS_IMAGE_STRICT_NLINK, FIELD_NLINK, node, node.nlink, node.names);
    }
    index++;
  }
}

/** Ends the image and reads its tree. @returns a status */
export function endScan(): i32 {
  if (imageBytes < <u32>FIRST_INODE) return fail(STATUS_IMAGE_TOO_SHORT, imageBytes, FIRST_INODE);
  setOrigin(ORIGIN_NID);
  let status = checkExtent();
  if (status != STATUS_OK) return status;
  if (!beginOverlay()) return failMemory();
  status = readEntries(isStrict, entryLimit);
  if (status != STATUS_OK) return status;
  if (arrange(rootNode(), directoryCount) != ARRANGE_OK) return failMemory();
  if (isStrict) {
    status = checkLinkCounts();
    if (status != STATUS_OK) return status;
  }
  setControl(CONTROL_IMAGE_VERSION, imageVersion);
  setControl(CONTROL_IMAGE_BYTES, imageBytes);
  publishCounts(imageBytes);
  return STATUS_OK;
}

/**
 * Copies bytes of the image into the output window.
 *
 * @param len at most OUTPUT_WINDOW_BYTES
 * @returns bytes copied: fewer at the end of the image
 */
export function copyScanned(offset: u32, len: u32): u32 {
  const from = min(offset, imageBytes);
  const bytes = min(len, imageBytes - from);
  memory.copy(OUTPUT, imageAddress + from, bytes);
  return bytes;
}
