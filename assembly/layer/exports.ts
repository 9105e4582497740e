/**
 * The exports of the verb layer records -> tree.
 *
 *   reset -> mergeBegin -> (mergeLayer -> mergeWrite …) … -> mergeEnd -> what a tree can become
 *
 * From the tars of layers, base first, to a tree:
 *
 *   reset(seedLow, seedHigh)
 *   check(layerBegin(LAYER_SHA256))
 *   for each piece of the tar, at most INPUT_WINDOW_BYTES, copied to memory[inputPtr()]:
 *     from = 0
 *     do:
 *       n = layerWrite(from, length of the piece - from); check(-n) when n is negative
 *       keep the n bytes of memory[outputPtr()]    whole records: a piece that may be given to mergeWrite as it is
 *       from += control record, CONTROL_LAYER_TAKEN
 *     while from < length of the piece
 *   check(layerEnd())
 *   reset(seedLow, seedHigh)
 *   check(mergeBegin(MERGE_TRANSFORM))             for SHA-512 digests of objects also MERGE_SHA512
 *   for each layer, base first:
 *     check(mergeLayer())
 *     for each piece of its records: copy it to memory[inputPtr()], check(mergeWrite(its length))
 *   check(mergeEnd())                              from here on as after dumpEnd
 */

import {
  INPUT_WINDOW_BYTES,
  LIMIT_ENTRIES,
  MERGE_BOOTABLE,
  MERGE_BOOT_NANOSECONDS,
  MERGE_IMPLY_PARENTS,
  MERGE_KEEP_USER_XATTRS,
  MERGE_SHA512,
  MERGE_TRANSFORM,
} from "../abi";
import { job, JOB_MERGE, JOB_NONE, step, stepToTree } from "../mem/job";
import { limitOf } from "../mem/limits";
import { failArgument, failState } from "../mem/record";
import { INPUT } from "../mem/windows";
import { beginLayer, beginMerge, writeRecords } from "./apply";
import { endMerge } from "./finish";

const ALL_FLAGS: u32 =
  MERGE_SHA512 |
  MERGE_TRANSFORM |
  MERGE_KEEP_USER_XATTRS |
  MERGE_IMPLY_PARENTS |
  MERGE_BOOTABLE |
  MERGE_BOOT_NANOSECONDS;

/**
 * Begins a tree of layers.
 *
 * @param flags MERGE_*
 * @returns a status
 */
export function mergeBegin(flags: u32): i32 {
  if (job != JOB_NONE) return failState();
  if (flags & ~ALL_FLAGS) return failArgument(flags, ALL_FLAGS);
  if (flags & MERGE_BOOTABLE && !(flags & MERGE_TRANSFORM)) return failArgument(flags, MERGE_TRANSFORM);
  if (flags & MERGE_BOOT_NANOSECONDS && !(flags & MERGE_BOOTABLE)) return failArgument(flags, MERGE_BOOTABLE);
  return step(beginMerge(flags, limitOf(LIMIT_ENTRIES)), JOB_MERGE);
}

/**
 * Begins the next layer, base first.
 *
 * @returns a status
 */
export function mergeLayer(): i32 {
  if (job != JOB_MERGE) return failState();
  beginLayer();
  return 0;
}

/**
 * Applies the next records of the layer, which lie in the input window.
 *
 * @param length bytes of whole records (RECORD_*), at most INPUT_WINDOW_BYTES
 * @returns a status
 */
export function mergeWrite(length: u32): i32 {
  if (job != JOB_MERGE) return failState();
  if (length > <u32>INPUT_WINDOW_BYTES) return failArgument(length, INPUT_WINDOW_BYTES);
  return step(writeRecords(INPUT, length), JOB_MERGE);
}

/**
 * Ends the last layer: the tree is complete and its counts are in the control record.
 *
 * @returns a status
 */
export function mergeEnd(): i32 {
  return job == JOB_MERGE ? stepToTree(endMerge()) : failState();
}
