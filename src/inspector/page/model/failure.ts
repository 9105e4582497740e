/**
 * An error as the page shows it.
 */

import { RequestError, type RequestFailure } from "../../protocol.ts";

/** What went wrong, whatever was thrown. Anything that is no answer of the session is a fault of the page. */
export function failureOf(error: unknown): RequestFailure {
  if (error instanceof RequestError) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "BUG", message, data: {}, choices: [], advice: [] };
}

/** Whether somebody called a job off: nothing failed. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Whether an answer is about an input that is not there any more. */
export function isClosed(error: unknown): boolean {
  return error instanceof RequestError && error.failure.code === "CLOSED";
}
