/**
 * What refers to a manifest (sealing.md 6). A registry is asked; in a layout it is all manifests that index.json lists whose
 * `subject` it is, and those of an index under the fallback tag. None of this is proof of anything.
 */

import { isFallbackTag } from "../registry/reference.ts";
import type { FileTable, Referrer } from "./container.ts";
import { type Descriptor, type Document, type Reading, readBlob, readDescriptor, readFile } from "./document.ts";
import type { JsonNode } from "./json.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "./media-types.ts";
import { TAG_KEY } from "./select.ts";

/** Referrers of manifests of one container; of a layout each document is read once. */
export class Referrers {
  readonly #files: FileTable;
  readonly #reading: Reading;
  /** By the digest of their subject. */
  #listed: Promise<ReadonlyMap<string, Referrer[]>> | undefined;

  constructor(files: FileTable, reading: Reading) {
    this.#files = files;
    this.#reading = reading;
  }

  /**
   * Lists what refers to a manifest.
   *
   * @param digest `sha256:` and hex
   * @param artifactType of those that are wanted; null for all
   * @returns in the order of the registry or of index.json, each once
   * @throws {ComposefsError} REGISTRY_*, SOURCE_*, BLOB_*, IO_READ
   */
  async of(digest: string, artifactType: string | null = null): Promise<Referrer[]> {
    if (this.#files.referrers !== undefined) return this.#files.referrers(digest, artifactType);
    this.#listed ??= readListed(this.#files, this.#reading);
    const all = (await this.#listed).get(digest) ?? [];
    return all.filter((one) => artifactType === null || one.artifactType === artifactType);
  }
}

async function readListed(files: FileTable, reading: Reading): Promise<Map<string, Referrer[]>> {
  const bySubject = new Map<string, Map<string, Referrer>>();
  const add = async (descriptor: Descriptor) => {
    const document = await readBlob(files, descriptor, reading);
    const subject = document.root.field("subject");
    if (!subject.isPresent) return;
    const digest = subject.field("digest").digest();
    const referrers = bySubject.get(digest) ?? new Map<string, Referrer>();
    bySubject.set(digest, referrers.set(descriptor.digest, referrerOf(descriptor, document)));
  };
  const index = await readFile(files, "index.json", reading);
  for (const descriptor of index.root.field("manifests").items().map(readDescriptor)) {
    if (isDocument(descriptor)) await add(descriptor);
    const isList = INDEX_TYPES.has(descriptor.mediaType) && isFallbackTag(descriptor.annotations[TAG_KEY] ?? "");
    if (!isList) continue;
    const nested = await readBlob(files, descriptor, reading);
    for (const inner of nested.root.field("manifests").items().map(readDescriptor)) {
      if (isDocument(inner)) await add(inner);
    }
  }
  return new Map([...bySubject].map(([subject, referrers]) => [subject, [...referrers.values()]]));
}

function isDocument({ mediaType }: Descriptor): boolean {
  return MANIFEST_TYPES.has(mediaType) || INDEX_TYPES.has(mediaType);
}

/** Type and annotations are those of the manifest: distribution-spec, "Listing Referrers". */
function referrerOf({ mediaType, digest, size }: Descriptor, { root }: Document): Referrer {
  const type = root.field("artifactType").optionalText() ?? configType(root.field("config"));
  const annotations = root.field("annotations").texts();
  return {
    ...{ mediaType, digest, size },
    ...(type !== null && { artifactType: type }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

function configType(config: JsonNode): string | null {
  return config.isPresent ? config.field("mediaType").optionalText() : null;
}
