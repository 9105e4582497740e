/** `composefs queue`: what was given up of a fleet's queues and of a journal, and another try. */

import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ComposefsError } from "../../../src/error.ts";
import { JournalQueue } from "../../../src/service/journal-queue.ts";
import type { Queue, QueueEvents, RetryRules } from "../../../src/service/queue.ts";
import { redisPlace } from "../../../src/service/redis-place.ts";
import { RedisQueue } from "../../../src/service/redis-queue.ts";
import { freePort, hasProgram } from "../../support/registry/real.mjs";
import { startRedis } from "../../support/service/redis.ts";
import { composefs, emptyFolder } from "./run.ts";

/** As layerKey() makes them. */
const LAYER = `sha256-${"a".repeat(64)}.sha512.v3@sha256:${"b".repeat(64)}`;
const rules: Partial<RetryRules> = { tries: 1 };
const lines = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Has jobs given up. */
async function fail(queue: Queue<number>, jobs: Record<string, string>): Promise<void> {
  for (const key of Object.keys(jobs)) await queue.add(key, 1);
  queue.work(async ({ key }) => {
    throw new ComposefsError("TAR_CHECKSUM", jobs[key]!);
  }, 1);
  await queue.idle();
  await queue.close(0);
}

test.runIf(hasProgram("redis-server", "test/oracle/install-packages.sh redis-server"))(
  "of a fleet images and layers are shown, and tried again together",
  async () => {
    const redis = await startRedis("secret-of-redis");
    onTestFinished(() => redis.close());
    const env = { COMPOSEFS_REDIS_PASSWORD: "secret-of-redis", COMPOSEFS_QUEUE: `${redis.url}/3?prefix=x` };
    const open = (name: string, options: QueueEvents<number> = {}) =>
      RedisQueue.open<number>(redisPlace(env.COMPOSEFS_QUEUE, env), name, { rules, ...options });
    await fail(await open("layers"), { [LAYER]: "no\u001b[31m tar", other: "another" });
    await fail(await open("images"), { "h/app:1": `${LAYER}: no tar`, "h/app:2": "a limit" });

    const shown = composefs(["queue", "list"], { env });
    expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
    expect(shown.stdout.split("\n").slice(4)).toEqual([
      ...["images: 0 waiting, 0 worked on, 2 given up", "layers: 0 waiting, 0 worked on, 2 given up", ""],
    ]);
    expect(shown.stdout).toContain(`layer  ${LAYER}  TAR_CHECKSUM: no\\u001b[31m tar\n`);
    expect(shown.stdout).toContain("image  h/app:2  TAR_CHECKSUM: a limit\n");
    const json = lines(composefs(["queue", "list", "--json"], { env }).stdout);
    expect(json.slice(0, 4)).toContainEqual({
      ...{ queue: "images", key: "h/app:2", data: 1, failures: 1, code: "TAR_CHECKSUM", reason: "a limit" },
      atMs: expect.any(Number),
    });
    expect(json[4]).toEqual({
      images: { waiting: 0, running: 0, dead: 2 },
      layers: { waiting: 0, running: 0, dead: 2 },
    });

    const retried = composefs(["queue", "retry", "h/app:1", "h/none:1", "--json"], { env });
    expect([retried.exitCode, lines(retried.stdout)]).toEqual([1, [{ queue: "images", key: "h/app:1" }]]);
    expect(retried.stderr).toBe('"h/none:1" was not given up\n');
    const [, , counts] = lines(composefs(["queue", "list", "--json"], { env }).stdout);
    expect(counts).toEqual({
      images: { waiting: 1, running: 0, dead: 1 },
      layers: { waiting: 1, running: 0, dead: 1 },
    });
    expect(composefs(["queue", "retry", "--all"], { env }).stdout.split("\n").sort()).toEqual(["", "h/app:2", "other"]);
    expect(lines(composefs(["queue", "list", "--json"], { env }).stdout)).toHaveLength(1);

    const wrong = composefs(["queue", "list"], { env: { ...env, COMPOSEFS_REDIS_PASSWORD: "no-secret" } });
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringMatching(/^SERVICE_QUEUE: .*WRONGPASS\n$/)]);
  },
);

