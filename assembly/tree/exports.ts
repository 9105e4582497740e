/**
 * The exports of the labels of a tree that was merged of layers.
 *
 *   mergeEnd -> labelBegin -> labelText … -> labelEntries … -> labelEnd -> what a tree can become
 */

import { INPUT_WINDOW_BYTES } from "../abi";
import { job, JOB_LABEL, step, stepFromTree, stepToTree, turnToTree } from "../mem/job";
import { failArgument, failState } from "../mem/record";
import { INPUT } from "../mem/windows";
import { addLabel, beginLabels, endLabels, labelEntries as applyLabels } from "./labels";

/**
 * Begins to give all entries their SELinux labels.
 *
 * @returns a status
 */
export function labelBegin(): i32 {
  return turnToTree() ? stepFromTree(beginLabels(), JOB_LABEL) : failState();
}

/**
 * Adds a label, which the following entries can have; the first one is number 1.
 *
 * @param length bytes of it in the input window, 1 or more
 * @returns a status
 */
export function labelText(length: u32): i32 {
  if (job != JOB_LABEL) return failState();
  if (!length || length > <u32>INPUT_WINDOW_BYTES) return failArgument(length, INPUT_WINDOW_BYTES);
  return step(addLabel(INPUT, length), JOB_LABEL);
}

/**
 * Labels the next entries in depth-first order; names of an inode whose labels differ become inodes of their own.
 *
 * @param count of the u32 in the input window: the number of a label for each entry, 0 for none
 * @returns a status
 */
export function labelEntries(count: u32): i32 {
  if (job != JOB_LABEL) return failState();
  if (count > <u32>INPUT_WINDOW_BYTES / 4) return failArgument(count, INPUT_WINDOW_BYTES / 4);
  return step(applyLabels(INPUT, count), JOB_LABEL);
}

/**
 * Ends after the last entry: the counts of the tree are in the control record.
 *
 * @returns a status
 */
export function labelEnd(): i32 {
  return job == JOB_LABEL ? stepToTree(endLabels()) : failState();
}
