/**
 * `composefs rebuild-check --output PATH -- COMMAND ARGUMENT...`: does a build give the same image whatever is around it?
 *
 * The command is run several times, each time in a fresh copy of the source: first as the control, then once more with
 * nothing changed, then once for each variation of ../rebuild/variations.ts. What it makes is held against what the
 * control made, and what differs is explained as `composefs diff` does. The forms of the answer are in
 * `../rebuild/report-*.ts`.
 *
 * Exit codes: 0 all the same, or following SOURCE_DATE_EPOCH; 1 something differs; 2 a build failed, or what it made
 * cannot be read.
 */

import { copyFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { ComposefsError } from "../error.ts";
import { diffTrees } from "../explain/diff.ts";
import { explainImages } from "../explain/image.ts";
import { countOf } from "../explain/words.ts";
import {
  type BuildFailure,
  type BuildReport,
  countBuilds,
  judge,
  KnownDifferences,
  type RebuildReport,
  unbuilt,
} from "../rebuild/compare.ts";
import { type CopiedSource, copySource } from "../rebuild/copy-source.node.ts";
import { lookAtMachine } from "../rebuild/machine.node.ts";
import { formatJson } from "../rebuild/report-json.ts";
import { formatText } from "../rebuild/report-text.ts";
import { type BuildEnd, runBuild } from "../rebuild/run-build.node.ts";
import {
  type BuildPlan,
  type BuildSetting,
  CONTROL,
  isRepeat,
  ORDER_VARIATION,
  planBuilds,
} from "../rebuild/variations.ts";
import { removeTree, Workspace } from "../rebuild/workspace.node.ts";
import { sleep } from "../registry/endpoint.ts";
import { ioError, makeFolders, quote } from "../source/files.node.ts";
import { acceleratorFromEnvironment, EXIT_INPUT, EXIT_NO, EXIT_OK } from "./common.ts";
import { type ProgressLine, startProgress } from "./progress.ts";
import { type RebuildCommandOptions, type RebuildOptions, readOptions } from "./rebuild-options.ts";
import type { BuiltImage } from "./rebuild-output.ts";
import { untilSignal } from "./signals.ts";
import { print } from "./text.ts";

/** Milliseconds between the end of the control and the first repeat: times of archives of zip have two seconds. */
const CLOCK_STEP_MS = 2000;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, PROFILE_NAME, IO_* */
export async function run(command: readonly string[], options: RebuildCommandOptions): Promise<number> {
  const wanted = readOptions(command, options);
  const progress = startProgress(options.progress);
  const report = await untilSignal(async (signal) => {
    const workspace = new Workspace();
    try {
      return await new Rebuild(command, wanted, workspace, progress, signal).run();
    } finally {
      progress.clear();
      workspace.remove();
    }
  });
  print(options.json ? formatJson(report) : formatText(report));
  return exitCodeOf(report);
}

/** The exit code that a report means. */
export function exitCodeOf(report: RebuildReport): number {
  if (report.builds.some(({ failure }) => failure !== null)) return EXIT_INPUT;
  return countBuilds(report).differs > 0 ? EXIT_NO : EXIT_OK;
}

/** Makes the builds, one after the other, and compares. */
class Rebuild {
  readonly #command: readonly string[];
  readonly #options: RebuildOptions;
  readonly #workspace: Workspace;
  readonly #progress: ProgressLine;
  readonly #signal: AbortSignal;
  readonly #known = new KnownDifferences();
  /** Of the control. */
  #source: CopiedSource | undefined;
  #control: BuiltImage | undefined;

  constructor(
    command: readonly string[],
    options: RebuildOptions,
    workspace: Workspace,
    progress: ProgressLine,
    signal: AbortSignal,
  ) {
    this.#command = command;
    this.#options = options;
    this.#workspace = workspace;
    this.#progress = progress;
    this.#signal = signal;
  }

  async run(): Promise<RebuildReport> {
    const { variations, repeats } = this.#options;
    const machine = lookAtMachine(this.#workspace.folders);
    const plans = planBuilds(machine, variations, repeats);
    const builds: BuildReport[] = [];
    for (const plan of plans) {
      const build = plan.setting === null ? unbuilt(plan) : await this.#build(plan, plan.setting);
      builds.push(build);
      // There is nothing to hold others against.
      if (plan.name === CONTROL && build.failure !== null) break;
      if (plan.name === CONTROL) await sleep(CLOCK_STEP_MS, this.#signal);
    }
    this.#control?.release();
    const isKept = builds.some(({ state }) => ["differs", "follows", "as-repeat"].includes(state));
    if (!isKept && this.#options.keep !== null) removeTree(Buffer.from(join(this.#options.keep, CONTROL)));
    return { builds, notCopied: this.#source?.notCopied ?? [], unseen: this.#control?.unseen ?? [] };
  }

  async #build(plan: BuildPlan, setting: BuildSetting): Promise<BuildReport> {
    const { source, output, keep, profiles, reading } = this.#options;
    const { folder, userId, isReversed } = setting;
    const report = unbuilt(plan);
    this.#workspace.clear();
    const leftOut = keep === null ? [] : [keep];
    const copied = await this.#workspace.prepare(source, folder, {
      ...{ userId, isReversed, leftOut, signal: this.#signal },
    });
    this.#source ??= copied;
    if (copied.fingerprint !== this.#source.fingerprint) {
      throw new ComposefsError("IO_CHANGED", `${quote(source)} changed between two builds`, { path: source });
    }
    if (plan.name === ORDER_VARIATION && copied.listing === this.#source.listing) {
      return { ...report, change: null, reason: whyNotReversed(copied) };
    }
    const before = output.stateIn(folder);
    const end = await this.#run(plan.name, setting);
    this.#signal.throwIfAborted();
    const reason = userId === null ? null : whyNotUser(userId, end.error);
    if (reason !== null) return { ...report, change: null, reason };
    report.seconds = end.seconds;
    try {
      requireSuccess(end, this.#options.timeoutSeconds);
      output.requireIn(folder, before);
      const built = await output.read(folder, profiles, reading, this.#progress);
      return await this.#compare(report, built, folder);
    } catch (error) {
      if (!(error instanceof ComposefsError) || error.isBug) throw error;
      const failure: BuildFailure = { code: error.code, message: error.message, output: end.output };
      return { ...report, state: plan.name === CONTROL ? "control" : "failed", failure };
    }
  }

  #run(name: string, { folder, environment, umask, userId, prefix }: BuildSetting): Promise<BuildEnd> {
    let bytes = 0;
    const show = (more: number) => {
      bytes += more;
      this.#progress.update(`building, ${name}: output`, bytes, undefined);
    };
    show(0);
    return runBuild({
      argv: [...prefix, ...this.#command],
      folder,
      environment: { ...process.env, ...environment },
      umask,
      userId,
      timeoutSeconds: this.#options.timeoutSeconds,
      signal: this.#signal,
      onOutput: show,
    });
  }

  async #compare(report: BuildReport, built: BuiltImage, folder: string): Promise<BuildReport> {
    if (this.#control === undefined) {
      this.#control = built;
      await this.#keep(report.name, folder);
      const digests = built.digests.map(({ label, digest }) => ({ label, control: digest, actual: digest }));
      return { ...report, digests };
    }
    const control = this.#control;
    try {
      const actual = new Map(built.digests.map(({ label, digest }) => [label, digest]));
      // An image that is given has another label when its format is another one.
      const digests = control.digests.map(({ label, digest }, i) => {
        return { label, control: digest, actual: actual.get(label) ?? built.digests[i]!.digest };
      });
      if (digests.every((one) => one.control === one.actual)) return { ...report, digests, state: "same" };
      await this.#keep(report.name, folder);
      const isPlain = isRepeat(report.name);
      const isKnown = isPlain ? undefined : this.#known.isKnown;
      const diff = diffTrees(control.tree, built.tree, {
        isKnown,
        onDifference: isPlain ? this.#known.learn : undefined,
      });
      const hasImages = diff.equal && control.tree.image !== undefined && built.tree.image !== undefined;
      const isSameTree = isKnown === undefined && hasImages;
      const images = isSameTree ? explainImages(control.tree, built.tree, acceleratorFromEnvironment()) : null;
      const isNew = isPlain || !diff.equal || (isKnown === undefined && !this.#known.hasImages);
      if (isPlain && diff.equal) this.#known.hasImages = true;
      const state = judge(report.name, isNew);
      return { ...report, digests, state, diff: state === "as-repeat" ? null : diff, images };
    } finally {
      built.release();
    }
  }

  /** Keeps what a build made. */
  async #keep(name: string, folder: string): Promise<void> {
    const { keep, output } = this.#options;
    if (keep === null) return;
    const path = output.pathIn(folder);
    const target = join(keep, name, basename(path));
    try {
      makeFolders(join(keep, name));
      if (!statSync(path).isDirectory()) {
        copyFileSync(path, target);
        return;
      }
    } catch (cause) {
      throw ioError("IO_WRITE", target, cause);
    }
    await copySource(path, target, { userId: null, isReversed: false, leftOut: [], signal: this.#signal });
  }
}

/** @throws {ComposefsError} REBUILD_COMMAND, REBUILD_TIMEOUT */
function requireSuccess({ status, signal, error, isTimedOut }: BuildEnd, timeoutSeconds: number | null): void {
  if (isTimedOut) {
    throw new ComposefsError(
      "REBUILD_TIMEOUT",
      `the build took more than ${countOf(timeoutSeconds!, "second")} and was ended`,
    );
  }
  if (status === 0) return;
  const how =
    error !== null
      ? `cannot be run: ${error.message}`
      : signal !== null
        ? `was ended by ${signal}`
        : `exited with ${status}`;
  throw new ComposefsError("REBUILD_COMMAND", `the build ${how}`);
}

/** Why a command was not run as another user, where it is not at fault. */
function whyNotUser(userId: number, error: BuildEnd["error"]): string | null {
  if (error?.code === "EPERM") return "this process may not change its user";
  if (error?.code !== "EACCES") return null;
  return `user ${userId} may not run this program`;
}

function whyNotReversed({ listing }: CopiedSource): string {
  if (listing === null) return "no directory of the source has two names";
  return "the file system lists names in an order of its own; TMPDIR=/dev/shm varies it on Linux";
}
