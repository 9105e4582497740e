/**
 * A layer's tar, in chunks of any size, becomes layer records (oci-to-tree.md 2).
 *
 *   block -> header -> extensions … -> entry -> content -> record
 *
 * Nothing is kept of the tar but what the next entry needs: a header that a chunk cut, extension data.
 */

import {
  CONTROL_LAYER_BYTES,
  CONTROL_LAYER_ENTRIES,
  CONTROL_LAYER_TAKEN,
  LAYER_CONTENT,
  OUTPUT_WINDOW_BYTES,
  RECORD_MAX_BYTES,
  STATUS_OK,
  STATUS_TAR_EXTENSION_PENDING,
  STATUS_TAR_EXTENSION_TOO_LARGE,
  STATUS_TAR_GLOBAL_BETWEEN,
  STATUS_TAR_LONE_ZERO_BLOCK,
  STATUS_TAR_STRAY_ZERO_BLOCK,
  STATUS_TAR_TOO_MANY_ENTRIES,
  STATUS_TAR_TRUNCATED_DATA,
  STATUS_TAR_TRUNCATED_HEADER,
  STATUS_TAR_TYPE,
  TAR_EXTENSIONS_MAX_BYTES,
} from "../abi";
import { setControl } from "../mem/record";
import { INPUT, OUTPUT } from "../mem/windows";
import { TYPE_REGULAR } from "../tree/node";
import { beginContent, endContent, setHashes, takeContent } from "./content";
import { emitBegin, emitData, emitEntry } from "./emit";
import * as entry from "./entry";
import { beginExtension, collect, endExtension, isPending, resetExtensions } from "./extension";
import { BLOCK_BYTES, FORMAT_OLD, format, isZeroBlock, readHeader, size, typeByte } from "./header";
import { beginHeader, failTar, offset, pass, resetPlace } from "./place";

/** What the next bytes are. */
const STATE_HEADER: u32 = 0;
/** One zero block came: the next one decides. */
const STATE_ZERO: u32 = 1;
const STATE_EXTENSION: u32 = 2;
/** Data of a global header. */
const STATE_SKIP: u32 = 3;
const STATE_CONTENT: u32 = 4;
/** Bytes up to the next block. */
const STATE_PAD: u32 = 5;
/** Behind the end marker: not looked at. */
const STATE_END: u32 = 6;

let state: u32 = STATE_HEADER;
/** Bytes of the state that are still to come, and of the pad behind them. */
let left: u64 = 0;
let padding: u32 = 0;

/** A header that a chunk cut. */
const block = memory.data(<i32>BLOCK_BYTES, 16);
let filled: u32 = 0;

let flags: u32 = 0;
let entryLimit: u32 = 0;
let entries: u32 = 0;
/** Offset of the content of the entry that is being read. */
let dataOffset: u64 = 0;
/** Where the next record goes. */
let output: usize = 0;

/** Begins a tar. @param newFlags LAYER_SHA256, LAYER_SHA512, LAYER_CONTENT @param limit most entries */
export function beginLayer(newFlags: u32, limit: u32): void {
  flags = newFlags;
  entryLimit = limit;
  entries = 0;
  state = STATE_HEADER;
  left = 0;
  filled = 0;
  resetPlace();
  resetExtensions();
  entry.resetEntry();
  setHashes(newFlags);
}

/** Turns to `bytes` of data and their pad. */
function beginData(newState: u32, bytes: u64): void {
  state = newState;
  left = bytes;
  padding = (BLOCK_BYTES - <u32>(bytes & (BLOCK_BYTES - 1))) & (BLOCK_BYTES - 1);
}

/** Takes the header at `at`. @returns a status */
function takeHeader(at: usize): i32 {
  if (isZeroBlock(at)) {
    if (isPending()) return failTar(STATUS_TAR_EXTENSION_PENDING, 0, 0);
    state = STATE_ZERO;
    return STATUS_OK;
  }
  let status = readHeader(at);
  if (status != STATUS_OK) return status;
  switch (typeByte) {
    case 0x67: // g
      if (isPending()) return failTar(STATUS_TAR_GLOBAL_BETWEEN, 0, 0);
      if (size > <u64>TAR_EXTENSIONS_MAX_BYTES) {
        return failTar(STATUS_TAR_EXTENSION_TOO_LARGE, size, TAR_EXTENSIONS_MAX_BYTES);
      }
      entry.noteGlobal();
      beginData(STATE_SKIP, size);
      return STATUS_OK;
    case 0x4b: // K
    case 0x4c: // L
    case 0x78: // x
      if (format == FORMAT_OLD) return failTar(STATUS_TAR_TYPE, typeByte, 0);
      status = beginExtension(typeByte, size);
      if (status == STATUS_OK) beginData(STATE_EXTENSION, size);
      return status;
    default:
      return takeEntry();
  }
}

