/**
 * One line on the terminal that says how far long work has come. It appears after a moment, so that short work shows
 * nothing, and is wiped when the work is done. Never there when standard error is not a terminal.
 */

import { fstatSync } from "node:fs";
import { formatBytes, printError } from "./text.ts";

/** Milliseconds before the line appears, and between two of its updates. */
const DELAY_MS = 400;
const UPDATE_MS = 100;

export interface ProgressLine {
  /** Shows `verb` and how much is done, in bytes; without a total there is no percentage. */
  update(verb: string, bytes: number, totalBytes: number | undefined): void;
  /** Wipes the line. */
  clear(): void;
}

const SILENT: ProgressLine = { update() {}, clear() {} };

/** @param wanted false for `--no-progress` */
export function startProgress(wanted: boolean): ProgressLine {
  if (!wanted || !isTerminal(2)) return SILENT;
  let next = performance.now() + DELAY_MS;
  let shown = false;
  return {
    update(verb, bytes, totalBytes) {
      const now = performance.now();
      if (now < next) return;
      next = now + UPDATE_MS;
      shown = true;
      const share = totalBytes ? ` (${Math.floor((100 * bytes) / totalBytes)}%)` : "";
      printError(`\r\x1b[K${verb} ${formatBytes(bytes)}${share}`);
    },
    clear() {
      if (shown) printError("\r\x1b[K");
      shown = false;
    },
  };
}

/** True for a terminal. Asks the file first: loading node:tty takes longer than many a job. */
export function isTerminal(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false;
    return process.getBuiltinModule("node:tty").isatty(fd);
  } catch {
    return false;
  }
}
