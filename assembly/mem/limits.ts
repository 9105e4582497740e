/**
 * The limits that a host may lower: for each the most it can be, and what is in force.
 */

import {
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_IMAGE_BLOCKS_DEFAULT,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_MEMORY_BYTES,
  LIMIT_MEMORY_BYTES_DEFAULT,
  LIMIT_SCAN_BYTES_DEFAULT,
} from "../abi";
import { setMemoryLimit } from "./arena";

/** In the order of the `LIMIT_*` numbers. */
const most = memory.data<u32>([
  LIMIT_MEMORY_BYTES_DEFAULT,
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_IMAGE_BLOCKS_DEFAULT,
  LIMIT_SCAN_BYTES_DEFAULT,
]);
const inForce = memory.data<u32>([
  LIMIT_MEMORY_BYTES_DEFAULT,
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_IMAGE_BLOCKS_DEFAULT,
  LIMIT_SCAN_BYTES_DEFAULT,
]);

export function limitOf(index: u32): u32 {
  return load<u32>(inForce + (index << 2));
}

/** The default, which is the most. */
export function mostOf(index: u32): u32 {
  return load<u32>(most + (index << 2));
}

/** Sets a limit. @returns false when it is above the most */
export function lower(index: u32, value: u32): bool {
  if (value > mostOf(index)) return false;
  store<u32>(inForce + (index << 2), value);
  if (index == LIMIT_MEMORY_BYTES) setMemoryLimit(value);
  return true;
}
