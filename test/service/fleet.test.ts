/**
 * 200 images that share bases, and fleets beside Debian's registry and redis-server: first undisturbed, where each distinct layer
 * is read once in the whole fleet; then two fleets that race, while workers are killed, Redis loses its power and comes back, the
 * registry fails, and its events are lost, told twice and in another order. In the end every image has exactly one artifact of
 * each algorithm and of the certificate, and it is right.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { composefs } from "../src/cli/run.ts";
import { hasProgram, type RealRegistry, startDebianRegistry } from "../support/registry/real.mjs";
import { type CountingProxy, startProxy } from "../support/service/counting-proxy.ts";
import { type EventRelay, startRelay } from "../support/service/event-relay.ts";
import {
  countAlgorithms,
  countArtifacts,
  failSometimes,
  generator,
  layerBytes,
  verify,
} from "../support/service/faults.ts";
import { imageOfTars, makeImage, pushImage } from "../support/service/push-images.ts";
import { type RedisServer, startRedis } from "../support/service/redis.ts";
import { writeRobotKey } from "../support/service/robot-key.ts";
import { type RunningService, SECRET, startService, startWorker, until } from "../support/service/run-service.ts";

const isThere = ["docker-registry", "redis-server"].every((name) =>
  hasProgram(name, `test/oracle/install-packages.sh ${name}`),
);
const IMAGES = 200;
/** Images that fleets race for. Each gets two artifacts: half of the images make as much work as all do with one. */
const RACED = IMAGES / 2;
const ROUNDS = 10;
/** After these Redis is killed and started again. */
const RESTARTS = [3, 6];
const SETTLE_MS = 240_000;
/** Each look asks for the referrers of all images, twice. */
const LOOK_MS = 3_000;
/** Who is killed is missed soon: this test has no half minute for each. */
const CONFIG = "fleet: {lockSeconds: 2}\n";

interface Dead {
  queue: string;
  key: string;
  code: string;
}

