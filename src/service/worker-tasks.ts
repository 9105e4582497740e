/**
 * What worker processes compute: the records of a layer, which they leave in the layer cache, and from the records of all
 * layers the digests of an image. Whatever an image holds is looked into there and nowhere else; requests, signatures and
 * what is written to a registry are the matter of the process that starts them.
 */

import type { HashName } from "../engine/slot.ts";
import { type CacheStore, findCached } from "../image/layer-cache.ts";
import { readLayers } from "../image/layers.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import { readHere } from "../image/read-here.ts";
import { LayeredImage } from "../image/view.ts";
import { SealDigests } from "../seal/digests.ts";
import type { SealRole } from "../seal/keys.ts";
import { computeSeals, type PlacedSeal } from "../seal/seal.ts";
import type { LayerBlob } from "../source/container.ts";
import type { SourceLimits } from "../source/limits.ts";
import { checkLimit } from "./image-limits.ts";

/** Sees to it that the records of a layer are in the cache. */
export interface LayerTask {
  kind: "layer";
  layer: LayerBlob;
  hashes: readonly HashName[];
  limits: Partial<SourceLimits>;
}

/** Looks whether the cache has the records of a layer. */
export interface LookTask {
  kind: "look";
  diffId: string;
  hashes: readonly HashName[];
}

/** Computes what is stated of an image. */
export interface DigestsTask {
  kind: "digests";
  /** For people. */
  name: string;
  /** Base first. Those that are not in the cache are read. */
  layers: readonly LayerBlob[];
  /** As stored. */
  manifest: Uint8Array;
  config: Uint8Array;
  algorithms: readonly VerityAlgorithm[];
  roles: readonly SealRole[];
  limits: Partial<SourceLimits>;
  /** Entries of all layers together. */
  imageEntries: number;
}

/** Plain data, with the credentials that layers are read with: it goes from process to process and nowhere else. */
export type WorkerTask = LayerTask | LookTask | DigestsTask;

/** What a task gives. */
export interface WorkerAnswer {
  /** Layers that were read, and their bytes as stored. */
  read: number;
  storedBytes: number;
  /** Of a task that looks. */
  isKept: boolean;
  /** Without signatures; none for a layer. */
  placed: PlacedSeal[];
}

/** Object digests that algorithms need. */
export function hashesOf(algorithms: readonly VerityAlgorithm[]): HashName[] {
  return [...new Set(algorithms.map((algorithm) => algorithmParameters(algorithm).hash))];
}

/** Does a task. @throws {ComposefsError} SERVICE_LIMIT, and all that reading and merging give */
export async function workOn(task: WorkerTask, cache: CacheStore): Promise<WorkerAnswer> {
  if (task.kind === "look") {
    const records = await findCached(cache, task.diffId, task.hashes);
    return { read: 0, storedBytes: 0, isKept: records !== undefined, placed: [] };
  }
  const layers = task.kind === "layer" ? [task.layer] : task.layers;
  const hashes = task.kind === "layer" ? task.hashes : hashesOf(task.algorithms);
  const images = await readLayers(layers, { hashes, read: readHere, workers: 1, cache, limits: task.limits });
  const fresh = new Set(images.flatMap(({ isCached, blob }) => (isCached ? [] : [blob!])));
  const storedBytes = [...fresh].reduce((sum, { size }) => sum + (size ?? 0), 0);
  const answer: WorkerAnswer = { read: fresh.size, storedBytes, isKept: true, placed: [] };
  if (task.kind === "layer") return answer;
  const { name, manifest, config, algorithms, roles, imageEntries } = task;
  const entries = images.reduce((sum, { records }) => sum + records.entries, 0);
  checkLimit(name, { imageEntries }, "imageEntries", entries);
  const digests = new SealDigests({ trees: new LayeredImage(images, "auto"), manifest, config });
  return { ...answer, placed: await computeSeals(digests, { algorithms, roles, signer: null }) };
}
