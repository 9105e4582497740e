/**
 * Names: split at slashes, without empty parts and dots (oci-to-tree.md 3).
 */

import {
  NAME_MAX_BYTES,
  PATH_MAX_BYTES,
  STATUS_OK,
  STATUS_TAR_NAME_DOTDOT,
  STATUS_TAR_NAME_NUL,
  STATUS_TAR_NAME_TOO_LONG,
  STATUS_TAR_PATH_TOO_LONG,
} from "../abi";
import { failTar } from "./place";

const SLASH: u32 = 0x2f;
const DOT: u32 = 0x2e;

/** Bytes of the path that `normalise` wrote; 0 for the root. */
export let pathLen: u32 = 0;

/**
 * Writes the path that a name means: its parts with single slashes between them, none at the ends.
 *
 * @param to room for PATH_MAX_BYTES
 * @returns a status
 */
export function normalise(name: usize, len: u32, to: usize): i32 {
  pathLen = 0;
  let at: u32 = 0;
  while (at < len) {
    if (<u32>load<u8>(name + at) == SLASH) {
      at++;
      continue;
    }
    let end = at;
    while (end < len && <u32>load<u8>(name + end) != SLASH) {
      if (!load<u8>(name + end)) return failTar(STATUS_TAR_NAME_NUL, end, 0);
      end++;
    }
    const part = end - at;
    if (<u32>load<u8>(name + at) == DOT) {
      if (part == 1) {
        at = end;
        continue;
      }
      if (part == 2 && <u32>load<u8>(name + at + 1) == DOT) return failTar(STATUS_TAR_NAME_DOTDOT, at, 0);
    }
    if (part > <u32>NAME_MAX_BYTES) return failTar(STATUS_TAR_NAME_TOO_LONG, part, NAME_MAX_BYTES);
    // As an absolute path it has one byte more.
    const total = (pathLen ? pathLen + 2 : <u32>1) + part;
    if (total > <u32>PATH_MAX_BYTES) return failTar(STATUS_TAR_PATH_TOO_LONG, total, PATH_MAX_BYTES);
    if (pathLen) {
      store<u8>(to + pathLen, SLASH);
      pathLen++;
    }
    memory.copy(to + pathLen, name + at, part);
    pathLen += part;
    at = end;
  }
  return STATUS_OK;
}
