/**
 * Mounting and unmounting: a plan is carried out as a whole or taken back.
 */

import { ComposefsError } from "../error.ts";
import { quote } from "../source/quote.ts";
import { requirePlatform } from "./libc.node.ts";
import { findComposefs } from "./mount-check.node.ts";
import type { MountStep } from "./mount-plan.node.ts";
import { type Mount, readMountinfo } from "./mountinfo.node.ts";
import { type Path, pathBytes, realPath } from "./path.node.ts";
import { type Argument, type CommandResult, runCommandLine, shellCommand } from "./shell.node.ts";

/** Runs one command; replaced in tests. */
export type RunCommand = (argv: readonly Argument[]) => Promise<CommandResult>;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Carries a plan out. When a step fails, or a signal comes meanwhile, the steps before it are taken back; after a signal
 * the process ends as that signal would have ended it.
 *
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_MOUNT
 */
export async function runPlan(steps: readonly MountStep[], run: RunCommand = runCommandLine): Promise<void> {
  requirePlatform();
  const done: MountStep[] = [];
  let interrupted: NodeJS.Signals | undefined;
  const note = (signal: NodeJS.Signals) => {
    interrupted ??= signal;
  };
  for (const signal of SIGNALS) process.on(signal, note);
  try {
    for (const step of steps) {
      let result = await run(step.run);
      let argv = step.run;
      if (result.status !== 0 && step.otherwise !== undefined && interrupted === undefined) {
        argv = step.otherwise;
        result = await run(argv);
      }
      if (result.status === 0) done.push(step);
      if (result.status === 0 && interrupted === undefined) continue;
      const left = await undo(done, run);
      if (interrupted !== undefined) return;
      throw mountError(argv, result, left);
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, note);
    if (interrupted !== undefined) process.kill(process.pid, interrupted);
  }
}

/** Takes steps back, the last one first. @returns what could not be taken back */
async function undo(done: readonly MountStep[], run: RunCommand): Promise<string> {
  let left = "";
  for (const { undo: argv } of done.toReversed()) {
    const { status } = await run(argv);
    if (status !== 0) left += `; what was mounted stays: ${displayCommand(argv)} failed`;
  }
  return left;
}

/**
 * Takes a composefs mount away: the overlay, and the image where it is mounted below it at the same place.
 *
 * @throws {ComposefsError} LINUX_PLATFORM, LINUX_NOT_COMPOSEFS, LINUX_MOUNT
 */
export async function unmount(
  target: Path,
  run: RunCommand = runCommandLine,
  readMounts: () => readonly Mount[] = readMountinfo,
): Promise<void> {
  requirePlatform();
  const place = realPath(target);
  const { isStacked } = findComposefs(readMounts(), place);
  const argv = ["umount", pathBytes(place)];
  for (const left of isStacked ? ["", "; the image below the overlay is still mounted there"] : [""]) {
    const result = await run(argv);
    if (result.status !== 0) throw mountError(argv, result, left);
  }
}

function mountError(argv: readonly Argument[], { status, errors }: CommandResult, left: string): ComposefsError {
  const missing = status === 127 ? "; are mount(8) and umount(8) of util-linux installed?" : "";
  const reason = errors === "" ? `exit status ${status}` : quote(errors);
  return new ComposefsError("LINUX_MOUNT", `${displayCommand(argv)}: ${reason}${missing}${left}`, {
    ...(status === null ? {} : { actual: status }),
  });
}

/** A command for messages, on one line. */
function displayCommand(argv: readonly Argument[]): string {
  return shellCommand(argv).toString().replace(/\p{C}/gu, "?");
}
