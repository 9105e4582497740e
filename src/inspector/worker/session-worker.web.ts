/**
 * The worker of a session: compiles the engine once, for itself and for the threads that read layers, and answers.
 */

import engineUrl from "#engine-url";
import { adoptEngineModule } from "../../engine/load.ts";
import { ComposefsError } from "../../error.ts";
import { LayerThreads } from "../../image/layer-pool.ts";
import { answerRequests } from "./answer.ts";
import { LayerWorker } from "./layer-thread.web.ts";
import { Session } from "./session.ts";

/** Most threads: more wait for the disk. */
const THREADS_MAX = 8;

const module = loadModule();

answerRequests(self, async () => {
  const compiled = await module;
  const threads = Math.min(navigator.hardwareConcurrency || 1, THREADS_MAX);
  return new Session({ pool: new LayerThreads(() => new LayerWorker(compiled)), threads });
});

/** @throws {ComposefsError} ENGINE_LOAD */
async function loadModule(): Promise<WebAssembly.Module> {
  try {
    const response = await fetch(engineUrl);
    if (!response.ok) throw new Error(`the server answered ${response.status} for engine.wasm`);
    // Not every server knows the type of .wasm files, without which there is no streaming.
    const compiled = await WebAssembly.compile(await response.arrayBuffer());
    adoptEngineModule(compiled);
    return compiled;
  } catch (cause) {
    throw new ComposefsError("ENGINE_LOAD", `engine: ${(cause as Error).message}`, {}, { cause });
  }
}
