/**
 * The windows: the only memory that a host reads and writes in bulk.
 *
 * They belong to the host between calls and to the engine during a call. Behind the output window lies slack, so that
 * a unit that began inside it (an inode with its xattrs, a block) can be finished without asking for room at every
 * store, and so that word-wise copies may overshoot. What lies in the slack at the end of a call is handed out by
 * the next one.
 */

import { DIGEST_MAX_BYTES, INPUT_WINDOW_BYTES, OUTPUT_WINDOW_BYTES } from "../abi";

/**
 * Longest unit that is written without a check for room: up to a block of pad, an extended inode, the most xattrs that
 * 16 bits of i_xattr_icount can count (65534 words behind a header of 12 bytes), a tail of up to a block.
 */
export const UNIT_MAX_BYTES = 4096 + 64 + (12 + 65534 * 4) + 4096;

/** Word-wise reads and writes may touch this many bytes past a field. */
const OVERSHOOT_BYTES = 64;

export const INPUT: usize = memory.data(INPUT_WINDOW_BYTES + OVERSHOOT_BYTES, 4096);
export const OUTPUT: usize = memory.data(OUTPUT_WINDOW_BYTES + UNIT_MAX_BYTES + OVERSHOOT_BYTES, 4096);
export const DIGEST: usize = memory.data(DIGEST_MAX_BYTES, 16);
