/**
 * An interrupted command leaves no half file behind.
 */

import type { OutputFile } from "../image/files.node.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Removes `output` when a signal ends the process, which then ends as that signal would have ended it.
 * The handler runs only when the event loop gets a turn.
 *
 * @returns ends the guard
 */
export function guardOutput(output: OutputFile): () => void {
  const handle = (signal: NodeJS.Signals) => {
    output.discard();
    release();
    process.kill(process.pid, signal);
  };
  const release = () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return release;
}
