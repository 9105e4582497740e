/**
 * An image of the tree: prepared, laid out, then read piece by piece.
 *
 *   version -> stubs -> order -> prepare -> shared -> layout -> emit
 *
 * Pieces are whole multiples of the largest verity block, so that whoever hashes them never meets a cut block; what is
 * left over waits behind the window for the next piece.
 */

import {
  CONTROL_IMAGE_BYTES,
  CONTROL_IMAGE_INODES,
  CONTROL_IMAGE_SHARED_XATTRS,
  CONTROL_IMAGE_VERSION,
  FORMAT_AUTO,
  FORMAT_V0,
  FORMAT_V1,
  OUTPUT_WINDOW_BYTES,
  STATUS_EROFS_FORMAT,
  STATUS_OK,
} from "../abi";
import { fail, setControl } from "../mem/record";
import { OUTPUT } from "../mem/windows";
import { whiteoutCount } from "../tree/tree";
import { beginEmit, emitUnit, isDone } from "./emit";
import { BLOCK, hasOverlayPreparation } from "./format";
import { layout } from "./layout";
import { addStubs, orderInodes } from "./order";
import { beginPlan, dataBlocks, dataStart, inodeCount, sharedCount, version } from "./plan";
import { prepare } from "./prepare";
import { planShared } from "./shared";

/** Every piece but the last is a multiple of this: the largest verity block. */
const PIECE_BYTES: usize = 65536;

/** Bytes of the window that were handed out, and bytes behind them that were not. */
let delivered: usize = 0;
let left: usize = 0;

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
  delivered = 0;
  left = 0;
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
  if (left) memory.copy(OUTPUT, OUTPUT + delivered, left);
  const end = OUTPUT + OUTPUT_WINDOW_BYTES;
  let to = OUTPUT + left;
  while (to < end && !isDone()) to = emitUnit(to);
  const filled = to - OUTPUT;
  delivered = min<usize>(filled, OUTPUT_WINDOW_BYTES);
  if (!isDone()) delivered &= ~(PIECE_BYTES - 1);
  left = filled - delivered;
  return <u32>delivered;
}
