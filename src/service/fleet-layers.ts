/**
 * Layers by a fleet: whoever needs a layer that the shared cache lacks adds it to the queue of layers, by the name of its entry in
 * the cache and its blob; whichever worker takes it reads it, once for all who wait, and puts it into the cache, from which they
 * have it.
 *
 *   image, here --keep()--> queue of layers, one job for each blob --> shared cache --> merge, here
 *
 * It is no flow of BullMQ, since a job there has one parent, and a layer is waited for by as many images as share it.
 *
 * A job says where a layer lies, and holds no credentials: each worker has its own.
 */

import { ComposefsError } from "../error.ts";
import type { ReadLayerOptions } from "../image/read-layer.ts";
import type { Registry } from "../registry/registry.ts";
import type { LayerBlob } from "../source/container.ts";
import { checkLimit, type ImageLimits } from "./image-limits.ts";
import { type KeepOptions, type LayerReads, layerKey } from "./layer-reads.ts";
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
  /** Whether the cache, which is the same for all of them, has a layer. */
  isKept(layer: LayerBlob, options: KeepOptions): Promise<boolean>;
  /** Has layers read by this machine, into the cache. */
  reads: LayerReads;
  /** Told of a layer that was read, and that the cache does not have. */
  onUnkept(diffId: string): void;
}

/** Has layers read by whichever worker is free; here those that no other can reach, or that the cache does not keep. */
export function fleetKeeper({ queue, isKept, reads, onUnkept }: Fleet): LayerReads["ensure"] {
  return async (layer, options) => {
    const { hashes, limits, signal } = options;
    const job = jobOf(layer, { hashes, limits });
    if (job === null) return reads.ensure(layer, options);
    const key = layerKey(layer, hashes);
    for (let round = 0; ; round++) {
      if (await isKept(layer, options)) {
        reads.counts[round === 0 ? "cached" : "shared"]++;
        return;
      }
      if (round === ROUNDS) break;
      await queue.add(key, job);
      await queue.finished(key, signal).catch((error) => {
        // The key tells which layer is to be tried again with the image.
        throw error instanceof ComposefsError ? new ComposefsError(error.code, `${key}: ${error.message}`) : error;
      });
    }
    onUnkept(job.layer.diffId);
    await reads.refresh(layer, options);
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
    const session = await registryOf(host).session(repository);
    const blob: LayerBlob = { ...layer, place: { kind: "registry", session, digest, size, length: size } };
    const budget = { limitSeconds: limits.imageSeconds, usedSeconds: 0 };
    await reads.refresh(blob, { hashes: options.hashes, limits: options.limits ?? {}, budget, signal });
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
