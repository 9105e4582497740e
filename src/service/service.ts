/**
 * The service: takes events, scans every interval, works on images until it is told to stop. Of a fleet, whose queue is on Redis,
 * one process or more hear and scan, and any number of workers work on what these add.
 *
 *   const service = await Service.start(config, { log, secret, listen: config.listen })
 *   …
 *   await service.stop()
 */

import type { Server } from "node:http";
import { ComposefsError } from "../error.ts";
import { parseReference, type Reference, referenceText } from "../registry/reference.ts";
import type { ServiceConfig } from "./config.ts";
import { type PushEvent, readEvents } from "./events.ts";
import type { Log } from "./log.ts";
import { ServiceMetrics } from "./metrics.ts";
import { isFleet, openQueues, type ServiceQueues } from "./open-queues.ts";
import type { ImageReport } from "./precompute-image.ts";
import { Precomputer } from "./precomputer.ts";
import { listDead, retryDead } from "./quarantine.ts";
import { failureOf, type QueueJob } from "./queue.ts";
import { referenceTo } from "./scan.ts";
import { repositoryMatcher, tagMatcher } from "./selection.ts";
import { type ServiceAnswer, type ServiceRoute, startServer } from "./server.ts";
import { readSigning } from "./signing.node.ts";
import { timerMs } from "./timer.ts";

/** What a service needs beside its configuration. */
export interface ServiceOptions {
  log: Log;
  /** That registries know; null for none. */
  secret: string | null;
  /** `HOST:PORT`; null to be asked by nobody. */
  listen: string | null;
  /** Whether it is a worker of a fleet, which neither hears of pushes nor scans. */
  isWorker?: boolean;
  /** What worker processes run, in tests. */
  workerEntry?: URL;
}

/** Milliseconds that running work may take to end when the service is told to stop. */
const GRACE_MS = 20_000;

