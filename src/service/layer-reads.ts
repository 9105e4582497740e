/**
 * Layers that many images share are read once: one of the jobs that want a layer at the same moment has it read into the layer
 * cache, the others wait for that, and later ones find it there.
 */

import type { HashName } from "../engine/slot.ts";
import { cacheKey } from "../image/layer-cache.ts";
import type { LayerBlob } from "../source/container.ts";
import type { SourceLimits } from "../source/limits.ts";
import type { TimeBudget } from "./worker-process.ts";
import type { WorkerAnswer } from "./worker-tasks.ts";

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

/** How layers are to be read. */
export interface KeepOptions {
  /** Object digests to compute. */
  hashes: readonly HashName[];
  limits: Partial<SourceLimits>;
  /** Of the image that wants them. */
  budget: TimeBudget;
  signal: AbortSignal | undefined;
}

/** What was read to have a layer in the cache. */
export type LayerAnswer = Pick<WorkerAnswer, "read" | "storedBytes">;

/** Sees to it that the records of a layer are in the cache. */
export type LayerKeeper = (layer: LayerBlob, options: KeepOptions) => Promise<LayerAnswer>;

/** Layers that are known to be in the cache, of which the oldest are forgotten: those of some thousand images. */
const KNOWN_MAX = 65_536;

/** Has layers read for many jobs. */
export class LayerReads {
  readonly counts: LayerCounts = { read: 0, cached: 0, shared: 0, storedBytes: 0 };
  readonly #keep: LayerKeeper;
  readonly #flights = new Map<string, Promise<void>>();
  readonly #known = new Set<string>();

  constructor(keep: LayerKeeper) {
    this.#keep = keep;
  }

  /** Has a layer read, unless it is known that it was. @throws {ComposefsError} what the keeper gives */
  readonly ensure = async (layer: LayerBlob, options: KeepOptions): Promise<void> => {
    // Nobody could find one without a name in the cache.
    if (layer.diffId === null) return;
    if (this.#known.has(layerKey(layer, options.hashes))) this.counts.cached++;
    else await this.refresh(layer, options);
  };

  /** The same for those who found that the cache lacks it. @throws {ComposefsError} what the keeper gives */
  async refresh(layer: LayerBlob, options: KeepOptions): Promise<void> {
    const key = layerKey(layer, options.hashes);
    const flight = this.#flights.get(key);
    if (flight !== undefined) {
      try {
        await flight;
        this.counts.shared++;
        return;
      } catch {
        options.signal?.throwIfAborted();
        // Another job failed, perhaps because it was called off; this one finds out for itself.
        return this.refresh(layer, options);
      }
    }
    const own = this.#begin(layer, options);
    this.#flights.set(key, own);
    try {
      await own;
      this.#know(key);
    } finally {
      this.#flights.delete(key);
    }
  }

  /** Counts what was read all the same: the cache had lost it, or cannot be used. */
  count({ read, storedBytes }: LayerAnswer): void {
    this.counts.read += read;
    this.counts.storedBytes += storedBytes;
  }

  async #begin(layer: LayerBlob, options: KeepOptions): Promise<void> {
    const answer = await this.#keep(layer, options);
    if (answer.read === 0) this.counts.cached++;
    else this.count(answer);
  }

  #know(key: string): void {
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > KNOWN_MAX) this.#known.delete(oldest!);
  }
}

/**
 * Names what is read: the entry of the cache, and the blob that is to become it. An image says itself which diff_id a blob has:
 * one that lies shares nothing with those whose layer it names.
 */
export function layerKey({ diffId, digest }: LayerBlob, hashes: readonly HashName[]): string {
  return `${cacheKey(diffId!, hashes)}@${digest}`;
}

/**
 * Has all layers of an image read; when one fails, the others are called off.
 *
 * @param keep see {@link LayerReads.ensure}
 * @param parallel layers at a time
 */
export async function keepAll(
  layers: readonly LayerBlob[],
  options: KeepOptions,
  keep: LayerReads["ensure"],
  parallel: number,
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  // The largest first: the last one to end is then a small one.
  const queue = [...layers].sort((a, b) => (b.size ?? 0) - (a.size ?? 0)).values();
  const work = async () => {
    for (const layer of queue) {
      signal.throwIfAborted();
      await keep(layer, { ...options, signal });
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, layers.length) }, work));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}
