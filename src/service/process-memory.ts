/** How much memory another process takes. */

import { readFileSync } from "node:fs";

/** Milliseconds between two looks: memory that grows by gigabytes in a second is beyond its limit by a quarter of that. */
export const MEMORY_LOOK_MS = 250;

/** Whether this system lets a process see the memory of another one, which then need not be able to tell. */
export const isMemorySeen = process.platform === "linux";

/** Resident bytes of a process: VmRSS of proc_pid_status(5). @returns null when it is gone */
export function residentBytes(pid: number): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/status`, "latin1");
  } catch {
    return null;
  }
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(text) ?? [];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
