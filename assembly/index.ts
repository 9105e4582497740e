/**
 * The ABI: every export of the engine, and nothing else.
 *
 * The module imports nothing, and only numbers cross: every parameter and every result is an i32 of WebAssembly. Where
 * u32 or usize is written, hosts see addresses and counts above 2^31 as negative numbers and take them modulo 2^32.
 * Bytes lie in the exported `memory`. The windows belong to the host between calls and to the engine during a call: the
 * host writes input to the input window, calls, and takes what the call left in the output window before the next one.
 *
 *   - A call may grow memory. Where that detaches views (JavaScript) or moves memory (most others), a host makes its view
 *     anew after each call. Addresses stay as they are. Memory never shrinks; the next job reuses it.
 *   - A status is a STATUS_* number, 0 for success; when it is not 0 the error record says more, until the next call.
 *     Where a call gives bytes or a count, a status comes negated.
 *   - `reset` begins a job, whatever became of the one before. One job at a time: what an instance does is in one thread,
 *     and instances share nothing.
 *   - An input that was refused answers STATUS_ENGINE_STATE until the next reset; an image that could not be made leaves
 *     the tree as it is. STATUS_ENGINE_STATE and STATUS_ENGINE_ARGUMENT are otherwise mistakes of the host.
 *   - A trap (`unreachable`, an access out of bounds, a stack that overflows) is a bug of the engine, never the fault of an
 *     input. The host drops the instance, whose memory may hold anything.
 *
 * The jobs; `…` is what may come again, in brackets what may be left out:
 *
 *   a tree of a dumpfile   reset, dumpBegin, dumpWrite …, dumpEnd
 *   a tree of an image     reset, scanBegin, scanWrite …, scanEnd
 *   a tree of layers       for each layer: reset, layerBegin, layerWrite …, layerEnd; the host keeps the records. Then:
 *                          reset, mergeBegin, (mergeLayer, mergeWrite …) … base first, mergeEnd,
 *                          [labelBegin, labelText …, labelEntries …, labelEnd]
 *
 * What a tree can become, in any order and as often as one likes, until the next reset; the last needs neither tree nor job:
 *
 *   an image, its digests  imageOpen, [verityOpen for each digest], imageRead … until 0, [verityClose for each digest]
 *   a dumpfile             printOpen, printRead … until 0
 *   entries, to look at    cursorOpen, (cursorRead | cursorChildren | cursorFind) …
 *   of an image's tree     scanBytes …; infoOpen, infoRead … until 0; regionOpen, (regionRead | regionPath) …
 *   a digest of any bytes  verityOpen, verityWrite …, verityClose
 *
 * From a dumpfile to an image and its digest, here format V1 with SHA-256 and 4096-byte blocks:
 *
 *   reset(seedLow, seedHigh)                       64 random bits; nothing of them shows in an output
 *   check(dumpBegin(0))
 *   for each piece of the file, at most INPUT_WINDOW_BYTES:
 *     copy the piece to memory[inputPtr()]
 *     check(dumpWrite(length of the piece))
 *   check(dumpEnd())
 *   check(imageOpen(FORMAT_V1))                    size and counts are in the control record now
 *   check(verityOpen(0, HASH_SHA256, 12, 0))       slot 0, no salt
 *   while (n = imageRead(1 << 0)) > 0:             the engine feeds what it writes to slot 0
 *     take n bytes of memory[outputPtr()]          they are the image; who wants the digest alone leaves them
 *   check(-n)
 *   n = verityClose(0)                             n bytes at digestPtr(): the digest
 */

import {
  ABI_VERSION,
  DUMP_STRICT,
  INPUT_WINDOW_BYTES,
  LIMIT_COUNT,
  LIMIT_ENTRIES,
  LIMIT_IMAGE_BLOCKS,
  LIMIT_LINE_BYTES,
  LIMIT_SCAN_BYTES,
  SCAN_STRICT,
  STATUS_OK,
  OUTPUT_WINDOW_BYTES,
  VERITY_SLOTS,
} from "./abi";
import { openPrint, readPrint } from "./dump/print";
import { beginDump, endDump, writeDump } from "./dump/read";
import { openImage, readImage } from "./erofs/image";
import { openInfo, readInfo } from "./erofs/info";
import { beginScan, copyScanned, endScan, isScanned, reset as resetScan, writeScan } from "./erofs/read";
import { openRegions, readRegions, spellEntry } from "./erofs/regions";
import { setSeed } from "./hash/siphash";
import { reset as resetArena } from "./mem/arena";
import {
  job,
  JOB_CURSOR,
  JOB_DUMP,
  JOB_IMAGE,
  JOB_INFO,
  JOB_NONE,
  JOB_PRINT,
  JOB_REGIONS,
  JOB_SCAN,
  resetJob,
  step,
  stepFromTree,
  stepToTree,
  turnToTree,
} from "./mem/job";
import { limitOf, lower, mostOf } from "./mem/limits";
import { clearRecords, CONTROL, ERROR, failArgument, failState } from "./mem/record";
import { DIGEST, INPUT, OUTPUT } from "./mem/windows";
import { findEntry, openCursor, readChildren, readEntries } from "./tree/cursor";
import { reset as resetTree } from "./tree/tree";
import * as verity from "./verity";

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
  resetScan();
  verity.closeAll();
  clearRecords();
  resetJob();
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
  return lower(index, value) ? STATUS_OK : failArgument(value, mostOf(index));
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
  return step(beginDump(flags, limitOf(LIMIT_LINE_BYTES), limitOf(LIMIT_ENTRIES)), JOB_DUMP);
}

