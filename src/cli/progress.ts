/**
 * One line on the terminal that says how far long work has come. It appears after a moment, so that short work shows
 * nothing, and is wiped when the work is done. Never there when standard error is not a terminal.
 */

import { fstatSync } from "node:fs";
import { countOf } from "../explain/words.ts";
import type { LayerProgress } from "../image/layers.ts";
import { formatBytes, printable, printError } from "./text.ts";

/** Milliseconds before the line appears, and between two of its updates. */
const DELAY_MS = 400;
const UPDATE_MS = 100;
/** Width of a terminal that does not tell. */
const COLUMNS = 80;

export interface ProgressLine {
  /** Shows `verb` and how much is done, in bytes; without a total there is no percentage. */
  update(verb: string, bytes: number, totalBytes: number | undefined): void;
  /** Shows how many of several things are done, such as `12 of 214 cases`. */
  count(done: number, total: number, name: string): void;
  /** Wipes the line. */
  clear(): void;
}

const SILENT: ProgressLine = { update() {}, count() {}, clear() {} };

/** @param wanted false for `--no-progress` */
export function startProgress(wanted: boolean): ProgressLine {
  if (!wanted || !isTerminal(2)) return SILENT;
  let next = performance.now() + DELAY_MS;
  let shown = false;
  const show = (textFor: (columns: number) => string) => {
    const now = performance.now();
    if (now < next) return;
    next = now + UPDATE_MS;
    shown = true;
    printError(`\r\x1b[K${textFor(process.stderr.columns || COLUMNS)}`);
  };
  return {
    update: (verb, bytes, totalBytes) => show((columns) => progressText(verb, bytes, totalBytes, columns)),
    count: (done, total, name) => show((columns) => cut(`${done} of ${countOf(total, name)}`, columns - 1)),
    clear() {
      if (shown) printError("\r\x1b[K");
      shown = false;
    },
  };
}

/**
 * Shows how far the layers of an image are: those that are being read with their bytes, and the sum.
 *
 *   2 of 5 layers read, layer 3 34.1 MB, layer 5 2.0 MB, in all 212.7 MB
 *
 * @param count layers that are read
 */
export function layerProgress(line: Pick<ProgressLine, "update">, count: number): (progress: LayerProgress) => void {
  const layers = new Map<number, LayerProgress>();
  return (progress) => {
    layers.set(progress.layer, progress);
    const all = [...layers.values()];
    const open = all.filter(({ state }) => state === "reading");
    const parts = open.map(({ layer, bytes }) => `layer ${layer + 1} ${formatBytes(bytes)}`);
    const verb = [`${all.length - open.length} of ${countOf(count, "layer")} read`, ...parts, "in all"].join(", ");
    line.update(
      verb,
      all.reduce((sum, { bytes }) => sum + bytes, 0),
      undefined,
    );
  };
}

/**
 * The line, at most `columns` - 1 wide, so that it never wraps: a wrapped line cannot be wiped. What is left out is
 * left out of `verb`, which may hold a file name. A character beyond ASCII is taken to be two columns wide.
 */
export function progressText(verb: string, bytes: number, totalBytes: number | undefined, columns: number): string {
  const share = totalBytes ? ` (${Math.floor((100 * bytes) / totalBytes)}%)` : "";
  const done = ` ${formatBytes(bytes)}${share}`;
  return `${cut(printable(verb), columns - 1 - done.length)}${done}`.slice(0, Math.max(columns - 1, 0));
}

/** The beginning of `text` that fits `columns`, and `...` where that is not all of it. */
function cut(text: string, columns: number): string {
  const width = (part: string) => Array.from(part, (c) => (c < "\x7f" ? 1 : 2)).reduce<number>((a, b) => a + b, 0);
  if (width(text) <= columns) return text;
  const kept = Array.from(text);
  while (kept.length > 0 && width(kept.join("")) > columns - 3) kept.pop();
  return `${kept.join("")}...`;
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
