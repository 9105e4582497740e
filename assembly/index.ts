/**
 * The ABI: every export of the engine, and nothing else.
 *
 * Only numbers cross. Statuses are `STATUS_*` of abi.ts, 0 for success; when one is not 0 the error record says more.
 * The windows belong to the host between calls and to the engine during a call. One job at a time:
 *
 *   reset -> dumpBegin -> dumpWrite … -> dumpEnd -> (imageOpen -> imageRead … | printOpen -> printRead … | …) …
 *
 * A dumpfile that was refused answers STATUS_ENGINE_STATE until the next reset; an image that was refused leaves the
 * tree as it is. The verity verbs need no job and may be mixed
 * with one; `reset` closes their slots too.
 */

import {
  ABI_VERSION,
  CONTROL_ARENA_BYTES,
  DUMP_STRICT,
  HASH_SHA256,
  HASH_SHA512,
  INPUT_WINDOW_BYTES,
  LIMIT_COUNT,
  LIMIT_ENTRIES,
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_IMAGE_BLOCKS,
  LIMIT_IMAGE_BLOCKS_DEFAULT,
  LIMIT_LINE_BYTES,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_MEMORY_BYTES,
  LIMIT_MEMORY_BYTES_DEFAULT,
  STATUS_OK,
  VERITY_BLOCK_BITS_MAX,
  VERITY_SALT_MAX_BYTES,
  VERITY_SLOTS,
} from "./abi";
import { openPrint, readPrint } from "./dump/print";
import { beginDump, endDump, writeDump } from "./dump/read";
import { openImage, readImage } from "./erofs/image";
import { setSeed } from "./hash/siphash";
import { mark, release, reset as resetArena, setMemoryLimit, used } from "./mem/arena";
import { clearRecords, CONTROL, ERROR, fail, failArgument, failState, setControl } from "./mem/record";
import { DIGEST, INPUT, OUTPUT } from "./mem/windows";
import { findEntry, openCursor, readChildren, readEntries } from "./tree/cursor";
import { reset as resetTree } from "./tree/tree";
import * as verity from "./verity";

/** Where a job stands. */
const JOB_NONE = 0;
const JOB_READING = 1;
const JOB_TREE = 2;
const JOB_IMAGE = 3;
const JOB_CURSOR = 4;
const JOB_PRINT = 5;
const JOB_FAILED = 6;

let job = JOB_NONE;
/** What belongs to the tree; beyond it lies what an image or a cursor needs. */
let treeMark: usize = 0;

/** Limits by their numbers: the defaults, which are the most, and what is in force. */
const mostOfLimits = memory.data<u32>([
  LIMIT_MEMORY_BYTES_DEFAULT,
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_IMAGE_BLOCKS_DEFAULT,
]);
const limits = memory.data<u32>([
  LIMIT_MEMORY_BYTES_DEFAULT,
  LIMIT_ENTRIES_DEFAULT,
  LIMIT_LINE_BYTES_DEFAULT,
  LIMIT_IMAGE_BLOCKS_DEFAULT,
]);

function limitOf(index: u32): u32 {
  return load<u32>(limits + (index << 2));
}

// ---- the instance ------------------------------------------------------------------------------------------------

/** `ABI_VERSION` of this engine; a host compares it with its own. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Address of the control record. */
export function controlPtr(): usize {
  return CONTROL;
}

/** Address of the error record. */
export function errorPtr(): usize {
  return ERROR;
}

/** Address of the DIGEST_MAX_BYTES that `verityClose` fills. */
export function digestPtr(): usize {
  return DIGEST;
}

/** Address of the input window of INPUT_WINDOW_BYTES. */
export function inputPtr(): usize {
  return INPUT;
}

/** Address of the output window of OUTPUT_WINDOW_BYTES. */
export function outputPtr(): usize {
  return OUTPUT;
}

/**
 * Forgets the job and closes all verity slots. Limits stay.
 *
 * @param seedLow low half of 64 random bits for the hash tables; nothing of them shows in any output
 * @param seedHigh high half
 */
export function reset(seedLow: u32, seedHigh: u32): void {
  const seed = ((<u64>seedHigh) << 32) | seedLow;
  // SipHash wants 128 bits; an odd multiplier spreads the 64 over the second half.
  setSeed(seed, seed * 0x9e3779b97f4a7c15 + 1);
  resetArena();
  resetTree();
  verity.closeAll();
  clearRecords();
  job = JOB_NONE;
}

/**
 * Lowers a limit for all later jobs of the instance.
 *
 * @param index a `LIMIT_*` number
 * @param value bytes, entries or blocks, at most the default
 * @returns a status
 */
export function setLimit(index: u32, value: u32): i32 {
  if (index >= <u32>LIMIT_COUNT) return failArgument(index, LIMIT_COUNT - 1);
  const most = load<u32>(mostOfLimits + (index << 2));
  if (value > most) return failArgument(value, most);
  store<u32>(limits + (index << 2), value);
  if (index == LIMIT_MEMORY_BYTES) setMemoryLimit(value);
  return STATUS_OK;
}

/** Notes the outcome of a step of the job. */
function step(status: i32, next: i32): i32 {
  setControl(CONTROL_ARENA_BYTES, used());
  job = status == STATUS_OK ? next : JOB_FAILED;
  return status;
}

