/**
 * The xattrs by which overlayfs joins an EROFS image to its objects, and those that keep it from interpreting what is
 * meant for a later mount (erofs-v1.md 3.3 to 3.6; Documentation/filesystems/overlayfs.rst).
 *
 * `trusted.overlay.metacopy`, `.redirect` and `.opaque` as they stand in an image are keys of the writer: no input can
 * name them, since every `trusted.overlay.*` of an input is escaped. The whiteout markers on the other hand are escaped
 * keys; an input may carry the same ones, so they are interned as if it did.
 */

import { PAYLOAD_MAX_BYTES } from "../abi";
import { decodeObjectPath, objectPathLen } from "../mem/hex";
import { writeText } from "../mem/text";
import { internDigest, TAG_REDIRECT } from "./digests";
import { internKey, internPair, Key, newPair, Pair, writerKey } from "./xattrs";

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
const digestText = memory.data(128, 16);
const digestValue = memory.data(64, 16);

/** `internObjectPath` was given something else. Never an address. */
const NO_OBJECT_PATH: usize = 1;

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

/** The record of the digest whose object path a payload is. @returns 1 when it is none, 0 when memory is refused */
function internObjectPath(payload: usize, len: u32): usize {
  for (let digestLen: u32 = 32; digestLen <= 64; digestLen += 32) {
    if (len == objectPathLen(digestLen) && decodeObjectPath(payload, digestLen, digestText, digestValue)) {
      return internDigest(digestValue, digestLen);
    }
  }
  return NO_OBJECT_PATH;
}

/**
 * The item of the redirect to a payload: `/` and the payload as it is. As a rule that is an object path.
 *
 * @param len 1 to PAYLOAD_MAX_BYTES
 * @returns a tagged digest or the address of a pair, 0 when memory is refused
 */
export function redirectItem(payload: usize, len: u32): usize {
  const digest = internObjectPath(payload, len);
  if (digest != NO_OBJECT_PATH) return digest ? digest | TAG_REDIRECT : 0;
  store<u8>(scratch, 0x2f);
  memory.copy(scratch + 1, payload, len);
  return internPair(changetype<Key>(redirectKey), scratch, len + 1);
}

// ---- which xattrs of an image its writer added (erofs-reader.md 2.2) --------------------------------------------------

function markerAt(markers: usize, index: u32): Pair {
  return changetype<Pair>(<usize>load<u32>(markers + (index << 2)));
}

/** Whether a key is the one by which V0 and V1 tell a whiteout from an empty file. */
export function isWhiteoutKey(key: Key): bool {
  return key == markerAt(WHITEOUT_MARKERS, 0).key;
}

/** Whether the writer puts a pair of this key on every whiteout. */
export function isWhiteoutMarker(pair: Pair): bool {
  return pair.key == markerAt(WHITEOUT_MARKERS, 0).key || pair.key == markerAt(WHITEOUT_MARKERS, 1).key;
}

/** Whether the writer puts this pair, or another one of its key, on a directory with whiteouts. */
export function isParentMarker(pair: Pair, withOpaque: bool): bool {
  for (let i: u32 = 0; i < PARENT_MARKER_COUNT_V0; i++) {
    if (pair.key == markerAt(PARENT_MARKERS_V0, i).key) return true;
  }
  // Of the opaque ones only the very pair: with another value it came from the input.
  return withOpaque && (pair == markerAt(PARENT_MARKERS_V1, 0) || pair == markerAt(PARENT_MARKERS_V1, 2));
}
