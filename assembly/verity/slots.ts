/**
 * The slots: up to VERITY_SLOTS digests that are computed side by side, each with parameters of its own.
 *
 * Source: spec/fsverity.md chapter 1; linux fs/verity/open.c, `fsverity_init_merkle_tree_params` and
 * `fsverity_prepare_hash_state` for the parameters and the salt.
 *
 * A slot is a record with fixed offsets, followed by its buffers, all static:
 *
 *   +--------+----------------------------+------------------+---------+---------+-----+
 *   | record | incomplete data block      | level 0 digests  | level 1 | level 2 | ... |
 *   +--------+----------------------------+------------------+---------+---------+-----+
 *              VERITY_BLOCK_BITS_MAX bits   levelBytes each, as many as fit LEVELS_BYTES
 *
 * A level buffer holds whole blocks: as many as make 16 KiB, at least one. So at the usual 4096 bytes the blocks of the
 * tree are hashed four at a time as those of the data are.
 */

import {
  HASH_SHA256,
  HASH_SHA512,
  STATUS_OK,
  STATUS_VERITY_PARAMETERS,
  VERITY_BLOCK_BITS_MAX,
  VERITY_BLOCK_BITS_MIN,
  VERITY_SALT_MAX_BYTES,
  VERITY_SLOTS,
} from "../abi";
import { SHA256_BLOCK_BYTES, SHA256_DIGEST_BYTES, SHA256_IV, sha256Compress } from "../hash/sha256";
import { SHA512_BLOCK_BYTES, SHA512_DIGEST_BYTES, SHA512_IV, sha512Compress } from "../hash/sha512";

// ---- record of a slot: byte offsets ---------------------------------------------------------------------------

/** u32, HASH_SHA256 or HASH_SHA512; 0 while the slot is closed. */
export const SLOT_ALGORITHM: usize = 0;
/** u32, log2 of the block size in bytes. */
export const SLOT_BLOCK_BITS: usize = 4;
/** u32, bytes of a digest. */
export const SLOT_DIGEST_BYTES: usize = 8;
/** u32, bytes of the padded salt before every block: 0, or one input block of the hash. */
export const SLOT_PREFIX_BYTES: usize = 12;
/** u32, bytes of the salt. */
export const SLOT_SALT_BYTES: usize = 16;
/** u32, bytes of a level buffer. */
export const SLOT_LEVEL_BYTES: usize = 20;
/** u32, levels that hold at least one digest. */
export const SLOT_LEVELS: usize = 24;
/** u32, bytes in the incomplete data block, less than a block. */
export const SLOT_PENDING_BYTES: usize = 28;
/** u64, data bytes so far. */
export const SLOT_DATA_BYTES: usize = 32;
/** 32 bytes, the salt, padded with zeros. */
export const SLOT_SALT: usize = 40;
/** 64 bytes, chain value of the hash behind the padded salt; the initial one when there is none. */
export const SLOT_CHAIN: usize = 72;
/** u32 for each level, bytes in its buffer. */
export const SLOT_LEVEL_FILL: usize = 136;

/**
 * Most levels for 64-bit sizes, the root hash alone counted as one: SHA-512 and 1024-byte blocks divide 2^54 data
 * blocks by 16 fourteen times (spec/fsverity.md 2.1).
 */
const LEVELS_MAX: usize = 15;

/** Bytes that a level buffer has at least. */
const LEVEL_BYTES_MIN: u32 = 16384;
/**
 * Room for the level buffers of a slot. The most is wanted by 65536-byte blocks: 2^48 of them, which SHA-256 divides by
 * 2^11 and SHA-512 by 2^10 until one is left, 6 levels of 64 KiB. (32768: 7 of 32 KiB; 1024: 15 of 16 KiB.)
 */
const LEVELS_BYTES: usize = 6 << VERITY_BLOCK_BITS_MAX;

/** The record, up to a multiple of the alignment of the buffers behind it. */
const DATA_BLOCK: usize = (SLOT_LEVEL_FILL + 4 * LEVELS_MAX + 63) & ~63;
const LEVELS: usize = DATA_BLOCK + (1 << VERITY_BLOCK_BITS_MAX);
const SLOT_BYTES: usize = LEVELS + LEVELS_BYTES;

const slots: usize = memory.data(VERITY_SLOTS * <i32>SLOT_BYTES, 64);

/**
 * Address of a slot's record.
 *
 * @param slot 0 to VERITY_SLOTS - 1, unchecked
 */
export function slotRecord(slot: u32): usize {
  return slots + <usize>slot * SLOT_BYTES;
}

/** Address of the incomplete data block of the slot at `record`. */
export function dataBlock(record: usize): usize {
  return record + DATA_BLOCK;
}

