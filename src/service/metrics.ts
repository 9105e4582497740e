/** What the service counts, in the form that Prometheus reads. Names end with their unit. */

import { Counter, Gauge, Histogram, Registry as Metrics } from "prom-client";
import type { LayerCounts } from "./layer-reads.ts";
import type { Queue } from "./queue.ts";
import type { WorkerCounts } from "./worker-pool.ts";

/** What is counted of a queue, whatever its jobs are about. */
export type CountedQueue = Pick<Queue<unknown>, "counts" | "isReachable">;

/** What is counted elsewhere. */
export interface CountedElsewhere {
  layers(): LayerCounts;
  workers(): WorkerCounts;
  /** By name; those that cannot be reached are left out. */
  queues: Readonly<Record<string, CountedQueue>>;
}

/** Seconds: from a manifest over the wire to a layer of many gigabytes. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800];

/** The metrics of one service. */
export class ServiceMetrics {
  readonly #registry = new Metrics();
  readonly images = this.#counter("composefs_images_total", "Manifests that were worked on, by what became of them", [
    "state",
  ]);
  readonly failures = this.#counter("composefs_failures_total", "Tries that failed, by code", ["code"]);
  readonly events = this.#counter("composefs_events_total", "Pushes that registries told of, by what became of them", [
    "state",
  ]);
  readonly scans = this.#counter("composefs_scans_total", "Scans, by how they ended", ["state"]);
  readonly cacheFailures = this.#counter(
    "composefs_cache_failures_total",
    "Times that the layer cache could neither be read nor written",
    [],
  );
  readonly removed = this.#counter("composefs_artifacts_removed_total", "Artifacts that were taken away", []);
  readonly stages = new Histogram({
    ...{ name: "composefs_stage_seconds", help: "Seconds of the parts of a job", labelNames: ["stage"] },
    ...{ buckets: BUCKETS, registers: [this.#registry] },
  });

  constructor({ layers, workers, queues }: CountedElsewhere) {
    const registers = [this.#registry];
    new Gauge({
      ...{ name: "composefs_queue_jobs", help: "Jobs of a queue, by state", labelNames: ["queue", "state"], registers },
      async collect() {
        this.reset();
        for (const [queue, one] of Object.entries(queues)) {
          if (!one.isReachable) continue;
          for (const [state, count] of Object.entries(await one.counts())) this.set({ queue, state }, count);
        }
      },
    });
    const layerCounter = this.#counter("composefs_layers_total", "Layers that images needed, by where they came from", [
      "from",
    ]);
    const lostCounter = this.#counter(
      "composefs_workers_lost_total",
      "Worker processes that ended while they worked",
      [],
    );
    new Gauge({
      ...{ name: "composefs_workers", help: "Worker processes, by state", labelNames: ["state"], registers },
      collect() {
        const { busy, idle } = workers();
        for (const [state, count] of Object.entries({ busy, idle })) this.set({ state }, count);
      },
    });
    const byteCounter = this.#counter("composefs_layer_bytes_total", "Bytes of layers that were read, as stored", []);
    this.#collectors.push(() => {
      const { read, cached, shared, storedBytes } = layers();
      layerCounter.reset();
      byteCounter.reset();
      for (const [from, count] of Object.entries({ registry: read, cache: cached, job: shared })) {
        layerCounter.inc({ from }, count);
      }
      byteCounter.inc(storedBytes);
      lostCounter.reset();
      lostCounter.inc(workers().lost);
    });
  }

  readonly #collectors: Array<() => void> = [];

  /** The type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    for (const collect of this.#collectors) collect();
    return this.#registry.metrics();
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }
}
