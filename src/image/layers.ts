/**
 * All layers of an image: from the cache where they are there, read where they are not, in parallel where there are
 * threads.
 */

import type { HashName } from "../engine/slot.ts";
import type { LayerBlob } from "../source/container.ts";
import type { SourceLimits } from "../source/limits.ts";
import { type CacheStore, findCached, keepCached } from "./layer-cache.ts";
import type { LayerRecords } from "./layer-records.ts";
import type { ReadLayer, ReadLayerOptions } from "./read-layer.ts";

/** Reads one layer somewhere. */
export type LayerReader = (
  layer: LayerBlob,
  options: ReadLayerOptions,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
) => Promise<ReadLayer>;

/** Options of {@link readLayers}. */
export interface ReadLayersOptions {
  /** Object digests to compute, both in one reading if both are wanted. */
  hashes: readonly HashName[];
  read: LayerReader;
  /** Layers that are read at the same time, 1 or more. */
  workers: number;
  cache?: CacheStore | undefined;
  limits?: Partial<SourceLimits> | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LayerProgress) => void) | undefined;
}

export interface LayerProgress {
  /** Index of the layer, from 0. */
  layer: number;
  /** Bytes of its tar so far. */
  bytes: number;
  state: "reading" | "done" | "cached";
}

/** A layer of an image with its records. */
export interface ImageLayer {
  /** Where it lies, to be read again. */
  blob: LayerBlob;
  records: LayerRecords;
  /** `sha256:` and hex of the uncompressed tar. */
  diffId: string;
  isCached: boolean;
}

/**
 * Gets the records of all layers. A layer that occurs twice is read once.
 *
 * @param layers base first
 * @returns in the same order
 * @throws {ComposefsError} TAR_*, and all that `openLayer` gives; when one layer fails the others are called off
 */
export async function readLayers(layers: readonly LayerBlob[], options: ReadLayersOptions): Promise<ImageLayer[]> {
  const { cache, hashes, onProgress } = options;
  const limits = options.limits === undefined ? {} : { limits: options.limits };
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);

  const readOne = async (layer: LayerBlob, index: number): Promise<ImageLayer> => {
    if (cache !== undefined && layer.diffId !== null) {
      const records = await findCached(cache, layer.diffId, hashes);
      if (records !== undefined) {
        onProgress?.({ layer: index, bytes: records.tarBytes, state: "cached" });
        return { blob: layer, records, diffId: layer.diffId, isCached: true };
      }
    }
    const { records, totals } = await options.read(layer, { hashes, ...limits }, signal, (bytes) =>
      onProgress?.({ layer: index, bytes, state: "reading" }),
    );
    onProgress?.({ layer: index, bytes: totals.bytes, state: "done" });
    if (cache !== undefined) await keepCached(cache, totals.diffId, records);
    return { blob: layer, records, diffId: totals.diffId, isCached: false };
  };

  // The largest first: the last one to end is then a small one.
  const firsts = new Map<string, number>();
  layers.forEach((layer, index) => {
    if (!firsts.has(keyOf(layer, index))) firsts.set(keyOf(layer, index), index);
  });
  const queue = [...firsts.values()].sort((a, b) => (layers[b]!.size ?? 0) - (layers[a]!.size ?? 0));
  const done = new Map<number, ImageLayer>();
  const work = async () => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      signal.throwIfAborted();
      done.set(index, await readOne(layers[index]!, index));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(options.workers, queue.length) }, work));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return layers.map((layer, index) => done.get(firsts.get(keyOf(layer, index))!)!);
}

/** What tells a layer from others; one without diff_id is only like itself. */
function keyOf(layer: LayerBlob, index: number): string {
  return layer.diffId ?? `${index}`;
}
