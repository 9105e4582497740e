/**
 * 200 images that share bases, beside Debian's registry: first undisturbed, where each distinct layer is read once; then while
 * the service is killed again and again, the registry fails, and events come twice, in any order or not at all. In the end
 * every image has exactly one artifact of the certificate, and it is right.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasProgram, type RealRegistry, startDebianRegistry } from "../support/registry/real.mjs";
import { type CountingProxy, startProxy } from "../support/service/counting-proxy.ts";
import { countArtifacts, failSometimes, generator, layerBytes, verify } from "../support/service/faults.ts";
import { imageOfTars, makeImage, pushImage } from "../support/service/push-images.ts";
import { writeRobotKey } from "../support/service/robot-key.ts";
import { SECRET, startService, until } from "../support/service/run-service.ts";

const isThere = hasProgram("docker-registry", "test/oracle/install-packages.sh docker-registry");
const IMAGES = 200;
const KILLS = 20;
const SETTLE_MS = 240_000;
/** Each look asks for the referrers of all images, twice: too many of them would slow down what is waited for. */
const LOOK_MS = 3_000;

describe.skipIf(!isThere)("200 images", () => {
  const home = mkdtempSync(join(tmpdir(), "composefs-faults-"));
  const images = Array.from({ length: IMAGES }, (_, i) => makeImage(i));
  let registry: RealRegistry;
  let proxy: CountingProxy;

  const countOf = (repository: string) => countArtifacts(registry.host, repository, images);
  const verified = (repository: string, i: number, cert: string[]) =>
    verify(`${registry.host}/${repository}:v${i}`, cert);

  beforeAll(async () => {
    registry = await startDebianRegistry();
    proxy = await startProxy(registry.host);
    writeRobotKey(home);
    for (const [i, image] of images.entries()) await pushImage(registry.host, "calm/app", `v${i}`, image);
  });
  afterAll(() => {
    proxy.close();
    registry.close();
    rmSync(home, { recursive: true });
  });

  test("undisturbed, each distinct layer is read once and every image is sealed", async () => {
    const service = await startService(
      [`docker://${proxy.host}/calm/app`, "--listen", "127.0.0.1:0", "--cache", "calm"],
      home,
    );
    await until("all are sealed", async () => (await countOf("calm/app"))[1] === IMAGES, SETTLE_MS, LOOK_MS);
    expect(await service.end("SIGTERM")).toBe(0);
    const layers = layerBytes(images);
    const read = new Map([...proxy.blobBytes].filter(([digest]) => layers.has(digest)));
    expect(read).toEqual(layers);
    for (let i = 0; i < IMAGES; i += 40) expect(verified("calm/app", i, [])).toBe(0);
  });

  test("killed, failed, told twice, wrongly or not at all, it ends with one artifact each", async () => {
    const random = generator(10);
    const flaky = failSometimes(proxy, random);
    const signing = ["--key", "key.pem", "--cert", "cert.pem"];
    const args = [`docker://${proxy.host}/wild/app`, "--listen", "127.0.0.1:0", "--state", "state", "--cache", "wild"];
    const begin = () => startService([...args, ...signing, "--interval", "2"], home);
    const tell = async (origin: string, pushes: number[]) => {
      const events = pushes.map((i) => {
        const target = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: images[i]!.digest };
        return { action: "push", target: { ...target, repository: "wild/app", tag: `v${i}` } };
      });
      const headers = { authorization: `Bearer ${SECRET}` };
      // The service may be gone by now, as it is for a registry.
      await fetch(`${origin}/events`, { method: "POST", headers, body: JSON.stringify({ events }) }).catch(() => {});
    };
    await pushImage(registry.host, "wild/app", "bad", imageOfTars([new TextEncoder().encode("no tar".repeat(200))]));
    for (let kill = 0; kill < KILLS; kill++) {
      const service = await begin();
      const perKill = IMAGES / KILLS;
      const pushed = Array.from({ length: perKill }, (_, i) => kill * perKill + i);
      for (const i of pushed) await pushImage(registry.host, "wild/app", `v${i}`, images[i]!);
      const told = [...pushed, ...pushed].filter(() => random(3) > 0).sort(() => random(3) - 1);
      await tell(service.origin, told);
      await new Promise((resolve) => setTimeout(resolve, 100 + random(500)));
      await service.end("SIGKILL");
    }
    flaky.isFaulty = false;
    const service = await begin();
    await until("all are sealed once", async () => (await countOf("wild/app"))[1] === IMAGES, SETTLE_MS, LOOK_MS);
    const isIdle = async () => {
      const text = await (await fetch(`${service.origin}/metrics`)).text();
      return /state="waiting"\} 0/.test(text) && /state="running"\} 0/.test(text);
    };
    await until("the queue is empty", isIdle, SETTLE_MS);
    const headers = { authorization: `Bearer ${SECRET}` };
    const dead = (await (await fetch(`${service.origin}/v1/quarantine`, { headers })).json()) as Array<{
      key: string;
      code: string;
    }>;
    expect(await service.end("SIGTERM")).toBe(0);
    expect(flaky.faults).toBeGreaterThan(20);
    expect(await countOf("wild/app")).toEqual({ 1: IMAGES });
    expect(dead.map(({ key, code }) => [key.replace(/^[^/]*\//, ""), code])).toEqual([
      ["wild/app:bad", expect.stringMatching(/^TAR_/)],
    ]);
    for (let i = 0; i < IMAGES; i += 40) expect(verified("wild/app", i, ["--cert", join(home, "cert.pem")])).toBe(0);
  });
});
