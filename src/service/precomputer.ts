/** Puts queue and job together: what is added is worked on, images of an index become jobs, results are told. */

import { createHash } from "node:crypto";
import { type Reference, referenceText } from "../registry/reference.ts";
import { machineRegistry } from "../registry/registry.node.ts";
import type { Registry } from "../registry/registry.ts";
import type { ServiceConfig } from "./config.ts";
import { type Fleet, fleetKeeper, type LayerJobData, workOnLayers } from "./fleet-layers.ts";
import { KeyedLocks } from "./keyed-locks.ts";
import { keepAll, type LayerKeeper, LayerReads } from "./layer-reads.ts";
import { type ImageReport, type PrecomputeContext, precomputeImage } from "./precompute-image.ts";
import type { Queue } from "./queue.ts";
import type { RedisQueue } from "./redis-queue.ts";
import { referenceTo, scan } from "./scan.ts";
import type { SourceSelection } from "./selection.ts";
import { VerifiedArtifacts } from "./verified.node.ts";
import type { Wanted } from "./wanted.ts";
import { WorkerPool } from "./worker-pool.ts";
import type { WorkerOptions } from "./worker-process.ts";

/** What a job is about. */
export interface ImageTask {
  host: string;
  repository: string;
  /** A tag or a digest. */
  reference: string;
}

/** Jobs that wait, beyond which a scan waits, too: it keeps no list of a million images in memory. */
const BACKLOG_JOBS = 256;
const BACKLOG_WAIT_MS = 10;

/** What differs between runs. */
export interface PrecomputerOptions {
  recheck: boolean;
  isDryRun: boolean;
  /** Whether each reference is worked on once and no more, however often a journal, sources and indexes name it. */
  isOnce?: boolean;
  /** The layers that a fleet reads; default: they are read by the worker processes of this one. */
  layerQueue?: RedisQueue<LayerJobData> | null;
  /** Told of a layer that the fleet has read, and that is not in the cache. */
  onUnkept?: Fleet["onUnkept"];
  onReport(reference: Reference, report: ImageReport): void;
  onStage?: PrecomputeContext["onStage"];
  onCacheFailure?: WorkerOptions["onCacheFailure"];
  /** What worker processes run, in tests. */
  workerEntry?: URL | undefined;
}

/** Works on images. */
export class Precomputer {
  readonly layers: LayerReads;
  readonly pool: WorkerPool;
  readonly #queue: Queue<ImageTask>;
  readonly #context: PrecomputeContext;
  readonly #options: PrecomputerOptions;
  /** Null for a process that works alone. */
  readonly #fleet: Fleet | null;
  readonly #registries = new Map<string, Registry>();
  /** References that were added or begun, of a run that works on each once; null where they are worked on again and again. */
  readonly #met: Set<string> | null;

