/**
 * `composefs check [LOCKFILE]`: are the inputs of a lock file what is locked? On a mismatch it says why: by a comparison
 * with the old image where one is at hand, `--against IMAGE` or `--against-folder DIR`, or else by looking for what of the
 * input gives the locked digest.
 *
 * `--format` chooses what is printed: `text`, `json`, `github` (annotations), `markdown` (a job's summary), `sarif` or
 * `junit`. `--report FORMAT=FILE` writes another form into a file, as often as it is given. The forms are described in
 * `../lock/report-*.ts`.
 *
 * `--update` rewrites the lock file after it was said what changes: whole or, when an input cannot be read, not at all.
 *
 * Exit codes: 0 all as locked, or the lock file was rewritten; 1 an input is another one; 2 an input or the lock file
 * cannot be read.
 */

import { dirname, relative, sep } from "node:path";
import { ComposefsError } from "../error.ts";
import {
  type CheckedInput,
  type CheckReport,
  compareBindings,
  compareDigests,
  countStates,
  isSame,
  linesOfInputs,
} from "../lock/check.ts";
import type { LockedInput } from "../lock/lockfile.ts";
import { formatReport, isReportFormat, REPORT_FORMATS, type ReportFormat } from "../lock/report.ts";
import { quote } from "../source/files.node.ts";
import { EXIT_INPUT, EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { checkInputOptions } from "./input.ts";
import { readLockfile, type StoredLockfile, writeLockfile, writeText } from "./lock-file.ts";
import { digestInput, explainMismatch, type FoundInput, type ReadingOptions, wantedOf } from "./lock-input.ts";
import { rebaseOperand } from "./lock-operand.ts";
import { type ProgressLine, startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { packageVersion } from "./version.ts";

/** What a check needs to know beside the lock file. */
export interface CheckOptions extends ReadingOptions {
  /** The old image. */
  against?: string;
  /** Folder in which the old images have the names that they have beside the lock file. */
  againstFolder?: string;
  update?: boolean;
}

export interface CheckCommandOptions extends CheckOptions {
  format: string;
  /** Each is FORMAT=FILE. */
  report?: string[];
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, IO_*, LOCK_* */
export async function run(path: string, options: CheckCommandOptions): Promise<number> {
  const format = readFormat("--format", options.json ? "json" : options.format);
  const files = (options.report ?? []).map(readReport);
  checkInputOptions(options);
  const progress = startProgress(options.progress);
  try {
    const report = await check(path, options, progress);
    progress.clear();
    print(formatReport(report, format, packageVersion()));
    for (const [one, file] of files) await writeText(file, formatReport(report, one, packageVersion()));
    return exitCodeOf(report);
  } finally {
    progress.clear();
  }
}

/** The exit code that a report means. */
export function exitCodeOf(report: CheckReport): number {
  const { different, unreadable } = countStates(report);
  if (unreadable > 0) return EXIT_INPUT;
  return different > 0 && !report.isUpdated ? EXIT_NO : EXIT_OK;
}

/**
 * Checks a lock file, and rewrites it when that was asked for.
 *
 * @throws {ComposefsError} USAGE, IO_*, LOCK_*; what is wrong with an input is in the report
 */
export async function check(path: string, options: CheckOptions, progress: ProgressLine): Promise<CheckReport> {
  const stored = readLockfile(path);
  const { inputs } = stored.lockfile;
  if (options.against !== undefined && inputs.length > 1) {
    throw usageError(
      `--against: ${quote(path)} has ${inputs.length} inputs; --against-folder names where all old ones are`,
    );
  }
  const lines = linesOfInputs(stored.text, inputs);
  const checker = new Checker(dirname(path), options, progress);
  const checked: CheckedInput[] = [];
  for (const [i, locked] of inputs.entries()) checked.push(await checker.check(locked, lines[i]!));
  const report = { lockfile: relative("", path).split(sep).join("/"), inputs: checked, isUpdated: false };
  if (options.update && countStates(report).unreadable === 0) {
    report.isUpdated = await update(path, stored, checker.found);
  }
  return report;
}

/** @returns whether there was anything to write */
async function update(path: string, { lockfile }: StoredLockfile, found: readonly FoundInput[]): Promise<boolean> {
  const inputs = lockfile.inputs.map((locked, i) => ({ ...locked, ...found[i] }));
  if (JSON.stringify(inputs) === JSON.stringify(lockfile.inputs)) return false;
  await writeLockfile(path, { ...lockfile, inputs });
  return true;
}

/** Checks inputs, one after the other. */
class Checker {
  /** What was found of those that could be read. */
  readonly found: FoundInput[] = [];
  readonly #folder: string;
  readonly #options: CheckOptions;
  readonly #progress: ProgressLine;

  constructor(folder: string, options: CheckOptions, progress: ProgressLine) {
    this.#folder = folder;
    this.#options = options;
    this.#progress = progress;
  }

  async check(locked: LockedInput, line: number): Promise<CheckedInput> {
    const { input, platform } = locked;
    const nothing = { changes: [], explanation: null, error: null };
    try {
      const operand = rebaseOperand(input, this.#folder, ".");
      const found = await digestInput(operand, wantedOf(locked), this.#options, this.#progress);
      this.found.push(found);
      const digests = compareDigests(locked.digests, found.digests);
      const changes = compareBindings(locked.image, found.image);
      const wrong = digests.findIndex((one) => !isSame(one));
      if (wrong < 0) return { input, platform, line, state: "same", digests, ...nothing, changes };
      const mismatch = { operand, wanted: wantedOf(locked), locked: locked.digests[wrong]! };
      const old = this.#oldOf(input);
      const explanation = await explainMismatch(mismatch, old, this.#options, this.#progress);
      return { input, platform, line, state: "different", digests, ...nothing, changes, explanation };
    } catch (error) {
      if (!(error instanceof ComposefsError) || error.isBug || error.code === "USAGE") throw error;
      const { code, message } = error;
      const digests = compareDigests(locked.digests, []);
      return { input, platform, line, state: "unreadable", digests, ...nothing, error: { code, message } };
    }
  }

  /** The old image of an input; null when there is none at hand. */
  #oldOf(input: string): string | null {
    const { against, againstFolder } = this.#options;
    if (againstFolder === undefined) return against ?? null;
    return rebaseOperand(input, againstFolder, ".");
  }
}

/** @throws {ComposefsError} USAGE */
function readFormat(option: string, name: string): ReportFormat {
  if (isReportFormat(name)) return name;
  throw usageError(`${option}: expected ${REPORT_FORMATS.join(", ")}, got ${quote(name)}`);
}

/** @throws {ComposefsError} USAGE */
function readReport(text: string): [ReportFormat, string] {
  const [, format, file] = /^([^=]*)=(.+)$/s.exec(text) ?? [];
  if (format === undefined) throw usageError(`--report: expected FORMAT=FILE, got ${quote(text)}`);
  return [readFormat("--report", format), file!];
}
