/**
 * Where the job of an instance stands. The exports of the rooms ask here whether a call comes at the right moment.
 */

import { CONTROL_ARENA_BYTES, STATUS_OK } from "../abi";
import { mark, release, used } from "./arena";
import { setControl } from "./record";

export const JOB_NONE = 0;
/** Inputs that are coming in. */
export const JOB_DUMP = 1;
export const JOB_SCAN = 2;
export const JOB_LAYER = 3;
export const JOB_MERGE = 4;
/** The tar of a layer is complete: nothing can follow. */
export const JOB_DONE = 5;
export const JOB_FAILED = 6;
/** There is a tree, and from here on perhaps something that is made of it. */
export const JOB_TREE = 7;
export const JOB_IMAGE = 8;
export const JOB_CURSOR = 9;
export const JOB_PRINT = 10;
export const JOB_INFO = 11;
export const JOB_REGIONS = 12;
/** Labels that come in. */
export const JOB_LABEL = 13;

export let job = JOB_NONE;
/** What belongs to the tree; beyond it lies what an image or a cursor needs. */
let treeMark: usize = 0;

export function resetJob(): void {
  job = JOB_NONE;
}

/** Notes the outcome of a step of the job. @returns `status` */
export function step(status: i32, next: i32): i32 {
  setControl(CONTROL_ARENA_BYTES, used());
  job = status == STATUS_OK ? next : JOB_FAILED;
  return status;
}

/** Notes the outcome of the step that completes the tree. @returns `status` */
export function stepToTree(status: i32): i32 {
  step(status, JOB_TREE);
  treeMark = mark();
  return status;
}

/** Whether there is a tree to work on; drops what an earlier image or cursor needed. */
export function turnToTree(): bool {
  if (job < JOB_TREE) return false;
  release(treeMark);
  return true;
}

/** Notes the outcome of opening something on the tree, which a failure leaves as it is. @returns `status` */
export function stepFromTree(status: i32, next: i32): i32 {
  step(status, next);
  if (status != STATUS_OK) job = JOB_TREE;
  return status;
}
