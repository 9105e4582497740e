/**
 * Worker processes: they compute what the library computes, and whatever becomes of one, its task fails with the reason, the
 * next task is done, and none of them outlives the one that started it. They are files of the build, which this tests.
 */
import { spawn } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import type { WorkerPool as Pool, WorkerPoolOptions } from "../../../src/service/worker-pool.ts";
import type { TimeBudget } from "../../../src/service/worker-process.ts";
import type { DigestsTask, LayerTask } from "../../../src/service/worker-tasks.ts";
import type { LayerBlob } from "../../../src/source/container.ts";
import { expectedTrees, golden, layersOf } from "../../support/oci/golden.ts";
import { until } from "../../support/service/run-service.ts";
import { digestOf } from "../../support/source.ts";
import { emptyFolder } from "../cli/run.ts";

const { WorkerPool } = (await import(new URL("../../../build/src/service/worker-pool.js", import.meta.url).href)) as {
  WorkerPool: new (options: WorkerPoolOptions) => Pool;
};
const entry = new URL("../../support/service/odd-worker.mjs", import.meta.url);
const base = golden.images.find(({ image, seed, scale }) => image === "base" && seed === 1 && scale === 1)!;
const pinned = Object.fromEntries(expectedTrees(base))["allowlist-only"]!;
const MEMORY_BYTES = 400_000_000;

const pools: Pool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function makePool(options: Partial<WorkerPoolOptions> = {}) {
  const cache = emptyFolder();
  const pool = new WorkerPool({ count: 1, cache, memoryBytes: MEMORY_BYTES, entry, ...options });
  pools.push(pool);
  return { pool, cache };
}

const budget = (limitSeconds = 60): TimeBudget => ({ limitSeconds, usedSeconds: 0 });

/** @param act what the process is to do instead, see odd-worker.mjs */
function layerTasks(act?: string): LayerTask[] {
  const cwd = emptyFolder();
  return layersOf(base).map((bytes, i) => {
    const path = join(cwd, `${i}.tar`);
    writeFileSync(path, bytes);
    const layer: LayerBlob = {
      ...{ place: { kind: "file", path, offset: 0, length: bytes.length }, compression: "none", mediaType: "" },
      ...{ digest: digestOf(bytes), diffId: digestOf(bytes), size: bytes.length, name: path },
      annotations: act === undefined ? {} : { "test.act": act },
    };
    return { kind: "layer", layer, hashes: ["sha512"], limits: {} };
  });
}

