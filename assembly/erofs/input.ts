/**
 * The image that is being read: its bytes, in one piece, and what keeps a hostile one in bounds.
 *
 * In an honest image no two structures share a byte. So what is read is *claimed*, each structure once, and an image
 * whose claims exceed its length is refused: work and memory stay in proportion to the image, however its structures
 * point at one another (erofs-reader.md 4.4).
 */

import { FIELD_NONE, STATUS_IMAGE_OVERLAP, STATUS_OK } from "../abi";
import { failAt, setErrorText } from "../mem/record";
import { Node } from "../tree/node";
import { path, pathLen, spellPath } from "../tree/path";

/** Address of the image in linear memory; 0 when the tree came from something else. */
export let imageAddress: usize = 0;
/** Its length. */
export let imageBytes: u32 = 0;
/** composefs_version. */
export let imageVersion: u32 = 0;
/** Offset to which references of shared xattrs count. */
export let xattrBase: u64 = 0;
/** mtime of all compact inodes. */
export let buildSeconds: i64 = 0;
export let buildNanoseconds: u32 = 0;

let claimed: u64 = 0;

/** Directory and name of the entry that is being read, for errors: 0 = the root. */
let placeParent: usize = 0;
let placeName: usize = 0;
let placeNameLen: u32 = 0;
const placeText = memory.data(4096 + 256 + 64, 8);

export function setImage(address: usize, bytes: u32): void {
  imageAddress = address;
  imageBytes = bytes;
  claimed = 0;
  setPlace(0, 0, 0);
}

export function setSuperblock(version: u32, newXattrBase: u64, seconds: i64, nanoseconds: u32): void {
  imageVersion = version;
  xattrBase = newXattrBase;
  buildSeconds = seconds;
  buildNanoseconds = nanoseconds;
}

/** Whether `length` bytes at `offset` lie in the image. */
export function isWithin(offset: u64, length: u64): bool {
  return offset <= <u64>imageBytes && length <= <u64>imageBytes - offset;
}

/** Address of an offset that is known to lie in the image. */
export function addressOf(offset: u64): usize {
  return imageAddress + <usize>offset;
}

/** Counts the bytes of a structure that is read for the first time. @returns a status */
export function claim(offset: u64, bytes: u64): i32 {
  claimed += bytes;
  return claimed <= <u64>imageBytes ? STATUS_OK : failImage(STATUS_IMAGE_OVERLAP, offset, claimed, imageBytes);
}

/** Turns to an entry: what fails from now on is about it. */
export function setPlace(parent: usize, name: usize, nameLen: u32): void {
  placeParent = parent;
  placeName = name;
  placeNameLen = nameLen;
}

/** Fails at an offset of the image, with the path of the entry that is being read as text. @returns `status` */
export function failImage(status: i32, offset: u64, actual: u64, limit: u64): i32 {
  failAt(status, FIELD_NONE, offset, 0, actual, limit);
  let len: u32 = 1;
  if (placeParent) {
    spellPath(changetype<Node>(placeParent));
    memory.copy(placeText, path, pathLen);
    len = pathLen;
  } else {
    store<u8>(placeText, 0x2f);
  }
  if (placeNameLen) {
    if (len > 1) {
      store<u8>(placeText + len, 0x2f);
      len++;
    }
    memory.copy(placeText + len, placeName, placeNameLen);
    len += placeNameLen;
  }
  setErrorText(placeText, len);
  return status;
}
