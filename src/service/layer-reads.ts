/**
 * Layers that many images share are read once: from the cache where they are there, else by one of the jobs that want them at
 * the same moment, the others waiting for it.
 */

import type { CacheStore } from "../image/layer-cache.ts";
import { findCached, keepCached } from "../image/layer-cache.ts";
import type { LayerReader } from "../image/layers.ts";
import type { ReadLayer } from "../image/read-layer.ts";

/** What became of layers so far. */
export interface LayerCounts {
  /** Read from where they are stored. */
  read: number;
  /** Found in the cache. */
  cached: number;
  /** Had from another job that was reading them. */
  shared: number;
  /** Bytes of those that were read, as stored. */
  storedBytes: number;
}

/** Reads layers for many jobs. */
export class LayerReads {
  readonly counts: LayerCounts = { read: 0, cached: 0, shared: 0, storedBytes: 0 };
  readonly #read: LayerReader;
  readonly #cache: CacheStore | undefined;
  readonly #flights = new Map<string, Promise<ReadLayer>>();

  readonly #waiting: Array<() => void> = [];
  #free: number;

  /**
   * @param read reads a layer that is nowhere else, on a thread or here
   * @param workers layers of all images that are read at the same time
   */
  constructor(read: LayerReader, cache: CacheStore | undefined, workers = Number.POSITIVE_INFINITY) {
    this.#read = read;
    this.#cache = cache;
    this.#free = workers;
  }

  /** As a {@link LayerReader}: whoever gives it to `readLayers` gives it no cache. */
  readonly read: LayerReader = async (layer, options, signal, onBytes) => {
    const { diffId } = layer;
    if (diffId === null) return this.#begin(layer, options, signal, onBytes);
    const key = `${diffId} ${[...options.hashes].sort().join()}`;
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      try {
        const shared = await flight;
        this.counts.shared++;
        return shared;
      } catch {
        signal?.throwIfAborted();
        // Another job failed, perhaps because it was called off; this one finds out for itself.
        return this.read(layer, options, signal, onBytes);
      }
    }
    const own = this.#begin(layer, options, signal, onBytes);
    this.#flights.set(key, own);
    try {
      return await own;
    } finally {
      this.#flights.delete(key);
    }
  };

  async #begin(...[layer, options, signal, onBytes]: Parameters<LayerReader>): Promise<ReadLayer> {
    const { diffId } = layer;
    const cache = this.#cache;
    if (cache !== undefined && diffId !== null) {
      const records = await findCached(cache, diffId, options.hashes);
      if (records !== undefined) {
        this.counts.cached++;
        return { records, totals: { bytes: records.tarBytes, diffId } };
      }
    }
    await this.#enter();
    const fresh = await this.#read(layer, options, signal, onBytes).finally(() => this.#leave());
    this.counts.read++;
    this.counts.storedBytes += layer.size ?? 0;
    if (cache !== undefined) await keepCached(cache, fresh.totals.diffId, fresh.records);
    return fresh;
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
