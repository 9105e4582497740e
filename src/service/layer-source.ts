/**
 * Where the records of layers come from: what lies between images, which need layers, and whoever reads them, on this machine
 * or on others. The unit of work is a layer, by its diff_id and the hashes of its digests.
 */

import type { HashName } from "../engine/slot.ts";
import { type CacheStore, cacheKey, findCached, keepCached } from "../image/layer-cache.ts";
import { type ImageLayer, type LayerProgress, type LayerReader, readLayers } from "../image/layers.ts";
import type { ReadLayer } from "../image/read-layer.ts";
import type { LayerBlob } from "../source/container.ts";
import type { SourceLimits } from "../source/limits.ts";

/** Told of each layer of an image, once. */
export interface LayerTally {
  /** Bytes as stored that were read; 0 for one that was there already. */
  storedBytes: number;
  isCached: boolean;
}

/** Options of {@link LayerSource.layers}. */
export interface LayerRequest {
  hashes: readonly HashName[];
  signal?: AbortSignal | undefined;
  onLayer?: ((tally: LayerTally) => void) | undefined;
}

/** Gives the records of layers. */
export interface LayerSource {
  /** The records of all layers of an image, base first. @throws {ComposefsError} what `readLayers` gives */
  layers(layers: readonly LayerBlob[], request: LayerRequest): Promise<ImageLayer[]>;
  close(): Promise<void>;
}

/** Options of {@link SharedLayers}. */
export interface SharedLayersOptions {
  cache: CacheStore;
  /** Reads a layer that the cache lacks. */
  read: LayerReader;
  /** Layers of all images that are read at the same time. */
  workers: number;
  limits?: Partial<SourceLimits> | undefined;
  /** Ends what `read` needs. */
  close?: () => Promise<void>;
}

/** Layers from a cache, each read once, however many images want it at the same moment. */
export class SharedLayers implements LayerSource {
  readonly #options: SharedLayersOptions;
  /** By the key of the cache: reads under way. */
  readonly #pending = new Map<string, Promise<ReadLayer>>();
  readonly #waiting: Array<() => void> = [];
  #free: number;

  constructor(options: SharedLayersOptions) {
    this.#options = options;
    this.#free = options.workers;
  }

  async layers(layers: readonly LayerBlob[], { hashes, signal, onLayer }: LayerRequest): Promise<ImageLayer[]> {
    const { cache, workers, limits } = this.#options;
    const stored = new Map<number, number>();
    const onProgress = ({ layer, storedBytes, state }: LayerProgress) => {
      if (storedBytes !== undefined) stored.set(layer, storedBytes);
      if (state === "cached") onLayer?.({ storedBytes: 0, isCached: true });
    };
    const read: LayerReader = async (layer, options, signal) => {
      const { read, isOwn } = await this.#once(layer, options, signal);
      onLayer?.({ storedBytes: isOwn ? (layer.size ?? 0) : 0, isCached: !isOwn });
      return read;
    };
    // What is read is kept before others hear of it, by `#once`.
    const reading: CacheStore = { get: (key) => cache.get(key), put: async () => {} };
    return readLayers(layers, { hashes, read, workers, cache: reading, limits, signal, onProgress });
  }

  async close(): Promise<void> {
    await this.#options.close?.();
  }

  /** Reads a layer, or waits for whoever reads it. */
  async #once(...task: Parameters<LayerReader>): Promise<{ read: ReadLayer; isOwn: boolean }> {
    const [layer, { hashes }, signal] = task;
    if (layer.diffId === null) return { read: await this.#options.read(...task), isOwn: true };
    const key = cacheKey(layer.diffId, hashes);
    for (let other = this.#pending.get(key); other !== undefined; other = this.#pending.get(key)) {
      const read = await other.catch(() => null);
      signal?.throwIfAborted();
      // Whoever read it may have been called off, which is no fault of the layer: then it is read here.
      if (read !== null) return { read, isOwn: false };
    }
    let isOwn = true;
    const own = this.#read(task, () => {
      isOwn = false;
    });
    this.#pending.set(key, own);
    try {
      return { read: await own, isOwn };
    } finally {
      this.#pending.delete(key);
    }
  }

  /** @param onCached called when the cache has it by now */
  async #read(task: Parameters<LayerReader>, onCached: () => void): Promise<ReadLayer> {
    const [layer, { hashes }] = task;
    const { cache, read } = this.#options;
    const diffId = layer.diffId!;
    const known = await findCached(cache, diffId, hashes);
    if (known !== undefined) {
      onCached();
      return { records: known, totals: { bytes: known.tarBytes, diffId } };
    }
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      const layer = await read(...task);
      await keepCached(cache, diffId, layer.records);
      return layer;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
