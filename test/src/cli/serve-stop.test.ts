/** The service is told to end while it works: what runs is finished or put back, nothing fails, and the next one does the rest. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Registry } from "../../../src/registry/registry.ts";
import { hasProgram, startDebianRegistry } from "../../support/registry/real.mjs";
import { startProxy } from "../../support/service/counting-proxy.ts";
import { makeImage, pushImage } from "../../support/service/push-images.ts";
import { startService, until } from "../../support/service/run-service.ts";

const SEAL_TYPE = "application/vnd.composefs.metadata.v1";
const IMAGES = 10;

test.skipIf(!hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry"))(
  "SIGTERM while images are worked on",
  async () => {
    const home = mkdtempSync(join(tmpdir(), "composefs-stop-"));
    const registry = await startDebianRegistry();
    const proxy = await startProxy(registry.host);
    const images = Array.from({ length: IMAGES }, (_, i) => makeImage(i));
    const countsOf = async () => {
      const options = { artifactType: SEAL_TYPE };
      const found = images.map(({ digest }) => new Registry(registry.host).referrers("team/app", digest, options));
      return (await Promise.all(found)).map(({ referrers }) => referrers.length);
    };
    const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
    const places = ["--listen", "127.0.0.1:0", "--state", "state", "--cache", "cache"];
    const begin = () => startService([`docker://${proxy.host}/team/app`, ...places, "--parallel", "2"], home);
    try {
      for (const [i, image] of images.entries()) await pushImage(registry.host, "team/app", `v${i}`, image);
      // Artifacts come slowly, so that it is told to end while it pushes some.
      proxy.delay = ({ method, url }) => (method === "PUT" && /\/manifests\//.test(url!) ? 300 : 0);
      const first = await begin();
      await until("the first one is done", async () => sum(await countsOf()) > 0);
      expect(await first.end("SIGTERM")).toBe(0);
      expect(first.log.at(-1)).toMatchObject({ level: "info", message: "stopped" });
      const begun = await countsOf();
      expect([Math.max(...begun), sum(begun) < IMAGES]).toEqual([1, true]);
      proxy.delay = () => 0;
      const second = await begin();
      await until("all are sealed", async () => sum(await countsOf()) === IMAGES);
      expect(await second.end("SIGTERM")).toBe(0);
      expect(await countsOf()).toEqual(images.map(() => 1));
      for (const { log } of [first, second]) expect(log.filter(({ level }) => level !== "info")).toEqual([]);
    } finally {
      proxy.close();
      registry.close();
      rmSync(home, { recursive: true });
    }
  },
);
