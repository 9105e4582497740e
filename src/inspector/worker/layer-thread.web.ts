/**
 * The threads of image/layer-pool.ts in a browser.
 */

import type { LayerAnswer, LayerListener, LayerTask, LayerThread } from "../../image/layer-pool.ts";

/** The first message to a thread is the compiled engine, all others are tasks. */
export class LayerWorker implements LayerThread {
  readonly #worker = new Worker(new URL("./layer-worker.web.ts", import.meta.url), { type: "module", name: "layers" });
  #listener: LayerListener | null = null;

  constructor(engine: WebAssembly.Module) {
    this.#worker.onmessage = ({ data }: MessageEvent<LayerAnswer>) => this.#listener?.onAnswer(data);
    this.#worker.onerror = ({ message }) => this.#listener?.onFailure(new Error(message || "a worker did not start"));
    this.#worker.postMessage(engine);
  }

  post(task: LayerTask): void {
    this.#worker.postMessage(task);
  }

  listen(listener: LayerListener | null): void {
    this.#listener = listener;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}
