/**
 * A thread of layer-thread.web.ts: reads layers, one after the other, with an instance of its own of the engine that the
 * session compiled.
 */

import { adoptEngineModule } from "../../engine/load.ts";
import { answerTask, type LayerTask } from "../../image/layer-pool.ts";

self.onmessage = ({ data }: MessageEvent<WebAssembly.Module | LayerTask>) => {
  if (data instanceof WebAssembly.Module) adoptEngineModule(data);
  else void answerTask(data, (answer, buffers) => self.postMessage(answer, { transfer: buffers }));
};
