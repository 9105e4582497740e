/** Layers by a fleet: of many who want the same ones each is read once, by workers that have credentials of their own. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { acquireEngineSync, releaseEngine } from "../../../src/engine/load.ts";
import { DirectoryCache } from "../../../src/image/layer-cache.node.ts";
import { cacheKey, findCached } from "../../../src/image/layer-cache.ts";
import { readLayer } from "../../../src/image/read-layer.ts";
import { machineRegistry } from "../../../src/registry/registry.node.ts";
import { fleetKeeper, type LayerJobData, workOnLayers } from "../../../src/service/fleet-layers.ts";
import { IMAGE_LIMITS } from "../../../src/service/image-limits.ts";
import { type KeepOptions, type LayerKeeper, LayerReads } from "../../../src/service/layer-reads.ts";
import { redisPlace } from "../../../src/service/redis-place.ts";
import { RedisQueue } from "../../../src/service/redis-queue.ts";
import { workOn } from "../../../src/service/worker-work.ts";
import type { LayerBlob } from "../../../src/source/container.ts";
import { makeLayers } from "../../support/oci/images.mjs";
import { hasProgram } from "../../support/registry/real.mjs";
import { startServer } from "../../support/registry/server.ts";
import { startRedis } from "../../support/service/redis.ts";
import { emptyFolder } from "../cli/run.ts";

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const hashes = ["sha512"] as const;
const options: KeepOptions = {
  ...{ hashes, limits: {}, budget: { limitSeconds: 60, usedSeconds: 0 }, signal: undefined },
};

async function read(layer: LayerBlob) {
  const engine = acquireEngineSync();
  try {
    return await readLayer(engine, layer, { hashes });
  } finally {
    releaseEngine(engine);
  }
}

test.runIf(hasProgram("redis-server", "apt-get install redis-server"))(
  "each layer is read once in the fleet",
  async () => {
    const [redis, server] = [await startRedis(), await startServer()];
    const cache = new (class extends DirectoryCache {
      puts = 0;
      override put(...entry: Parameters<DirectoryCache["put"]>) {
        this.puts++;
        return super.put(...entry);
      }
    })(emptyFolder());
    const queues: RedisQueue<LayerJobData>[] = [];
    const open = async () => {
      const queue = await RedisQueue.open<LayerJobData>(redisPlace(redis.url), "layers", {
        ...{ rules: { tries: 1 }, repeats: false },
      });
      queues.push(queue);
      return queue;
    };
    onTestFinished(async () => {
      await Promise.all(queues.map((queue) => queue.close(0)));
      redis.close();
      await server.close();
    });
    const registry = machineRegistry(server.host);
    const session = await registry.session("a/b");
    session.endpoints[0]!.credentials = { username: "user", password: "TOPSECRET" } as never;
    const tars: Uint8Array[] = makeLayers("repeat").slice(0, 3);
    const push = (tar: Uint8Array, i: number): LayerBlob => {
      const stored = gzipSync(tar);
      const [digest, size] = [sha256(stored), stored.length];
      server.blobs.set(digest, stored);
      const place = { kind: "registry" as const, session, digest, size, length: size };
      const rest = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", name: `layer ${i}`, annotations: {} };
      return { place, compression: "gzip", digest, size, diffId: sha256(tar), ...rest };
    };
    const blobs = tars.map(push);

    let reads = 0;
    const counted: LayerKeeper = async (layer, { limits }) => {
      const answer = await workOn({ kind: "layer", layer, hashes, limits }, cache);
      reads += answer.read;
      return answer;
    };
    const lookUp = ({ diffId, digest }: LayerBlob) => findCached(cache, diffId!, hashes, digest);
    const isKept = async (layer: LayerBlob) => (await lookUp(layer)) !== undefined;
    const unkept: string[] = [];
    const onUnkept = (diffId: string) => unkept.push(diffId);
    const none = new LayerReads(() => expect.fail("read by the one who wants it"));
    const wanting = { queue: await open(), isKept, reads: none, onUnkept };
    const want = fleetKeeper(wanting);
    const wants = Promise.all([...blobs, ...blobs, ...blobs].map((blob) => want(blob, options)));
    while ((await wanting.queue.counts()).waiting < new Set(blobs.map(({ diffId }) => diffId)).size) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const limits = { ...IMAGE_LIMITS, imageBytes: 1_000_000 };
    const workers = await Promise.all(
      [0, 1].map(async () => ({ queue: await open(), isKept, reads: new LayerReads(counted), onUnkept })),
    );
    for (const worker of workers) workOnLayers(worker, () => registry, limits, 2);
    await wants;
    const distinct = new Set(blobs.map(({ diffId }) => diffId)).size;
    expect([reads, cache.puts, unkept]).toEqual([distinct, distinct, []]);
    expect(none.counts).toMatchObject({ read: 0, cached: 0, shared: 9 });
    expect(workers.reduce((sum, { reads }) => sum + reads.counts.read, 0)).toBe(distinct);
    for (const blob of blobs) {
      const [found, alone] = [await lookUp(blob), await read(blob)];
      expect(Buffer.from(found!.bytes).equals(alone.records.bytes)).toBe(true);
    }

    // What is damaged fails for whoever wants it, with its code, and stays in the quarantine; no secret is in there.
    const bad = { ...blobs[0]!, diffId: sha256(Buffer.from("other")) };
    await expect(want(bad, options)).rejects.toMatchObject({
      ...{ code: "BLOB_DIFF_ID", message: expect.stringContaining(cacheKey(bad.diffId, hashes)) },
    });
    const large = { ...blobs[0]!, size: 1_000_001, diffId: sha256(Buffer.from("large")) };
    await expect(want(large, options)).rejects.toMatchObject({ code: "SERVICE_LIMIT" });
    const dead = await wanting.queue.dead();
    expect(dead.map(({ code }) => code).sort()).toEqual(["BLOB_DIFF_ID", "SERVICE_LIMIT"]);
    expect(JSON.stringify(dead)).not.toMatch(/TOPSECRET|authorization/i);

    // Who puts another blob beside the diff_id of a layer is refused, whether the cache has that layer or not, and harms nobody.
    const fresh = push(makeLayers("base")[0]!, 3);
    for (const honest of [blobs[0]!, fresh]) {
      const liar = push(gzipSync(`not ${honest.name}`), 4);
      await expect(want({ ...liar, diffId: honest.diffId }, options)).rejects.toMatchObject({ code: "BLOB_DIFF_ID" });
      await want(honest, options);
      expect(await lookUp(honest)).toBeDefined();
    }
  },
);
