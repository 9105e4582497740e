/**
 * Fields of a line: runs of bytes up to the next space, taken one after the other.
 *
 * A line in memory is followed by its LF, which ends the last field as a space ends the others; so the scan needs no
 * length and may look at whole vectors (the windows have room to overshoot).
 */

import {
  FIELD_DIGEST,
  FIELD_MODE,
  FIELD_MTIME,
  STATUS_DUMP_FIELD_MISSING,
  STATUS_DUMP_MODE_AT,
  STATUS_DUMP_MTIME,
  STATUS_DUMP_NSEC_RANGE,
  STATUS_DUMP_NUMBER,
  STATUS_DUMP_NUMBER_NEGATIVE,
  STATUS_DUMP_NUMBER_RANGE,
  STATUS_DUMP_NUMBER_WHITE_SPACE,
  STATUS_OK,
} from "../abi";
import { unescape, unescapeStatus } from "./escapes";
import { after, NUMBER_BAD, NUMBER_OK, readSigned, readUnsigned, value } from "./numbers";
import { beginField, failHere } from "./place";

const SPACE: u32 = 0x20;
const LF: u32 = 0x0a;
const NANOSECONDS_MAX: u64 = 999999999;

/** Whether the field that `fieldEnd` passed holds a backslash. */
export let fieldEscaped: bool = false;

/** Address of the space or LF that ends the field at `at`. */
export function fieldEnd(at: usize): usize {
  const space = i8x16.splat(0x20);
  const feed = i8x16.splat(0x0a);
  const backslash = i8x16.splat(0x5c);
  fieldEscaped = false;
  while (true) {
    const bytes = v128.load(at);
    const ends = i8x16.bitmask(v128.or(i8x16.eq(bytes, space), i8x16.eq(bytes, feed)));
    const escapes = i8x16.bitmask(i8x16.eq(bytes, backslash));
    if (ends) {
      const n = ctz(ends);
      if (escapes & ((1 << n) - 1)) fieldEscaped = true;
      return at + n;
    }
    if (escapes) fieldEscaped = true;
    at += 16;
  }
}

/** Whether a field is the lone `-` of an absent value. */
export function isAbsent(at: usize, end: usize): bool {
  return end - at == 1 && load<u8>(at) == 0x2d;
}

/** Address of the unescaped field and its length, as `takeText` found them. */
export let text: usize = 0;
export let textLen: u32 = 0;

/** Unescapes a field that may have escapes. @returns a status */
export function takeText(at: usize, end: usize, escaped: bool, scratch: usize, field: u32): i32 {
  text = at;
  textLen = <u32>(end - at);
  if (!escaped) return STATUS_OK;
  const len = unescape(at, end, scratch);
  if (len < 0) return failHere(unescapeStatus(len), field, 0, 0);
  text = scratch;
  textLen = <u32>len;
  return STATUS_OK;
}

/** Fields that the line must have at least; for the words of an error. */
let fieldsWanted: u32 = FIELD_DIGEST;

/** Says how many fields the line must have. */
export function wantFields(count: u32): void {
  fieldsWanted = count;
}

/** Where the next field begins. */
export let fieldAt: usize = 0;

/** Turns to the field at `at`. */
export function seek(at: usize): void {
  fieldAt = at;
  beginField(at);
}

/** What is wrong with a field that is no number: C takes some of these, so each has a code of its own. */
function notNumber(field: u32): i32 {
  const first = <u32>load<u8>(fieldAt);
  // strtoull skips white space: TAB, VT, FF, CR
  if (first == 0x09 || (first >= 0x0b && first <= 0x0d)) return STATUS_DUMP_NUMBER_WHITE_SPACE;
  if (first == 0x2d && <u32>load<u8>(fieldAt + 1) - 0x30 < 10) return STATUS_DUMP_NUMBER_NEGATIVE;
  if (field == FIELD_MODE && <u32>load<u8>(after) == 0x40) return STATUS_DUMP_MODE_AT;
  return STATUS_DUMP_NUMBER;
}

/** Requires that a number, whose reader returned `outcome`, fills its field and that another field follows. */
export function endNumber(outcome: u32, field: u32, limit: u64): i32 {
  const ends = <u32>load<u8>(after);
  if (outcome == NUMBER_BAD || (ends != SPACE && ends != LF)) return failHere(notNumber(field), field, 0, 0);
  if (outcome != NUMBER_OK) return failHere(STATUS_DUMP_NUMBER_RANGE, field, value, limit);
  return passField(field, after);
}

/** Reads an unsigned number that fills its field; its value is `numbers.value`. @returns a status */
export function takeUnsigned(field: u32, limit: u64): i32 {
  return endNumber(readUnsigned(fieldAt, limit), field, limit);
}

/** Passes a field that is not a number; another must follow. */
export function passField(field: u32, end: usize): i32 {
  if (<u32>load<u8>(end) != SPACE) {
    beginField(end);
    return failHere(STATUS_DUMP_FIELD_MISSING, field + 1, field, fieldsWanted);
  }
  seek(end + 1);
  return STATUS_OK;
}

export let seconds: i64 = 0;
export let nanoseconds: u32 = 0;

/** Reads `sec.nsec`, two numbers and not a fraction, into `seconds` and `nanoseconds`. @returns a status */
export function takeMtime(): i32 {
  const outcome = readSigned(fieldAt);
  if (outcome == NUMBER_BAD || <u32>load<u8>(after) != 0x2e) return failHere(STATUS_DUMP_MTIME, FIELD_MTIME, 0, 0);
  if (outcome != NUMBER_OK) {
    // Below the least number there is nothing to show as the largest.
    const isNegative = <u32>load<u8>(fieldAt) == 0x2d;
    return failHere(STATUS_DUMP_NUMBER_RANGE, FIELD_MTIME, isNegative ? 0 : value, isNegative ? 0 : <u64>i64.MAX_VALUE);
  }
  seconds = <i64>value;
  const fraction = readUnsigned(after + 1, NANOSECONDS_MAX);
  const ends = <u32>load<u8>(after);
  if (fraction == NUMBER_BAD || (ends != SPACE && ends != LF)) return failHere(STATUS_DUMP_MTIME, FIELD_MTIME, 0, 0);
  if (fraction != NUMBER_OK) return failHere(STATUS_DUMP_NSEC_RANGE, FIELD_MTIME, value, NANOSECONDS_MAX);
  nanoseconds = <u32>value;
  return passField(FIELD_MTIME, after);
}
