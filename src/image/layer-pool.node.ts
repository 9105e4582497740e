/**
 * Layers on several threads: each worker reads one layer after the other, with an engine of its own.
 *
 * A worker is handed the place of a layer and opens it by itself, so that no byte of it passes between threads; what
 * comes back are the records.
 */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { engineModuleSync } from "../engine/load.ts";
import { errorOf, type WorkerFailure } from "../engine/worker-failure.ts";
import type { LayerBlob } from "../source/container.ts";
import type { ReadLayer, ReadLayerOptions } from "./read-layer.ts";

/** Most workers where nothing else was said: more wait for the disk. */
const WORKERS_DEFAULT_MAX = 8;

/** What a worker is asked. */
export interface LayerTask {
  layer: LayerBlob;
  options: ReadLayerOptions;
}

/** What it answers: how far it is, or how it ended. */
export type LayerAnswer = { kind: "bytes"; bytes: number } | { kind: "done"; layer: ReadLayer } | WorkerFailure;

/** Workers for `layers` layers where nothing else was said. */
export function defaultWorkers(layers: number): number {
  return Math.max(1, Math.min(availableParallelism(), layers, WORKERS_DEFAULT_MAX));
}

/** Threads that read layers; they come up when they are first needed. */
export class LayerPool {
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();

  /**
   * Reads a layer on a thread of its own. Whoever asks for more at a time than there are processors gets them all.
   *
   * @param onBytes told now and then how many bytes of the tar were read
   * @throws {ComposefsError} what `readLayer` gives
   */
  async read(
    layer: LayerBlob,
    options: ReadLayerOptions,
    signal?: AbortSignal,
    onBytes?: (bytes: number) => void,
  ): Promise<ReadLayer> {
    signal?.throwIfAborted();
    const worker = this.#idle.pop() ?? this.#start();
    let isUsable = false;
    try {
      const read = await ask(worker, { layer, options }, signal, onBytes);
      isUsable = true;
      return read;
    } finally {
      if (isUsable) this.#idle.push(worker);
      else this.#drop(worker);
    }
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((worker) => worker.terminate()));
    this.#all.clear();
    this.#idle.length = 0;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./layer-worker.node.js", import.meta.url), { workerData: engineModuleSync() });
    this.#all.add(worker);
    return worker;
  }

  #drop(worker: Worker): void {
    this.#all.delete(worker);
    void worker.terminate();
  }
}

function ask(
  worker: Worker,
  task: LayerTask,
  signal: AbortSignal | undefined,
  onBytes: ((bytes: number) => void) | undefined,
): Promise<ReadLayer> {
  return new Promise<ReadLayer>((resolve, reject) => {
    const settle = (end: () => void) => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      signal?.removeEventListener("abort", onAbort);
      end();
    };
    const onMessage = (answer: LayerAnswer) => {
      if (answer.kind === "bytes") onBytes?.(answer.bytes);
      else if (answer.kind === "done") settle(() => resolve(answer.layer));
      else settle(() => reject(errorOf(answer)));
    };
    const onError = (error: unknown) => settle(() => reject(error));
    const onExit = (code: number) => settle(() => reject(new Error(`a worker ended with exit code ${code}`)));
    const onAbort = () => settle(() => reject(signal!.reason));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    signal?.addEventListener("abort", onAbort);
    worker.postMessage(task);
  });
}
