/** Layers that are read on this thread, each with an engine of the process. */

import { acquireEngine, releaseEngine } from "../engine/load.ts";
import type { LayerReader } from "./layers.ts";
import { readLayer } from "./read-layer.ts";

export const readHere: LayerReader = async (...task) => {
  const engine = await acquireEngine();
  try {
    return await readLayer(engine, ...task);
  } finally {
    releaseEngine(engine);
  }
};
