/**
 * Layers on several threads: each reads one layer after the other, with an engine of its own.
 *
 * A thread is handed the place of a layer and opens it by itself, so that no byte of it passes between threads; what
 * comes back are the records. Where threads come from is the matter of layer-pool.node.ts and of pages.
 */

import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { errorOf, failureOf, type WorkerFailure } from "../engine/worker-failure.ts";
import type { LayerBlob } from "../source/container.ts";
import type { Host } from "../source/host.ts";
import { type ReadBytes, type ReadLayer, type ReadLayerOptions, readLayer } from "./read-layer.ts";

/** What a thread is asked. */
export interface LayerTask {
  layer: LayerBlob;
  options: ReadLayerOptions;
}

/** What it answers: how far it is, or how it ended. */
export type LayerAnswer = { kind: "bytes"; bytes: ReadBytes } | { kind: "done"; layer: ReadLayer } | WorkerFailure;

/** Hears of a thread. */
export interface LayerListener {
  onAnswer(answer: LayerAnswer): void;
  /** The thread itself failed, and answers no more. */
  onFailure(error: unknown): void;
}

/** A thread that runs {@link answerTask}. */
export interface LayerThread {
  post(task: LayerTask): void;
  /** Calls the task off, which then fails soon. Left out where a task can only be ended with its thread. */
  cancel?(): void;
  /** @param listener null for nobody */
  listen(listener: LayerListener | null): void;
  terminate(): unknown;
}

/** Threads that read layers; they come up when they are first needed. */
export class LayerThreads {
  readonly #start: () => LayerThread;
  readonly #idle: LayerThread[] = [];
  readonly #all = new Set<LayerThread>();

  constructor(start: () => LayerThread) {
    this.#start = start;
  }

  /**
   * Reads a layer on a thread of its own. Whoever asks for more at a time than there are processors gets them all.
   *
   * @param onBytes told now and then how much was read
   * @throws {ComposefsError} what `readLayer` gives
   */
  async read(
    layer: LayerBlob,
    options: ReadLayerOptions,
    signal?: AbortSignal,
    onBytes?: (bytes: ReadBytes) => void,
  ): Promise<ReadLayer> {
    signal?.throwIfAborted();
    const thread = this.#idle.pop() ?? this.#begin();
    return new Promise<ReadLayer>((resolve, reject) => {
      const onAbort = () => {
        reject(signal!.reason);
        // One that can be called off answers soon, and reads the next layer; another is of no use until it has read this one.
        if (thread.cancel === undefined) end(false);
        else thread.cancel();
      };
      const end = (isUsable: boolean) => {
        thread.listen(null);
        signal?.removeEventListener("abort", onAbort);
        if (isUsable && this.#all.has(thread)) this.#idle.push(thread);
        else this.#drop(thread);
      };
      thread.listen({
        onAnswer: (answer) => {
          if (answer.kind === "bytes") {
            if (!signal?.aborted) onBytes?.(answer.bytes);
            return;
          }
          end(answer.kind !== "bug" || signal?.aborted === true);
          if (answer.kind === "done") resolve(answer.layer);
          else reject(errorOf(answer));
        },
        onFailure: (error) => {
          end(false);
          reject(error);
        },
      });
      signal?.addEventListener("abort", onAbort);
      thread.post({ layer, options });
    });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((thread) => thread.terminate()));
    this.#all.clear();
    this.#idle.length = 0;
  }

  #begin(): LayerThread {
    const thread = this.#start();
    this.#all.add(thread);
    return thread;
  }

  #drop(thread: LayerThread): void {
    this.#all.delete(thread);
    void thread.terminate();
  }
}

/**
 * What a thread does with a task: reads the layer and answers.
 *
 * @param post sends an answer; the buffers go with it
 * @param host other than that of the platform
 * @param signal calls the task off
 */
export async function answerTask(
  { layer, options }: LayerTask,
  post: (answer: LayerAnswer, buffers: ArrayBuffer[]) => void,
  host?: Host,
  signal?: AbortSignal,
): Promise<void> {
  const engine = acquireEngineSync();
  try {
    const onBytes = (bytes: ReadBytes) => post({ kind: "bytes", bytes }, []);
    const read = await readLayer(engine, layer, options, signal, onBytes, host);
    const { bytes, contents } = read.records;
    post({ kind: "done", layer: read }, [bytes.buffer, ...contents.map((content) => content.bytes.buffer)]);
  } catch (error) {
    post(failureOf(error), []);
  } finally {
    releaseEngine(engine);
  }
}
