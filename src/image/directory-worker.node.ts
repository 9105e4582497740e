/**
 * A thread of the pool in directory-pool.node.ts: hashes batches of files, with an instance of its own of the module that
 * the main thread compiled.
 */

import { parentPort, workerData } from "node:worker_threads";
import { acquireEngineSync, adoptEngineModule, releaseEngine } from "../engine/load.ts";
import { PIECE_BYTES } from "../engine/slot.ts";
import { failureOf } from "../engine/worker-failure.ts";
import { hashBatch } from "./directory-batch.node.ts";
import type { BatchAnswer, BatchTask } from "./directory-pool.node.ts";

adoptEngineModule(workerData as WebAssembly.Module);

const window = new Uint8Array(PIECE_BYTES);
let hashed = 0;

function answer(message: BatchAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

parentPort?.on("message", ({ batch, bytes, ...task }: BatchTask) => {
  const engine = acquireEngineSync();
  try {
    const fillings = hashBatch(engine, batch, task, window, hashed);
    hashed += bytes;
    answer({ kind: "done", fillings }, [fillings.buffer]);
  } catch (error) {
    answer(failureOf(error));
  } finally {
    releaseEngine(engine);
  }
});
