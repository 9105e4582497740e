/**
 * Requests on their way between the page and its session. A function and an AbortSignal cannot be posted: in their place
 * stands a mark, and what is told through them are messages.
 */

import type { Inspector, OpenProgress, RequestFailure } from "./protocol.ts";

/** What stands for a parameter that cannot be posted. */
export const PROGRESS_MARK = "\0progress";
export const SIGNAL_MARK = "\0signal";

export type ToSession =
  | { kind: "request"; id: number; method: keyof Inspector; parameters: unknown[] }
  | { kind: "cancel"; id: number };

export type FromSession =
  | { kind: "progress"; id: number; progress: OpenProgress }
  | { kind: "result"; id: number; result: unknown }
  | { kind: "failure"; id: number; failure: RequestFailure };
