/** The service beside Debian's registry, which tells it of pushes: events, API, metrics, secret, log and the end. */

import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import { freePort, hasProgram, type RealRegistry, startDebianRegistry } from "../../support/registry/real.mjs";
import { imageOfTars, makeImage, pushImage } from "../../support/service/push-images.ts";
import { type RunningService, SECRET, startService, until } from "../../support/service/run-service.ts";

const isThere = hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry");
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";

describe.skipIf(!isThere)("beside docker-registry", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-serve-"));
  let registry: RealRegistry;
  let service: RunningService;
  const authorization = `Bearer ${SECRET}`;
  const get = (path: string, headers: Record<string, string> = { authorization }) =>
    fetch(service.origin + path, { headers });
  const post = (body: string, headers: Record<string, string> = { authorization }) =>
    fetch(`${service.origin}/events`, { method: "POST", body, headers });
  const sealed = async (digest: string) =>
    (await new Registry(registry.host).referrers("team/app", digest, { artifactType: SEAL_TYPE })).referrers.length;

  beforeAll(async () => {
    const port = await freePort();
    registry = await startDebianRegistry({ url: `http://127.0.0.1:${port}/events`, authorization });
    const args = [`docker://${registry.host}`, "--listen", `127.0.0.1:${port}`, "--state", "state", "--cache", "cache"];
    service = await startService([...args, "--log-level", "debug"], home);
  });
  afterAll(async () => {
    await service?.end("SIGKILL");
    registry?.close();
    rmSync(home, { recursive: true });
  });

  test("what is pushed is sealed, because the registry tells of it", async () => {
    const image = makeImage(1);
    await pushImage(registry.host, "team/app", "v1", image);
    await until("the image is sealed", async () => (await sealed(image.digest)) === 1);
    const answer = await get(`/v1/digests?reference=${registry.host}/team/app:v1`);
    expect([answer.status, await answer.json()]).toMatchObject([200, { manifest: image.digest, state: "current" }]);
  });

  test("a hostile image is quarantined with its reason, and the next one is sealed", async () => {
    const bad = imageOfTars([new TextEncoder().encode("no tar at all".repeat(100))]);
    await pushImage(registry.host, "team/app", "bad", bad);
    const image = makeImage(2);
    await pushImage(registry.host, "team/app", "v2", image);
    await until("the image is sealed", async () => (await sealed(image.digest)) === 1);
    await until(
      "the other one is given up",
      async () => ((await (await get("/v1/quarantine")).json()) as unknown[]).length > 0,
    );
    const [dead] = (await (await get("/v1/quarantine")).json()) as Array<{ key: string; code: string }>;
    expect([dead!.code, dead!.key]).toEqual([expect.stringMatching(/^TAR_/), expect.stringContaining(bad.digest)]);
    const retry = await fetch(`${service.origin}/v1/quarantine/retry?key=${encodeURIComponent(dead!.key)}`, {
      ...{ method: "POST", headers: { authorization } },
    });
    expect(retry.status).toBe(202);
  });

  test("nobody who lacks the secret is heard, in whichever form it comes", async () => {
    const body = JSON.stringify({ events: [] });
    const basic = (password: string) => `Basic ${Buffer.from(`robot:${password}`).toString("base64")}`;
    const hmac = (secret: string) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    for (const [headers, status] of [
      [{}, 401],
      [{ authorization: "Bearer wrong" }, 401],
      [{ authorization: basic("wrong") }, 401],
      [{ "x-hub-signature-256": hmac("wrong") }, 401],
      [{ authorization: SECRET }, 202],
      [{ authorization: basic(SECRET) }, 202],
      [{ "x-hub-signature-256": hmac(SECRET) }, 202],
    ] as const) {
      expect([headers, (await post(body, headers)).status]).toEqual([headers, status]);
    }
    expect((await get("/v1/digests?reference=x", {})).status).toBe(401);
    expect((await get("/healthz", {})).status).toBe(200);
  });

  test("what is no event is refused, and so is what is too long", async () => {
    expect((await post("{")).status).toBe(400);
    expect((await post('{"type":"something"}')).status).toBe(400);
    expect((await post("x".repeat(1 << 20))).status).toBe(400);
    expect((await post("x".repeat((1 << 20) + 1))).status).toBe(413);
    expect((await get("/nothing")).status).toBe(404);
  });

  test("it asks no registry that it was not told of", async () => {
    expect((await get("/v1/digests?reference=127.0.0.1:1/internal:v1")).status).toBe(403);
    expect((await get("/v1/digests?reference=no%20name")).status).toBe(400);
    expect((await get(`/v1/digests?reference=${registry.host}/team/none:v1`)).status).toBe(404);
  });

  test("metrics tell of images, layers, bytes, stages, failures and the queue", async () => {
    const text = await (await get("/metrics", {})).text();
    expect(text).toMatch(/composefs_images_total\{state="sealed"\} [2-9]/);
    expect(text).toMatch(/composefs_layers_total\{from="registry"\} [1-9]/);
    expect(text).toMatch(/composefs_layer_bytes_total [1-9]/);
    expect(text).toMatch(/composefs_stage_seconds_count\{stage="layers"\} [2-9]/);
    expect(text).toMatch(/composefs_failures_total\{code="TAR_[A-Z_]+"\} [1-9]/);
    expect(text).toMatch(/composefs_queue_jobs\{queue="images",state="waiting"\} \d/);
  });

  test("it ends when it is told to, and its log is JSON without the secret", async () => {
    expect(await service.end("SIGTERM")).toBe(0);
    expect(service.stderr()).not.toContain(SECRET);
    expect(service.log.every(({ time, level, message }) => time && level && message)).toBe(true);
    expect(service.log.at(-1)).toMatchObject({ level: "info", message: "stopped" });
  });
});
