/** An image that waits for a layer waits neither for what Redis has lost nor for a worker that never ends. */
import { Worker } from "bullmq";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { machineRegistry } from "../../../src/registry/registry.node.ts";
import { fleetKeeper, type LayerJobData, workOnLayers } from "../../../src/service/fleet-layers.ts";
import { IMAGE_LIMITS, layerSeconds } from "../../../src/service/image-limits.ts";
import { type KeepOptions, type LayerKeeper, LayerReads } from "../../../src/service/layer-reads.ts";
import { mayPass } from "../../../src/service/queue.ts";
import { redisPlace } from "../../../src/service/redis-place.ts";
import { RedisQueue, type RedisQueueOptions } from "../../../src/service/redis-queue.ts";
import type { LayerBlob } from "../../../src/source/container.ts";
import { hasProgram } from "../../support/registry/real.mjs";
import { type RedisServer, startRedis } from "../../support/service/redis.ts";

const options: KeepOptions = {
  ...{ hashes: ["sha512"], limits: {}, budget: { limitSeconds: 60, usedSeconds: 0 }, signal: undefined },
};
const LOCK_MS = 300;
const DIGEST = `sha256:${"0".repeat(64)}`;

describe.runIf(hasProgram("redis-server", "apt-get install redis-server"))("an image that waits for a layer", () => {
  let redis: RedisServer;
  let prefixes = 0;
  const registry = machineRegistry("registry.invalid");
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  /** One who wants a layer that nobody has read yet, and what it does. */
  async function want(queueOptions: RedisQueueOptions<LayerJobData>) {
    const place = redisPlace(`${redis.url}?prefix=t${prefixes++}`);
    const open = async () => {
      const queue = await RedisQueue.open<LayerJobData>(place, "layers", {
        ...{ repeats: false, lockMs: LOCK_MS, ...queueOptions, rules: { tries: 1 } },
      });
      onTestFinished(() => queue.close(0));
      return queue;
    };
    const done = { own: 0, unkept: 0 };
    const read: LayerKeeper = async () => {
      done.own++;
      return { read: 1, storedBytes: 10 };
    };
    const onUnkept = () => done.unkept++;
    const fleet = { queue: await open(), isKept: async () => false, reads: new LayerReads(read), onUnkept };
    const session = await registry.session("a/b");
    const layer: LayerBlob = {
      ...{ digest: DIGEST, size: 10, diffId: DIGEST, compression: "gzip", name: "layer", annotations: {} },
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      place: { kind: "registry", session, digest: DIGEST, size: 10, length: 10 },
    };
    return { place, open, done, fleet, keep: () => fleetKeeper(fleet)(layer, options) };
  }

  test("asks again when Redis has lost it, and reads it itself when that happens twice", async () => {
    const { done, fleet, place, keep } = await want({});
    let losses = 0;
    const lose = setInterval(async () => {
      const { waiting } = await fleet.queue.counts();
      if (waiting > 0) losses += await forget(place);
    }, 20);
    onTestFinished(() => clearInterval(lose));
    await keep();
    expect([losses, done]).toEqual([2, { own: 1, unkept: 1 }]);
  });

  test("fails with the layer when the worker that has it never ends, which that worker says itself", async () => {
    const { done, fleet, open, keep } = await want({ jobMs: 500 });
    let called = 0;
    const hung: LayerKeeper = (_, { signal }) => {
      signal!.addEventListener("abort", () => called++);
      return new Promise(() => {});
    };
    const worker = { ...fleet, queue: await open(), reads: new LayerReads(hung) };
    workOnLayers(worker, () => registry, IMAGE_LIMITS, 1);
    await expect(keep()).rejects.toMatchObject({
      code: "SERVICE_STUCK",
      message: expect.stringMatching(
        /^sha256-0{64}\.sha512\.v\d+@sha256:\S+: one worker has had this for more than 0\.5 seconds/,
      ),
    });
    expect([called, done]).toEqual([1, { own: 0, unkept: 0 }]);
    const dead = await fleet.queue.dead();
    expect(dead.map(({ code }) => [code, mayPass(code)])).toEqual([["SERVICE_STUCK", true]]);
  });

  test("fails by itself when that worker says nothing, and renews its lock for ever", async () => {
    const { fleet, place, keep } = await want({ jobMs: 500 });
    const mute = new Worker("layers", () => new Promise(() => {}), { ...place, lockDuration: LOCK_MS });
    onTestFinished(() => mute.close(true));
    const began = performance.now();
    await expect(keep()).rejects.toMatchObject({ code: "SERVICE_STUCK" });
    expect(performance.now() - began).toBeGreaterThan(500 + LOCK_MS);
    // It has it still: nobody else was given it meanwhile.
    expect(await fleet.queue.counts()).toEqual({ waiting: 0, running: 1, dead: 0 });
  });

  test("waits on when another worker takes it, which has a time of its own", async () => {
    const { done, fleet, place, open, keep } = await want({ jobMs: 5_000 });
    let isRead = false;
    fleet.isKept = async () => isRead;
    // As a process that was killed: it takes the job, and nobody renews its lock.
    const dies = new Worker("layers", null, { ...place, lockDuration: 3_000, skipLockRenewal: true });
    onTestFinished(() => dies.close(true));
    await dies.waitUntilReady();
    const first = keep();
    while ((await dies.getNextJob("dead", { block: false })) === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // This one sees it with a worker from the beginning.
    const second = keep();
    // Both together have it for longer than one may.
    const slow: LayerKeeper = async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      isRead = true;
      return { read: 1, storedBytes: 10 };
    };
    const worker = { ...fleet, queue: await open(), reads: new LayerReads(slow) };
    workOnLayers(worker, () => registry, IMAGE_LIMITS, 1);
    await Promise.all([first, second]);
    expect([worker.reads.counts.read, done]).toEqual([1, { own: 0, unkept: 0 }]);
  });
});

test("a worker may have a layer for longer than processes may work on it", () => {
  expect(layerSeconds({ imageSeconds: 900 })).toBe(1800);
});

/** Removes what waits from Redis, as a loss of its disk would. @returns how many jobs */
async function forget(place: ReturnType<typeof redisPlace>): Promise<number> {
  const bull = new (await import("bullmq")).Queue("layers", place);
  const removed = await Promise.all((await bull.getWaiting()).map(({ id }) => bull.remove(id!)));
  await bull.close();
  return removed.reduce((sum, count) => sum + count, 0);
}
