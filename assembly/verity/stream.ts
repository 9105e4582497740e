/**
 * A file's bytes, or the digests of its blocks, on their way into the Merkle tree.
 *
 * Source: spec/fsverity.md 2.1.
 *
 * Whole blocks are hashed where they lie; only a block that is cut by the end of a piece is copied. Digests that
 * somebody else computed (another instance, a faster hash of the host) join the same level 0, in the same order.
 */

import { STATUS_ENGINE_ARGUMENT, STATUS_ENGINE_STATE, STATUS_OK, VERITY_BLOCK_BITS_MAX } from "../abi";
import { hashBlocks } from "./blocks";
import { fileDigest } from "./descriptor";
import { levelEnd, levelGrow, levelRoom, rootHash } from "./merkle";
import {
  closeRecord,
  dataBlock,
  isOpen,
  SLOT_BLOCK_BITS,
  SLOT_DATA_BYTES,
  SLOT_DIGEST_BYTES,
  SLOT_PENDING_BYTES,
  slotRecord,
} from "./slots";

/** Where `blockDigests` pads a short last block. */
const paddedBlock: usize = memory.data(1 << VERITY_BLOCK_BITS_MAX, 64);

/** Whether a short last block has arrived as a digest: nothing can follow it. */
function isEnded(record: usize): bool {
  const rest = load<u64>(record, SLOT_DATA_BYTES) & (((<u64>1) << load<u32>(record, SLOT_BLOCK_BITS)) - 1);
  return rest != <u64>load<u32>(record, SLOT_PENDING_BYTES);
}

/** Hashes whole blocks into level 0. */
function appendBlocks(record: usize, ptr: usize, count: usize): void {
  const blockBits = load<u32>(record, SLOT_BLOCK_BITS);
  const digestBytes = <usize>load<u32>(record, SLOT_DIGEST_BYTES);
  while (count) {
    const taken = min(count, levelRoom(record, 0) / digestBytes);
    hashBlocks(record, ptr, taken, levelEnd(record, 0));
    levelGrow(record, 0, taken * digestBytes);
    ptr += taken << blockBits;
    count -= taken;
  }
}

/**
 * Appends bytes to the file of a slot. Nothing happens when the slot is not open. Bytes after a short last block
 * (`appendDigests`) cannot be: they close the slot, so that no digest comes of it.
 *
 * @param slot an open slot
 * @param ptr the bytes; not read when `len` is 0, not kept
 * @param len bytes, any number
 */
export function update(slot: u32, ptr: usize, len: usize): void {
  if (!len || !isOpen(slot)) return;
  const record = slotRecord(slot);
  if (isEnded(record)) {
    closeRecord(record);
    return;
  }
  const blockBits = load<u32>(record, SLOT_BLOCK_BITS);
  const blockBytes = (<usize>1) << blockBits;
  const block = dataBlock(record);
  const pending = <usize>load<u32>(record, SLOT_PENDING_BYTES);
  store<u64>(record, load<u64>(record, SLOT_DATA_BYTES) + len, SLOT_DATA_BYTES);
  if (pending) {
    const taken = min(blockBytes - pending, len);
    memory.copy(block + pending, ptr, taken);
    if (pending + taken < blockBytes) {
      store<u32>(record, <u32>(pending + taken), SLOT_PENDING_BYTES);
      return;
    }
    appendBlocks(record, block, 1);
    ptr += taken;
    len -= taken;
  }
  const whole = len >> blockBits;
  appendBlocks(record, ptr, whole);
  const rest = len & (blockBytes - 1);
  memory.copy(block, ptr + (whole << blockBits), rest);
  store<u32>(record, <u32>rest, SLOT_PENDING_BYTES);
}

/**
 * Appends blocks of which only the digests are here, as `blockDigests` computes them under the same parameters.
 *
 * @param slot an open slot
 * @param ptr the digests, one after another
 * @param count number of digests
 * @param dataLen bytes of data that they cover; a multiple of the block size, except when the file ends with them
 * @returns STATUS_OK; STATUS_ENGINE_STATE when the slot is not open, holds an incomplete block, or has had its short
 *   last block; STATUS_ENGINE_ARGUMENT when `count` blocks do not make `dataLen` bytes
 */
export function appendDigests(slot: u32, ptr: usize, count: u32, dataLen: u64): i32 {
  if (!isOpen(slot)) return STATUS_ENGINE_STATE;
  const record = slotRecord(slot);
  if (load<u32>(record, SLOT_PENDING_BYTES) != 0 || isEnded(record)) return STATUS_ENGINE_STATE;
  const blockBits = <u64>load<u32>(record, SLOT_BLOCK_BITS);
  const covered = (<u64>count) << blockBits;
  if (dataLen > covered || (covered - dataLen) >> blockBits) return STATUS_ENGINE_ARGUMENT;
  store<u64>(record, load<u64>(record, SLOT_DATA_BYTES) + dataLen, SLOT_DATA_BYTES);
  let left = <usize>count * <usize>load<u32>(record, SLOT_DIGEST_BYTES);
  while (left) {
    const taken = min(left, levelRoom(record, 0));
    memory.copy(levelEnd(record, 0), ptr, taken);
    levelGrow(record, 0, taken);
    ptr += taken;
    left -= taken;
  }
  return STATUS_OK;
}

/**
 * Writes the digests of the blocks of a piece of a file, for `appendDigests` here or in another instance. The running
 * state of the slot stays as it is; only its parameters are used.
 *
 * @param slot an open slot
 * @param ptr the piece, which begins at a block of the file
 * @param len its bytes; a short last block is padded with zeros, so only the end of the file may be short
 * @param outPtr room for a digest for each block begun; must not overlap the piece
 * @returns number of digests; 0 when the slot is not open
 */
export function blockDigests(slot: u32, ptr: usize, len: usize, outPtr: usize): u32 {
  if (!isOpen(slot)) return 0;
  const record = slotRecord(slot);
  const blockBits = load<u32>(record, SLOT_BLOCK_BITS);
  const blockBytes = (<usize>1) << blockBits;
  const whole = len >> blockBits;
  hashBlocks(record, ptr, whole, outPtr);
  const rest = len & (blockBytes - 1);
  if (!rest) return <u32>whole;
  memory.copy(paddedBlock, ptr + (whole << blockBits), rest);
  memory.fill(paddedBlock + rest, 0, blockBytes - rest);
  hashBlocks(record, paddedBlock, 1, outPtr + whole * load<u32>(record, SLOT_DIGEST_BYTES));
  return <u32>whole + 1;
}

/**
 * Ends the file, writes its fs-verity digest, and closes the slot.
 *
 * @param slot an open slot
 * @param outPtr room for DIGEST_MAX_BYTES
 * @returns bytes of the digest, 32 or 64; 0 when the slot was not open
 */
export function close(slot: u32, outPtr: usize): u32 {
  if (!isOpen(slot)) return 0;
  const record = slotRecord(slot);
  const pending = <usize>load<u32>(record, SLOT_PENDING_BYTES);
  if (pending) {
    const block = dataBlock(record);
    memory.fill(block + pending, 0, ((<usize>1) << load<u32>(record, SLOT_BLOCK_BITS)) - pending);
    appendBlocks(record, block, 1);
  }
  const len = fileDigest(record, rootHash(record), outPtr);
  closeRecord(record);
  return len;
}
