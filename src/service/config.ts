/**
 * The configuration of the service: what there is to say, what holds where nothing was said, and what the environment says.
 * For what a file says see config-file.ts.
 *
 * The environment stands above the file, and options of commands above both: `COMPOSEFS_SIGNING_KEY`,
 * `COMPOSEFS_SIGNING_CERTIFICATE`, `COMPOSEFS_STATE`, `COMPOSEFS_CACHE`, `COMPOSEFS_QUEUE`, `COMPOSEFS_LISTEN`,
 * `COMPOSEFS_SECRET_FILE`, `COMPOSEFS_PARALLEL`, `COMPOSEFS_WORKERS`, `COMPOSEFS_LIMITS=NAME=NUMBER,…`.
 */

import { availableParallelism } from "node:os";
import { ComposefsError } from "../error.ts";
import type { VerityAlgorithm } from "../image/profile.ts";
import { quoteStart } from "../source/quote.ts";
import { IMAGE_LIMITS, type ImageLimits, readLimit } from "./image-limits.ts";
import type { SourceSelection } from "./selection.ts";

/** What the service is to do. Paths are as the file has them. */
export interface ServiceConfig {
  sources: SourceSelection[];
  platforms: string[] | null;
  algorithms: VerityAlgorithm[];
  bootable: boolean;
  key: string | null;
  certificate: string | null;
  intervalSeconds: number;
  parallel: number;
  workers: number;
  prune: boolean;
  state: string | null;
  cache: string | null;
  /** `redis://…`, or a directory; null for one in the state directory. */
  queue: string | null;
  fleet: FleetConfig;
  listen: string;
  secretFile: string | null;
  limits: ImageLimits;
}

/** Of all workers of a fleet together. */
export interface FleetConfig {
  /** Images and layers that are worked on at the same time, at most. */
  images?: number;
  layers?: number;
  /** Those that are begun in a second, at most; a second begins with the first job that is in none. */
  imagesPerSecond?: number;
  layersPerSecond?: number;
  /** Seconds until a worker that gives no sign is taken for dead. */
  lockSeconds?: number;
}

export const ALGORITHMS: readonly VerityAlgorithm[] = ["sha512-12", "sha256-12", "sha512-16", "sha256-16"];
/** Most images or processes at a time: more is a slip of the pen. */
const COUNT_MAX = 256;
/** What holds where nothing was said. */
export function defaultConfig(): ServiceConfig {
  return {
    ...{ sources: [], platforms: null, algorithms: ["sha512-12"], bootable: false, key: null, certificate: null },
    ...{ intervalSeconds: 3600, parallel: 4, workers: availableParallelism(), prune: false, state: null, cache: null },
    ...{ queue: null, fleet: {} },
    ...{ listen: "127.0.0.1:8080", secretFile: null, limits: { ...IMAGE_LIMITS } },
  };
}

/** What the environment says stands above the rest. @throws {ComposefsError} SERVICE_CONFIG */
export function withEnvironment(
  config: ServiceConfig,
  environment: Readonly<Record<string, string | undefined>>,
): ServiceConfig {
  const of = (name: string, otherwise: string | null) => environment[`COMPOSEFS_${name}`] || otherwise;
  const checked = <T>(name: string, otherwise: T, read: (text: string) => T): T => {
    const text = of(name, null);
    try {
      return text === null ? otherwise : read(text);
    } catch (error) {
      throw new ComposefsError("SERVICE_CONFIG", `COMPOSEFS_${name}: ${(error as Error).message}`);
    }
  };
  const readLimits = (text: string) => Object.assign({ ...config.limits }, ...text.split(",").map(readLimit));
  return {
    ...config,
    parallel: checked("PARALLEL", config.parallel, readCount),
    workers: checked("WORKERS", config.workers, readCount),
    limits: checked("LIMITS", config.limits, readLimits),
    key: of("SIGNING_KEY", config.key),
    certificate: of("SIGNING_CERTIFICATE", config.certificate),
    state: of("STATE", config.state),
    cache: of("CACHE", config.cache),
    queue: of("QUEUE", config.queue),
    listen: of("LISTEN", config.listen)!,
    secretFile: of("SECRET_FILE", config.secretFile),
  };
}

/** A number of images or processes. @throws {RangeError} */
export function readCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= COUNT_MAX) return count;
  throw new RangeError(`expected a number from 1 to ${COUNT_MAX}, got ${quoteStart(text)}`);
}

/** @throws {RangeError} */
export function readAlgorithm(text: string): VerityAlgorithm {
  const name = text.replace(/^fsverity-/, "");
  const found = ALGORITHMS.find((algorithm) => algorithm === name);
  if (found === undefined) throw new RangeError(`expected ${ALGORITHMS.join(" or ")}, got ${quoteStart(text)}`);
  return found;
}
