/**
 * A dumpfile from chunks of any size: lines are parsed where they lie in the input window; one that a chunk cuts is
 * carried over. Every byte is copied at most once more, whatever the chunks are.
 */

import {
  DUMP_STRICT,
  FIELD_NONE,
  LIMIT_LINE_BYTES_DEFAULT,
  STATUS_DUMP_EMPTY_INPUT,
  STATUS_DUMP_LINE_TOO_LONG,
  STATUS_DUMP_NUL_BYTE,
  STATUS_DUMP_STRICT_FINAL_NEWLINE,
  STATUS_OK,
} from "../abi";
import { failAt, failMemory } from "../mem/record";
import { begin as beginOverlay } from "../tree/overlay";
import { publishCounts } from "../tree/tree";
import { completeTree } from "./complete";
import { configure, parseLine } from "./parse";
import { resetPath } from "./path";
import { beginLine, failHere, line, resetPlace } from "./place";
import { resetTokens } from "./tokens";

const LF: u8 = 0x0a;

/** The line that the last chunk cut; its bytes were scanned and hold no LF. */
const carry = memory.data(LIMIT_LINE_BYTES_DEFAULT + 64, 16);
let carried: u32 = 0;

let lineLimit: u32 = 0;
let flags: u32 = 0;
/** Bytes of the input before the current line. */
let offset: u64 = 0;

/** `findFeed` found a zero byte before any LF. */
let sawZero: bool = false;

/** Address of the first LF in a range, or its end; looks for zero bytes on the way. */
function findFeed(at: usize, end: usize): usize {
  const feed = i8x16.splat(LF);
  sawZero = false;
  while (at + 16 <= end) {
    const bytes = v128.load(at);
    // The smaller of x and x ^ LF is zero where x is either of the two.
    if (!i8x16.all_true(i8x16.min_u(bytes, v128.xor(bytes, feed)))) break;
    at += 16;
  }
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == LF) return at;
    if (!byte) {
      sawZero = true;
      return at;
    }
    at++;
  }
  return end;
}

/**
 * Begins a dumpfile; the engine was reset before.
 *
 * @param newFlags DUMP_STRICT or 0
 * @param lines most bytes of a line, `entries` most entries
 * @returns a status
 */
export function beginDump(newFlags: u32, lines: u32, entries: u32): i32 {
  flags = newFlags;
  lineLimit = lines;
  carried = 0;
  offset = 0;
  resetPlace();
  resetPath();
  resetTokens();
  configure(newFlags, entries);
  return beginOverlay() ? STATUS_OK : failMemory();
}

function takeLine(at: usize, end: usize): i32 {
  beginLine(at, offset);
  const status = parseLine(at, end);
  offset += <u64>(end - at) + 1;
  return status;
}

/** Fails in a line that has not been parsed; `before` of its bytes come before the one at fault. */
function failInLine(status: i32, before: u64, actual: u64, limit: u64): i32 {
  beginLine(0, offset);
  return failAt(status, FIELD_NONE, offset + before, line, actual, limit);
}

/**
 * Takes the next bytes.
 *
 * @returns a status
 */
export function writeDump(at: usize, len: u32): i32 {
  const end = at + len;
  while (at < end) {
    // No line is looked at beyond its limit, so that what is wrong with it does not depend on the chunks.
    const room = <usize>(lineLimit + 1 - carried);
    const scanEnd = end - at > room ? at + room : end;
    const stop = findFeed(at, scanEnd);
    const part = <u32>(stop - at);
    if (sawZero) return failInLine(STATUS_DUMP_NUL_BYTE, carried + part, 0, 0);
    if (carried + part > lineLimit) return failInLine(STATUS_DUMP_LINE_TOO_LONG, 0, lineLimit + 1, lineLimit);
    let status = STATUS_OK;
    if (stop == end) {
      memory.copy(carry + carried, at, part);
      carried += part;
      return STATUS_OK;
    }
    if (carried) {
      memory.copy(carry + carried, at, part);
      const lineEnd = carry + carried + part;
      store<u8>(lineEnd, LF);
      carried = 0;
      status = takeLine(carry, lineEnd);
    } else {
      status = takeLine(at, stop);
    }
    if (status != STATUS_OK) return status;
    at = stop + 1;
  }
  return STATUS_OK;
}

/**
 * Ends the dumpfile and completes the tree.
 *
 * @returns a status
 */
export function endDump(): i32 {
  if (carried) {
    store<u8>(carry + carried, LF);
    const end = carry + carried;
    carried = 0;
    const status = takeLine(carry, end);
    if (status != STATUS_OK) return status;
    // There was no LF to count.
    offset--;
    if (flags & DUMP_STRICT) return failHere(STATUS_DUMP_STRICT_FINAL_NEWLINE, FIELD_NONE, 0, 0);
  }
  if (line == 0) return failHere(STATUS_DUMP_EMPTY_INPUT, FIELD_NONE, 0, 0);
  const status = completeTree((flags & DUMP_STRICT) != 0);
  if (status != STATUS_OK) return status;
  publishCounts(offset);
  return STATUS_OK;
}
