/**
 * Images in registries, as the files of an OCI layout: what a tag names becomes its index, manifests are fetched when they
 * are looked for, and of other blobs it is said where they are.
 */

import { type Reference, referenceText } from "../registry/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { BlobPlace, ContainerImage, FileTable, Wanted } from "./container.ts";
import { blobPath, type Reading } from "./document.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "./media-types.ts";
import { openOci } from "./oci.ts";
import { TAG_KEY } from "./select.ts";

/**
 * Opens an image in a registry: reads and checks its documents; layers are read from the registry by `openLayer`.
 *
 * @param wanted its platform; the reference is that of `reference`
 * @throws {ComposefsError} REGISTRY_*, SOURCE_*, BLOB_SIZE, BLOB_DIGEST
 */
export async function openRemoteImage(
  registry: Registry,
  reference: Reference,
  wanted: Wanted,
  reading: Reading,
): Promise<ContainerImage> {
  const files = await RegistryFiles.open(registry, reference, reading.signal);
  return openOci(files, "registry", { ...wanted, reference: null }, reading);
}

/** A repository, as a layout in which there is one image or index. */
class RegistryFiles implements FileTable {
  readonly name: string;
  readonly #registry: Registry;
  readonly #repository: string;
  readonly #signal: AbortSignal | undefined;
  /** By path; those of `blobs/` are manifests. */
  readonly #documents = new Map<string, Blob>();

  private constructor(registry: Registry, reference: Reference, signal: AbortSignal | undefined) {
    this.name = `docker://${referenceText(reference)}`;
    this.#registry = registry;
    this.#repository = reference.repository;
    this.#signal = signal;
  }

  static async open(registry: Registry, reference: Reference, signal: AbortSignal | undefined): Promise<RegistryFiles> {
    const files = new RegistryFiles(registry, reference, signal);
    const asked = reference.digest ?? reference.tag!;
    const { bytes, digest, mediaType } = await registry.manifest(reference.repository, asked, { signal });
    const annotations = reference.tag === null ? {} : { [TAG_KEY]: reference.tag };
    const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.length, annotations }] };
    files.#documents.set(blobPath(digest), new Blob([bytes]));
    files.#documents.set("index.json", new Blob([JSON.stringify(index)]));
    files.#documents.set("oci-layout", new Blob(['{"imageLayoutVersion":"1.0.0"}']));
    return files;
  }

  async find(path: string, expected?: { mediaType: string; size: number }): Promise<BlobPlace | null> {
    const known = this.#documents.get(path);
    if (known !== undefined) return { kind: "blob", blob: known };
    const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
    if (hex === undefined || expected === undefined) return null;
    const digest = `sha256:${hex}`;
    const { mediaType, size } = expected;
    if (MANIFEST_TYPES.has(mediaType) || INDEX_TYPES.has(mediaType)) {
      const { bytes } = await this.#registry.manifest(this.#repository, digest, { signal: this.#signal });
      const blob = new Blob([bytes]);
      this.#documents.set(path, blob);
      return { kind: "blob", blob };
    }
    const session = await this.#registry.session(this.#repository);
    return { kind: "registry", session, digest, size, length: size };
  }
}
