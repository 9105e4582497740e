/**
 * The threads of image/layer-pool.ts in a browser, at the session's end: the page starts them (../threads.web.ts).
 */

import type { LayerAnswer, LayerListener, LayerTask, LayerThread } from "../../image/layer-pool.ts";
import type { ThreadFailure, ThreadRequest } from "../messages.ts";

/** Messages to a thread: tasks, one at a time. */
export type ToLayerWorker = { kind: "task"; task: LayerTask } | { kind: "cancel" };

let last = 0;

export class LayerWorker implements LayerThread {
  readonly #id = ++last;
  readonly #port: MessagePort;
  #listener: LayerListener | null = null;

  constructor(engine: WebAssembly.Module) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = ({ data }: MessageEvent<LayerAnswer>) => this.#listener?.onAnswer(data);
    self.addEventListener("message", this.#onFailure);
    ask({ kind: "thread-begin", id: this.#id, engine, tasks: port2 }, [port2]);
  }

  post(task: LayerTask): void {
    this.#post({ kind: "task", task });
  }

  cancel(): void {
    this.#post({ kind: "cancel" });
  }

  #post(message: ToLayerWorker): void {
    this.#port.postMessage(message);
  }

  listen(listener: LayerListener | null): void {
    this.#listener = listener;
  }

  terminate(): void {
    self.removeEventListener("message", this.#onFailure);
    this.#port.close();
    ask({ kind: "thread-end", id: this.#id }, []);
  }

  readonly #onFailure = ({ data }: MessageEvent<ThreadFailure | { kind: string; id: number }>) => {
    if (data.kind !== "thread-failure" || data.id !== this.#id) return;
    this.#listener?.onFailure(new Error((data as ThreadFailure).message));
  };
}

function ask(request: ThreadRequest, transfer: Transferable[]): void {
  self.postMessage(request, { transfer });
}
