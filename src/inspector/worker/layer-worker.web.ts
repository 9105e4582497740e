/**
 * A thread of layer-thread.web.ts: reads layers, one after the other, with an instance of its own of the engine that the
 * session compiled.
 */

import { adoptEngineModule } from "../../engine/load.ts";
import { answerTask, type LayerAnswer } from "../../image/layer-pool.ts";
import { HOST, type Host } from "../../source/host.ts";
import type { LayerWorkerStart } from "../threads.web.ts";
import { HashThread } from "./hash-thread.web.ts";
import type { ToLayerWorker } from "./layer-thread.web.ts";

self.onmessage = ({ data: { engine, tasks, hashes } }: MessageEvent<LayerWorkerStart>) => {
  adoptEngineModule(engine);
  const { begin } = new HashThread(hashes);
  const host: Host = { ...HOST, loadSha256: async () => begin };
  let control = new AbortController();
  tasks.onmessage = ({ data }: MessageEvent<ToLayerWorker>) => {
    if (data.kind === "cancel") {
      control.abort();
      return;
    }
    control = new AbortController();
    const post = (answer: LayerAnswer, buffers: ArrayBuffer[]) => tasks.postMessage(answer, buffers);
    void answerTask(data.task, post, host, control.signal);
  };
};
