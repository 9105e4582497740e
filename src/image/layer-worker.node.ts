/**
 * A thread of the pool in layer-pool.node.ts: reads layers, one after the other, with an instance of its own of the
 * module that the main thread compiled.
 */

import { parentPort, workerData } from "node:worker_threads";
import { acquireEngineSync, adoptEngineModule, releaseEngine } from "../engine/load.ts";
import { failureOf } from "../engine/worker-failure.ts";
import type { LayerAnswer, LayerTask } from "./layer-pool.node.ts";
import { readLayer } from "./read-layer.ts";

adoptEngineModule(workerData as WebAssembly.Module);

function answer(message: LayerAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

parentPort?.on("message", async ({ layer, options }: LayerTask) => {
  const engine = acquireEngineSync();
  try {
    const read = await readLayer(engine, layer, options, undefined, (bytes) => answer({ kind: "bytes", bytes }));
    answer({ kind: "done", layer: read }, [
      read.records.bytes.buffer,
      ...read.records.contents.map(({ bytes }) => bytes.buffer),
    ]);
  } catch (error) {
    answer(failureOf(error));
  } finally {
    releaseEngine(engine);
  }
});
