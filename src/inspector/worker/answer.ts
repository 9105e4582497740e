/**
 * The session's end of the line: requests come in, answers go out.
 */

import { type FromSession, PROGRESS_MARK, SIGNAL_MARK, type ThreadFailure, type ToSession } from "../messages.ts";
import type { Inspector, OpenProgress } from "../protocol.ts";
import { requestFailure } from "./failure.ts";

/** What a worker's scope has. */
export interface Port {
  onmessage: ((event: MessageEvent<ToSession | ThreadFailure>) => void) | null;
  postMessage(message: FromSession): void;
}

/** Answers requests, each as soon as the session does. @param begin makes the session; a failure answers every request */
export function answerRequests(port: Port, begin: () => Promise<Inspector>): void {
  const controls = new Map<number, AbortController>();
  const started = begin();
  // Each request hears of a failure by itself.
  started.catch(() => {});
  port.onmessage = async ({ data }) => {
    const { kind, id } = data;
    if (kind === "cancel") controls.get(id)?.abort();
    if (kind !== "request") return;
    const control = new AbortController();
    controls.set(id, control);
    const onProgress = (progress: OpenProgress) => port.postMessage({ kind: "progress", id, progress });
    const parameters = data.parameters.map((parameter) => {
      if (parameter === SIGNAL_MARK) return control.signal;
      return parameter === PROGRESS_MARK ? onProgress : parameter;
    });
    try {
      const session = await started;
      const method = session[data.method] as (...parameters: unknown[]) => Promise<unknown>;
      port.postMessage({ kind: "result", id, result: await method.apply(session, parameters) });
    } catch (error) {
      port.postMessage({ kind: "failure", id, failure: requestFailure(error) });
    } finally {
      controls.delete(id);
    }
  };
}
