/**
 * Where in the dumpfile the parser stands, for the error record.
 */

import { ERROR_TEXT_MAX_BYTES, FIELD_NONE } from "../abi";
import { failAt, setErrorText } from "../mem/record";

/** Number of the current line, from 1. */
export let line: u64 = 0;
/** Offset of its first byte in the input. */
let lineOffset: u64 = 0;
let lineStart: usize = 0;
/** Address of the field that is being read. */
let fieldStart: usize = 0;

export function resetPlace(): void {
  line = 0;
  lineOffset = 0;
  fieldStart = 0;
  lineStart = 0;
}

/** A new line begins at `at`, which is byte `offset` of the input. */
export function beginLine(at: usize, offset: u64): void {
  line++;
  lineOffset = offset;
  lineStart = at;
  fieldStart = at;
}

/** A field begins at `at`. */
export function beginField(at: usize): void {
  fieldStart = at;
}

/**
 * Fails at the current field, whose text goes into the record; FIELD_NONE is for what is wrong with a line as a whole.
 *
 * @returns `status`
 */
export function failHere(status: i32, field: u32, actual: u64, limit: u64): i32 {
  failAt(status, field, lineOffset + <u64>(fieldStart - lineStart), line, actual, limit);
  if (field != FIELD_NONE) {
    let len: u32 = 0;
    while (len < <u32>ERROR_TEXT_MAX_BYTES && !endsField(load<u8>(fieldStart + len))) len++;
    setErrorText(fieldStart, len);
  }
  return status;
}

function endsField(byte: u32): bool {
  return byte == 0x20 || byte == 0x0a;
}