/**
 * Takes the next bytes of the dumpfile from the input window.
 *
 * @param length bytes, at most INPUT_WINDOW_BYTES; lines may be cut anywhere
 * @returns a status
 */
export function dumpWrite(length: u32): i32 {
  if (job != JOB_DUMP) return failState();
  if (length > <u32>INPUT_WINDOW_BYTES) return failArgument(length, INPUT_WINDOW_BYTES);
  return step(writeDump(INPUT, length), JOB_DUMP);
}

/**
 * Ends the dumpfile: the tree is complete and its counts are in the control record.
 *
 * @returns a status
 */
export function dumpEnd(): i32 {
  if (job != JOB_DUMP) return failState();
  return stepToTree(endDump());
}

// ---- image -> tree -----------------------------------------------------------------------------------------------

/**
 * Begins an EROFS image, which the engine holds until the next reset (erofs-reader.md).
 *
 * @param flags SCAN_STRICT or 0
 * @returns a status
 */
export function scanBegin(flags: u32): i32 {
  if (job != JOB_NONE) return failState();
  if (flags & ~SCAN_STRICT) return failArgument(flags, SCAN_STRICT);
  return step(beginScan(flags, limitOf(LIMIT_SCAN_BYTES), limitOf(LIMIT_ENTRIES)), JOB_SCAN);
}

/**
 * Takes the next bytes of the image from the input window. What is not an image of composefs is refused as soon as its
 * superblock is there.
 *
 * @param length bytes, at most INPUT_WINDOW_BYTES
 * @returns a status
 */
export function scanWrite(length: u32): i32 {
  if (job != JOB_SCAN) return failState();
  if (length > <u32>INPUT_WINDOW_BYTES) return failArgument(length, INPUT_WINDOW_BYTES);
  return step(writeScan(INPUT, length), JOB_SCAN);
}

/**
 * Ends the image: its tree is read, and its counts are in the control record.
 *
 * @returns a status
 */
export function scanEnd(): i32 {
  if (job != JOB_SCAN) return failState();
  return stepToTree(endScan());
}

/**
 * Copies bytes of the image that was read into the output window.
 *
 * @param offset in the image
 * @param length bytes, at most OUTPUT_WINDOW_BYTES; cut at the end of the image
 * @returns bytes copied, or a status, negated
 */
export function scanBytes(offset: u32, length: u32): i32 {
  if (job == JOB_SCAN || !isScanned()) return -failState();
  if (length > <u32>OUTPUT_WINDOW_BYTES) return -failArgument(length, OUTPUT_WINDOW_BYTES);
  return copyScanned(offset, length);
}

// ---- tar -> layer records, layer records -> tree -----------------------------------------------------------------------

export { layerBegin, layerEnd, layerWrite } from "./tar/exports";
export { mergeBegin, mergeEnd, mergeLayer, mergeWrite } from "./layer/exports";
export { labelBegin, labelEnd, labelEntries, labelText } from "./tree/exports";

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
  return stepFromTree(openImage(format, limitOf(LIMIT_IMAGE_BLOCKS)), JOB_IMAGE);
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
  return stepFromTree(openPrint(), JOB_PRINT);
}

/**
 * Makes the next piece of the canonical dumpfile in the output window.
 *
 * @returns bytes, 0 at the end, or a status, negated
 */
export function printRead(): i32 {
  return job == JOB_PRINT ? readPrint() : -failState();
}

// ---- image that was read -> what the reference prints of it, and what its bytes are ------------------------------------

/**
 * Begins what `composefs-info dump` of C prints of the image that was read (dumpfile.md 7).
 *
 * @returns a status
 */
export function infoOpen(): i32 {
  if (!isScanned() || !turnToTree()) return failState();
  return stepFromTree(openInfo(), JOB_INFO);
}

/**
 * Makes the next piece of it in the output window.
 *
 * @returns bytes, 0 at the end, or a status, negated
 */
export function infoRead(): i32 {
  return job == JOB_INFO ? readInfo() : -failState();
}

/**
 * Lists the regions of the image that was read, in the order of the image.
 *
 * @returns a status
 */
export function regionOpen(): i32 {
  if (!isScanned() || !turnToTree()) return failState();
  return stepFromTree(openRegions(), JOB_REGIONS);
}

/**
 * Writes the next region records into the output window.
 *
 * @returns bytes, a multiple of REGION_RECORD_BYTES, 0 at the end, or a status, negated
 */
export function regionRead(): i32 {
  return job == JOB_REGIONS ? readRegions() : -failState();
}

/**
 * Writes the absolute path of an entry into the output window, between two calls of `regionRead`.
 *
 * @param entry as a region record names it
 * @returns bytes, 0 when there is no such entry, or a status, negated
 */
export function regionPath(entry: u32): i32 {
  return job == JOB_REGIONS ? spellEntry(entry) : -failState();
}

// ---- cursor ------------------------------------------------------------------------------------------------------

/**
 * Opens the cursor on the tree.
 *
 * @returns a status
 */
export function cursorOpen(): i32 {
  if (!turnToTree()) return failState();
  return stepFromTree(openCursor(), JOB_CURSOR);
}

/**
 * Writes records of entries in depth-first order into the output window.
 *
 * @param first index of the first one
 * @returns a status; CONTROL_CURSOR_COUNT records (CURSOR_*), none behind the last entry
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

export { verityBlocks, verityClose, verityOpen, verityWrite, verityWriteDigests } from "./verity/exports";
