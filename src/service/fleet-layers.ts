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

import type { HashName } from "../engine/slot.ts";
import { type CacheStore, cacheKey, findCached, keepCached } from "../image/layer-cache.ts";
import type { LayerReader } from "../image/layers.ts";
import type { Registry } from "../registry/registry.ts";
import type { LayerBlob } from "../source/container.ts";
import type { RedisQueue } from "./redis-queue.ts";

/** A layer as a job: plain JSON without secrets. */
export interface LayerJobData {
  host: string;
  repository: string;
  layer: Omit<LayerBlob, "place"> & { digest: string; size: number; diffId: string };
  hashes: HashName[];
}

/** Times that a layer is asked for which is done, and yet not in the cache: pruned at once, or the cache failed. */
const ROUNDS = 3;

/** What the workers of a fleet have. */
export interface Fleet {
  queue: RedisQueue<LayerJobData>;
  /** The same for all of them. */
  cache: CacheStore;
  /** Reads a layer in this process. */
  read: LayerReader;
}

/** Has layers read by whichever worker is free; by `read` those that no other can reach, or that the cache does not keep. */
export function fleetReader({ queue, cache, read }: Fleet): LayerReader {
  return async (...task) => {
    const [layer, { hashes }, signal] = task;
    const job = jobOf(layer, hashes);
    for (let round = 0; job !== null && round <= ROUNDS; round++) {
      const { diffId } = job.layer;
      const records = await findCached(cache, diffId, hashes);
      if (records !== undefined) return { records, totals: { bytes: records.tarBytes, diffId } };
      if (round === ROUNDS) break;
      await queue.add(cacheKey(diffId, hashes), job);
      await queue.finished(cacheKey(diffId, hashes), signal);
    }
    return read(...task);
  };
}

/**
 * Works on the layers that the fleet is asked for, until the queue is closed.
 *
 * @param registryOf the client of a host, with the credentials that this machine has
 * @param parallel layers at a time
 */
export function workOnLayers(
  { queue, cache, read }: Fleet,
  registryOf: (host: string) => Registry,
  parallel: number,
): void {
  queue.work(async ({ data: { host, repository, layer, hashes } }, signal) => {
    const { digest, size, diffId } = layer;
    // The worker before may have died between the cache and the queue.
    if ((await findCached(cache, diffId, hashes)) !== undefined) return;
    const session = await registryOf(host).session(repository);
    const blob: LayerBlob = { ...layer, place: { kind: "registry", session, digest, size, length: size } };
    const { records } = await read(blob, { hashes }, signal);
    await keepCached(cache, diffId, records);
  }, parallel);
}

/** A layer as a job; null for one that others could not find. */
function jobOf({ place, ...layer }: LayerBlob, hashes: readonly HashName[]): LayerJobData | null {
  const { digest, size, diffId } = layer;
  if (place.kind !== "registry" || digest === null || size === null || diffId === null) return null;
  // The last one is the registry itself, those before are its mirrors.
  const { host, repository } = place.session.endpoints.at(-1)!;
  return { host, repository, layer: { ...layer, digest, size, diffId }, hashes: [...hashes] };
}
