/**
 * Where the tar reader stands: for errors, which name the offset of the header at fault and the entry's name.
 */

import { FIELD_NONE } from "../abi";
import { failAt, setErrorText } from "../mem/record";

/** Offset in the tar of the next byte. */
export let offset: u64 = 0;
/** Offset of the header that is being read. */
export let headerOffset: u64 = 0;

let name: usize = 0;
let nameLen: u32 = 0;

export function resetPlace(): void {
  offset = 0;
  headerOffset = 0;
  nameLen = 0;
}

/** Passes bytes of the tar. */
export function pass(bytes: u64): void {
  offset += bytes;
}

/** Turns to the header that begins `back` bytes before the next byte. */
export function beginHeader(back: u32): void {
  headerOffset = offset - back;
  nameLen = 0;
}

/** Notes what the entry is called, for errors; the bytes must stay. */
export function setName(at: usize, len: u32): void {
  name = at;
  nameLen = len;
}

/** Fails at the header that is being read. @returns `status` */
export function failTar(status: i32, actual: u64, limit: u64): i32 {
  failAt(status, FIELD_NONE, headerOffset, 0, actual, limit);
  setErrorText(name, nameLen);
  return status;
}
