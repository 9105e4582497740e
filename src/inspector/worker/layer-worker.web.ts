/**
 * A thread of layer-thread.web.ts: reads layers, one after the other, with an instance of its own of the engine that the
 * session compiled.
 */

import { adoptEngineModule } from "../../engine/load.ts";
import { answerTask, type LayerAnswer } from "../../image/layer-pool.ts";
import { HOST, type Host } from "../../source/host.ts";
import { loadSha256 } from "./hash-thread.web.ts";
import type { ToLayerWorker } from "./layer-thread.web.ts";

const host: Host = { ...HOST, loadSha256 };

let control = new AbortController();

self.onmessage = ({ data }: MessageEvent<ToLayerWorker>) => {
  if (data.kind === "engine") adoptEngineModule(data.engine);
  else if (data.kind === "cancel") control.abort();
  else {
    control = new AbortController();
    const post = (answer: LayerAnswer, buffers: ArrayBuffer[]) => self.postMessage(answer, { transfer: buffers });
    void answerTask(data.task, post, host, control.signal);
  }
};
