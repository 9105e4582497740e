/**
 * The page's end of the line to its session, which runs in a worker of its own: no request takes time of the page.
 */

import { type FromSession, PROGRESS_MARK, SIGNAL_MARK, type ThreadRequest, type ToSession } from "./messages.ts";
import { type Inspector, type OpenProgress, RequestError } from "./protocol.ts";
import { SessionThreads } from "./threads.web.ts";

/** A request that was not answered yet. */
interface Waiting {
  onProgress: ((progress: OpenProgress) => void) | undefined;
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** Starts a session. */
export function connectInspector(): Inspector {
  const worker = new Worker(new URL("./worker/session-worker.web.ts", import.meta.url), {
    type: "module",
    name: "session",
  });
  const threads = new SessionThreads((failure) => worker.postMessage(failure));
  return clientOf({
    post: (message) => worker.postMessage(message),
    listen(onMessage, onError) {
      worker.onmessage = ({ data }: MessageEvent<FromSession | ThreadRequest>) => {
        if (data.kind === "thread-begin" || data.kind === "thread-end") threads.take(data);
        else onMessage(data);
      };
      worker.onerror = ({ message }) => onError(message || "the worker of the page did not start");
    },
  });
}

/** A line to a session. */
export interface Line {
  post(message: ToSession): void;
  /** @param onError when the session itself fails: no request is answered any more */
  listen(onMessage: (message: FromSession) => void, onError: (message: string) => void): void;
}

/** The session at the other end of a line. */
export function clientOf(line: Line): Inspector {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let broken: RequestError | undefined;
  line.listen(
    (message) => {
      const request = waiting.get(message.id);
      if (request === undefined) return;
      if (message.kind === "progress") {
        request.onProgress?.(message.progress);
        return;
      }
      waiting.delete(message.id);
      if (message.kind === "result") request.resolve(message.result);
      else request.reject(new RequestError(message.failure));
    },
    (message) => {
      broken = new RequestError({ code: "BUG", message, data: {}, choices: [], advice: [] });
      for (const { reject } of waiting.values()) reject(broken);
      waiting.clear();
    },
  );

  const request = (method: keyof Inspector, given: readonly unknown[]): Promise<unknown> => {
    if (broken !== undefined) return Promise.reject(broken);
    const id = ++last;
    let signal: AbortSignal | undefined;
    let onProgress: Waiting["onProgress"];
    const parameters = given.map((parameter) => {
      if (parameter instanceof AbortSignal) signal = parameter;
      else if (typeof parameter === "function") onProgress = parameter as Waiting["onProgress"];
      else return parameter;
      return signal === parameter ? SIGNAL_MARK : PROGRESS_MARK;
    });
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiting.delete(id);
        line.post({ kind: "cancel", id });
        reject(signal?.reason);
      };
      const settled = (settle: (value: unknown) => void) => (value: unknown) => {
        signal?.removeEventListener("abort", onAbort);
        settle(value);
      };
      signal?.addEventListener("abort", onAbort);
      waiting.set(id, { onProgress, resolve: settled(resolve), reject: settled(reject) });
      line.post({ kind: "request", id, method, parameters });
    });
  };

  return new Proxy({} as Inspector, {
    get: (_, method) =>
      // A client is no promise, though it may be awaited.
      typeof method === "string" && method !== "then"
        ? (...parameters: unknown[]) => request(method as keyof Inspector, parameters)
        : undefined,
  });
}
