/**
 * The threads of layer-pool.ts in Node.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { engineModuleSync } from "../engine/load.ts";
import { type LayerAnswer, type LayerListener, type LayerTask, type LayerThread, LayerThreads } from "./layer-pool.ts";

/** Most workers where nothing else was said: more wait for the disk. */
const WORKERS_DEFAULT_MAX = 8;

/** Workers for `layers` layers where nothing else was said. */
export function defaultWorkers(layers: number): number {
  return Math.max(1, Math.min(availableParallelism(), layers, WORKERS_DEFAULT_MAX));
}

/** Threads of Node that read layers. */
export class LayerPool extends LayerThreads {
  constructor() {
    super(() => new NodeThread());
  }
}

class NodeThread implements LayerThread {
  readonly #worker = new Worker(new URL("./layer-worker.node.js", import.meta.url), { workerData: engineModuleSync() });
  #listener: LayerListener | null = null;

  constructor() {
    this.#worker
      .on("message", (answer: LayerAnswer) => this.#listener?.onAnswer(answer))
      .on("error", (error) => this.#listener?.onFailure(error))
      .on("exit", (code) => this.#listener?.onFailure(new Error(`a worker ended with exit code ${code}`)));
  }

  post(task: LayerTask): void {
    this.#worker.postMessage(task);
  }

  listen(listener: LayerListener | null): void {
    this.#listener = listener;
  }

  terminate(): Promise<unknown> {
    return this.#worker.terminate();
  }
}
