/**
 * An image of the tree: prepared, laid out, then read piece by piece.
 *
 *   version -> stubs -> order -> prepare -> shared -> layout -> emit
 *
 * Each pass leaves what the next one needs at the nodes and in the plan.
 */

import {
  CONTROL_IMAGE_BYTES,
  CONTROL_IMAGE_INODES,
  CONTROL_IMAGE_SHARED_XATTRS,
  CONTROL_IMAGE_VERSION,
  FORMAT_AUTO,
  FORMAT_V0,
  FORMAT_V1,
  STATUS_EROFS_FORMAT,
  STATUS_OK,
} from "../abi";
import { fail, setControl } from "../mem/record";
import { beginPieces, nextPiece } from "../mem/pieces";
import { whiteoutCount } from "../tree/tree";
import { beginEmit, emitUnit, isDone } from "./emit";
import { BLOCK, hasOverlayPreparation } from "./format";
import { layout } from "./layout";
import { addStubs, orderInodes } from "./order";
import { beginPlan, dataBlocks, dataStart, inodeCount, sharedCount, version } from "./plan";
import { prepare } from "./prepare";
import { planShared } from "./shared";

/** composefs_version for a `FORMAT_*` number (erofs-v1.md 2). */
function versionOf(format: u32): u32 {
  if (format == FORMAT_AUTO) return whiteoutCount ? FORMAT_V1 : FORMAT_V0;
  return format;
}

/**
 * Plans an image of the tree.
 *
 * @param format a `FORMAT_*` number
 * @param blockLimit most blocks of the image
 * @returns a status
 */
export function openImage(format: u32, blockLimit: u32): i32 {
  if (format > <u32>FORMAT_AUTO) return fail(STATUS_EROFS_FORMAT, format, FORMAT_AUTO);
  beginPlan(versionOf(format));
  let status = hasOverlayPreparation(version) ? addStubs() : STATUS_OK;
  if (status == STATUS_OK) status = orderInodes(version);
  if (status == STATUS_OK) status = prepare();
  if (status == STATUS_OK) status = planShared();
  if (status == STATUS_OK) status = layout(blockLimit);
  if (status != STATUS_OK) return status;
  beginEmit();
  beginPieces();
  setControl(CONTROL_IMAGE_VERSION, version);
  setControl(CONTROL_IMAGE_BYTES, dataStart + dataBlocks * BLOCK);
  setControl(CONTROL_IMAGE_INODES, inodeCount);
  setControl(CONTROL_IMAGE_SHARED_XATTRS, sharedCount);
  return STATUS_OK;
}

/**
 * Makes the next piece of the image, at the start of the output window.
 *
 * @returns its bytes, 0 when there are no more
 */
export function readImage(): u32 {
  return nextPiece(emitUnit, isDone);
}