describe.skipIf(!isThere)("a fleet and 200 images", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-fleet-"));
  const images = Array.from({ length: IMAGES }, (_, i) => makeImage(i));
  const random = generator(20);
  const running = new Set<RunningService>();
  let redis: RedisServer;
  let relay: EventRelay;
  let registry: RealRegistry;
  let proxy: CountingProxy;
  const place = (prefix: string) => `${redis.url}?prefix=${prefix}`;
  const common = ["--config", "fleet.yaml", "--queue"];
  const serve = async (repository: string, prefix: string, args: string[]) => {
    const listen = ["--listen", "127.0.0.1:0"];
    const service = await startService(
      [`docker://${proxy.host}/${repository}`, ...common, place(prefix), ...listen, ...args],
      home,
    );
    running.add(service);
    return service;
  };
  const work = async (prefix: string, args: string[]) => {
    const worker = await startWorker([...common, place(prefix), "--cache", `cache-${prefix}`, ...args], home);
    running.add(worker);
    return worker;
  };
  const list = (prefix: string) => {
    const { exitCode, stdout } = composefs(["queue", "list", "--json", "--queue", place(prefix)], { cwd: home });
    expect(exitCode).toBe(0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    return {
      counts: rows.at(-1) as Record<string, { waiting: number; running: number }>,
      dead: rows.slice(0, -1) as Dead[],
    };
  };
  const isIdle = (prefix: string) =>
    Object.values(list(prefix).counts).every(({ waiting, running }) => waiting + running === 0);
  const end = async (one: RunningService, signal: NodeJS.Signals) => {
    running.delete(one);
    return one.end(signal);
  };

  beforeAll(async () => {
    writeFileSync(join(home, "fleet.yaml"), CONFIG);
    writeRobotKey(home);
    redis = await startRedis();
    relay = await startRelay(random);
    registry = await startDebianRegistry({ url: relay.url, authorization: `Bearer ${SECRET}` });
    proxy = await startProxy(registry.host);
    for (const [i, image] of images.entries()) await pushImage(registry.host, "calm/app", `v${i}`, image);
  });
  afterAll(async () => {
    for (const one of running) await one.end("SIGKILL");
    relay?.close();
    proxy?.close();
    registry?.close();
    redis?.close();
    rmSync(home, { recursive: true });
  });

  test("undisturbed, each distinct layer is read once in the whole fleet", async () => {
    const workers = [];
    for (let i = 0; i < 3; i++) workers.push(await work("calm", ["--concurrency", "2"]));
    const service = await serve("calm/app", "calm", []);
    await until(
      "all are sealed",
      async () => (await countArtifacts(registry.host, "calm/app", images))[1] === IMAGES,
      SETTLE_MS,
      LOOK_MS,
    );
    for (const one of [service, ...workers]) expect(await end(one, "SIGTERM")).toBe(0);
    const layers = layerBytes(images);
    expect(new Map([...proxy.blobBytes].filter(([digest]) => layers.has(digest)))).toEqual(layers);
    expect(list("calm").dead).toEqual([]);
    // All took part.
    const sealed = workers.map(({ log }) => log.filter(({ state }) => state === "sealed").length);
    expect([Math.min(...sealed) > 0, sealed.reduce((sum, count) => sum + count)]).toEqual([true, IMAGES]);
    for (let i = 0; i < IMAGES; i += 50) expect(verify(`${registry.host}/calm/app:v${i}`, [])).toBe(0);
  });

  test("two fleets that race, with workers killed and Redis gone now and then, end with one artifact of each algorithm", async () => {
    const flaky = failSometimes(proxy, random);
    const signing = ["--key", "key.pem", "--cert", "cert.pem", "--algorithm", "sha256-12,sha512-12"];
    const fleets = ["one", "two"];
    const raced = images.slice(0, RACED);
    const begin = (prefix: string) => work(prefix, [...signing, "--concurrency", "2"]);
    const workers: Array<{ prefix: string; worker: RunningService }> = [];
    const services: RunningService[] = [];
    for (const prefix of fleets) {
      const service = await serve("wild/app", prefix, [...signing, "--interval", "10"]);
      services.push(service);
      relay.origins.push(service.origin);
      for (let i = 0; i < 2; i++) workers.push({ prefix, worker: await begin(prefix) });
    }
    await pushImage(registry.host, "wild/app", "bad", imageOfTars([new TextEncoder().encode("no tar".repeat(200))]));
    for (let round = 0; round < ROUNDS; round++) {
      const perRound = RACED / ROUNDS;
      for (let i = round * perRound; i < (round + 1) * perRound; i++) {
        await pushImage(registry.host, "wild/app", `v${i}`, raced[i]!);
      }
      const victim = workers[random(workers.length)]!;
      await end(victim.worker, "SIGKILL");
      if (RESTARTS.includes(round)) await redis.restart();
      victim.worker = await begin(victim.prefix);
    }
    flaky.isFaulty = false;
    await until(
      "all are sealed once",
      async () => (await countArtifacts(registry.host, "wild/app", raced))[2] === RACED,
      SETTLE_MS,
      LOOK_MS,
    );
    const all = [...running];
    // Nothing is added any more.
    for (const one of services) expect(await end(one, "SIGTERM")).toBe(0);
    await until("the queues are empty", () => fleets.every(isIdle), SETTLE_MS, LOOK_MS);
    for (const prefix of fleets) {
      const dead = list(prefix).dead.map(({ queue, code }) => [queue, code]);
      const code = expect.stringMatching(/^TAR_/);
      expect([prefix, dead]).toEqual([
        prefix,
        expect.arrayContaining([
          ["layers", code],
          ["images", code],
        ]),
      ]);
      expect(dead).toHaveLength(2);
    }
    for (const one of [...running]) expect(await end(one, "SIGTERM")).toBe(0);
    expect(await countAlgorithms(registry.host, "wild/app", raced)).toEqual({ "sha256-12 sha512-12": RACED });
    expect(flaky.faults).toBeGreaterThan(20);
    expect(relay.lost).toBeGreaterThan(20);
    expect(all.some(({ log }) => log.some(({ message }) => message === "the queue cannot be reached"))).toBe(true);
    for (let i = 0; i < RACED; i += 25) {
      expect(verify(`${registry.host}/wild/app:v${i}`, ["--cert", join(home, "cert.pem")])).toBe(0);
    }
    // All of them state what their layers have, and none is to be taken away.
    const source = `docker://${registry.host}/wild/app`;
    const rechecked = composefs(
      ["precompute", source, ...signing, "--recheck", "--dry-run", "--json", "--cache", "cache-one"],
      { cwd: home },
    );
    const rows = rechecked.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.pop()).toMatchObject({ images: RACED, sealed: 0, current: RACED, failed: 1 });
    const bad = rows.filter(
      ({ state, removed, conflicting }) => state !== "current" || removed.length + conflicting.length,
    );
    expect(bad.map(({ reference, state }) => [reference, state])).toEqual([[expect.stringMatching(/:bad$/), "failed"]]);
  });
});
