/**
 * The exports of fs-verity: digests of any bytes, in slots, with or without a job.
 */

import {
  HASH_SHA256,
  HASH_SHA512,
  INPUT_WINDOW_BYTES,
  STATUS_OK,
  VERITY_BLOCK_BITS_MAX,
  VERITY_SALT_MAX_BYTES,
} from "../abi";
import { fail, failArgument, failState } from "../mem/record";
import { DIGEST, INPUT, OUTPUT } from "../mem/windows";
import * as verity from "./index";

/**
 * Begins a digest in a slot; the salt lies in the input window.
 *
 * @param slot 0 to VERITY_SLOTS - 1
 * @param algorithm HASH_SHA256 or HASH_SHA512
 * @param blockBits log2 of the block size in bytes, 10 to 16
 * @param saltLength bytes, 0 to VERITY_SALT_MAX_BYTES
 * @returns a status
 */
export function verityOpen(slot: u32, algorithm: u32, blockBits: u32, saltLength: u32): i32 {
  const status = verity.open(slot, algorithm, blockBits, INPUT, saltLength);
  if (status == STATUS_OK) return status;
  // Which of the three is at fault: the number that is out of its range, and the most that it may be.
  if (saltLength > <u32>VERITY_SALT_MAX_BYTES) return fail(status, saltLength, VERITY_SALT_MAX_BYTES);
  if (algorithm != HASH_SHA256 && algorithm != HASH_SHA512) return fail(status, algorithm, HASH_SHA512);
  return fail(status, blockBits, VERITY_BLOCK_BITS_MAX);
}

/**
 * Takes the next bytes of the data from the input window.
 *
 * @param length bytes, at most INPUT_WINDOW_BYTES
 * @returns a status
 */
export function verityWrite(slot: u32, length: u32): i32 {
  if (!verity.isOpen(slot)) return failState();
  if (length > <u32>INPUT_WINDOW_BYTES) return failArgument(length, INPUT_WINDOW_BYTES);
  verity.update(slot, INPUT, length);
  return STATUS_OK;
}

/**
 * Takes digests of the next data blocks, made elsewhere with the slot's parameters, from the input window.
 *
 * @param count number of digests, as many as the window holds at most
 * @param dataLength bytes of data that they stand for; only the last block of all may be short
 * @returns a status
 */
export function verityWriteDigests(slot: u32, count: u32, dataLength: u32): i32 {
  if (!verity.isOpen(slot)) return failState();
  const most = <u32>INPUT_WINDOW_BYTES / verity.digestBytes(slot);
  if (count > most) return failArgument(count, most);
  const status = verity.appendDigests(slot, INPUT, count, dataLength);
  return status == STATUS_OK ? status : fail(status, dataLength, (<u64>count) << verity.blockBits(slot));
}

/**
 * Hashes the blocks in the input window with the slot's parameters, without touching its running digest: what a worker
 * does for `verityWriteDigests` of another instance.
 *
 * @param length bytes, at most INPUT_WINDOW_BYTES; a last short block is padded with zeros
 * @returns number of digests, now in the output window, or a status, negated
 */
export function verityBlocks(slot: u32, length: u32): i32 {
  if (!verity.isOpen(slot)) return -failState();
  if (length > <u32>INPUT_WINDOW_BYTES) return -failArgument(length, INPUT_WINDOW_BYTES);
  return verity.blockDigests(slot, INPUT, length, OUTPUT);
}

/**
 * Ends a digest and closes the slot.
 *
 * @returns bytes of the digest (32 or 64), now at `digestPtr`, or a status, negated
 */
export function verityClose(slot: u32): i32 {
  if (!verity.isOpen(slot)) return -failState();
  return verity.close(slot, DIGEST);
}
