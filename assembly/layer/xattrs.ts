/**
 * Xattrs of a layer record, as far as the transform lets them through (oci-to-tree.md 5, no. 3).
 */

import { MERGE_KEEP_USER_XATTRS, MERGE_TRANSFORM, STATUS_OK, XATTR_BUDGET_BYTES } from "../abi";
import { failMemory } from "../mem/record";
import { isText, startsWith } from "../mem/text";
import { internKey, internPair, keepPairs, Key } from "../tree/xattrs";
import { xattrCount, xattrs } from "./record";

let mode: u32 = 0;

/** A record's budget allows no more. */
const pairs = memory.data((XATTR_BUDGET_BYTES / 8 + 1) * 4, 8);

/** List of the xattrs that `readXattrs` read, 0 = none. */
export let list: usize = 0;

/** @param flags MERGE_TRANSFORM, MERGE_KEEP_USER_XATTRS */
export function setXattrMode(flags: u32): void {
  mode = flags;
}

/** Names are compared exactly, with case. */
function isKept(key: usize, len: u32): bool {
  if (!(mode & MERGE_TRANSFORM) || isText(key, len, "security.capability")) return true;
  return (mode & MERGE_KEEP_USER_XATTRS) != 0 && startsWith(key, len, "user.");
}

/** Reads the xattrs of the record that was read. @returns a status */
export function readXattrs(): i32 {
  let count: u32 = 0;
  let at = xattrs;
  for (let i: u32 = 0; i < xattrCount; i++) {
    const keyLen = <u32>load<u16>(at);
    const valueLen = <u32>load<u16>(at, 2);
    const keyAt = at + 4;
    const valueAt = keyAt + keyLen;
    at = valueAt + valueLen;
    if (!isKept(keyAt, keyLen)) continue;
    const key = internKey(keyAt, keyLen);
    if (!key) return failMemory();
    const pair = internPair(changetype<Key>(key), valueAt, valueLen);
    if (!pair) return failMemory();
    store<u32>(pairs + (count << 2), <u32>pair);
    count++;
  }
  list = 0;
  if (!count) return STATUS_OK;
  list = keepPairs(pairs, count);
  return list ? STATUS_OK : failMemory();
}