/** Address of the buffer of one level of the slot at `record`; level 0 holds the digests of the data blocks. */
export function levelBuffer(record: usize, level: u32): usize {
  return record + LEVELS + level * load<u32>(record, SLOT_LEVEL_BYTES);
}

/** Address of the number of bytes in that buffer. */
export function levelFill(record: usize, level: u32): usize {
  return record + SLOT_LEVEL_FILL + (level << 2);
}

/**
 * Whether a computation is under way in a slot.
 *
 * @param slot any number; slots that do not exist are never open
 */
export function isOpen(slot: u32): bool {
  return slot < <u32>VERITY_SLOTS && load<u32>(slotRecord(slot), SLOT_ALGORITHM) != 0;
}

/**
 * Begins a digest. A computation that was under way in the slot is dropped.
 *
 * @param slot 0 to VERITY_SLOTS - 1
 * @param algorithm HASH_SHA256 or HASH_SHA512
 * @param blockBits log2 of the block size, VERITY_BLOCK_BITS_MIN to VERITY_BLOCK_BITS_MAX
 * @param saltPtr the salt; not read when `saltLen` is 0, not kept
 * @param saltLen 0 (no salt) to VERITY_SALT_MAX_BYTES
 * @returns STATUS_OK, or STATUS_VERITY_PARAMETERS, which leaves the slot as it was
 */
export function open(slot: u32, algorithm: u32, blockBits: u32, saltPtr: usize, saltLen: u32): i32 {
  if (slot >= <u32>VERITY_SLOTS) return STATUS_VERITY_PARAMETERS;
  if (algorithm != HASH_SHA256 && algorithm != HASH_SHA512) return STATUS_VERITY_PARAMETERS;
  if (blockBits < <u32>VERITY_BLOCK_BITS_MIN || blockBits > <u32>VERITY_BLOCK_BITS_MAX) return STATUS_VERITY_PARAMETERS;
  if (saltLen > <u32>VERITY_SALT_MAX_BYTES) return STATUS_VERITY_PARAMETERS;
  const digestBytes = <u32>(algorithm == HASH_SHA256 ? SHA256_DIGEST_BYTES : SHA512_DIGEST_BYTES);
  // Holds for every supported block size; it is what keeps each level smaller than the one below.
  if ((<u32>1) << blockBits < 2 * digestBytes) return STATUS_VERITY_PARAMETERS;

  const record = slotRecord(slot);
  memory.fill(record, 0, DATA_BLOCK);
  store<u32>(record, algorithm, SLOT_ALGORITHM);
  store<u32>(record, blockBits, SLOT_BLOCK_BITS);
  store<u32>(record, digestBytes, SLOT_DIGEST_BYTES);
  store<u32>(record, max<u32>(LEVEL_BYTES_MIN, 1 << blockBits), SLOT_LEVEL_BYTES);
  if (saltLen) {
    store<u32>(record, saltLen, SLOT_SALT_BYTES);
    memory.copy(record + SLOT_SALT, saltPtr, saltLen);
  }
  if (algorithm == HASH_SHA256) {
    memory.copy(record + SLOT_CHAIN, SHA256_IV, SHA256_DIGEST_BYTES);
    if (saltLen) {
      store<u32>(record, <u32>SHA256_BLOCK_BYTES, SLOT_PREFIX_BYTES);
      // The data block is free until data arrives: a place to pad the salt to one input block of the hash.
      memory.fill(dataBlock(record), 0, SHA256_BLOCK_BYTES);
      memory.copy(dataBlock(record), record + SLOT_SALT, saltLen);
      sha256Compress(record + SLOT_CHAIN, dataBlock(record), 1);
    }
  } else {
    memory.copy(record + SLOT_CHAIN, SHA512_IV, SHA512_DIGEST_BYTES);
    if (saltLen) {
      store<u32>(record, <u32>SHA512_BLOCK_BYTES, SLOT_PREFIX_BYTES);
      memory.fill(dataBlock(record), 0, SHA512_BLOCK_BYTES);
      memory.copy(dataBlock(record), record + SLOT_SALT, saltLen);
      sha512Compress(record + SLOT_CHAIN, dataBlock(record), 1);
    }
  }
  return STATUS_OK;
}

/** Marks the slot at `record` as closed. */
export function closeRecord(record: usize): void {
  store<u32>(record, 0, SLOT_ALGORITHM);
}

/** Drops what is under way in all slots. */
export function closeAll(): void {
  for (let slot: u32 = 0; slot < <u32>VERITY_SLOTS; slot++) closeRecord(slotRecord(slot));
}

/** Bytes of a digest of an open slot. */
export function digestBytes(slot: u32): u32 {
  return load<u32>(slotRecord(slot), SLOT_DIGEST_BYTES);
}

/** log2 of the block size of an open slot. */
export function blockBits(slot: u32): u32 {
  return load<u32>(slotRecord(slot), SLOT_BLOCK_BITS);
}
