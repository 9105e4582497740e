/**
 * A worker process that does what the annotation `test.act` of a layer says, before the one of the product hears of the task:
 *
 *   hang   says so, as if it were of the cache, and loops for ever
 *   die    kills itself
 *   grow   takes memory, for ever
 *   say    says that it takes more memory than there is, as it does where others cannot see it, and sleeps
 *   keep   takes 250 MB that it keeps, and does its task
 *   tell   fails, with its environment as the message
 */
import "../../../build/src/service/worker-entry.js";

process.prependListener("message", (request) => {
  if (request.kind !== "task") return;
  const layers = request.task.kind === "layer" ? [request.task.layer] : request.task.layers;
  const act = layers.map(({ annotations }) => annotations["test.act"]).find((name) => name !== undefined);
  if (act === "hang") {
    process.send({ kind: "cache", reason: "hangs" });
    for (;;);
  }
  if (act === "die") {
    process.kill(process.pid, "SIGKILL");
    for (;;);
  }
  if (act === "say") {
    process.send({ kind: "memory", bytes: 1e15 });
    // What was sent goes out by itself.
    const clock = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(clock, 0, 0, 60_000);
  }
  if (act === "keep") globalThis.kept = Buffer.alloc(250_000_000, 1);
  if (act === "grow") {
    const kept = [];
    for (const clock = new Int32Array(new SharedArrayBuffer(4)); ; Atomics.wait(clock, 0, 0, 5)) {
      kept.push(Buffer.alloc(1 << 23, 1));
    }
  }
  if (act === "tell") process.send({ kind: "bug", error: new Error(JSON.stringify([process.env, process.argv])) });
});
