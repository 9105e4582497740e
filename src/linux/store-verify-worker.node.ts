/**
 * A thread of store-verify.node.ts: looks at one portion of objects after the other, with an instance of its own of the
 * module that the main thread compiled.
 */

import { parentPort, workerData } from "node:worker_threads";
import { adoptEngineModule } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { type VerifyAnswer, type VerifyTask, verifyPortion } from "./store-verify.node.ts";

adoptEngineModule(workerData as WebAssembly.Module);

parentPort?.on("message", (task: VerifyTask) => {
  parentPort!.postMessage(answerOf(task));
});

/** Anything but a refusal is a bug, and ends the thread: the other side is told. */
function answerOf(task: VerifyTask): VerifyAnswer {
  try {
    return { report: verifyPortion(task) };
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    const { code, message, data } = error;
    return { error: { code, message, data } };
  }
}
