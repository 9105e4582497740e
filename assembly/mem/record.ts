/**
 * The control and the error record: where the engine leaves the numbers that a host reads after a call.
 *
 * Both lie at fixed addresses in static memory; `../abi.ts` holds their offsets.
 */

import {
  CONTROL_RECORD_BYTES,
  ERROR_ACTUAL,
  ERROR_FIELD,
  ERROR_LIMIT,
  ERROR_LINE,
  ERROR_OFFSET,
  ERROR_RECORD_BYTES,
  ERROR_STATUS,
  ERROR_TEXT,
  ERROR_TEXT_BYTES,
  ERROR_TEXT_MAX_BYTES,
  FIELD_NONE,
  STATUS_ENGINE_ARGUMENT,
  STATUS_ENGINE_MEMORY,
  STATUS_ENGINE_STATE,
} from "../abi";
import { memoryLimit } from "./arena";

export const CONTROL: usize = memory.data(CONTROL_RECORD_BYTES, 8);
export const ERROR: usize = memory.data(ERROR_RECORD_BYTES, 8);

/** Stores `value` in the control record's slot at `offset` (a `CONTROL_*` number). */
export function setControl(offset: usize, value: u64): void {
  store<u64>(CONTROL + offset, value);
}

/** Zeroes both records. */
export function clearRecords(): void {
  memory.fill(CONTROL, 0, CONTROL_RECORD_BYTES);
  memory.fill(ERROR, 0, ERROR_RECORD_BYTES);
}

/**
 * Fills the error record.
 *
 * @param status a `STATUS_*` number
 * @param field a `FIELD_*` number
 * @param offset byte offset in the input
 * @param line line number from 1, 0 for none
 * @param actual what was found
 * @param limit what was allowed or wanted
 * @returns `status`, so that callers can return it on
 */
export function failAt(status: i32, field: u32, offset: u64, line: u64, actual: u64, limit: u64): i32 {
  store<u32>(ERROR + ERROR_STATUS, <u32>status);
  store<u32>(ERROR + ERROR_FIELD, field);
  store<u64>(ERROR + ERROR_OFFSET, offset);
  store<u64>(ERROR + ERROR_LINE, line);
  store<u64>(ERROR + ERROR_ACTUAL, actual);
  store<u64>(ERROR + ERROR_LIMIT, limit);
  store<u32>(ERROR + ERROR_TEXT_BYTES, 0);
  return status;
}

/** Adds the text at fault to the error record, as much as it holds. */
export function setErrorText(text: usize, len: u32): void {
  const kept = min<u32>(len, ERROR_TEXT_MAX_BYTES);
  store<u32>(ERROR + ERROR_TEXT_BYTES, kept);
  memory.copy(ERROR + ERROR_TEXT, text, kept);
}

/** `failAt` for what has no place in the input. */
export function fail(status: i32, actual: u64, limit: u64): i32 {
  return failAt(status, FIELD_NONE, 0, 0, actual, limit);
}

/** The arena could not grow; `limit` is the memory limit in bytes. */
export function failMemory(): i32 {
  return fail(STATUS_ENGINE_MEMORY, 0, memoryLimit());
}

/** A verb was called out of its order. */
export function failState(): i32 {
  return fail(STATUS_ENGINE_STATE, 0, 0);
}

/** A host passed a number outside its range. */
export function failArgument(actual: u64, limit: u64): i32 {
  return fail(STATUS_ENGINE_ARGUMENT, actual, limit);
}
