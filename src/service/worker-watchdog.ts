/** A thread of a worker process that ends it when the process that started it is gone, though its main thread may hang. */

import { workerData } from "node:worker_threads";

const LOOK_MS = 1000;

setInterval(() => {
  // Whoever loses its parent gets another one.
  if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL");
}, LOOK_MS);
