/**
 * The exports of the verb tar -> layer records.
 *
 *   reset -> layerBegin -> layerWrite … -> layerEnd
 *
 * The verity slots 0 and 1 belong to the layer while it is read.
 */

import { INPUT_WINDOW_BYTES, LAYER_CONTENT, LAYER_SHA256, LAYER_SHA512, LIMIT_ENTRIES, STATUS_OK } from "../abi";
import { job, JOB_DONE, JOB_LAYER, JOB_NONE, step } from "../mem/job";
import { limitOf } from "../mem/limits";
import { failArgument, failState } from "../mem/record";
import { beginLayer, endLayer, writeLayer } from "./parse";

const ALL_FLAGS: u32 = LAYER_SHA256 | LAYER_SHA512 | LAYER_CONTENT;

/**
 * Begins the uncompressed tar of a layer.
 *
 * @param flags LAYER_SHA256 and LAYER_SHA512, at least one: the digests of contents; LAYER_CONTENT
 * @returns a status
 */
export function layerBegin(flags: u32): i32 {
  if (job != JOB_NONE) return failState();
  if (flags & ~ALL_FLAGS || !(flags & (LAYER_SHA256 | LAYER_SHA512))) return failArgument(flags, ALL_FLAGS);
  beginLayer(flags, limitOf(LIMIT_ENTRIES));
  return step(STATUS_OK, JOB_LAYER);
}

/**
 * Takes the next bytes of the tar from the input window, as many as the output window has room for records. Whoever is
 * told that fewer were taken calls again with the rest.
 *
 * @param from offset of the bytes in the input window
 * @param length bytes; from + length is at most INPUT_WINDOW_BYTES
 * @returns bytes of whole records (RECORD_*), now in the output window, or a status, negated; CONTROL_LAYER_TAKEN bytes
 *   were taken
 */
export function layerWrite(from: u32, length: u32): i32 {
  if (job != JOB_LAYER) return -failState();
  const end = <u64>from + length;
  if (end > <u64>INPUT_WINDOW_BYTES) return -failArgument(end, INPUT_WINDOW_BYTES);
  const bytes = writeLayer(from, length);
  if (bytes < 0) step(-bytes, JOB_LAYER);
  return bytes;
}

/**
 * Ends the tar.
 *
 * @returns a status
 */
export function layerEnd(): i32 {
  return job == JOB_LAYER ? step(endLayer(), JOB_DONE) : failState();
}
