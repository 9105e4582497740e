/**
 * Output in pieces: units are written into the output window until it is full; what went beyond a whole piece waits in
 * the slack behind it for the next call.
 */

import { OUTPUT_WINDOW_BYTES } from "../abi";
import { OUTPUT } from "./windows";

/** Every piece but the last is a multiple of this: the largest verity block, so that no block is ever cut. */
const PIECE_BYTES: usize = 65536;

/** Bytes of the window that were handed out, and bytes behind them that were not. */
let delivered: usize = 0;
let left: usize = 0;

/** Turns to a new output. */
export function beginPieces(): void {
  delivered = 0;
  left = 0;
}

/**
 * Makes the next piece at the start of the output window.
 *
 * @param unit writes the next unit at an address, where UNIT_MAX_BYTES are free, and returns the address after it
 * @param isDone whether there are no more units
 * @returns bytes of the piece, 0 when there are no more
 */
export function nextPiece(unit: (to: usize) => usize, isDone: () => bool): u32 {
  if (left) memory.copy(OUTPUT, OUTPUT + delivered, left);
  const end = OUTPUT + OUTPUT_WINDOW_BYTES;
  let to = OUTPUT + left;
  while (to < end && !isDone()) to = unit(to);
  const filled = to - OUTPUT;
  delivered = min<usize>(filled, OUTPUT_WINDOW_BYTES);
  if (!isDone()) delivered &= ~(PIECE_BYTES - 1);
  left = filled - delivered;
  return <u32>delivered;
}
