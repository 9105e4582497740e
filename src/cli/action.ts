/**
 * The entry point of the GitHub Action `.github/actions/check`: `composefs check` with its options as inputs. The runner
 * gives inputs as INPUT_* and takes annotations on standard output, outputs and the summary in files that it names.
 *
 * It reads no token and asks no network beyond the registries that the lock file names.
 */

import { appendFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { countStates } from "../lock/check.ts";
import { LOCKFILE_NAME } from "../lock/lockfile.ts";
import { formatReport, type ReportFormat } from "../lock/report.ts";
import { summaryOf } from "../lock/report-words.ts";
import { ioError } from "../source/files.node.ts";
import { type CheckOptions, check, exitCodeOf } from "./check.ts";
import { runCommand } from "./common.ts";
import { writeText } from "./lock-file.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";
import { packageVersion } from "./version.ts";

/** An input of action.yml; empty where the workflow does not give it. Dashes stay in the names of the variables. */
function inputOf(name: string): string {
  return (process.env[`INPUT_${name.toUpperCase()}`] ?? "").trim();
}

/** Runs the action. @returns the exit code, which is that of `composefs check` @throws {ComposefsError} IO_*, LOCK_*, USAGE */
async function run(): Promise<number> {
  const workspace = process.env["GITHUB_WORKSPACE"] ?? ".";
  const path = resolve(workspace, inputOf("lockfile") || LOCKFILE_NAME);
  const [against, folder] = [inputOf("against"), inputOf("against-folder")];
  const options: CheckOptions = {
    ...(against !== "" && { against }),
    ...(folder !== "" && { againstFolder: folder }),
    cache: false,
  };
  // Names in a workflow are relative to the checkout, wherever the step runs.
  process.chdir(workspace);
  const report = await check(relative("", path).split(sep).join("/"), options, startProgress(false));
  const form = (format: ReportFormat) => formatReport(report, format, packageVersion());
  print(form("github"));
  print(form("text"));
  for (const format of ["sarif", "junit"] as const) {
    const file = inputOf(format);
    if (file !== "") await writeText(join(workspace, file), form(format));
  }
  const { same, different, unreadable } = countStates(report);
  append("GITHUB_STEP_SUMMARY", form("markdown"));
  append(
    "GITHUB_OUTPUT",
    `same=${same}\ndifferent=${different}\nunreadable=${unreadable}\nsummary=${summaryOf(report)}\n`,
  );
  return exitCodeOf(report);
}

/** Adds to a file that the runner names; older runners and other systems name none. */
function append(variable: string, text: string): void {
  const file = process.env[variable];
  if (file === undefined || file === "") return;
  try {
    appendFileSync(file, text);
  } catch (cause) {
    throw ioError("IO_WRITE", file, cause);
  }
}

await runCommand(false, run);
