/**
 * A thread of the pool in parallel.node.ts: hashes chunks of one file after the other, with an instance of its own of
 * the module that the main thread compiled.
 */

import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { acquireEngineSync, adoptEngineModule, releaseEngine } from "./load.ts";
import { hashChunks, type ParallelTask } from "./parallel.node.ts";
import { VeritySlot } from "./slot.ts";

adoptEngineModule(workerData as WebAssembly.Module);

parentPort?.on("message", (task: ParallelTask) => {
  const engine = acquireEngineSync();
  try {
    const slot = new VeritySlot(engine, 0, task.parameters, task.accelerator, task.size);
    hashChunks(task, slot, (target, position) => readSync(task.fd, target, 0, target.length, position));
  } finally {
    releaseEngine(engine);
  }
});
