/**
 * Asks an implementation cases, several at a time, and judges its answers.
 */

import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ComposefsError } from "../error.ts";
import { ioError, type SystemError } from "../source/files.node.ts";
import { CASES_BYTES_MAX, type ConformanceCase, INPUT_BYTES_MAX, parseCases } from "./cases.ts";
import { makeContent, patchFile } from "./content.ts";
import { canonicalDigest, explainAnswer } from "./explain.ts";
import { killPrograms, type ProcessLimits, type ProcessResult, runProgram } from "./process.node.ts";
import { unasked, valuesOf } from "./question.ts";
import type { CaseResult } from "./report.ts";
import { fillTemplate, type Placeholder, type Template } from "./template.ts";
import { indexAnswers, judge, type Outcome } from "./verdict.ts";

/** Name of the list in the folder of the vectors. */
const LIST = "cases.json";
/** Output of a command that answers with a digest, or has nothing to say. */
const OUTPUT_BYTES_LEAST = 1 << 20;
/** A wrong answer may be longer than the wanted one, and is explained; a dumpfile also says the same in more bytes. */
const OUTPUT_FACTOR = 4;

export interface RunOptions {
  /** Folder of the vectors. */
  folder: string;
  /** An empty folder, for what commands read and write. */
  scratch: string;
  template: Template;
  timeoutSeconds: number;
  /** Cases at a time. */
  jobs: number;
  onResult?: (done: number) => void;
}

/** The cases of a folder of vectors. @throws {ComposefsError} IO_OPEN, SOURCE_JSON, VECTORS_FORM */
export function readCases(folder: string): ConformanceCase[] {
  const path = join(folder, LIST);
  return parseCases(readBounded(path, CASES_BYTES_MAX), path);
}

/**
 * Runs cases.
 *
 * @param all the whole list, to say whose answer a wrong one is
 * @returns a result for each of `cases`, in their order
 * @throws {ComposefsError} IO_*, VECTORS_FORM for inputs that are not as they must be; SystemError when the command
 *   cannot be run
 */
export async function runCases(
  cases: readonly ConformanceCase[],
  all: readonly ConformanceCase[],
  options: RunOptions,
): Promise<CaseResult[]> {
  const index = indexAnswers(all);
  const results: CaseResult[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < cases.length) {
      const at = next++;
      results[at] = await runCase(cases[at]!, join(options.scratch, `${at}`), index, options);
      options.onResult?.(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, work));
    return results;
  } catch (error) {
    next = cases.length;
    throw error;
  } finally {
    killPrograms();
  }
}

/** @param scratch name for files of this case, which may take further letters */
async function runCase(
  one: ConformanceCase,
  scratch: string,
  index: ReturnType<typeof indexAnswers>,
  options: RunOptions,
): Promise<CaseResult> {
  const head = { id: one.id, level: one.level, rule: one.rule };
  const reason = unasked(one, options.template);
  if (reason !== null) return { ...head, state: "unsupported", reason, explanation: null, stderr: "" };
  const input = inputOf(one, options.folder);
  const outcome = await ask(one, input, scratch, options);
  const verdict = await judge(one, outcome, index, canonicalDigest);
  const { state } = verdict;
  const explanation = verdict.isWrongAnswer ? await explainAnswer(one, input, outcome.answer) : null;
  return { ...head, state, reason: verdict.reason, explanation, stderr: state === "fail" ? outcome.stderr : "" };
}

async function ask(
  one: ConformanceCase,
  input: Uint8Array,
  scratch: string,
  { folder, template, timeoutSeconds }: RunOptions,
): Promise<Outcome> {
  const values = new Map<Placeholder, string>(valuesOf(one));
  const [inputPath, outputPath] = [`${scratch}.in`, `${scratch}.out`];
  const isFile = template.names.has("input");
  values.set("output", outputPath);
  values.set("input", one.input.kind === "layout" ? join(folder, one.input.path) : inputPath);
  try {
    if (isFile && one.input.kind !== "layout") writeFileSync(inputPath, input);
    const limits: ProcessLimits = { timeoutSeconds, outputBytes: outputLimit(one) };
    const stdin = isFile ? new Uint8Array(0) : input;
    const { end, output, stderr }: ProcessResult = await runProgram(fillTemplate(template, values), stdin, limits);
    if (!template.names.has("output") || end.kind !== "exit") return { end, answer: output, stderr };
    const { answer, flood } = readAnswer(outputPath, limits.outputBytes);
    // Some print a digest and write no file.
    return { end: flood ? { kind: "flood", bytes: limits.outputBytes } : end, answer: answer ?? output, stderr };
  } finally {
    for (const path of [inputPath, outputPath]) rmSync(path, { force: true, recursive: true });
  }
}

function outputLimit({ expected }: ConformanceCase): number {
  const size = expected.kind === "image" ? expected.image.sizeBytes : expected.kind === "dump" ? expected.sizeBytes : 0;
  return Math.max(OUTPUT_BYTES_LEAST, OUTPUT_FACTOR * size);
}

/** What a command wrote into its file; no answer where it wrote none. */
function readAnswer(path: string, limit: number): { answer?: Uint8Array; flood: boolean } {
  try {
    if (statSync(path).size > limit) return { flood: true };
    return { answer: readFileSync(path), flood: false };
  } catch {
    return { flood: false };
  }
}

/** @throws {ComposefsError} IO_OPEN, VECTORS_FORM */
function inputOf({ id, input }: ConformanceCase, folder: string): Uint8Array {
  if (input.kind === "content") return makeContent(input.content, input.sizeBytes);
  if (input.kind === "layout") return new Uint8Array(0);
  const path = join(folder, input.path);
  const bytes = readBounded(path, INPUT_BYTES_MAX);
  return patchFile(input.path.endsWith(".gz") ? unpack(bytes, path) : bytes, input.patches, input.truncate, id);
}

function unpack(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: INPUT_BYTES_MAX });
  } catch (cause) {
    throw new ComposefsError("VECTORS_FORM", `${path}: cannot be unpacked: ${(cause as Error).message}`, {}, { cause });
  }
}

function readBounded(path: string, limit: number): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > limit) throw new ComposefsError("VECTORS_FORM", `${path}: ${size} bytes, at most ${limit} are read`);
    return readFileSync(path);
  } catch (cause) {
    throw cause instanceof ComposefsError ? cause : ioError("IO_OPEN", path, cause as SystemError);
  }
}
