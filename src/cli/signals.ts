/**
 * An interrupted command leaves nothing behind: no half file, no program that it started.
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
  return guard(() => output.discard());
}

/** Runs `cleanUp` when a signal ends the process, which then ends as that signal would have ended it. @returns ends the guard */
export function guard(cleanUp: () => void): () => void {
  const release = onSignal((signal) => {
    cleanUp();
    release();
    process.kill(process.pid, signal);
  });
  return release;
}

/** @returns stops listening */
function onSignal(handle: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}

/** Why work was stopped. */
class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(signal);
    this.signal = signal;
  }
}

/**
 * Does work that has to clear up when a signal comes: it is told, ends, and the process then ends as the signal would have
 * ended it. A second signal ends it at once.
 *
 * @param work rejects with the reason of its signal when that comes
 */
export async function untilSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const release = onSignal((signal) => {
    release();
    controller.abort(new Interrupted(signal));
  });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (error instanceof Interrupted) process.kill(process.pid, error.signal);
    throw error;
  } finally {
    release();
  }
}
