/** How much work one image may make: value, unit, reason. Beyond a limit the image is refused with SERVICE_LIMIT, and named. */

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
