/**
 * What the bytes of the image that was read are: every one of them, in the order of the image.
 *
 *   structures sorted by offset (regions-items.ts) -> their parts (regions-parts.ts) -> regions
 *
 * What lies between structures is padding, but for two that nothing refers to, which are where the writer puts them:
 *
 *   - shared xattrs whose inodes all came to the cap of references (erofs-v1.md 5), beside other shared ones;
 *   - chunk pointers that did not fit behind their inode: i_u keeps one half of the address only (7.3), but blocks are
 *     handed out in the order of inodes (6.4), so a block of ones belongs to the first such inode that has none yet.
 *
 * In an honest image no two structures share a byte. In another one a region loses what those before it cover: the
 * output is sorted, without gaps and as long as the image, whatever is in it. What the reader lets structures claim
 * (input.ts) bounds their number.
 */

import {
  OUTPUT_WINDOW_BYTES,
  REGION_BYTES,
  REGION_ENTRY,
  REGION_KIND,
  REGION_KIND_CHUNKS,
  REGION_KIND_PAD,
  REGION_KIND_SHARED_XATTR,
  REGION_OFFSET,
  REGION_RECORD_BYTES,
} from "../abi";
import { OUTPUT } from "../mem/windows";
import { path, pathLen, spellPath } from "../tree/path";
import { entryCount } from "../tree/tree";
import { BLOCK, SLOT, up } from "./format";
import { addressOf, imageBytes } from "./input";
import { isPointerBlock } from "./regions-chunks";
import { entryNode, itemCount, itemEntry, itemKind, listItems, movedCount, movedEntry } from "./regions-items";
import { partBytes, partKind, partOffset, readPart, xattrEntryBytes } from "./regions-parts";

/** Highest e_name_index: EROFS_XATTR_INDEX_SECURITY of fs/erofs/xattr.h. */
const NAME_INDEX_MAX: u32 = 6;

/** The item and the part of it that come next. */
let index: u32 = 0;
let part: u32 = 0;
/** Inodes with chunk pointers in a block whose block was found. */
let movedDone: u32 = 0;
/** The region that `findNext` found; what is before its end was handed out. */
let offset: u64 = 0;
let end: u64 = 0;
let kind: i32 = 0;
let entry: u32 = 0;

function setRegion(newEnd: u64, newKind: i32, newEntry: u32): void {
  offset = end;
  end = newEnd;
  kind = newKind;
  entry = newEntry;
}

/** Bytes of the shared xattr at an offset, 0 when there is none that ends before `limit`. */
function sharedBytes(at: u64, limit: u64): u64 {
  if (at + 4 > limit || !load<u32>(addressOf(at)) || <u32>load<u8>(addressOf(at), 1) > NAME_INDEX_MAX) return 0;
  const bytes = <u64>xattrEntryBytes(addressOf(at));
  return at + bytes <= limit ? bytes : 0;
}

/** Takes a shared xattr at the beginning of a gap, or the pad before it. @returns false when there is none */
function takeShared(limit: u64): bool {
  const isBehind = kind == REGION_KIND_SHARED_XATTR;
  const isBefore = index < itemCount && itemKind(index) == REGION_KIND_SHARED_XATTR;
  if (!isBehind && !isBefore) return false;
  // The shared area begins at the first slot behind the inodes.
  const at = isBehind ? end : up(end, SLOT);
  const bytes = sharedBytes(at, limit);
  if (!bytes) return false;
  if (at > end) setRegion(at, REGION_KIND_PAD, 0);
  else setRegion(end + bytes, REGION_KIND_SHARED_XATTR, 0);
  return true;
}

/** Takes what lies between two structures, or the first part of it. */
function takeGap(limit: u64): void {
  if (takeShared(limit)) return;
  if (movedDone < movedCount) {
    let at = up(end, BLOCK);
    while (at + BLOCK <= limit && !isPointerBlock(at)) at += BLOCK;
    if (at + BLOCK <= limit) {
      if (at > end) {
        setRegion(at, REGION_KIND_PAD, 0);
      } else {
        setRegion(at + BLOCK, REGION_KIND_CHUNKS, movedEntry(movedDone));
        movedDone++;
      }
      return;
    }
  }
  setRegion(limit, REGION_KIND_PAD, 0);
}

/** Finds the next region. @returns false at the end of the image */
function findNext(): bool {
  while (index < itemCount) {
    if (!readPart(index, part)) {
      index++;
      part = 0;
      continue;
    }
    const partEnd = min<u64>(partOffset + partBytes, imageBytes);
    if (partEnd <= max(end, partOffset)) {
      part++;
      continue;
    }
    if (partOffset > end) {
      takeGap(partOffset);
      return true;
    }
    setRegion(partEnd, partKind, itemEntry(index));
    part++;
    return true;
  }
  if (end == imageBytes) return false;
  takeGap(imageBytes);
  return true;
}

/**
 * Lists the regions of the image that was read.
 *
 * @returns a status
 */
export function openRegions(): i32 {
  index = 0;
  part = 0;
  movedDone = 0;
  end = 0;
  kind = 0;
  return listItems();
}

/**
 * Writes the next region records into the output window.
 *
 * @returns their bytes, 0 at the end
 */
export function readRegions(): u32 {
  let to = OUTPUT;
  while (to + REGION_RECORD_BYTES <= OUTPUT + OUTPUT_WINDOW_BYTES && findNext()) {
    store<u32>(to + REGION_OFFSET, <u32>offset);
    store<u32>(to + REGION_BYTES, <u32>(end - offset));
    store<u32>(to + REGION_KIND, kind);
    store<u32>(to + REGION_ENTRY, entry);
    to += REGION_RECORD_BYTES;
  }
  return <u32>(to - OUTPUT);
}

/**
 * Writes the path of an entry into the output window.
 *
 * @param entry as a region record has it
 * @returns bytes of the path, 0 when there is no such entry
 */
export function spellEntry(entry: u32): u32 {
  if (entry >= entryCount) return 0;
  spellPath(entryNode(entry));
  memory.copy(OUTPUT, path, pathLen);
  return pathLen;
}
