/**
 * Media types of images: oci-to-tree.md 8.2. They decide what a blob is, and how it is compressed; its bytes are never
 * looked at for that.
 */

import type { Compression } from "./container.ts";

const OCI = "application/vnd.oci.image.";
const DOCKER = "application/vnd.docker.";

export const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  `${OCI}manifest.v1+json`,
  `${DOCKER}distribution.manifest.v2+json`,
]);

export const INDEX_TYPES: ReadonlySet<string> = new Set([
  `${OCI}index.v1+json`,
  `${DOCKER}distribution.manifest.list.v2+json`,
]);

/** A manifest whose config is of another type is an artifact, not an image. */
export const CONFIG_TYPES: ReadonlySet<string> = new Set([`${OCI}config.v1+json`, `${DOCKER}container.image.v1+json`]);

export const LAYER_TYPES: ReadonlyMap<string, Compression> = new Map([
  [`${OCI}layer.v1.tar`, "none"],
  [`${OCI}layer.v1.tar+gzip`, "gzip"],
  [`${OCI}layer.v1.tar+zstd`, "zstd"],
  [`${OCI}layer.nondistributable.v1.tar`, "none"],
  [`${OCI}layer.nondistributable.v1.tar+gzip`, "gzip"],
  [`${OCI}layer.nondistributable.v1.tar+zstd`, "zstd"],
  [`${DOCKER}image.rootfs.diff.tar`, "none"],
  [`${DOCKER}image.rootfs.diff.tar.gzip`, "gzip"],
  [`${DOCKER}image.rootfs.diff.tar.zstd`, "zstd"],
  [`${DOCKER}image.rootfs.foreign.diff.tar.gzip`, "gzip"],
]);

/** How a file begins that is compressed as a whole: outer archives, and layers inside docker-save archives. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return "zstd";
  return "none";
}
