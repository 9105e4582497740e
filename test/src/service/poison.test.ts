/**
 * Images that make the process that looks into them hang, die or grow: each is given up with its reason, and every other image
 * is sealed meanwhile, those that share layers with it included. The service is that of the build, whose worker processes do what
 * the annotations of layers say (odd-worker.mjs).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import type { ServiceConfig } from "../../../src/service/config.ts";
import type { Log } from "../../../src/service/log.ts";
import type { Service as Running, ServiceOptions } from "../../../src/service/service.ts";
import { hasProgram, type RealRegistry, startDebianRegistry } from "../../support/registry/real.mjs";
import { imageOfTars, makeImage, pushImage } from "../../support/service/push-images.ts";
import { until } from "../../support/service/run-service.ts";

const build = (name: string) => import(new URL(`../../../build/src/service/${name}.js`, import.meta.url).href);
const { Service } = (await build("service")) as {
  Service: { start(config: ServiceConfig, options: ServiceOptions): Promise<Running> };
};
const { readConfig } = (await build("config-file")) as { readConfig(text: string, file: string): ServiceConfig };

const isThere = hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry");
const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
const POISON = { hang: "WORKER_TIME", die: "WORKER_DIED", grow: "WORKER_MEMORY" };
const GOOD = 6;
const SETTLE_MS = 90_000;

describe.skipIf(!isThere)("beside images that are poison", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-poison-"));
  const lines: Array<{ level: string; message: string } & Record<string, unknown>> = [];
  const log: Log = (level, message, fields) => lines.push({ level, message, ...fields });
  let registry: RealRegistry;
  let service: Running;
  const isSealed = async (digest: string) => {
    const options = { artifactType: SEAL_TYPE };
    return (await new Registry(registry.host).referrers("team/app", digest, options)).referrers.length === 1;
  };
  const get = async (path: string) => (await fetch(`${service.origin}${path}`)).text();

  beforeAll(async () => {
    registry = await startDebianRegistry();
  });
  afterAll(async () => {
    registry?.close();
    rmSync(home, { recursive: true });
  });

  test("each is quarantined with its reason, and the rest proceeds", async () => {
    const acts = Object.keys(POISON);
    const text = new TextEncoder();
    const bad = acts.map((act) => imageOfTars([text.encode(`never read: ${act}`)], { "test.act": act }));
    for (const [i, image] of bad.entries()) await pushImage(registry.host, "team/app", `a-${acts[i]}`, image);
    const good = Array.from({ length: GOOD }, (_, i) => makeImage(i));
    for (const [i, image] of good.entries()) await pushImage(registry.host, "team/app", `v${i}`, image);
    const limits = "limits: {imageSeconds: 4, workerBytes: 400000000}\nparallel: 2\nworkers: 2";
    const places = `state: ${join(home, "state")}\ncache: ${join(home, "cache")}`;
    const config = readConfig(`sources: [{registry: "${registry.host}"}]\n${limits}\n${places}\n`, "test.yaml");
    const workerEntry = new URL("../../support/service/odd-worker.mjs", import.meta.url);
    service = await Service.start(config, { log, secret: null, listen: "127.0.0.1:0", workerEntry });
    try {
      const dead = async () => JSON.parse(await get("/v1/quarantine")) as Array<{ key: string; code: string }>;
      await until("they are given up", async () => (await dead()).length === acts.length, SETTLE_MS, 200);
      for (const { digest } of good) expect(await isSealed(digest)).toBe(true);
      const codes = (await dead()).map(({ key, code }) => [key.replace(/^.*:a-/, ""), code]);
      expect(Object.fromEntries(codes)).toEqual(POISON);
      const logged = lines
        .filter(({ message }) => message === "quarantined")
        .map(({ code, failures }) => [code, failures]);
      expect(logged.sort()).toEqual(
        Object.values(POISON)
          .map((code) => [code, 3])
          .sort(),
      );
      const metrics = await get("/metrics");
      expect(metrics).toContain(`composefs_workers_lost_total ${3 * acts.length}`);
      for (const code of Object.values(POISON)) expect(metrics).toContain(`composefs_failures_total{code="${code}"} 3`);
      expect(metrics).toMatch(/composefs_workers\{state="busy"\} 0/);
    } finally {
      await service.stop();
    }
  });
});
