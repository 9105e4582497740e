/** What is wrong with a policy, and where: the errors of this room. */

import { ComposefsError, type ComposefsErrorCode } from "../error.ts";

/** A line of a file of the policy. */
export interface Place {
  /** Name of the file, such as `file_contexts`. */
  readonly file: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/**
 * The error for a line of a policy.
 *
 * @param data offset: byte offset in the pattern; actual and limit: what was found and what is allowed
 */
export function lineError(
  code: ComposefsErrorCode,
  place: Place,
  what: string,
  data: { offset?: number; actual?: number; limit?: number } = {},
): ComposefsError {
  const where = data.offset === undefined ? "" : `, byte ${data.offset} of the pattern`;
  return new ComposefsError(code, `${place.file} line ${place.line}${where}: ${what}`, {
    path: place.file,
    line: place.line,
    ...data,
  });
}

/** A byte of a pattern for people: printable ASCII in quotes, all others as a number. */
export function showByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f
    ? `"${String.fromCharCode(byte)}"`
    : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
}
