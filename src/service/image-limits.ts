/** How much work one image may make: value, unit, reason. Beyond a limit the image is refused by name. */

import { ComposefsError } from "../error.ts";
import { quoteStart } from "../source/quote.ts";

/** Limits of one image, beside those of its layers (source/limits.ts). The code is SERVICE_LIMIT unless another one is named. */
export interface ImageLimits {
  /** Bytes of all its layers as stored. */
  imageBytes: number;
  /** Layers. */
  imageLayers: number;
  /** Entries of all its layers. */
  imageEntries: number;
  /** Seconds that worker processes may work on it, all together: WORKER_TIME. Waiting for a free one does not count. */
  imageSeconds: number;
  /** Bytes of memory that a worker process may take while it works on it: WORKER_MEMORY. */
  workerBytes: number;
  /** Manifests that an index names. */
  indexManifests: number;
  /** Artifacts beside one image that may be of composefs; some registries do not tell what is. */
  imageArtifacts: number;
}

export const IMAGE_LIMITS: Readonly<ImageLimits> = {
  // The largest images with machine learning models have some 50 GB.
  imageBytes: 100_000_000_000,
  // Docker's storage drivers take 127.
  imageLayers: 512,
  // As many as the engine takes in one tree: LIMIT_ENTRIES_DEFAULT of assembly/abi.ts.
  imageEntries: 16_777_216,
  // 100 GB at 30 MB per second.
  imageSeconds: 3600,
  // The memory of an engine, 3 GiB, and beside it Node and what the layers are read into.
  workerBytes: 4_000_000_000,
  // Official images have some twenty, an attestation for each of them.
  indexManifests: 256,
  imageArtifacts: 256,
};

/** Limits are numbers from here on: a memory below what Node takes would refuse every image. */
const WORKER_BYTES_MIN = 256_000_000;

/** Times `imageSeconds` that one worker of a fleet may have a layer. */
const LAYER_TIMES = 2;

/**
 * Seconds that one worker of a fleet may have a layer, from taking it to its end: SERVICE_STUCK. Processes may work on it for
 * `imageSeconds`; as long again it may wait for a free one, and for the registry.
 */
export function layerSeconds({ imageSeconds }: Pick<ImageLimits, "imageSeconds">): number {
  return imageSeconds * LAYER_TIMES;
}

/** The lowest value that a limit can be set to. */
export function lowestLimit(name: keyof ImageLimits): number {
  return name === "workerBytes" ? WORKER_BYTES_MIN : 1;
}

/**
 * Reads a limit as options and the environment have it, `NAME=NUMBER`.
 *
 * @throws {RangeError} for an unknown name and what is no number, or one that is too low
 */
export function readLimit(text: string): Partial<ImageLimits> {
  const [, name = "", value = ""] = /^([A-Za-z]+)=([0-9]+)$/.exec(text) ?? [];
  if (!Object.hasOwn(IMAGE_LIMITS, name)) {
    throw new RangeError(
      `expected NAME=NUMBER, a NAME of ${Object.keys(IMAGE_LIMITS).join(", ")}, got ${quoteStart(text)}`,
    );
  }
  const lowest = lowestLimit(name as keyof ImageLimits);
  if (Number(value) < lowest) throw new RangeError(`${name}: expected a number from ${lowest} on, got ${value}`);
  return { [name]: Number(value) };
}

/** Refuses what is beyond a limit. @param where for people @throws {ComposefsError} SERVICE_LIMIT */
export function checkLimit<Name extends keyof ImageLimits>(
  where: string,
  limits: Pick<ImageLimits, Name>,
  name: Name,
  actual: number,
): void {
  const limit: number = limits[name];
  if (actual <= limit) return;
  const message = `${where}: ${actual}, at most ${limit} are allowed (${name})`;
  throw new ComposefsError("SERVICE_LIMIT", message, { actual, limit });
}
