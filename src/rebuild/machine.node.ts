/**
 * What of this machine can be varied.
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { BuildFolders, Machine } from "./variations.ts";

const { S_IXOTH } = constants;

/** No program that is asked may hold up a build. */
const TIMEOUT_MS = 10_000;

/** Looks at the machine. @param folders where builds are made */
export function lookAtMachine(folders: BuildFolders): Machine {
  const isWindows = process.platform === "win32";
  return {
    environment: process.env,
    umask: isWindows ? null : process.umask(),
    userId: process.getuid?.() ?? null,
    locales: isWindows ? null : listLocales(),
    cpus: isInPath("taskset") ? listCpus() : null,
    folders,
    isOpenToAll: isOpenToAll(dirname(realpathSync(folders.parent))),
  };
}

/** By the permissions of a directory and of all that it is in. */
function isOpenToAll(folder: string): boolean {
  const isOpen = (statSync(folder).mode & S_IXOTH) !== 0;
  return isOpen && (dirname(folder) === folder || isOpenToAll(dirname(folder)));
}

function listLocales(): string[] | null {
  const { status, stdout } = spawnSync("locale", ["-a"], { encoding: "utf8", timeout: TIMEOUT_MS });
  return status === 0 ? stdout.split("\n").filter((name) => name !== "") : null;
}

/** The processors that this process may use (proc_pid_status(5), Cpus_allowed_list). */
function listCpus(): number[] | null {
  try {
    const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return list === undefined ? null : parseCpuList(list);
  } catch {
    return null;
  }
}

/** Such as `0-2,4`. */
export function parseCpuList(list: string): number[] {
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function isInPath(program: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
