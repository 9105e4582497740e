/**
 * A worker process of worker-pool.ts: does one task after the other.
 *
 * It ends with the process that started it, however that ends: by itself when the channel between them is closed, and by a
 * thread that looks who its parent is when it is too busy to hear of that. Signals of a terminal or of systemd, which reach
 * all processes of a service, are left to the one that started it, which lets work end.
 */

import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import { failureOf } from "../engine/worker-failure.ts";
import type { CacheStore } from "../image/layer-cache.ts";
import { openCache } from "../image/layer-cache-open.node.ts";
import { isMemorySeen, MEMORY_LOOK_MS } from "./process-memory.ts";
import type { WorkerMessage, WorkerRequest } from "./worker-messages.ts";
import { workOn } from "./worker-work.ts";

// Chunks of layers lie outside the heap and die young, but for their number V8 begins to mark the heap every 20 ms: that takes a
// fifth of the processor time of a layer and frees nothing (measured; the peak of memory stays the same). Set here and not on
// the command line, where a version of V8 that does not know it would not start.
setFlagsFromString("--no-incremental-marking");

let cache: Promise<CacheStore> | undefined;

process.on("message", (request: WorkerRequest) => {
  if (request.kind === "begin") {
    cache = openCache(request.cache ?? undefined, { onFailure: (reason) => tell({ kind: "cache", reason }) });
    // Whoever awaits it hears of a failure.
    cache.catch(() => {});
  } else void answer(request);
});
process.on("disconnect", () => process.exit());
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
new Worker(new URL("./worker-watchdog.js", import.meta.url), { workerData: process.ppid }).unref();
if (!isMemorySeen)
  setInterval(() => tell({ kind: "memory", bytes: process.memoryUsage.rss() }), MEMORY_LOOK_MS).unref();

async function answer({ task }: Extract<WorkerRequest, { kind: "task" }>): Promise<void> {
  try {
    tell({ kind: "done", answer: await workOn(task, await cache!) });
  } catch (error) {
    tell(failureOf(error));
  }
}

function tell(message: WorkerMessage): void {
  process.send?.(message);
}
