/**
 * What worker processes are asked for: the records of a layer, which they leave in the layer cache, and from the records of all
 * layers the digests of an image. Whatever an image holds is looked into there and nowhere else; requests, signatures and
 * what is written to a registry are the matter of the process that starts them. How it is done is in worker-work.ts, which that
 * process does not even load.
 */

import type { HashName } from "../engine/slot.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import type { SealRole } from "../seal/keys.ts";
import type { PlacedSeal } from "../seal/seal.ts";
import type { LayerBlob } from "../source/container.ts";
import type { SourceLimits } from "../source/limits.ts";

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
  /** Of the blob that its records must be of. */
  digest: string | null;
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
