/** How much work one image may make: value, unit, reason. Beyond a limit the image is refused with SERVICE_LIMIT, and named. */

import { ComposefsError } from "../error.ts";

/** Limits of one image, beside those of its layers (source/limits.ts). */
export interface ImageLimits {
  /** Bytes of all its layers as stored. */
  imageBytes: number;
  /** Layers. */
  imageLayers: number;
  /** Seconds from its manifest to its artifact. */
  imageSeconds: number;
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
  // 100 GB at 30 MB per second.
  imageSeconds: 3600,
  // Official images have some twenty, an attestation for each of them.
  indexManifests: 256,
  imageArtifacts: 256,
};

/** @param where for people @throws {ComposefsError} SERVICE_LIMIT */
export function checkLimit(where: string, limits: ImageLimits, name: keyof ImageLimits, actual: number): void {
  const limit = limits[name];
  if (actual > limit) throw limitError(where, name, `${actual}, at most ${limit} are allowed`, limit);
}

/**
 * Does work that ends when it takes longer than an image may.
 *
 * @param where for people
 * @throws {ComposefsError} SERVICE_LIMIT, and what the work throws
 */
export async function withinSeconds<T>(
  where: string,
  { imageSeconds: seconds }: ImageLimits,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(seconds * 1000);
  try {
    return await work(signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (!timeout.aborted || signal?.aborted) throw error;
    throw limitError(where, "imageSeconds", `it takes longer than ${seconds} seconds`, seconds);
  }
}

function limitError(where: string, name: keyof ImageLimits, what: string, limit: number): ComposefsError {
  return new ComposefsError("SERVICE_LIMIT", `${where}: ${what} (${name})`, { limit });
}