// ---- dumpfile -> tree --------------------------------------------------------------------------------------------

/**
 * Begins a dumpfile (composefs-dump(5)).
 *
 * @param flags DUMP_STRICT or 0
 * @returns a status
 */
export function dumpBegin(flags: u32): i32 {
  if (job != JOB_NONE) return failState();
  if (flags & ~DUMP_STRICT) return failArgument(flags, DUMP_STRICT);
  return step(beginDump(flags, limitOf(LIMIT_LINE_BYTES), limitOf(LIMIT_ENTRIES)), JOB_READING);
}

/**
 * Takes the next bytes of the dumpfile from the input window.
 *
 * @param length bytes, at most INPUT_WINDOW_BYTES; lines may be cut anywhere
 * @returns a status
 */
export function dumpWrite(length: u32): i32 {
  if (job != JOB_READING) return failState();
  if (length > <u32>INPUT_WINDOW_BYTES) return failArgument(length, INPUT_WINDOW_BYTES);
  return step(writeDump(INPUT, length), JOB_READING);
}

/**
 * Ends the dumpfile: the tree is complete and its counts are in the control record.
 *
 * @returns a status
 */
export function dumpEnd(): i32 {
  if (job != JOB_READING) return failState();
  const status = step(endDump(), JOB_TREE);
  treeMark = mark();
  return status;
}

/** Whether there is a tree to work on; drops what an earlier image or cursor needed. */
function turnToTree(): bool {
  if (job == JOB_NONE || job == JOB_READING || job == JOB_FAILED) return false;
  release(treeMark);
  return true;
}

// ---- tree -> image -----------------------------------------------------------------------------------------------

/**
 * Plans an EROFS image of the tree; its version, size and counts are in the control record. May be called again for
 * another format, also after a failure, which leaves the tree as it is.
 *
 * @param format FORMAT_V0, FORMAT_V1, FORMAT_V2 or FORMAT_AUTO
 * @returns a status
 */
export function imageOpen(format: u32): i32 {
  if (!turnToTree()) return failState();
  const status = step(openImage(format, limitOf(LIMIT_IMAGE_BLOCKS)), JOB_IMAGE);
  if (status != STATUS_OK) job = JOB_TREE;
  return status;
}

/**
 * Makes the next piece of the image in the output window and feeds it to verity slots.
 *
 * @param verityMask bit s: the open slot s takes the piece; 0 when the host hashes it (`verityWriteDigests`)
 * @returns bytes (all pieces but the last are multiples of 65536), 0 at the end, or a status, negated
 */
export function imageRead(verityMask: u32): i32 {
  if (job != JOB_IMAGE) return -failState();
  if (verityMask >> VERITY_SLOTS) return -failArgument(verityMask, (1 << VERITY_SLOTS) - 1);
  for (let slot: u32 = 0; slot < <u32>VERITY_SLOTS; slot++) {
    if (verityMask & (1 << slot) && !verity.isOpen(slot)) return -failState();
  }
  const length = readImage();
  for (let slot: u32 = 0; slot < <u32>VERITY_SLOTS; slot++) {
    if (verityMask & (1 << slot)) verity.update(slot, OUTPUT, length);
  }
  return length;
}

// ---- tree -> dumpfile --------------------------------------------------------------------------------------------

/**
 * Begins the canonical dumpfile of the tree: one form for each tree, which reads back as the same.
 *
 * @returns a status
 */
export function printOpen(): i32 {
  if (!turnToTree()) return failState();
  const status = step(openPrint(), JOB_PRINT);
  if (status != STATUS_OK) job = JOB_TREE;
  return status;
}

/**
 * Makes the next piece of the canonical dumpfile in the output window.
 *
 * @returns bytes, 0 at the end, or a status, negated
 */
export function printRead(): i32 {
  return job == JOB_PRINT ? readPrint() : -failState();
}

// ---- cursor ------------------------------------------------------------------------------------------------------

/**
 * Opens the cursor on the tree.
 *
 * @returns a status
 */
export function cursorOpen(): i32 {
  if (!turnToTree()) return failState();
  const status = step(openCursor(), JOB_CURSOR);
  if (status != STATUS_OK) job = JOB_TREE;
  return status;
}

/**
 * Writes records of entries in depth-first order into the output window.
 *
 * @param first index of the first one
 * @returns a status; CONTROL_CURSOR_COUNT records, none behind the last entry
 */
export function cursorRead(first: u32): i32 {
  return job == JOB_CURSOR ? readEntries(first) : failState();
}

/**
 * Writes records of a directory's entries into the output window.
 *
 * @param index of the directory
 * @param from the first of its entries to write
 * @returns a status; CONTROL_CURSOR_COUNT records, none behind the last entry
 */
export function cursorChildren(index: u32, from: u32): i32 {
  return job == JOB_CURSOR ? readChildren(index, from) : failState();
}

/**
 * Finds an entry by the absolute path in the input window.
 *
 * @param length bytes of the path
 * @returns its index, or -1
 */
export function cursorFind(length: u32): i32 {
  return job == JOB_CURSOR && length <= <u32>INPUT_WINDOW_BYTES ? findEntry(INPUT, length) : -1;
}

// ---- fs-verity ---------------------------------------------------------------------------------------------------

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
