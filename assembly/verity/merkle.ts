/**
 * The Merkle tree, built upwards with one buffer for each level.
 *
 * Source: spec/fsverity.md 2.1; fsverity-utils lib/compute_digest.c, `hash_one_block` and `compute_root_hash`.
 *
 *   level 2                  [ d d ........ ]
 *   level 1     [ d d d d d d d d ] -^          a full buffer goes up, block by block,
 *   level 0     [ d d d ......... ] -^          only when one more digest must fit in
 *   data        block, block, block, ...
 *
 * A buffer that is full stays where it is until more follows: a file whose digests fill the last block of a level
 * exactly must not get a level more. Once a level holds digests it is never empty again before the end.
 */

import { hashBlocks } from "./blocks";
import { levelBuffer, levelFill, SLOT_BLOCK_BITS, SLOT_DIGEST_BYTES, SLOT_LEVEL_BYTES, SLOT_LEVELS } from "./slots";

/**
 * Makes room in a level, sending its blocks up when it is full.
 *
 * @param record slot record
 * @param level 0 for the digests of data blocks
 * @returns bytes that can be appended to the level's buffer: at least one digest
 */
export function levelRoom(record: usize, level: u32): usize {
  const capacity = load<u32>(record, SLOT_LEVEL_BYTES);
  const fill = load<u32>(levelFill(record, level));
  if (fill < capacity) return capacity - fill;
  sendUp(record, level);
  return capacity;
}

/**
 * Address at which the next digests of a level are to be written, `levelRoom` bytes at most.
 *
 * @param record slot record
 * @param level 0 for the digests of data blocks
 */
export function levelEnd(record: usize, level: u32): usize {
  return levelBuffer(record, level) + load<u32>(levelFill(record, level));
}

/**
 * Counts digests that were written at `levelEnd`.
 *
 * @param record slot record
 * @param level 0 for the digests of data blocks
 * @param bytes above 0, at most `levelRoom`
 */
export function levelGrow(record: usize, level: u32, bytes: usize): void {
  const at = levelFill(record, level);
  store<u32>(at, load<u32>(at) + <u32>bytes);
  if (level >= load<u32>(record, SLOT_LEVELS)) store<u32>(record, level + 1, SLOT_LEVELS);
}

/** Pads the last block of a level with zeros, appends the digests of its blocks to the next level, and empties it. */
function sendUp(record: usize, level: u32): void {
  const buffer = levelBuffer(record, level);
  const blockBits = load<u32>(record, SLOT_BLOCK_BITS);
  const digestBytes = <usize>load<u32>(record, SLOT_DIGEST_BYTES);
  const fill = <usize>load<u32>(levelFill(record, level));
  const blockCount = (fill + (1 << blockBits) - 1) >> blockBits;
  memory.fill(buffer + fill, 0, (blockCount << blockBits) - fill);
  const up = level + 1;
  // A level buffer is a multiple of 16384 bytes, what comes up at once a divisor of it: it fits whole.
  levelRoom(record, up);
  hashBlocks(record, buffer, blockCount, levelEnd(record, up));
  levelGrow(record, up, blockCount * digestBytes);
  store<u32>(levelFill(record, level), 0);
}

/**
 * Finishes the tree: every level goes up until one digest is left.
 *
 * @param record slot record; its levels are used up
 * @returns address of the root hash, or 0 when there was no data
 */
export function rootHash(record: usize): usize {
  const digestBytes = load<u32>(record, SLOT_DIGEST_BYTES);
  if (!load<u32>(record, SLOT_LEVELS)) return 0;
  let level: u32 = 0;
  while (level + 1 < load<u32>(record, SLOT_LEVELS) || load<u32>(levelFill(record, level)) > digestBytes) {
    sendUp(record, level);
    level++;
  }
  return levelBuffer(record, level);
}
