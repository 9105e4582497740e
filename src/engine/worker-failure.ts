/**
 * Failures on their way from a thread of a pool: an error of the package loses its class when it is posted, and gets it back.
 */

import { ComposefsError, type ComposefsErrorCode, type ComposefsErrorData } from "../error.ts";

/** How a task ended that failed. */
export type WorkerFailure =
  | { kind: "error"; code: ComposefsErrorCode; message: string; data: ComposefsErrorData }
  | { kind: "bug"; error: unknown };

/** What a thread posts. */
export function failureOf(error: unknown): WorkerFailure {
  if (!(error instanceof ComposefsError)) return { kind: "bug", error };
  const { code, message, data } = error;
  return { kind: "error", code, message, data };
}

/** What its pool throws. */
export function errorOf(failure: WorkerFailure): unknown {
  if (failure.kind === "bug") return failure.error;
  return new ComposefsError(failure.code, failure.message, failure.data);
}