export class Service {
  /** `http://HOST:PORT`; null when it does not listen. */
  origin: string | null = null;
  readonly #config: ServiceConfig;
  readonly #log: Log;
  readonly #metrics: ServiceMetrics;
  readonly #queues: ServiceQueues;
  readonly #precomputer: Precomputer;
  readonly #stop = new AbortController();
  #server: Server | undefined;
  #isReady = false;
  #scanning: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    config: ServiceConfig,
    log: Log,
    queues: ServiceQueues,
    isWorker: boolean,
    make: (service: () => Service) => Precomputer,
  ) {
    this.#config = config;
    this.#log = log;
    this.#queues = queues;
    this.#precomputer = make(() => this);
    const { images, layers } = queues;
    // Of a fleet those tell of the queue who add to it: each worker would tell the same.
    const counted = isWorker ? {} : { images, ...(layers && { layers }) };
    const { layers: reads, pool } = this.#precomputer;
    this.#metrics = new ServiceMetrics({ layers: () => reads.counts, workers: () => pool.counts, queues: counted });
  }

  /**
   * Starts to listen, to scan and to work; of a fleet either a worker, which works, or one that listens and scans.
   *
   * @throws {ComposefsError} SERVICE_*, IO_*, CERTIFICATE_*
   */
  static async start(config: ServiceConfig, options: ServiceOptions): Promise<Service> {
    const { log, secret, listen, isWorker = false, workerEntry } = options;
    const signing = await readSigning(config.key, config.certificate);
    let service: Service | undefined;
    const queues = await openQueues(config, {
      images: (...failure) => service?.onFailure("reference", ...failure),
      layers: (...failure) => service?.onFailure("layer", ...failure),
      trouble: (reason) => log("warn", "the queue cannot be reached", { reason }),
    });
    const wanted = { algorithms: config.algorithms, bootable: config.bootable, signing };
    service = new Service(config, log, queues, isWorker, (self) => {
      return new Precomputer(queues.images, config, wanted, {
        ...{ recheck: false, isDryRun: false, layerQueue: queues.layers, workerEntry },
        onCacheFailure: (reason) => self().onCacheFailure(reason),
        onUnkept: (layer) => log("warn", "a layer is not in the cache; do all workers have the same one?", { layer }),
        onReport: (reference, report) => self().onReport(reference, report),
        onStage: (stage, seconds) => self().#metrics.stages.observe({ stage }, seconds),
      });
    });
    try {
      const onError = (error: unknown) => log("error", "a request failed", failureOf(error));
      if (listen !== null) {
        const routes = isWorker ? service.#routes() : { ...service.#routes(), ...service.#queueRoutes() };
        const { server, origin } = await startServer(listen, routes, secret, onError);
        service.#server = server;
        service.origin = origin;
      }
    } catch (error) {
      await service.#closeQueues(0);
      throw error;
    }
    if (isWorker || !isFleet(config)) service.#precomputer.start(config.parallel);
    if (isWorker) service.#precomputer.startLayers(config.workers);
    service.#isReady = true;
    if (!isWorker) service.#scan();
    return service;
  }

  /** Takes nothing more, lets running work end or puts it back. */
  async stop(): Promise<void> {
    this.#isReady = false;
    this.#stop.abort(new Error("the service stops"));
    clearTimeout(this.#timer);
    await this.#scanning;
    await this.#closeQueues(GRACE_MS);
    await this.#precomputer.close();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** Images first: those that are worked on may wait for layers. */
  async #closeQueues(graceMs: number): Promise<void> {
    const began = performance.now();
    await this.#queues.images.close(graceMs);
    await this.#queues.layers?.close(Math.max(0, graceMs - (performance.now() - began)));
  }

  onReport(reference: Reference, { manifest, state, artifacts, removed, conflicting }: ImageReport): void {
    this.#metrics.images.inc({ state });
    this.#metrics.removed.inc(removed.length);
    const level = state === "sealed" || removed.length > 0 ? "info" : "debug";
    this.#log(level, "image", { reference: referenceText(reference), manifest, state, artifacts, removed });
    if (conflicting.length > 0) {
      this.#log("warn", "artifacts state something else", { reference: referenceText(reference), conflicting });
    }
  }

  /** @param what a job of this queue is about */
  onFailure(
    what: "reference" | "layer",
    { key, failures }: QueueJob<unknown>,
    { code, reason }: { code: string; reason: string },
    isDead: boolean,
  ): void {
    this.#metrics.failures.inc({ code });
    this.#log(isDead ? "error" : "warn", isDead ? "quarantined" : "failed", { [what]: key, failures, code, reason });
  }

  onCacheFailure(reason: string): void {
    this.#metrics.cacheFailures.inc();
    this.#log("warn", "the layer cache cannot be used", { reason });
  }

  /** Scans now, and again an interval after the end. */
  #scan(): void {
    this.#scanning = this.#scanOnce().then(() => {
      if (this.#stop.signal.aborted) return;
      this.#timer = setTimeout(() => this.#scan(), timerMs(this.#config.intervalSeconds));
    });
  }

  async #scanOnce(): Promise<void> {
    const began = performance.now();
    const warn = (repository: string, error: ComposefsError) => {
      this.#log("warn", "tags cannot be listed", { repository, ...failureOf(error) });
    };
    try {
      const references = await this.#precomputer.scan(this.#config.sources, warn, this.#stop.signal);
      this.#metrics.scans.inc({ state: "done" });
      this.#log("info", "scanned", { references, seconds: (performance.now() - began) / 1000 });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#metrics.scans.inc({ state: "failed" });
      this.#log("error", "the scan failed", failureOf(error));
    }
  }

  #routes(): Record<string, ServiceRoute> {
    const text = (status: number, body: string): ServiceAnswer => ({ status, body, contentType: "text/plain" });
    return {
      "GET /healthz": async () => text(200, "ok\n"),
      "GET /readyz": async () => {
        if (!this.#queues.images.isReachable) return text(503, "the queue cannot be reached\n");
        return this.#isReady ? text(200, "ok\n") : text(503, "stopping\n");
      },
      "GET /metrics": async () => {
        return { status: 200, body: await this.#metrics.text(), contentType: this.#metrics.contentType };
      },
    };
  }

  #queueRoutes(): Record<string, ServiceRoute> {
    const routes: Record<string, ServiceRoute> = {
      "POST /events": async (_url, body, { headers }) => this.#takeEvents(body, headers["ce-type"]),
      "GET /v1/digests": async (url) => this.#digests(url.searchParams.get("reference") ?? ""),
      "GET /v1/quarantine": async () => ({ status: 200, body: await listDead(this.#queues) }),
      "POST /v1/quarantine/retry": async (url) => {
        const isThere = await retryDead(this.#queues, url.searchParams.get("key") ?? "");
        return isThere ? { status: 202, body: {} } : { status: 404, body: { error: "no such job" } };
      },
    };
    const orAway = (route: ServiceRoute): ServiceRoute => {
      const away: ServiceAnswer = { status: 503, body: { error: "the queue cannot be reached" } };
      // Registries tell again of what was not taken.
      return async (...asked) => (this.#queues.images.isReachable ? route(...asked) : away);
    };
    return Object.fromEntries(Object.entries(routes).map(([name, route]) => [name, orAway(route)]));
  }

  async #takeEvents(body: Buffer, type: string | string[] | undefined): Promise<ServiceAnswer> {
    let json: unknown;
    try {
      json = JSON.parse(body.toString());
    } catch {
      json = null;
    }
    const pushes = readEvents(json, typeof type === "string" ? type : null);
    if (pushes === null) {
      this.#metrics.events.inc({ state: "unknown" });
      return { status: 400, body: { error: "expected events of Distribution, Harbor or zot" } };
    }
    let taken = 0;
    for (const push of pushes) {
      const host = this.#hostOf(push);
      const isNew = host !== null && (await this.#precomputer.add(referenceTo(host, push.repository, push.reference)));
      this.#metrics.events.inc({ state: host === null ? "ignored" : isNew ? "added" : "known" });
      if (isNew) taken++;
    }
    return { status: 202, body: { taken } };
  }

  /** The registry, as it is configured, that a push is in and that is meant; null for what is not meant. */
  #hostOf({ host, repository, tag }: PushEvent): string | null {
    const { sources } = this.#config;
    const isMeant = (source: (typeof sources)[number]) =>
      repositoryMatcher(source)(repository) && (tag === null || tagMatcher(source)(tag));
    // Registries behind a proxy do not know the name by which others reach them: then it is the one that there is.
    const named = sources.filter((source) => source.host === host);
    const hosts = new Set(sources.map((source) => source.host));
    const candidates = named.length > 0 ? named : hosts.size === 1 ? sources : [];
    return candidates.find(isMeant)?.host ?? null;
  }

  async #digests(text: string): Promise<ServiceAnswer> {
    try {
      const reference = parseReference(text);
      // Nobody can have the service ask hosts that it was not told of.
      if (
        !this.#config.sources.some(
          ({ host, ...source }) =>
            host === reference.host && repositoryMatcher({ host, ...source })(reference.repository),
        )
      ) {
        return { status: 403, body: { error: "this repository is not one of the service" } };
      }
      const { manifest, state, artifacts, children } = await this.#precomputer.look(reference, this.#stop.signal);
      const isMissing = state === "sealed";
      if (isMissing) await this.#precomputer.add(reference);
      const body = { reference: referenceText(reference), manifest, state: isMissing ? "pending" : state, artifacts };
      return { status: isMissing ? 202 : 200, body: { ...body, manifests: children } };
    } catch (error) {
      if (!(error instanceof ComposefsError)) throw error;
      const status = error.code === "REGISTRY_REFERENCE" ? 400 : error.code === "REGISTRY_MISSING" ? 404 : 502;
      return { status, body: { code: error.code, error: error.message } };
    }
  }
}
