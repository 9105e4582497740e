/**
 * The threads of image/layer-pool.ts in a browser.
 */

import type { LayerAnswer, LayerListener, LayerTask, LayerThread } from "../../image/layer-pool.ts";

/** Messages to a thread: the compiled engine first, then tasks, one at a time. */
export type ToLayerWorker =
  | { kind: "engine"; engine: WebAssembly.Module }
  | { kind: "task"; task: LayerTask }
  | { kind: "cancel" };

export class LayerWorker implements LayerThread {
  readonly #worker = new Worker(new URL("./layer-worker.web.ts", import.meta.url), { type: "module", name: "layers" });
  #listener: LayerListener | null = null;

  constructor(engine: WebAssembly.Module) {
    this.#worker.onmessage = ({ data }: MessageEvent<LayerAnswer>) => this.#listener?.onAnswer(data);
    this.#worker.onerror = ({ message }) => this.#listener?.onFailure(new Error(message || "a worker did not start"));
    this.#post({ kind: "engine", engine });
  }

  post(task: LayerTask): void {
    this.#post({ kind: "task", task });
  }

  cancel(): void {
    this.#post({ kind: "cancel" });
  }

  #post(message: ToLayerWorker): void {
    this.#worker.postMessage(message);
  }

  listen(listener: LayerListener | null): void {
    this.#listener = listener;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
