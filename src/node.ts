/**
 * The public API for Node: all of `composefs-wasm`, and files.
 */

import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Accelerator, checkAccelerator } from "./engine/calibrate.ts";
import { type BuildOptions, buildImage, type ImageResult } from "./image/build.ts";
import { CONTAINER_PROFILE, digestImage, hashesOf, type ImageDigests } from "./image/container-digests.ts";
import type { CacheStore } from "./image/layer-cache.ts";
import type { LayerProgress } from "./image/layers.ts";
import { TRANSFORM_REVISIONS, type TransformRevision, XATTR_MODES, type XattrMode } from "./image/merge.ts";
import { OutputFile } from "./image/output.node.ts";
import type { Profile } from "./image/profile.ts";
import { readContainer, type SourceFacts, sourceFacts } from "./image/read-container.node.ts";
import { type VerityOptions, verityDigest } from "./image/verity.ts";
import { LayeredImage, ROLES, type Role } from "./image/view.ts";
import { ioError, type SystemError } from "./source/files.node.ts";
import type { SourceLimits } from "./source/limits.ts";

export type { ContainerDigest, LayerDigests } from "./image/container-digests.ts";
export { DirectoryCache, defaultCacheDirectory } from "./image/layer-cache.node.ts";
export type { CacheStore } from "./image/layer-cache.ts";
export { type OpenCacheOptions, openCache } from "./image/layer-cache-open.node.ts";
export type { LayerProgress } from "./image/layers.ts";
export type { TransformRevision, XattrMode } from "./image/merge.ts";
export type { SourceFacts } from "./image/read-container.node.ts";
export type { Role } from "./image/view.ts";
export * from "./index.ts";
export { type MachineOptions, machineRegistry } from "./registry/registry.node.ts";
export type { ContainerKind } from "./source/container.ts";
export type { SourceLimits } from "./source/limits.ts";

/** Size of one read: larger ones cost memory and are not faster. */
const READ_BYTES = 1 << 18;

/** Options of {@link buildImageFile}. */
export interface BuildFileOptions extends Omit<BuildOptions, "sink"> {
  /** Wait until the image is on the disk before it gets its name. Default false. */
  sync?: boolean;
}

/**
 * Writes the image of a dumpfile to a file. The file appears when it is complete; on failure nothing is left behind
 * and an older file of that name stays as it was. `-` is a file of that name.
 *
 * No handlers of process signals are set: a signal that ends the process may leave the temporary file beside the image,
 * `.composefs-*.tmp`. To remove it, let a handler abort `options.signal`.
 *
 * @param dumpPath path of a dumpfile
 * @param imagePath path of the image; replaced if it exists
 * @throws {ComposefsError} IO_OPEN, IO_READ, IO_WRITE and all that `buildImage` gives
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { buildImageFile } from 'composefs-wasm/node'
 * writeFileSync('root.dump', '/ 0 40755 2 0 0 0 0.0 - - -\n')
 * const { digests } = await buildImageFile('root.dump', 'root.cfs')
 * console.log(digests['sha256-12'])
 */
export async function buildImageFile(
  dumpPath: string | URL,
  imagePath: string | URL,
  options: BuildFileOptions = {},
): Promise<ImageResult> {
  const output = new OutputFile(pathOf(imagePath));
  try {
    let opened = false;
    const result = await buildImage(chunksOfFile(dumpPath), {
      ...options,
      sink(piece) {
        if (!opened) output.open();
        opened = true;
        output.write(piece);
      },
    });
    output.commit(options.sync);
    return result;
  } catch (error) {
    output.discard();
    throw error;
  }
}

/**
 * Computes the fs-verity digest of a file.
 *
 * @param path path of the file
 * @returns lower-case hex
 * @throws {TypeError | RangeError} when an option is not as described
 * @throws {ComposefsError} IO_OPEN, IO_READ
 * @example
 * import { verityDigestFile } from 'composefs-wasm/node'
 * console.log(await verityDigestFile(process.execPath, { hash: 'sha512' }))
 */
export async function verityDigestFile(path: string | URL, options: VerityOptions = {}): Promise<string> {
  return verityDigest(chunksOfFile(path), options);
}

