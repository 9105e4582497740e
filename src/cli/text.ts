/**
 * Sizes and names for people, and the way out.
 *
 * It goes through writeSync rather than process.stdout: nothing is lost when the process ends, and the streams, which
 * take milliseconds to load, stay unloaded.
 */

import { ComposefsError } from "../error.ts";
import { ioError, quote, type SystemError, systemText, writeAll } from "../source/files.node.ts";

/** Writes to standard output. @throws {ComposefsError} IO_WRITE */
export function print(text: string): void {
  try {
    writeAll(1, Buffer.from(text));
  } catch (cause) {
    throw ioError("IO_WRITE", null, cause);
  }
}

/** Writes to standard error. @throws {ComposefsError} IO_WRITE */
export function printError(text: string): void {
  try {
    writeAll(2, Buffer.from(text));
  } catch (cause) {
    const reason = systemText(cause as SystemError);
    throw new ComposefsError("IO_WRITE", `cannot write standard error: ${reason}`, {}, { cause });
  }
}

/** Such as `4.9 MB`; 1 MB is 1,000,000 bytes. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes} bytes` : `${value.toFixed(1)} ${units[unit]}`;
}

/** `text` without what could steer a terminal: escaped as in JSON. */
export function printable(text: string): string {
  return quote(text).slice(1, -1);
}
