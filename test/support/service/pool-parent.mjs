/** Starts a pool with a process that hangs and one that waits, and prints their ids when they do; then lives until it is killed. */
import { WorkerPool } from "../../../build/src/service/worker-pool.js";

const [cache, path] = process.argv.slice(2);
const entry = new URL("./odd-worker.mjs", import.meta.url);
let hear;
const hangs = new Promise((resolve) => {
  hear = resolve;
});
const pool = new WorkerPool({ count: 2, cache, memoryBytes: 1e9, entry, onCacheFailure: hear });
const task = (act) => {
  const place = { kind: "file", path, offset: 0, length: 1024 };
  const layer = { place, compression: "none", mediaType: "", digest: null, diffId: null, size: 1024, name: path };
  return {
    kind: "layer",
    layer: { ...layer, annotations: act ? { "test.act": act } : {} },
    hashes: ["sha512"],
    limits: {},
  };
};
pool.run(task("hang"), { limitSeconds: 600, usedSeconds: 0 }).catch(() => {});
await pool.run(task(null), { limitSeconds: 600, usedSeconds: 0 }).catch(() => {});
await hangs;
const { readFileSync } = await import("node:fs");
console.log(readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim());
setInterval(() => {}, 1000);
