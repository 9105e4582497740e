/**
 * Images in registries, as the files of an OCI layout: what a tag names becomes its index, manifests are fetched when they
 * are looked for, and of other blobs it is said where they are.
 */

import type { Descriptor } from "../registry/descriptor.ts";
import { type Reference, referenceText } from "../registry/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { BlobPlace, FileTable } from "./container.ts";
import { blobPath } from "./document.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "./media-types.ts";
import { LAYOUT_FILE } from "./oci.ts";
import { TAG_KEY } from "./select.ts";

/** A repository, as a layout in which there is one image or index. */
export class RegistryFiles implements FileTable {
  readonly name: string;
  readonly registry: Registry;
  readonly reference: Reference;
  readonly #signal: AbortSignal | undefined;
  /** By path; those of `blobs/` are manifests. */
  readonly #documents = new Map<string, Blob>();

  private constructor(registry: Registry, reference: Reference, signal: AbortSignal | undefined) {
    this.name = `docker://${referenceText(reference)}`;
    this.registry = registry;
    this.reference = reference;
    this.#signal = signal;
  }

  /** Reads what the reference names. @throws {ComposefsError} REGISTRY_*, BLOB_DIGEST */
  static async open(registry: Registry, reference: Reference, signal: AbortSignal | undefined): Promise<RegistryFiles> {
    const files = new RegistryFiles(registry, reference, signal);
    const asked = reference.digest ?? reference.tag!;
    const { bytes, digest, mediaType } = await registry.manifest(reference.repository, asked, { signal });
    const annotations = reference.tag === null ? {} : { [TAG_KEY]: reference.tag };
    const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.length, annotations }] };
    files.#documents.set(blobPath(digest), new Blob([bytes]));
    files.#documents.set("index.json", new Blob([JSON.stringify(index)]));
    files.#documents.set("oci-layout", new Blob([LAYOUT_FILE]));
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
      const { bytes } = await this.registry.manifest(this.reference.repository, digest, { signal: this.#signal });
      const blob = new Blob([bytes]);
      this.#documents.set(path, blob);
      return { kind: "blob", blob };
    }
    const session = await this.registry.session(this.reference.repository);
    return { kind: "registry", session, digest, size, length: size };
  }

  /** @throws {ComposefsError} REGISTRY_* */
  async referrers(digest: string, artifactType: string | null): Promise<Descriptor[]> {
    const options = { artifactType, signal: this.#signal };
    return (await this.registry.referrers(this.reference.repository, digest, options)).referrers;
  }
}
