/**
 * Threads that read layers, and their threads that hash. The page starts them for its session, which talks to them through
 * ports: in Firefox the constructor of a worker that another worker calls now and then never returns (measured with Firefox
 * 153: one opening in ten on a busy machine), and hangs its caller with it; in a page it always did.
 */

import type { ThreadFailure, ThreadRequest } from "./messages.ts";

/** First message to a thread that reads layers. @param tasks leads to the session @param hashes to its thread that hashes */
export interface LayerWorkerStart {
  engine: WebAssembly.Module;
  tasks: MessagePort;
  hashes: MessagePort;
}

/** First message to a thread that hashes. */
export interface HashWorkerStart {
  tasks: MessagePort;
}

/** The threads of one session, in the page. */
export class SessionThreads {
  readonly #onFailure: (failure: ThreadFailure) => void;
  readonly #workers = new Map<number, Worker[]>();

  constructor(onFailure: (failure: ThreadFailure) => void) {
    this.#onFailure = onFailure;
  }

  take(request: ThreadRequest): void {
    if (request.kind === "thread-begin") this.#begin(request);
    else this.#end(request.id);
  }

  #begin({ id, engine, tasks }: ThreadRequest & { kind: "thread-begin" }): void {
    const layers = new Worker(new URL("./worker/layer-worker.web.ts", import.meta.url), {
      type: "module",
      name: "layers",
    });
    const hashes = new Worker(new URL("./worker/hash-worker.web.ts", import.meta.url), {
      type: "module",
      name: "hashes",
    });
    this.#workers.set(id, [layers, hashes]);
    // Without either of the two the layer is never read.
    const onerror = ({ message }: ErrorEvent) =>
      this.#onFailure({ kind: "thread-failure", id, message: message || "a worker did not start" });
    for (const worker of [layers, hashes]) worker.onerror = onerror;
    const { port1, port2 } = new MessageChannel();
    layers.postMessage({ engine, tasks, hashes: port1 } satisfies LayerWorkerStart, [tasks, port1]);
    hashes.postMessage({ tasks: port2 } satisfies HashWorkerStart, [port2]);
  }

  #end(id: number): void {
    for (const worker of this.#workers.get(id) ?? []) worker.terminate();
    this.#workers.delete(id);
  }
}
