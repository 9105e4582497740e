/**
 * A container image, from its operand to the records of its layers.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { type OpenContainer, type OpenContainerOptions, openContainer } from "../source/container.node.ts";
import type { ContainerKind, LayerBlob } from "../source/container.ts";
import type { InputFile } from "../source/files.node.ts";
import { directoryOfOperand } from "../source/operand.node.ts";
import type { CacheStore } from "./layer-cache.ts";
import { defaultWorkers, LayerPool } from "./layer-pool.node.ts";
import { type ImageLayer, type LayerProgress, type LayerReader, readLayers, type Unseen, unseenOf } from "./layers.ts";
import { readDirectory } from "./read-directory.node.ts";
import { readLayer } from "./read-layer.ts";

/** Layers that are smaller than this all together, in bytes as stored, are read before threads have come up. */
const THREADS_FROM_BYTES = 1 << 22;

/** Options of {@link readContainer}. */
export interface ReadContainerOptions extends OpenContainerOptions {
  /** Object digests to compute, both in one reading if both are wanted. */
  hashes: readonly HashName[];
  /** Layers, or files of a directory, read at the same time, 1 or more. Default: by what there is to read, and by the processors. */
  workers?: number | undefined;
  cache?: CacheStore | undefined;
  /** Of a directory: false when its xattrs are not to be read. Default true. */
  xattrs?: boolean | undefined;
  /** Of a directory: whether node:crypto may hash its files. Default: where it is faster. */
  accelerator?: Accelerator | undefined;
  onProgress?: ((progress: LayerProgress) => void) | undefined;
  /** Told of the image before its layers are read. */
  onImage?: ((image: OpenContainer) => void) | undefined;
}

/** An image whose layers were read, each of them what size, digest and diff_id say. */
export interface ReadContainer {
  image: OpenContainer;
  /** Base first. */
  layers: ImageLayer[];
}

/**
 * Opens a container image and gets the records of its layers. A directory is an image of one layer.
 *
 * @param operand what `openContainer` takes, or a directory
 * @param input standard input, when its first bytes have been looked at
 * @returns whoever gets it closes `image`, whose layers can be read again until then
 * @throws {ComposefsError} what `openContainer`, `readLayers` and `readDirectory` give
 */
export async function readContainer(
  operand: string,
  options: ReadContainerOptions,
  input?: InputFile,
): Promise<ReadContainer> {
  const { hashes, cache, signal, limits, onProgress } = options;
  const directory = input === undefined ? directoryOfOperand(operand) : null;
  if (directory !== null) return readAsLayer(directory, options);
  const image = await openContainer(operand, options, input);
  try {
    options.onImage?.(image);
    let pool: LayerPool | undefined;
    const read: LayerReader = (...task) => (pool === undefined ? readHere(...task) : pool.read(...task));
    const workers = (missing: readonly LayerBlob[]) => {
      const count = options.workers ?? defaultWorkers(missing.length);
      if (count > 1 && isWorthThreads(missing)) pool = new LayerPool();
      return count;
    };
    try {
      const layers = await readLayers(image.layers, { hashes, read, workers, cache, limits, signal, onProgress });
      return { image, layers };
    } finally {
      await pool?.close();
    }
  } catch (error) {
    await image.close();
    throw error;
  }
}

/** A directory as an image of one layer. */
async function readAsLayer(directory: string, options: ReadContainerOptions): Promise<ReadContainer> {
  const { hashes, workers: threads, accelerator, signal, onProgress } = options;
  const nothing = { reference: null, manifest: null, config: null, platform: null, layers: [], files: null };
  const image: OpenContainer = { kind: "dir", name: directory, ...nothing, close: async () => {} };
  options.onImage?.(image);
  const layer = await readDirectory(directory, {
    ...{ hashes, threads, accelerator, signal },
    xattrs: options.xattrs === false ? "none" : "all",
    onProgress: (bytes) => onProgress?.({ layer: 0, bytes, state: "reading" }),
  });
  onProgress?.({ layer: 0, bytes: layer.records.tarBytes, state: "done" });
  return { image, layers: [layer] };
}

/** Threads cost time to come up, which few bytes do not take to be read. */
function isWorthThreads(layers: readonly LayerBlob[]): boolean {
  const bytes = layers.reduce((sum, { size, place }) => sum + (size ?? (place.kind === "file" ? place.length : 0)), 0);
  return bytes >= THREADS_FROM_BYTES;
}

/** Reads a layer on this thread. */
async function readHere(...[layer, options, signal, onBytes]: Parameters<LayerReader>): ReturnType<LayerReader> {
  const engine = acquireEngineSync();
  try {
    return await readLayer(engine, layer, options, signal, onBytes);
  } finally {
    releaseEngine(engine);
  }
}

/** What the digests of an image are bound to. */
export interface SourceFacts {
  /** File or directory. */
  name: string;
  kind: ContainerKind;
  /** Tag or name. */
  reference: string | null;
  /** os/architecture[/variant] */
  platform: string | null;
  /** `sha256:` and hex; null where there is none: docker-save archives, bare layers. */
  manifest: string | null;
  /** `sha256:` and hex; null for a bare layer. */
  config: string | null;
  /** Of the uncompressed layers, base first; none for a directory. */
  diffIds: string[];
  /** What the digests do not stand for, although the tree may have it; only of directories. */
  unseen: Unseen[];
}

/** What the digests of an image are bound to. */
export function sourceFacts({ image, layers }: ReadContainer): SourceFacts {
  const { name, kind, reference, platform, manifest, config } = image;
  const documents = { manifest: manifest?.digest ?? null, config: config?.digest ?? null };
  const diffIds = layers.flatMap(({ diffId }) => diffId ?? []);
  return { name, kind, reference, platform, ...documents, diffIds, unseen: unseenOf(layers) };
}
