/**
 * The xattrs by which overlayfs joins an EROFS image to its objects, and those that keep it from interpreting what is
 * meant for a later mount (erofs-v1.md 3.3 to 3.6; Documentation/filesystems/overlayfs.rst).
 *
 * `trusted.overlay.metacopy`, `.redirect` and `.opaque` as they stand in an image are keys of the writer: no input can
 * name them, since every `trusted.overlay.*` of an input is escaped. The whiteout markers on the other hand are escaped
 * keys; an input may carry the same ones, so they are interned as if it did.
 */

import { PAYLOAD_MAX_BYTES } from "../abi";
import { writeText } from "../mem/text";
import { internKey, internPair, Key, newPair, writerKey } from "./xattrs";

/** Keys of the writer. */
export let metacopyKey: usize = 0;
export let redirectKey: usize = 0;

/** metacopy of a file without digest: an empty value. */
export let emptyMetacopy: usize = 0;
/** The root marker, `trusted.overlay.opaque` = `y` (3.6). */
export let rootOpaque: usize = 0;

/** Markers of an escaped whiteout: two pair addresses in key order (3.4). */
export const WHITEOUT_MARKERS = memory.data(8, 8);
export const WHITEOUT_MARKER_COUNT: u32 = 2;
/** Markers of a directory that holds whiteouts: four in V1, the two of `PARENT_MARKERS_V0` in V0. */
export const PARENT_MARKERS_V1 = memory.data(16, 8);
export const PARENT_MARKER_COUNT_V1: u32 = 4;
export const PARENT_MARKERS_V0 = memory.data(8, 8);
export const PARENT_MARKER_COUNT_V0: u32 = 2;

const scratch = memory.data(PAYLOAD_MAX_BYTES + 1 + 16, 8);

/** Interns the marker `key` = `value` of the input's kind and stores its address. */
function marker(at: usize, key: string, value: string): bool {
  const keyRecord = internKey(scratch, writeText(scratch, key));
  if (!keyRecord) return false;
  const pair = internPair(changetype<Key>(keyRecord), scratch, writeText(scratch, value));
  store<u32>(at, <u32>pair);
  return pair != 0;
}

/**
 * Makes the records that every tree needs; after the tables were cleared.
 *
 * @returns false when memory is refused
 */
export function begin(): bool {
  metacopyKey = writerKey("trusted.overlay.metacopy");
  redirectKey = writerKey("trusted.overlay.redirect");
  const opaqueKey = writerKey("trusted.overlay.opaque");
  if (!metacopyKey || !redirectKey || !opaqueKey) return false;
  emptyMetacopy = newPair(changetype<Key>(metacopyKey), 0, 0);
  rootOpaque = newPair(changetype<Key>(opaqueKey), scratch, writeText(scratch, "y"));
  if (!emptyMetacopy || !rootOpaque) return false;

  // The keys below become trusted.overlay.overlay.* by the escaping of the input's keys.
  if (
    !marker(WHITEOUT_MARKERS, "trusted.overlay.whiteout", "") ||
    !marker(WHITEOUT_MARKERS + 4, "user.overlay.whiteout", "") ||
    !marker(PARENT_MARKERS_V1, "trusted.overlay.opaque", "x") ||
    !marker(PARENT_MARKERS_V1 + 4, "trusted.overlay.whiteouts", "") ||
    !marker(PARENT_MARKERS_V1 + 8, "user.overlay.opaque", "x") ||
    !marker(PARENT_MARKERS_V1 + 12, "user.overlay.whiteouts", "")
  ) {
    return false;
  }
  store<u32>(PARENT_MARKERS_V0, load<u32>(PARENT_MARKERS_V1 + 4));
  store<u32>(PARENT_MARKERS_V0 + 4, load<u32>(PARENT_MARKERS_V1 + 12));
  return true;
}

/**
 * The redirect to a payload that is not an object path: `/` and the payload as it is.
 *
 * @param len 1 to PAYLOAD_MAX_BYTES
 * @returns address of the pair, 0 when memory is refused
 */
export function redirectPair(payload: usize, len: u32): usize {
  store<u8>(scratch, 0x2f);
  memory.copy(scratch + 1, payload, len);
  return internPair(changetype<Key>(redirectKey), scratch, len + 1);
}
