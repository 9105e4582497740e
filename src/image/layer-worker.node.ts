/**
 * A thread of the pool in layer-pool.node.ts: reads layers, one after the other, with an instance of its own of the
 * module that the main thread compiled.
 */

import { parentPort, workerData } from "node:worker_threads";
import { adoptEngineModule } from "../engine/load.ts";
import { answerTask, type LayerTask } from "./layer-pool.ts";

adoptEngineModule(workerData as WebAssembly.Module);

parentPort?.on("message", (task: LayerTask) => {
  void answerTask(task, (answer, buffers) => parentPort?.postMessage(answer, buffers));
});
