/**
 * Layers by a fleet: whoever needs a layer that the shared cache lacks adds it to the queue of layers, by the name of its entry in
 * the cache; whichever worker takes it reads it, once for all who wait, and puts it into the cache, from which they have it.
 *
 *   image, here --read()--> queue of layers, one job for each entry --> shared cache --> merge, here
 *
 * It is no flow of BullMQ, since a job there has one parent, and a layer is waited for by as many images as share it.
 *
 * A job says where a layer lies, and holds no credentials: each worker has its own.
 */

import { ComposefsError } from "../error.ts";
import { type CacheStore, cacheKey, findCached } from "../image/layer-cache.ts";
import type { LayerReader } from "../image/layers.ts";
import type { ReadLayerOptions } from "../image/read-layer.ts";
import type { Registry } from "../registry/registry.ts";
import type { LayerBlob } from "../source/container.ts";
import { checkLimit, type ImageLimits, withinSeconds } from "./image-limits.ts";
import type { LayerReads } from "./layer-reads.ts";
import type { RedisQueue } from "./redis-queue.ts";

/** A layer as a job: plain JSON without secrets. */
export interface LayerJobData {
  host: string;
  repository: string;
  layer: Omit<LayerBlob, "place"> & { digest: string; size: number; diffId: string };
  options: ReadLayerOptions;
}

/** Times that a layer is asked for which is done, and yet not in the cache: pruned at once, or the cache failed. */
const ROUNDS = 2;

/** What the workers of a fleet have. */
export interface Fleet {
  queue: RedisQueue<LayerJobData>;
  /** The same for all of them. */
  cache: CacheStore;
  /** Reads layers in this process, and keeps them in the cache. */
  reads: LayerReads;
  /** Told of a layer that was read, and that the cache does not have. */
  onUnkept(diffId: string): void;
}

/** Has layers read by whichever worker is free; here those that no other can reach, or that the cache does not keep. */
export function fleetReader({ queue, cache, reads, onUnkept }: Fleet): LayerReader {
  return async (...task) => {
    const [layer, options, signal] = task;
    const job = jobOf(layer, options);
    if (job === null) return reads.read(...task);
    const { diffId } = job.layer;
    const key = cacheKey(diffId, options.hashes);
    for (let round = 0; ; round++) {
      const records = await findCached(cache, diffId, options.hashes);
      if (records !== undefined) {
        reads.counts[round === 0 ? "cached" : "shared"]++;
        return { records, totals: { bytes: records.tarBytes, diffId } };
      }
      if (round === ROUNDS) break;
      await queue.add(key, job);
      await queue.finished(key, signal).catch((error) => {
        // The key tells which layer is to be tried again with the image.
        throw error instanceof ComposefsError ? new ComposefsError(error.code, `${key}: ${error.message}`) : error;
      });
    }
    onUnkept(diffId);
    return reads.read(...task);
  };
}

/**
 * Works on the layers that the fleet is asked for, until the queue is closed.
 *
 * @param registryOf the client of a host, with the credentials that this machine has
 * @param limits of one image: what an image may not have, none of its layers may
 * @param parallel layers at a time
 */
export function workOnLayers(
  { queue, reads }: Fleet,
  registryOf: (host: string) => Registry,
  limits: ImageLimits,
  parallel: number,
): void {
  queue.work(async ({ data: { host, repository, layer, options } }, signal) => {
    const { digest, size } = layer;
    const where = `${host}/${repository}@${digest}`;
    checkLimit(where, limits, "imageBytes", size);
    await withinSeconds(where, limits, signal, async (bounded) => {
      const session = await registryOf(host).session(repository);
      const blob: LayerBlob = { ...layer, place: { kind: "registry", session, digest, size, length: size } };
      await reads.read(blob, options, bounded);
    });
  }, parallel);
}

/** A layer as a job; null for one that others could not find. */
function jobOf({ place, ...layer }: LayerBlob, options: ReadLayerOptions): LayerJobData | null {
  const { digest, size, diffId } = layer;
  if (place.kind !== "registry" || digest === null || size === null || diffId === null) return null;
  // The last one is the registry itself, those before are its mirrors.
  const { host, repository } = place.session.endpoints.at(-1)!;
  return { host, repository, layer: { ...layer, digest, size, diffId }, options };
}