function digestsTask(changes: Partial<DigestsTask> = {}): DigestsTask {
  const bytes = new TextEncoder().encode("{}");
  return {
    ...{
      kind: "digests",
      name: "base",
      layers: layerTasks().map(({ layer }) => layer),
      manifest: bytes,
      config: bytes,
    },
    ...{
      algorithms: ["sha512-12"],
      roles: ["manifest", "config", "merged"],
      limits: {},
      imageEntries: 1e6,
      ...changes,
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("layers are read into the cache once, and the digests are the pinned ones, from there or without", async () => {
  const { pool, cache } = makePool({ count: 2 });
  const tasks = layerTasks();
  const stored = tasks.map(({ layer }) => layer.size);
  const first = await Promise.all(tasks.map((task) => pool.run(task, budget())));
  expect(first).toEqual(stored.map((storedBytes) => ({ read: 1, storedBytes, isKept: true, placed: [] })));
  expect(readdirSync(cache).length).toBe(tasks.length);
  const again = await Promise.all(tasks.map((task) => pool.run(task, budget())));
  expect(again).toEqual(stored.map(() => ({ read: 0, storedBytes: 0, isKept: true, placed: [] })));
  const merged = async (one: Pool) => {
    const { read, placed } = await one.run(digestsTask(), budget());
    return [read, placed.find(({ seal }) => seal.role === "merged")?.seal.digest];
  };
  expect(await merged(pool)).toEqual([0, pinned["v1-sha512"]]);
  expect(await merged(makePool().pool)).toEqual([tasks.length, pinned["v1-sha512"]]);
});

test("what is wrong with an image is told as it is, and the process goes on", async () => {
  const { pool } = makePool();
  const [task] = layerTasks();
  const wrong = { ...task!, layer: { ...task!.layer, diffId: `sha256:${"0".repeat(64)}` } };
  await expect(pool.run(wrong, budget())).rejects.toMatchObject({ name: "ComposefsError", code: "BLOB_DIFF_ID" });
  await pool.run(task!, budget());
  expect(pool.counts).toEqual({ busy: 0, idle: 1, lost: 0 });
});

test("as many entries as are allowed, and one more", async () => {
  const { pool } = makePool();
  const entries = pinned.lines;
  const refused = pool.run(digestsTask({ imageEntries: 1 }), budget());
  await expect(refused).rejects.toMatchObject({ code: "SERVICE_LIMIT", data: { limit: 1 } });
  const { data } = (await refused.catch((error) => error)) as { data: { actual: number } };
  expect(data.actual).toBeGreaterThanOrEqual(entries - 1);
  await pool.run(digestsTask({ imageEntries: data.actual }), budget());
  const oneLess = pool.run(digestsTask({ imageEntries: data.actual - 1 }), budget());
  await expect(oneLess).rejects.toMatchObject({ code: "SERVICE_LIMIT" });
});

test.each([
  ["hang", 1, "WORKER_TIME", { limit: 1 }],
  ["die", 60, "WORKER_DIED", {}],
  ["grow", 60, "WORKER_MEMORY", { limit: MEMORY_BYTES }],
  ["say", 60, "WORKER_MEMORY", { limit: MEMORY_BYTES, actual: 1e15 }],
])("a process that is to %s fails its task alone", async (act, seconds, code, data) => {
  const { pool } = makePool();
  const [odd] = layerTasks(act);
  const [even] = layerTasks();
  const spent = budget(seconds);
  const failed = expect(pool.run(odd!, spent)).rejects.toMatchObject({ code, data });
  // It waits for the same process, and gets the next one.
  const done = pool.run(even!, budget());
  await failed;
  expect((await done).read).toBe(1);
  expect(pool.counts).toEqual({ busy: 0, idle: 1, lost: 1 });
  expect(spent.usedSeconds).toBeGreaterThan(act === "hang" ? 0.9 : 0);
});

test("a process that kept more than half of what it may take gets no further task", async () => {
  const { pool } = makePool();
  const [keep] = layerTasks("keep");
  expect((await pool.run(keep!, budget())).read).toBe(1);
  await until("it is gone", () => pool.counts.busy + pool.counts.idle === 0);
  expect((await pool.run(layerTasks()[1]!, budget())).read).toBe(1);
  expect(pool.counts).toEqual({ busy: 0, idle: 1, lost: 0 });
});

test("time is that of an image, not of a task, and waiting is not counted", async () => {
  const { pool } = makePool();
  const [hang] = layerTasks("hang");
  const [even] = layerTasks();
  const waits = budget(5);
  const first = pool.run(hang!, budget(2)).catch(({ code }) => code);
  await pool.run(even!, waits);
  expect([await first, waits.usedSeconds < 1.9]).toEqual(["WORKER_TIME", true]);
  const used = { limitSeconds: 60, usedSeconds: 59.5 };
  const began = performance.now();
  await expect(pool.run(hang!, used)).rejects.toMatchObject({ code: "WORKER_TIME", data: { limit: 60 } });
  expect(performance.now() - began).toBeLessThan(20_000);
});

test("a task that is called off fails with the reason, waiting or running", async () => {
  const { pool } = makePool();
  const control = new AbortController();
  const [hang] = layerTasks("hang");
  const [even] = layerTasks();
  const both = [pool.run(hang!, budget(), control.signal), pool.run(even!, budget(), control.signal)];
  const reasons = Promise.all(both.map((run) => run.catch(({ message }) => message)));
  await until("it runs", () => pool.counts.busy === 1);
  control.abort(new Error("enough"));
  expect(await reasons).toEqual(["enough", "enough"]);
  expect((await pool.run(even!, budget())).read).toBe(1);
  expect(pool.counts.lost).toBe(0);
});

test("a process that cannot be started is a failure", async () => {
  const { pool } = makePool({ entry: new URL("./nowhere.mjs", import.meta.url) });
  await expect(pool.run(layerTasks()[0]!, budget())).rejects.toMatchObject({ code: "WORKER_DIED" });
});

test("it is told no secret of the service, in its environment or as an argument", async () => {
  process.env["COMPOSEFS_SECRET"] = "TOPSECRET";
  try {
    const { pool } = makePool();
    const told = await pool.run(layerTasks("tell")[0]!, budget()).catch(({ message }) => message);
    expect(told).toContain("PATH");
    expect(told).not.toContain("TOPSECRET");
  } finally {
    delete process.env["COMPOSEFS_SECRET"];
  }
});

test.runIf(process.platform === "linux").each(["SIGTERM", "SIGKILL"] as const)(
  "none outlives the process that started it when that ends by %s, though one of them hangs",
  async (signal) => {
    const [task] = layerTasks();
    const { place } = task!.layer;
    const parent = spawn(process.execPath, [
      ...[fileURLToPath(new URL("../../support/service/pool-parent.mjs", import.meta.url))],
      ...[emptyFolder(), place.kind === "file" ? place.path : ""],
    ]);
    const text = await new Promise<string>((resolve) => parent.stdout.once("data", (data) => resolve(`${data}`)));
    const pids = text.trim().split(" ").map(Number);
    expect(pids.length).toBe(2);
    // As a terminal or systemd would, all of them are told.
    if (signal === "SIGTERM") for (const pid of pids) process.kill(pid, signal);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(pids.every(isAlive)).toBe(true);
    parent.kill(signal);
    await until("they are gone", () => !pids.some(isAlive), 10_000);
  },
);
