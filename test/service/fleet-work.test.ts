/**
 * What a fleet may do in a second, and how its workers end: limits hold for all workers together, and a worker that is told to end
 * while it works finishes its work or puts it back, in time, though Redis may be away; others do the rest.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { redisPlace } from "../../src/service/redis-place.ts";
import { hasProgram, type RealRegistry, startDebianRegistry } from "../support/registry/real.mjs";
import { type CountingProxy, startProxy } from "../support/service/counting-proxy.ts";
import { countArtifacts, layerBytes } from "../support/service/faults.ts";
import { type MadeImage, makeImage, pushImage } from "../support/service/push-images.ts";
import { type RedisServer, startRedis } from "../support/service/redis.ts";
import { type RunningService, startService, startWorker, until } from "../support/service/run-service.ts";

const isThere = ["docker-registry", "redis-server"].every((name) =>
  hasProgram(name, `test/oracle/install-packages.sh ${name}`),
);
/** What systemd waits for a service that it told to end: TimeoutStopSec of deploy/composefs.service. */
const STOP_MS = 30_000;
const FLEET = { imagesPerSecond: 6, layersPerSecond: 4 };

describe.skipIf(!isThere)("a fleet at work", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-work-"));
  let redis: RedisServer;
  let registry: RealRegistry;
  let proxy: CountingProxy;

  beforeAll(async () => {
    redis = await startRedis();
    registry = await startDebianRegistry();
    proxy = await startProxy(registry.host);
    writeFileSync(join(home, "rates.yaml"), `fleet: ${JSON.stringify(FLEET)}\n`);
    writeFileSync(join(home, "ends.yaml"), "fleet: {lockSeconds: 2}\n");
  });
  afterAll(() => {
    proxy?.close();
    registry?.close();
    redis?.close();
    rmSync(home, { recursive: true });
  });

  const whileTested = (one: RunningService) => {
    onTestFinished(async () => void (await one.end("SIGKILL")));
    return one;
  };
  /** The parts of a fleet that has one configuration, one prefix and one repository, all of the same name. */
  const fleet = (name: string) => {
    const common = ["--config", `${name}.yaml`, "--queue", `${redis.url}?prefix=${name}`];
    const args = [...common, "--cache", `cache-${name}`, "--concurrency", "2", "--log-level", "debug"];
    const queue = (of: "images" | "layers") => {
      const bull = new Queue(of, redisPlace(`${redis.url}?prefix=${name}`));
      onTestFinished(() => bull.close());
      return bull;
    };
    return {
      queue,
      push: async (images: Record<string, MadeImage>) => {
        for (const [tag, image] of Object.entries(images)) await pushImage(registry.host, name, tag, image);
      },
      serve: async () =>
        whileTested(await startService([`docker://${proxy.host}/${name}`, ...common, "--listen", "127.0.0.1:0"], home)),
      work: async () => whileTested(await startWorker(args, home)),
      countsOf: (images: Record<string, MadeImage>) => countArtifacts(registry.host, name, Object.values(images)),
    };
  };
  const warnings = (all: RunningService[]) =>
    all.flatMap(({ log }) => log.filter(({ level }) => level !== "info" && level !== "debug"));

  test("begins no more jobs in a second than it may, all workers together", async () => {
    const images = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`v${i}`, makeImage(i)]));
    const { push, serve, work, countsOf } = fleet("rates");
    await push(images);
    const workers = [await work(), await work()];
    await serve();
    await until("all are sealed", async () => (await countsOf(images))[1] === 9, 60_000, 500);
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    for (const [queue, max, jobs] of [
      // One of each tag, and one of its digest.
      ["images", FLEET.imagesPerSecond, 18],
      ["layers", FLEET.layersPerSecond, layerBytes(Object.values(images)).size],
    ] as const) {
      // Redis tells by its own clock when it gave which job to a worker.
      const events = await client.xrange(`rates:${queue}:events`, "-", "+");
      const active = events.filter(([, fields]) => fields[fields.indexOf("event") + 1] === "active");
      const begun = active.map(([id]) => Number(id.split("-")[0]));
      expect([queue, begun.length]).toEqual([queue, jobs]);
      // A second begins with the first job that is in none.
      let [began, count, most] = [Number.NEGATIVE_INFINITY, 0, 0];
      for (const ms of begun) {
        if (ms >= began + 1000) [began, count] = [ms, 0];
        most = Math.max(most, ++count);
      }
      expect([queue, most]).toEqual([queue, max]);
      expect(begun.at(-1)! - begun[0]!).toBeGreaterThanOrEqual((Math.ceil(jobs / max) - 1) * 1000);
    }
    const done = workers.map(({ log }) => log.filter(({ message }) => message === "image").length);
    expect([Math.min(...done) > 0, warnings(workers)]).toEqual([true, []]);
  });

  /** Starts a worker, and waits until it reads a layer whose bytes the registry keeps back for so long. */
  async function workOnSlow(work: () => Promise<RunningService>, slow: Map<string, number>): Promise<RunningService> {
    const asked = new Set<string>();
    proxy.delay = ({ method, url }) => {
      const digest = url!.replace(/^.*\//, "");
      const ms = method === "GET" ? slow.get(digest) : undefined;
      if (ms !== undefined) asked.add(digest);
      return ms ?? 0;
    };
    const worker = await work();
    await until("it reads", () => asked.size === slow.size);
    return worker;
  }

  test("a worker that is told to end finishes its work or puts it back, and no try is counted", async () => {
    // Layers of their own: one comes late, the other one later than anybody waits.
    const images = { late: makeImage(101), never: makeImage(102), other: makeImage(103) };
    const slow = new Map([
      [images.late.layers[2]!, 4_000],
      [images.never.layers[2]!, 3_600_000],
    ]);
    const parts = fleet("ends");
    proxy.blobBytes.clear();
    await parts.push(images);
    const [imageJobs, layerJobs] = [parts.queue("images"), parts.queue("layers")];
    const service = await parts.serve();
    await until("all are found", async () => (await imageJobs.getWaitingCount()) === 3);
    expect(await service.end("SIGTERM")).toBe(0);
    const first = await workOnSlow(parts.work, slow);
    const began = performance.now();
    expect(await first.end("SIGTERM")).toBe(0);
    expect(performance.now() - began).toBeLessThan(STOP_MS);
    expect(first.log.at(-1)).toMatchObject({ message: "stopped" });
    expect(await parts.countsOf({ late: images.late })).toEqual({ 1: 1 });
    expect(await parts.countsOf({ never: images.never })).toEqual({ 0: 1 });
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    for (const queue of [imageJobs, layerJobs]) {
      const counts = await queue.getJobCounts("active", "delayed", "failed");
      expect([queue.name, counts]).toEqual([queue.name, { active: 0, delayed: 0, failed: 0 }]);
      const waiting = await queue.getWaiting();
      expect(waiting.map(({ attemptsMade }) => attemptsMade)).toEqual(waiting.map(() => 0));
      const crashes = await Promise.all(waiting.map(({ id }) => client.hget(queue.toKey(id!), "stc")));
      expect(crashes).toEqual(waiting.map(() => null));
    }
    expect((await imageJobs.getWaiting()).some(({ id }) => id!.includes(encodeURIComponent(images.never.digest)))).toBe(
      true,
    );
    expect(await layerJobs.getWaitingCount()).toBe(1);

    proxy.delay = () => 0;
    const second = await parts.work();
    await until("all are sealed", async () => (await parts.countsOf(images))[1] === 3, 60_000, 200);
    expect(await second.end("SIGTERM")).toBe(0);
    expect(warnings([first, second])).toEqual([]);
    // What the first one has read nobody reads again.
    const layers = layerBytes(Object.values(images));
    expect(new Map([...proxy.blobBytes].filter(([digest]) => layers.has(digest)))).toEqual(layers);
  });

  test("a worker that is told to end while Redis is away ends in time, and others do its work", async () => {
    const images = { away: makeImage(201) };
    const slow = new Map([[images.away.layers[2]!, 3_600_000]]);
    const parts = fleet("ends");
    await parts.push(images);
    const service = await parts.serve();
    const first = await workOnSlow(parts.work, slow);
    await redis.kill();
    await until("that is noticed", () => warnings([first]).length > 0);
    const began = performance.now();
    expect(await first.end("SIGTERM")).toBe(0);
    expect(performance.now() - began).toBeLessThan(STOP_MS);
    await redis.restart();
    proxy.delay = () => 0;
    const second = await parts.work();
    await until("it is sealed", async () => (await parts.countsOf(images))[1] === 1, 60_000, 200);
    for (const one of [second, service]) expect(await one.end("SIGTERM")).toBe(0);
    expect(second.log.filter(({ message }) => message === "failed" || message === "quarantined")).toEqual([]);
  });
});