/** Takes the entry of the header; content comes next when it is a regular file. */
function takeEntry(): i32 {
  const status = entry.readEntry();
  if (status != STATUS_OK) return status;
  if (entries == entryLimit) return failTar(STATUS_TAR_TOO_MANY_ENTRIES, entries + 1, entryLimit);
  entries++;
  dataOffset = offset;
  beginContent(entry.type == TYPE_REGULAR ? entry.size : 0);
  if (flags & LAYER_CONTENT && entry.type == TYPE_REGULAR) output = emitBegin(output, dataOffset);
  beginData(STATE_CONTENT, entry.size);
  return STATUS_OK;
}

/** The data of the state is complete. @returns a status */
function endData(): i32 {
  let status = STATUS_OK;
  if (state == STATE_EXTENSION) {
    status = endExtension();
  } else if (state == STATE_CONTENT) {
    endContent();
    output = emitEntry(output, dataOffset);
    resetExtensions();
  }
  state = STATE_PAD;
  left = padding;
  return status;
}

/** Takes `len` bytes of data. */
function takeData(at: usize, len: u32): void {
  if (state == STATE_EXTENSION) collect(at, len);
  else if (state == STATE_CONTENT) {
    takeContent(at, len);
    if (flags & LAYER_CONTENT) output = emitData(output, at - INPUT, len);
  }
}

/** Takes one block, whole or the rest of one. @returns bytes taken */
function gather(at: usize, len: u32): u32 {
  const taken = min(BLOCK_BYTES - filled, len);
  memory.copy(block + filled, at, taken);
  filled += taken;
  return taken;
}

/** Whether one more record surely fits. */
function hasRoom(): bool {
  return output <= OUTPUT + (OUTPUT_WINDOW_BYTES - 2 * RECORD_MAX_BYTES);
}

/**
 * Takes bytes of the tar from the input window, as many as there is room for the records that they make.
 *
 * @param from offset in the input window
 * @param length bytes
 * @returns bytes of records, now in the output window, or a status, negated; CONTROL_LAYER_TAKEN bytes were taken
 */
export function writeLayer(from: u32, length: u32): i32 {
  output = OUTPUT;
  let at = INPUT + from;
  const end = at + length;
  while (hasRoom()) {
    let status = STATUS_OK;
    if (state == STATE_HEADER || state == STATE_ZERO) {
      if (at == end) break;
      const taken = gather(at, <u32>(end - at));
      at += taken;
      pass(taken);
      if (filled < BLOCK_BYTES) break;
      filled = 0;
      beginHeader(BLOCK_BYTES);
      if (state == STATE_HEADER) status = takeHeader(block);
      else if (isZeroBlock(block)) state = STATE_END;
      else status = failTar(STATUS_TAR_STRAY_ZERO_BLOCK, 0, 0);
    } else if (state == STATE_END) {
      pass(end - at);
      at = end;
      break;
    } else if (left) {
      if (at == end) break;
      const taken = <u32>min<u64>(left, end - at);
      takeData(at, taken);
      at += taken;
      pass(taken);
      left -= taken;
    } else if (state == STATE_PAD) {
      state = STATE_HEADER;
    } else {
      status = endData();
    }
    if (status != STATUS_OK) return -status;
  }
  setControl(CONTROL_LAYER_TAKEN, at - INPUT - from);
  setControl(CONTROL_LAYER_ENTRIES, entries);
  setControl(CONTROL_LAYER_BYTES, offset);
  return <i32>(output - OUTPUT);
}

/** Ends the tar. @returns a status */
export function endLayer(): i32 {
  beginHeader(filled);
  if (state == STATE_END) return STATUS_OK;
  if (state == STATE_HEADER || state == STATE_ZERO) {
    if (filled) return failTar(STATUS_TAR_TRUNCATED_HEADER, filled, BLOCK_BYTES);
    if (state == STATE_ZERO) return failTar(STATUS_TAR_LONE_ZERO_BLOCK, 0, 0);
    return isPending() ? failTar(STATUS_TAR_EXTENSION_PENDING, 0, 0) : STATUS_OK;
  }
  // Content and pads of nothing are complete without another byte.
  if (left == 0 && state == STATE_PAD) return isPending() ? failTar(STATUS_TAR_EXTENSION_PENDING, 0, 0) : STATUS_OK;
  return failTar(STATUS_TAR_TRUNCATED_DATA, 0, left);
}
