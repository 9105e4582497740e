/**
 * All layers of an image: from the cache where they are there, read where they are not, in parallel where there are
 * threads.
 */

import type { HashName } from "../engine/slot.ts";
import type { LayerBlob } from "../source/container.ts";
import { openLayer } from "../source/layer-stream.ts";
import type { SourceLimits } from "../source/limits.ts";
import type { ContentPlace } from "./find-content.ts";
import { type CacheStore, findCached, keepCached } from "./layer-cache.ts";
import type { LayerRecords } from "./layer-records.ts";
import type { ReadBytes, ReadLayer, ReadLayerOptions } from "./read-layer.ts";

/** Reads one layer somewhere. */
export type LayerReader = (
  layer: LayerBlob,
  options: ReadLayerOptions,
  signal?: AbortSignal,
  onBytes?: (bytes: ReadBytes) => void,
) => Promise<ReadLayer>;

/** Options of {@link readLayers}. */
export interface ReadLayersOptions {
  /** Object digests to compute, both in one reading if both are wanted. */
  hashes: readonly HashName[];
  read: LayerReader;
  /** Layers that are read at the same time, 1 or more; asked when it is known which ones the cache lacks. */
  workers: number | ((missing: readonly LayerBlob[]) => number);
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
  /** Bytes of the blob as stored so far; absent where none is read: from a cache, of a directory. */
  storedBytes?: number;
  state: "reading" | "done" | "cached";
}

/** What of a directory could not be seen, or was not looked at: its digests stand for less than the tree. */
export type Unseen = "owners" | "permissions" | "xattrs";

/** A layer of an image with its records. */
export interface ImageLayer {
  /** Where its tar lies, to be read again for many contents; null for a directory, whose contents are files. */
  blob: LayerBlob | null;
  /**
   * Gives the bytes of a content anew, as they are now: whoever takes them holds them against the digest.
   *
   * @throws {ComposefsError} while it is iterated over: IO_OPEN, IO_READ, IO_CHANGED, of a tar BLOB_*
   */
  open(place: ContentPlace): AsyncIterable<Uint8Array>;
  records: LayerRecords;
  /** `sha256:` and hex of the uncompressed tar; null for a directory. */
  diffId: string | null;
  isCached: boolean;
  /** Of a directory: what the records lack. */
  unseen?: readonly Unseen[];
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

  const done = new Map<number, ImageLayer>();
  const lookUp = async (store: CacheStore, layer: LayerBlob, index: number): Promise<void> => {
    const { diffId, digest } = layer;
    const records = diffId === null ? undefined : await findCached(store, diffId, hashes, digest);
    if (records === undefined) return;
    onProgress?.({ layer: index, bytes: records.tarBytes, state: "cached" });
    done.set(index, { blob: layer, open: opener(layer), records, diffId: diffId!, isCached: true });
  };
  const readOne = async (layer: LayerBlob, index: number): Promise<ImageLayer> => {
    const { records, totals } = await options.read(layer, { hashes, ...limits }, signal, (read) =>
      onProgress?.({ layer: index, ...read, state: "reading" }),
    );
    onProgress?.({ layer: index, bytes: totals.bytes, state: "done" });
    if (cache !== undefined) await keepCached(cache, totals.diffId, records, layer.digest);
    return { blob: layer, open: opener(layer), records, diffId: totals.diffId, isCached: false };
  };

  // The largest first: the last one to end is then a small one.
  const firsts = new Map<string, number>();
  layers.forEach((layer, index) => {
    if (!firsts.has(keyOf(layer, index))) firsts.set(keyOf(layer, index), index);
  });
  signal.throwIfAborted();
  if (cache !== undefined) {
    await Promise.all([...firsts.values()].map((index) => lookUp(cache, layers[index]!, index)));
  }
  const queue = [...firsts.values()]
    .filter((index) => !done.has(index))
    .sort((a, b) => (layers[b]!.size ?? 0) - (layers[a]!.size ?? 0));
  const missing = queue.map((index) => layers[index]!);
  const workers = typeof options.workers === "number" ? options.workers : options.workers(missing);
  const work = async () => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      signal.throwIfAborted();
      done.set(index, await readOne(layers[index]!, index));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(workers, queue.length) }, work));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return layers.map((layer, index) => done.get(firsts.get(keyOf(layer, index))!)!);
}

/** What the records of layers lack, all together. */
export function unseenOf(layers: readonly ImageLayer[]): Unseen[] {
  return [...new Set(layers.flatMap(({ unseen }) => unseen ?? []))];
}

/** What tells a layer from others; one without diff_id is only like itself, and another blob may not be what its diff_id says. */
function keyOf({ diffId, digest }: LayerBlob, index: number): string {
  return diffId === null ? `${index}` : `${diffId} ${digest}`;
}

/** Reads contents out of a layer, which is read no further than to their end. */
export function opener(layer: LayerBlob): ImageLayer["open"] {
  return async function* open({ offset, size }) {
    let at = 0;
    for await (const chunk of openLayer(layer)) {
      const part = chunk.subarray(Math.max(offset - at, 0), Math.max(offset + size - at, 0));
      if (part.length > 0) yield part;
      at += chunk.length;
      if (at >= offset + size) return;
    }
  };
}
