/**
 * An interrupted command leaves no half file behind.
 */

import type { OutputFile } from "../image/output.node.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Removes `output` when a signal ends the process, which then ends as that signal would have ended it.
 *
 * The handler runs only when the event loop gets a turn, which writeImage gives it every TURN_MS (common.ts). A signal
 * that comes after the last turn, while the last pieces are written and the file gets its name, has no effect: the
 * image is whole, the handler is gone before it could run, and the command ends as if there had been no signal. Before
 * the guard begins there is nothing to remove, and a signal ends the process at once.
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
