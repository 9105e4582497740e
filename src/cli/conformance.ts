/**
 * `composefs conformance --command COMMAND`: asks another implementation the published vectors. How a command is written is
 * in `../conformance/template.ts`, what an answer is worth in `../conformance/verdict.ts`, the forms of the output in
 * `../conformance/report.ts`. The vectors are in `build/vectors` of this package, with a README of their own.
 *
 *     composefs conformance --level v1 --command 'mkcomposefs --min-version=1 --from-file - -'
 *
 * Exit codes: 0 no case fails; 1 one does, or with --strict one is optional or unsupported; 2 wrong usage, or a command
 * that cannot be run.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConformanceCase, Level } from "../conformance/cases.ts";
import { killPrograms } from "../conformance/process.node.ts";
import { levelsOf, parseLevels } from "../conformance/question.ts";
import { countStates, formatJson, formatText } from "../conformance/report.ts";
import { readCases, runCases } from "../conformance/run.node.ts";
import { parseTemplate, type Template } from "../conformance/template.ts";
import { quote, type SystemError, systemText } from "../source/files.node.ts";
import { EXIT_NO, EXIT_OK, readNumber, usageError } from "./common.ts";
import { startProgress } from "./progress.ts";
import { guard } from "./signals.ts";
import { print } from "./text.ts";

export interface ConformanceOptions {
  command: string;
  level?: string[];
  only?: string;
  vectors?: string;
  timeout: string;
  jobs?: string;
  max: string;
  strict?: boolean;
  json?: boolean;
  progress: boolean;
}

/** The vectors of this package. */
const VECTORS = fileURLToPath(new URL("../../vectors/", import.meta.url));
const JOBS_MAX = 64;
const TIMEOUT_SECONDS_MAX = 3600;
const EXPLAINED_MAX = 1_000_000;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, IO_*, SOURCE_JSON, VECTORS_FORM */
export async function run(options: ConformanceOptions): Promise<number> {
  const template = asUsage("--command", () => parseTemplate(options.command));
  const levels =
    options.level === undefined ? levelsOf(template) : asUsage("--level", () => parseLevels(options.level!));
  const timeoutSeconds = readNumber("--timeout", options.timeout, 1, TIMEOUT_SECONDS_MAX);
  const jobs = readNumber("--jobs", options.jobs ?? `${availableParallelism()}`, 1, JOBS_MAX);
  const explained = readNumber("--max", options.max, 0, EXPLAINED_MAX);
  const folder = options.vectors ?? VECTORS;
  const all = readCases(folder);
  const cases = chooseCases(all, levels, options.only, template);
  const progress = startProgress(options.progress);
  const scratch = mkdtempSync(join(tmpdir(), "composefs-conformance-"));
  const clean = () => {
    killPrograms();
    rmSync(scratch, { recursive: true, force: true });
  };
  const release = guard(clean);
  try {
    const onResult = (done: number) => progress.count(done, cases.length, "case");
    const results = await runCases(cases, all, { folder, scratch, template, timeoutSeconds, jobs, onResult });
    progress.clear();
    print(options.json ? formatJson(options.command, results) : formatText(results, explained));
    const { fail, optional, unsupported } = countStates(results);
    return fail + (options.strict ? optional + unsupported : 0) > 0 ? EXIT_NO : EXIT_OK;
  } catch (error) {
    const { syscall } = error as Partial<SystemError>;
    if (!syscall?.startsWith("spawn")) throw error;
    throw usageError(`--command: cannot run ${quote(options.command)}: ${systemText(error as SystemError)}`);
  } finally {
    progress.clear();
    clean();
    release();
  }
}

/** @throws {ComposefsError} USAGE when nothing is left, or the command cannot be given what is */
function chooseCases(
  all: readonly ConformanceCase[],
  levels: readonly Level[],
  only: string | undefined,
  { names }: Template,
): ConformanceCase[] {
  const cases = all.filter(({ id, level }) => levels.includes(level) && (only === undefined || id.includes(only)));
  if (cases.length === 0) throw usageError(`no case of ${levels.join(", ")} has ${quote(only ?? "")} in its name`);
  if (!names.has("input") && cases.some(({ input }) => input.kind === "layout")) {
    throw usageError("--command: level oci has folders for inputs; {input} says where one goes");
  }
  return cases;
}

function asUsage<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw usageError(`${option}: ${(error as Error).message}`);
  }
}
