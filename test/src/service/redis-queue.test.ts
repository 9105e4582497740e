/** The queue of many machines, on Debian's redis-server: each key once in the fleet, and nothing lost with a worker or with Redis. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { RedisNotes } from "../../../src/service/redis-notes.ts";
import { redisPlace } from "../../../src/service/redis-place.ts";
import { RedisQueue, type RedisQueueOptions } from "../../../src/service/redis-queue.ts";
import { hasProgram } from "../../support/registry/real.mjs";
import { type RedisServer, startRedis } from "../../support/service/redis.ts";

let prefixes = 0;

describe.runIf(hasProgram("redis-server", "apt-get install redis-server"))("a queue in Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());

  /** Opens the queue of this test, as one more process of the fleet. */
  const opener = () => {
    const place = redisPlace(`${redis.url}?prefix=t${prefixes++}`);
    return async (options: RedisQueueOptions<number> = {}) => {
      const queue = await RedisQueue.open<number>(place, "images", {
        ...options,
        rules: { backoffMs: 1, ...options.rules },
      });
      onTestFinished(() => queue.close(0));
      return Object.assign(queue, { place });
    };
  };

  test("a key that waits is added once, by whomever, and what was added while it ran is done once more", async () => {
    const open = opener();
    const [one, two] = [await open(), await open()];
    expect([await one.add("a:1", 1), await two.add("a:1", 2), await two.add("b", 3)]).toEqual([true, false, true]);
    const seen: string[] = [];
    for (const queue of [one, two]) {
      queue.work(async ({ key, data }) => {
        seen.push(`${key}${data}`);
        if (data === 1) expect(await two.add("a:1", 4)).toBe(true);
      }, 2);
    }
    while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    await one.idle();
    expect(seen.sort()).toEqual(["a:11", "a:14", "b3"]);
    expect(await two.counts()).toEqual({ waiting: 0, running: 0, dead: 0 });
  });

  test("what fails too often is given up with its reason, stays so, and comes back when it is retried", async () => {
    const open = opener();
    const told: string[] = [];
    const queue = await open({
      rules: { tries: 2 },
      onFailure: ({ key, failures }, { code }, isDead) => told.push(`${key} ${failures} ${code} ${isDead}`),
    });
    let isGood = false;
    await queue.add("bad", 1);
    await queue.add("net", 2);
    queue.work(async ({ key }) => {
      if (!isGood) throw new ComposefsError(key === "bad" ? "TAR_CHECKSUM" : "REGISTRY_BUSY", "the\nreason");
    }, 1);
    await queue.idle();
    const dead = await queue.dead();
    expect(dead.map(({ key, data, failures, code, reason }) => [key, data, failures, code, reason]).sort()).toEqual([
      ["bad", 1, 2, "TAR_CHECKSUM", "the\nreason"],
      ["net", 2, 2, "REGISTRY_BUSY", "the\nreason"],
    ]);
    expect(told.sort()).toEqual([
      "bad 1 TAR_CHECKSUM false",
      "bad 2 TAR_CHECKSUM true",
      "net 1 REGISTRY_BUSY false",
      "net 2 REGISTRY_BUSY true",
    ]);
    await expect(queue.finished("bad")).rejects.toMatchObject({ code: "TAR_CHECKSUM", message: "the\nreason" });
    expect([await queue.add("bad", 1), await queue.retry("none")]).toEqual([false, false]);
    isGood = true;
    expect([await queue.add("net", 2), await queue.retry("bad")]).toEqual([true, true]);
    await queue.finished("bad");
    await queue.idle();
    expect(await queue.counts()).toEqual({ waiting: 0, running: 0, dead: 0 });
  });

  test("what is worked on when a queue closes is put back, and is no failure", async () => {
    const open = opener();
    const first = await open();
    await first.add("a", 1);
    const begun = new Promise<void>((resolve) => {
      first.work((_, signal) => {
        resolve();
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }, 1);
    });
    await begun;
    await first.close(10);
    const second = await open();
    expect(await second.counts()).toEqual({ waiting: 1, running: 0, dead: 0 });
    let failures = -1;
    second.work(async (job) => {
      ({ failures } = job);
    }, 1);
    await second.finished("a");
    expect(failures).toBe(0);
  });

  test("what is done once more is not lost with the worker that was to add it again", async () => {
    const place = redisPlace(`${redis.url}?prefix=t${prefixes++}`);
    const bull = new (await import("bullmq")).Queue<number>("images", place);
    // As a worker leaves it that dies between the end of its job and the next one.
    await new RedisNotes(bull).write("ka%3A1", 7);
    await bull.close();
    const queue = await RedisQueue.open<number>(place, "images", { lockMs: 200 });
    onTestFinished(() => queue.close(0));
    const seen: unknown[] = [];
    queue.work(async ({ key, data }) => void seen.push([key, data]), 1);
    await queue.idle();
    expect(seen).toEqual([["a:1", 7]]);
  });

  test("where what is worked on comes to the same, it is not done once more", async () => {
    const open = opener();
    const queue = await open({ repeats: false });
    await queue.add("a", 1);
    let runs = 0;
    queue.work(async () => {
      runs++;
      expect(await queue.add("a", 1)).toBe(false);
    }, 1);
    await queue.idle();
    expect(runs).toBe(1);
  });

  test("what its workers died of is given up, and a retry counts from nothing", async () => {
    const open = opener();
    const options = { lockMs: 200, rules: { crashes: 1 } };
    const frozen = await open(options);
    // As a process that was killed: it takes the job, and nobody renews its lock.
    const bull = new (await import("bullmq")).Worker("images", null, {
      ...frozen.place,
      lockDuration: 200,
      skipLockRenewal: true,
    });
    const take = async () => {
      while ((await bull.getNextJob("dead", { block: false })) === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await bull.waitUntilReady();
    await frozen.add("a", 1);
    await take();
    const queue = await open(options);
    let runs = 0;
    queue.work(async () => void runs++, 1);
    await queue.idle();
    expect([runs, (await queue.dead()).map(({ key, code }) => [key, code])]).toEqual([0, [["a", "CRASHED"]]]);
    expect(await queue.add("a", 1)).toBe(false);
    expect([await queue.retry("a"), await queue.retry("a")]).toEqual([true, false]);
    await queue.idle();
    expect([runs, (await queue.counts()).dead]).toEqual([1, 0]);
    await bull.close();
  });

  test("it closes within its time while Redis is away, and what it worked on is taken by another", async () => {
    const own = await startRedis();
    onTestFinished(() => own.close());
    const place = redisPlace(own.url);
    const queue = await RedisQueue.open<number>(place, "images", { lockMs: 500 });
    await queue.add("a", 1);
    const begun = new Promise<void>((resolve) => {
      queue.work(async (_, signal) => {
        resolve();
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }, 1);
    });
    await begun;
    await own.kill();
    while (queue.isReachable) await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(queue.reach(50)).rejects.toMatchObject({ code: "SERVICE_QUEUE" });
    const began = performance.now();
    await queue.close(60_000);
    expect(performance.now() - began).toBeLessThan(10_000);
    await own.restart();
    const other = await RedisQueue.open<number>(place, "images", { lockMs: 500 });
    onTestFinished(() => other.close(0));
    let data = 0;
    other.work(async (job) => {
      ({ data } = job);
    }, 1);
    await other.idle();
    expect(data).toBe(1);
  });

  test("work that never ends is failed by the one who does it, and another one takes the job", async () => {
    const open = opener();
    const options = { jobMs: 300, lockMs: 200, rules: { tries: 2 } };
    const [hung, good] = [await open(options), await open(options)];
    await hung.add("a", 1);
    const reason = await new Promise((resolve) => {
      hung.work((_, signal) => {
        signal.addEventListener("abort", () => resolve(signal.reason));
        // It heeds nothing.
        return new Promise(() => {});
      }, 1);
    });
    expect(reason).toMatchObject({ code: "SERVICE_STUCK" });
    // What hangs holds up neither the end of its process nor the job.
    await hung.close(0);
    let failures = -1;
    good.work(async (job) => {
      ({ failures } = job);
    }, 1);
    await good.finished("a");
    expect([failures, await good.counts()]).toEqual([1, { waiting: 0, running: 0, dead: 0 }]);
    await good.add("b", 1);
    await good.idle();
    expect(failures).toBe(0);
  });

  test("no more jobs of the whole fleet at a time than were allowed", async () => {
    const open = opener();
    const fleet = [await open({ fleetParallel: 2 }), await open({ fleetParallel: 2 })];
    for (let i = 0; i < 12; i++) await fleet[0]!.add(`${i}`, i);
    let [now, most, done] = [0, 0, 0];
    for (const queue of fleet) {
      queue.work(async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 10));
        now--;
        done++;
      }, 8);
    }
    await fleet[1]!.idle();
    expect([most, done]).toEqual([2, 12]);
  });

  test("Redis may be killed and come back: nothing is lost, and nobody ends", async () => {
    const open = opener();
    const trouble: string[] = [];
    const queue = await open({ onTrouble: (reason) => trouble.push(reason), lockMs: 1000, rules: { crashes: 50 } });
    const done = new Set<number>();
    for (let i = 0; i < 30; i++) await queue.add(`${i}`, i);
    queue.work(async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      done.add(data);
    }, 2);
    for (let i = 0; i < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await redis.restart();
    }
    await queue.idle();
    expect([done.size, (await queue.counts()).dead]).toEqual([30, 0]);
    expect(trouble.length).toBeGreaterThan(0);
    expect(trouble.join()).toMatch(/^[A-Za-z_, ]+$/);
  });
});

describe("the place of a queue", () => {
  test("has a default for everything but the host", () => {
    const { connection, prefix } = redisPlace("redis://h", {});
    expect([connection.host, connection.port, connection.db, connection.password, prefix]).toEqual([
      ...["h", 6379, 0, undefined, "composefs"],
    ]);
    const full = redisPlace("rediss://u:p%40@[::1]:1/2?prefix=x", { COMPOSEFS_REDIS_PASSWORD: "other" });
    expect(full).toEqual({
      connection: { host: "::1", port: 1, db: 2, username: "u", password: "p@", tls: {}, maxRetriesPerRequest: null },
      prefix: "x",
    });
    expect(redisPlace("redis://h", { COMPOSEFS_REDIS_PASSWORD: "s" }).connection.password).toBe("s");
  });

  test.each([
    "redis://",
    "redis://u:TOPSECRET@h/x",
    "redis://h?password=TOPSECRET",
    "http://h",
    "redis://h?prefix=a/b",
  ])("%s is refused, and not repeated", (text) => {
    let error: unknown;
    try {
      redisPlace(text, {});
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "USAGE" });
    expect(JSON.stringify(error)).not.toContain("TOPSECRET");
  });
});