  /** @throws {ComposefsError} IO_* */
  constructor(queue: Queue<ImageTask>, config: ServiceConfig, wanted: Wanted, options: PrecomputerOptions) {
    const { platforms, limits, workers, prune, state, cache } = config;
    const { recheck, isDryRun, isOnce = false, onStage, onCacheFailure, workerEntry: entry } = options;
    const { layerQueue = null, onUnkept = () => {} } = options;
    const keep: LayerKeeper = (layer, { hashes, limits, budget, signal }) =>
      this.pool.run({ kind: "layer", layer, hashes, limits }, budget, signal);
    const isKept: Fleet["isKept"] = async ({ diffId, digest }, { hashes, budget, signal }) =>
      (await this.pool.run({ kind: "look", diffId: diffId!, digest, hashes }, budget, signal)).isKept;
    this.#queue = queue;
    this.#options = options;
    this.#met = isOnce ? new Set() : null;
    this.pool = new WorkerPool({ count: workers, cache, memoryBytes: limits.workerBytes, onCacheFailure, entry });
    this.layers = new LayerReads(keep);
    this.#fleet = layerQueue && { queue: layerQueue, isKept, reads: this.layers, onUnkept };
    const ensure = this.#fleet === null ? this.layers.ensure : fleetKeeper(this.#fleet);
    // A fleet is asked for all of them at once; here more of one image would only let others wait.
    const parallel = this.#fleet === null ? workers : limits.imageLayers;
    this.#context = {
      ...{ wanted, platforms, limits, prune, recheck, isDryRun, onStage, pool: this.pool },
      registry: (host) => this.registry(host),
      keepLayers: (layers, keeping) => keepAll(layers, keeping, ensure, parallel),
      onReread: (answer) => this.layers.count(answer),
      ...{ verified: new VerifiedArtifacts(state), locks: new KeyedLocks(), sourceLimits: {} },
    };
  }

  /** The client of a host, one for all jobs: it keeps tokens. */
  registry(host: string): Registry {
    const registry = this.#registries.get(host) ?? machineRegistry(host);
    this.#registries.set(host, registry);
    return registry;
  }

  start(parallel: number): void {
    this.#queue.work(async ({ key, data }, signal) => {
      // What the journal had is not to be done once more when the scan finds it.
      this.#met?.add(shortOf(key));
      const reference = referenceTo(data.host, data.repository, data.reference);
      if (this.#fleet !== null && (await this.#isLeftToDigest(reference, signal))) return;
      const report = await precomputeImage(reference, this.#context, signal);
      for (const { digest } of report.children) await this.add(referenceTo(data.host, data.repository, digest));
      this.#options.onReport(reference, report);
    }, parallel);
  }

  /** Works on layers that the fleet wants. @param parallel layers at a time */
  startLayers(parallel: number): void {
    const registryOf = (host: string) => this.registry(host);
    if (this.#fleet !== null) workOnLayers(this.#fleet, registryOf, this.#context.limits, parallel);
  }

  /**
   * In a fleet a tag whose image lacks something becomes a job for its digest, of which there is one in the whole fleet: locks
   * of this process cannot keep another one from working on a manifest that several tags name.
   */
  async #isLeftToDigest(reference: Reference, signal: AbortSignal): Promise<boolean> {
    if (reference.digest !== null) return false;
    const { state, manifest, removed } = await this.look(reference, signal);
    if (state !== "sealed" && removed.length === 0) return false;
    await this.add(referenceTo(reference.host, reference.repository, manifest));
    return true;
  }

  /** @returns whether there is something new to do */
  async add(reference: Reference): Promise<boolean> {
    const { host, repository, tag, digest } = reference;
    const key = referenceText(reference);
    if (this.#met?.has(shortOf(key))) return false;
    this.#met?.add(shortOf(key));
    return this.#queue.add(key, { host, repository, reference: digest ?? tag! });
  }

  /** The digests that a reference has, as a scan would find them; nothing is computed or written. @throws {ComposefsError} */
  look(reference: Reference, signal?: AbortSignal): Promise<ImageReport> {
    return precomputeImage(reference, { ...this.#context, isDryRun: true, recheck: false }, signal);
  }

  /** Adds all that is selected. @returns how many references there were @throws {ComposefsError} REGISTRY_* */
  async scan(
    sources: readonly SourceSelection[],
    onFailure: Parameters<typeof scan>[2],
    signal?: AbortSignal,
  ): Promise<number> {
    let count = 0;
    for await (const reference of scan(sources, (host) => this.registry(host), onFailure, signal)) {
      signal?.throwIfAborted();
      count++;
      await this.add(reference);
      while ((await this.#queue.counts()).waiting > BACKLOG_JOBS && !signal?.aborted) {
        await new Promise((resolve) => setTimeout(resolve, BACKLOG_WAIT_MS));
      }
    }
    return count;
  }

  async close(): Promise<void> {
    await this.pool.close();
  }
}

/** A key in 16 bytes, half of its SHA-256: there may be a million of them in memory. */
function shortOf(key: string): string {
  return createHash("sha256").update(key).digest().toString("latin1", 0, 16);
}
