/**
 * What passes between the page and its session: requests and answers, and what they have to say of threads. A function and an
 * AbortSignal cannot be posted: in their place stands a mark, and what is told through them are messages.
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

/** What the session asks of the page; `id` is the session's name for a thread. */
export type ThreadRequest =
  | { kind: "thread-begin"; id: number; engine: WebAssembly.Module; tasks: MessagePort }
  | { kind: "thread-end"; id: number };

/** What it hears of it: the thread answers no more. */
export interface ThreadFailure {
  kind: "thread-failure";
  id: number;
  message: string;
}