test("of a journal what is there is shown while a service has it, and tried again when it has not", async () => {
  const state = emptyFolder();
  const queue = await JournalQueue.open<number>(join(state, "serve"), { rules });
  await fail(queue, { "h/app:1": "a reason", "h/app:2": "a reason" });
  const open = await JournalQueue.open<number>(join(state, "serve"));
  await open.add("h/app:3", 1);
  const listed = composefs(["queue", "list", "--state", state]);
  expect(listed.stdout.split("\n")).toEqual([
    ...["image  h/app:1  TAR_CHECKSUM: a reason", "image  h/app:2  TAR_CHECKSUM: a reason"],
    ...["images: 1 waiting, 0 worked on, 2 given up", ""],
  ]);
  const locked = composefs(["queue", "retry", "h/app:1", "--queue", join(state, "serve")]);
  expect([locked.exitCode, locked.stderr]).toEqual([2, expect.stringMatching(/^IO_LOCKED: .*\/v1\/quarantine\/retry/)]);
  await open.close(0);
  expect(composefs(["queue", "retry", "h/app:1", "--queue", join(state, "serve")])).toMatchObject({
    ...{ exitCode: 0, stdout: "h/app:1\n", stderr: "" },
  });
  const json = lines(composefs(["queue", "list", "--json"], { env: { COMPOSEFS_STATE: state } }).stdout);
  expect([json.map(({ key }) => key), json[1]]).toEqual([
    ["h/app:2", undefined],
    { images: { waiting: 2, running: 0, dead: 1 } },
  ]);
});

test("what is wrong is said, without what may be a secret", async () => {
  const folder = emptyFolder();
  const port = await freePort();
  for (const [args, code] of [
    [["list"], "USAGE"],
    [["retry", "--queue", folder], "USAGE"],
    [["retry", "x", "--all", "--queue", folder], "USAGE"],
    [["list", "--queue", folder], "IO_READ"],
    [["retry", "x", "--queue", folder], "IO_READ"],
    [["list", "--queue", `redis://:TOPSECRET@127.0.0.1:${port}/x`], "USAGE"],
    [["list", "--queue", `redis://:TOPSECRET@127.0.0.1:${port}`], "SERVICE_QUEUE"],
  ] as const) {
    const { exitCode, stderr } = composefs(["queue", ...args], { env: { COMPOSEFS_STATE: "" } });
    expect([args, exitCode, stderr.split(":")[0]]).toEqual([args, 2, code]);
    expect(stderr).not.toContain("TOPSECRET");
  }
});

test("what reaches Redis is loaded for a queue on Redis, and for nothing else", async () => {
  const state = emptyFolder();
  await (await JournalQueue.open<number>(join(state, "serve"))).close(0);
  const hooks = `export async function resolve(name, context, next) {
    if (name === "bullmq" || name === "ioredis") throw new Error("loaded " + name);
    return next(name, context);
  }`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from "node:module"; register(${JSON.stringify(url(hooks))});`;
  const env = { NODE_OPTIONS: `--import=${url(register)}`, COMPOSEFS_STATE: state };
  for (const args of [["--help"], ["queue", "list"], ["queue", "retry", "--all"]]) {
    expect([args, composefs(args, { env })]).toMatchObject([args, { exitCode: 0, stderr: "" }]);
  }
  const port = await freePort();
  const { exitCode, stderr } = composefs(["queue", "list", "--queue", `redis://127.0.0.1:${port}`], { env });
  expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/^SERVICE_QUEUE: .*npm install bullmq ioredis\n$/)]);
  const serve = composefs(["serve", `docker://127.0.0.1:${port}/a:1`, "--listen", "nowhere"], { env });
  expect([serve.exitCode, serve.stderr]).toEqual([2, expect.stringMatching(/^SERVICE_LISTEN: /)]);
});