/** Options of {@link containerDigests}. */
export interface ContainerDigestOptions {
  /** Profiles wanted, such as `v1-sha256-12`, all from one reading. Default: `v1-sha512-12` alone. */
  profiles?: readonly Profile[];
  /** Whether the tree goes through the OCI transform, as composefs-rs and bootc have it. Default true. */
  transform?: boolean;
  /** Which xattrs the transform keeps. Default `allowlist-only`: security.capability. */
  xattrs?: XattrMode;
  /**
   * Trees wanted: `merged`, `bootable` (which a kernel image names: /boot and /sysroot empty, SELinux labels of the policy in
   * the image), `layer` (each layer alone). Default `merged` alone.
   */
  roles?: readonly Role[];
  /** Revision of the boot transform. Default 1, that of composefs-rs 0.9.0. */
  transformRevision?: TransformRevision;
  /** os/architecture or os/architecture/variant; needed when there are images for several. Never guessed. */
  platform?: string;
  /** Where layers that were read are kept, so that the next image that has them need not read them. Default: nowhere. */
  cache?: CacheStore;
  /** Layers read at the same time. Default: by what there is to read, and by the processors. */
  workers?: number;
  /** Limits of what is taken before it is refused. */
  limits?: Partial<SourceLimits>;
  /** Ends the job: the promise is rejected with its reason. */
  signal?: AbortSignal;
  /** Told how far each layer is. */
  onProgress?: (progress: LayerProgress) => void;
  /** Whether node:crypto may hash where it is faster: `auto` (the default), `off`, `on`. Never changes a result. */
  accelerator?: Accelerator;
}

/** What {@link containerDigests} gives. */
export interface ContainerDigestResult extends ImageDigests {
  /** The image, and what its digests are bound to. */
  source: SourceFacts;
}

/**
 * Computes the composefs digests of a container image, reading each layer once.
 *
 * @param operand `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:NAME]`, `tar:FILE` (one layer), or a
 *   path whose content tells; `-` is standard input
 * @returns digests, when size and digest of every blob and the diff_id of every layer were checked
 * @throws {ComposefsError} SOURCE_* and BLOB_* when the image is damaged or ambiguous, TAR_* when a layer breaks a rule,
 *   LAYER_* when the layers make no tree, SELINUX_* when its policy is broken, EROFS_* when a format cannot hold it, PROFILE_NAME, IO_*, ENGINE_MEMORY
 * @throws {TypeError | RangeError} when an option is not as described
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { containerDigests } from 'composefs-wasm/node'
 * writeFileSync('layer.tar', new Uint8Array(1024)) // an empty one; oci:DIR, docker-archive:FILE and others do as well
 * const { images, source } = await containerDigests('tar:layer.tar', {
 *   profiles: ['v1-sha512-12', 'v1-sha256-12'],
 *   transform: false, // which wants a /usr
 * })
 * for (const { profile, digest } of images) console.log(`${profile}:${digest}`)
 * console.log(source.diffIds)
 */
export async function containerDigests(
  operand: string,
  options: ContainerDigestOptions = {},
): Promise<ContainerDigestResult> {
  const { profiles = [CONTAINER_PROFILE], xattrs = XATTR_MODES[0]!, accelerator = "auto", workers, signal } = options;
  if (typeof operand !== "string") throw new TypeError(`operand: expected a string, got ${typeof operand}`);
  if (!XATTR_MODES.includes(xattrs)) {
    throw new RangeError(`xattrs: expected one of ${XATTR_MODES.join(", ")}, got ${String(xattrs)}`);
  }
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1)) {
    throw new RangeError(`workers: expected a number from 1 on, got ${String(workers)}`);
  }
  const { roles = [ROLES[0]!], transformRevision: revision = TRANSFORM_REVISIONS[0]! } = options;
  if (!Array.isArray(roles) || roles.length === 0 || !roles.every((role) => ROLES.includes(role))) {
    throw new RangeError(`roles: expected some of ${ROLES.join(", ")}, got ${String(roles)}`);
  }
  if (!TRANSFORM_REVISIONS.includes(revision)) {
    throw new RangeError(`transformRevision: expected 1 or 2, got ${String(revision)}`);
  }
  const transform = options.transform === false ? null : xattrs;
  if (transform === null && roles.includes("bootable")) {
    throw new RangeError("roles: a bootable tree goes through the OCI transform");
  }
  checkAccelerator(accelerator);
  const hashes = hashesOf(profiles);
  const { platform, cache, limits, onProgress } = options;
  const read = await readContainer(operand, { hashes, platform, cache, workers, limits, signal, onProgress });
  try {
    signal?.throwIfAborted();
    const trees = new LayeredImage(read.layers, accelerator);
    const digests = await digestImage(trees, { profiles, roles, transform, revision });
    return { ...digests, source: sourceFacts(read) };
  } finally {
    await read.image.close();
  }
}

function pathOf(file: string | URL): string {
  if (file instanceof URL) return fileURLToPath(file);
  if (typeof file !== "string") throw new TypeError(`path: expected a string or a URL, got ${typeof file}`);
  return file;
}

/** Reads a file. @throws {ComposefsError} IO_OPEN, IO_READ, when it is iterated over */
async function* chunksOfFile(file: string | URL): AsyncGenerator<Uint8Array, void, undefined> {
  const path = pathOf(file);
  const stream = createReadStream(path, { highWaterMark: READ_BYTES });
  try {
    yield* stream;
  } catch (cause) {
    throw ioError((cause as SystemError).syscall === "open" ? "IO_OPEN" : "IO_READ", path, cause);
  }
}
