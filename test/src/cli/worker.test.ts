/** A fleet beside Debian's registry and redis-server: one that hears, workers that work, a password that nobody is told. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import { freePort, hasProgram, type RealRegistry, startDebianRegistry } from "../../support/registry/real.mjs";
import { makeImage, pushImage } from "../../support/service/push-images.ts";
import { type RedisServer, startRedis } from "../../support/service/redis.ts";
import { type RunningService, SECRET, startService, startWorker, until } from "../../support/service/run-service.ts";

const isThere =
  hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry") &&
  hasProgram("redis-server", "test/oracle/install-packages.sh redis-server");
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
const PASSWORD = "a-password-of-redis";
const authorization = `Bearer ${SECRET}`;

describe.skipIf(!isThere)("a fleet", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-worker-"));
  let redis: RedisServer;
  let registry: RealRegistry;
  let service: RunningService;
  let workers: RunningService[];
  let queue: string[];
  const sealed = async (digest: string) =>
    (await new Registry(registry.host).referrers("team/app", digest, { artifactType: SEAL_TYPE })).referrers.length;
  const metrics = async (one: RunningService) => (await fetch(`${one.origin}/metrics`)).text();

  beforeAll(async () => {
    redis = await startRedis(PASSWORD);
    const port = await freePort();
    registry = await startDebianRegistry({ url: `http://127.0.0.1:${port}/events`, authorization });
    queue = ["--queue", `${redis.url.replace("//", `//:${PASSWORD}@`)}?prefix=test`];
    const listen = ["--listen", `127.0.0.1:${port}`];
    service = await startService([`docker://${registry.host}`, ...listen, ...queue, "--log-level", "debug"], home);
    const args = ["--cache", "cache", "--concurrency", "2", "--listen", "127.0.0.1:0", "--log-level", "debug"];
    const environment = { COMPOSEFS_QUEUE: `${redis.url}?prefix=test`, COMPOSEFS_REDIS_PASSWORD: PASSWORD };
    workers = [await startWorker([...args, ...queue], home), await startWorker(args, home, environment)];
  });
  afterAll(async () => {
    for (const one of [service, ...(workers ?? [])]) await one?.end("SIGKILL");
    registry?.close();
    redis?.close();
    rmSync(home, { recursive: true });
  });

  test("what is pushed is sealed by the workers", async () => {
    const images = Array.from({ length: 8 }, (_, i) => makeImage(i));
    for (const [i, image] of images.entries()) await pushImage(registry.host, "team/app", `v${i}`, image);
    for (const { digest } of images) await until("the image is sealed", async () => (await sealed(digest)) === 1);
    const counts = await Promise.all(workers.map(metrics));
    const read = counts.map((text) => Number(/layers_total\{from="registry"\} (\d+)/.exec(text)?.[1]));
    const distinct = new Set(images.flatMap(({ layers }) => layers)).size;
    expect(read[0]! + read[1]!).toBe(distinct);
    const text = await metrics(service);
    expect(text).toMatch(/composefs_queue_jobs\{queue="layers",state="waiting"\} 0/);
    expect(text).toMatch(/composefs_images_total(?!\{)/);
    expect(counts.join()).not.toContain("composefs_queue_jobs{");
    const answer = await fetch(`${service.origin}/v1/digests?reference=${registry.host}/team/app:v1`, {
      headers: { authorization },
    });
    expect(await answer.json()).toMatchObject({ state: "current" });
  });

  test("while Redis is away a registry is told to come again, and afterwards all goes on", async () => {
    await redis.kill();
    const ask = (path: string, init?: RequestInit) =>
      fetch(service.origin + path, { headers: { authorization }, ...init });
    await until("it is not ready", async () => (await ask("/readyz")).status === 503);
    expect((await ask("/events", { method: "POST", body: '{"events":[]}' })).status).toBe(503);
    expect([(await ask("/healthz")).status, (await ask("/metrics")).status]).toEqual([200, 200]);
    await redis.restart();
    await until("it is ready", async () => (await ask("/readyz")).status === 200);
    const image = makeImage(9);
    await pushImage(registry.host, "team/app", "v9", image);
    await until("the image is sealed", async () => (await sealed(image.digest)) === 1);
    expect(service.log.some(({ message }) => message === "the queue cannot be reached")).toBe(true);
  });

  test("they end when they are told to, and no log has a secret", async () => {
    const all = [...workers, service];
    for (const one of all) {
      expect(await one.end("SIGTERM")).toBe(0);
      expect(one.log.at(-1)).toMatchObject({ level: "info", message: "stopped" });
      expect(one.stderr()).not.toMatch(new RegExp(`${PASSWORD}|${SECRET}`));
      expect(one.log.filter(({ line }) => line)).toEqual([]);
    }
  });
});
