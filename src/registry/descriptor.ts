/** What registries say about blobs and manifests: OCI image-spec, descriptor.md, manifest.md, image-index.md. */

import { ComposefsError } from "../error.ts";
import { isDigest } from "./reference.ts";
import { isObject, type JsonObject, jsonObject, objectOf, show, textOf } from "./text.ts";

export const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
export const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

/** The config of what is no image: OCI image-spec, manifest.md, "Guidance for an Empty Descriptor". */
export const EMPTY_TYPE = "application/vnd.oci.empty.v1+json";

/** What a manifest may be: the header Accept, without which registries rewrite what they have. */
export const MANIFEST_TYPES: readonly string[] = [
  INDEX_TYPE,
  MANIFEST_TYPE,
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** A descriptor. */
export interface Descriptor {
  mediaType: string;
  /** `sha256:` and hex. */
  digest: string;
  /** Bytes. */
  size: number;
  /** Of a manifest in an index of referrers: what kind of artifact it is. */
  artifactType?: string;
  annotations?: Readonly<Record<string, string>>;
}

/** Reads a descriptor; null for what is none. Members that are not known are dropped. */
export function descriptorOf(value: unknown): Descriptor | null {
  if (!isObject(value)) return null;
  const mediaType = textOf(value, "mediaType");
  const digest = textOf(value, "digest");
  const { size } = value;
  if (mediaType === null || digest === null || !isDigest(digest)) return null;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return null;
  const artifactType = textOf(value, "artifactType");
  const annotations = textsOf(objectOf(value, "annotations"));
  return {
    mediaType,
    digest,
    size,
    ...(artifactType !== null && { artifactType }),
    ...(annotations !== null && { annotations }),
  };
}

/**
 * The descriptor of a manifest as a referrer: artifactType and annotations are those of the manifest (distribution-spec,
 * "Listing Referrers"); without an artifactType the media type of its config stands for it.
 *
 * @returns the descriptor, and the digest of what it refers to, null for nothing
 * @throws {ComposefsError} REGISTRY_RESPONSE when the bytes are no manifest
 */
export function referrerOf(bytes: Uint8Array, digest: string): { referrer: Descriptor; subject: Descriptor | null } {
  const manifest = jsonObject(bytes);
  if (manifest === null)
    throw new ComposefsError("REGISTRY_RESPONSE", `${show(digest)}: the manifest is no JSON object`);
  const mediaType = textOf(manifest, "mediaType") ?? MANIFEST_TYPE;
  const config = objectOf(manifest, "config");
  const artifactType = textOf(manifest, "artifactType") ?? (config && textOf(config, "mediaType"));
  const annotations = textsOf(objectOf(manifest, "annotations"));
  const referrer: Descriptor = {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType !== null && { artifactType }),
    ...(annotations !== null && { annotations }),
  };
  return { referrer, subject: descriptorOf(manifest["subject"]) };
}

/**
 * Whether a list of referrers says what one of them is. Without an artifactType it does not; nor with that of the empty
 * config, which a manifest must not leave to stand for it (manifest.md, artifactType), and which go-containerregistry gives.
 */
export function isTyped({ artifactType }: Descriptor): boolean {
  return artifactType !== undefined && artifactType !== EMPTY_TYPE;
}

/** The entries of an index; null for what is none. Entries that are no descriptors are dropped: others can be used. */
export function indexEntries(bytes: Uint8Array): Descriptor[] | null {
  const index = jsonObject(bytes);
  const manifests = index?.["manifests"];
  if (index === null || !Array.isArray(manifests)) return null;
  return manifests.map(descriptorOf).filter((one) => one !== null);
}

function textsOf(object: JsonObject | null): Record<string, string> | null {
  if (object === null) return null;
  return Object.fromEntries(
    Object.entries(object).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}
