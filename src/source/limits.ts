/**
 * How much of an input is taken before it is refused: value, unit, reason. Each limit can be set; what is beyond one is an
 * error with the code SOURCE_LIMIT or BLOB_LIMIT that names it.
 *
 * Limits of what is inside a layer (entries, names, headers of its tar) are the engine's own.
 */

/** Limits of sources. Plain numbers, so that they can be posted to a worker. */
export interface SourceLimits {
  /** Bytes of one JSON document: manifest, config, index, manifest.json. */
  jsonBytes: number;
  /** Entries of an outer archive. */
  archiveEntries: number;
  /** Bytes of one name in an outer archive. */
  archiveNameBytes: number;
  /** Bytes of the extension headers (PAX, GNU) before one entry of an outer archive. */
  archiveHeaderBytes: number;
  /** Bytes of an outer archive, decompressed, that has to be kept in a temporary file. */
  spoolBytes: number;
  /** Bytes of a layer, decompressed. */
  layerBytes: number;
  /** Decompressed bytes for each stored byte, of a layer or of a compressed outer archive. */
  ratio: number;
  /** Decompressed bytes up to which the ratio does not matter. */
  ratioFreeBytes: number;
  /** Bytes of the window that a zstd frame may ask a decoder to keep. */
  zstdWindowBytes: number;
  /** Frames of zstd data, skippable ones included. */
  zstdFrames: number;
  /** Manifests and indexes that hang on one image, referrers included. */
  graphManifests: number;
  /** Manifests one below the other: what an index names, what refers to that, and so on. */
  graphDepth: number;
}

/** Limits that no image met so far comes near. */
export const SOURCE_LIMITS: Readonly<SourceLimits> = {
  // containerd and containers/image read manifests of at most 4 MiB, registries take no larger ones.
  jsonBytes: 4 * 1024 * 1024,
  // One for each blob and some directories: an archive of several images has hundreds.
  archiveEntries: 100_000,
  // PATH_MAX of Linux; names in an archive of an image have about a hundred bytes.
  archiveNameBytes: 4096,
  // As in a layer: oci-to-tree.md 2.3.
  archiveHeaderBytes: 1024 * 1024,
  // Images for machine learning have layers of tens of gigabytes. Of a temporary file less: it takes a disk.
  spoolBytes: 2 ** 36,
  layerBytes: 2 ** 38,
  // Just below what deflate makes of zeros, 1032: of gigabytes, only those that are nothing but zeros are refused.
  ratio: 1000,
  ratioFreeBytes: 2 ** 30,
  // What `zstd` itself decodes without being told otherwise: ZSTD_WINDOWLOG_LIMIT_DEFAULT of zstd.h.
  zstdWindowBytes: 2 ** 27,
  // zstd:chunked has one for each file. Each costs some microseconds, and may take up as few as eight bytes.
  zstdFrames: 2 ** 20,
  // As many referrers as a registry may list for one image (referrers in registry/limits.ts).
  graphManifests: 10_000,
  // An index of images with seals that are signed has four.
  graphDepth: 16,
};

/**
 * The limits in force: those given, and the defaults for the others.
 *
 * @throws {RangeError} when a limit is not a number from 0 on @throws {TypeError} for an unknown name
 */
export function sourceLimits(given: Partial<SourceLimits> = {}): SourceLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(SOURCE_LIMITS, name)) throw new TypeError(`limits: ${name} is unknown`);
    if (value !== undefined && !(typeof value === "number" && value >= 0)) {
      throw new RangeError(`limits.${name}: expected a number from 0 on, got ${value}`);
    }
  }
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...SOURCE_LIMITS, ...Object.fromEntries(known) };
}
