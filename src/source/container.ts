/**
 * Container images, whatever they come in: one form for OCI layouts, OCI archives, docker-save archives and bare layers.
 *
 * Opening a container reads and checks its documents: index, manifest, config. Layers are not read; a {@link LayerBlob}
 * says where one lies and what it must be, and `openLayer` (layer-stream.ts) reads it, on any thread.
 */

import type { RemoteBlob } from "../registry/session.ts";
import type { JsonNode } from "./json.ts";
import type { Platform } from "./platform.ts";

/** Where the bytes of a blob lie. Plain data: it can be posted to a worker. */
export type BlobPlace =
  /** A part of a file, in bytes. Node. */
  | { kind: "file"; path: string; offset: number; length: number }
  /** A File, or a slice of one. Browsers. */
  | { kind: "blob"; blob: Blob }
  /** A blob in a registry, or the beginning of one. Holds credentials: never to be printed or stored. */
  | ({ kind: "registry" } & RemoteBlob);

export type Compression = "none" | "gzip" | "zstd";

export type ContainerKind = "oci" | "oci-archive" | "docker-archive" | "tar" | "dir" | "registry";

/** Those that are one file. */
export type ArchiveKind = Exclude<ContainerKind, "oci" | "dir" | "registry">;

/** A layer as it is stored. Plain data: it can be posted to a worker. */
export interface LayerBlob {
  place: BlobPlace;
  compression: Compression;
  mediaType: string;
  /** `sha256:` and hex of the blob as stored; null where nothing names one (docker-save, bare tar). */
  digest: string | null;
  /** Bytes of the blob as stored; null as for `digest`. */
  size: number | null;
  /** `sha256:` and hex of the blob decompressed; null for a bare tar. */
  diffId: string | null;
  /** For people: the container, and the name of the blob in it. */
  name: string;
  /** Annotations of the layer's descriptor. */
  annotations: Readonly<Record<string, string>>;
}

/** A document whose bytes are as they were signed and hashed. */
export interface StoredDocument {
  bytes: Uint8Array;
  /** `sha256:` and hex of `bytes`. */
  digest: string;
  /** `bytes`, parsed. */
  json: unknown;
}

/** An image with its documents read and checked. */
export interface ContainerImage {
  kind: ContainerKind;
  /** The file or directory, as the caller named it. */
  name: string;
  /** The tag or name by which the image was chosen, or that its container gives it; null for none. */
  reference: string | null;
  /** Null for docker-save archives and bare layers, which have none. */
  manifest: (StoredDocument & { mediaType: string; annotations: Readonly<Record<string, string>> }) | null;
  /** Null for a bare layer. */
  config: StoredDocument | null;
  /** os/architecture, /variant where there is one; null for a bare layer, and for a config without them. */
  platform: string | null;
  /** Base first. */
  layers: LayerBlob[];
  /** The layout that it lies in, with what stands beside it; null where there is none. */
  files: FileTable | null;
}

/** Which of several images is meant. */
export interface Wanted {
  /** A tag of a layout, a name in a docker-save archive; null for the only one. */
  reference: string | null;
  platform: Platform | null;
}

/** A manifest that refers to another one: a seal, a signature, a bill of materials. */
export interface Referrer {
  mediaType: string;
  /** `sha256:` and hex. */
  digest: string;
  /** Bytes. */
  size: number;
  artifactType?: string;
  annotations?: Readonly<Record<string, string>>;
}

/** The files of a layout by name, whether in a directory, in an archive or in a registry. */
export interface FileTable {
  /** For people. */
  readonly name: string;
  /**
   * Where a regular file lies; null when there is none of that name.
   *
   * @param expected what its descriptor says, where there is one: a registry does not tell by itself
   * @throws {ComposefsError} SOURCE_FILE, REGISTRY_*
   */
  find(path: string, expected?: { mediaType: string; size: number }): Promise<BlobPlace | null>;
  /**
   * What refers to a manifest. Registries know that; of a layout referrers.ts reads it, where this is not there.
   *
   * @param artifactType of those that are wanted; null for all
   * @throws {ComposefsError} REGISTRY_*
   */
  referrers?(digest: string, artifactType: string | null): Promise<Referrer[]>;
}

/** An outer archive that can be read at any position. */
export interface Archive {
  /** For people. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes from `offset` on, fewer than `length` at the end only. @throws {ComposefsError} IO_READ */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** A part of it as a place. */
  place(offset: number, length: number): BlobPlace;
}

/** Bytes at a place. */
export function placeLength(place: BlobPlace): number {
  return place.kind === "blob" ? place.blob.size : place.length;
}

/** The beginning of a place: at most `length` bytes. */
export function firstBytes(place: BlobPlace, length: number): BlobPlace {
  if (place.kind === "blob") return { kind: "blob", blob: place.blob.slice(0, length) };
  return { ...place, length: Math.min(place.length, length) };
}

/** An image that is one layer and nothing else: a bare tar. */
export function bareLayer(name: string, place: BlobPlace, compression: Compression): ContainerImage {
  const mediaType = `application/vnd.oci.image.layer.v1.tar${compression === "none" ? "" : `+${compression}`}`;
  const unknown = { digest: null, size: null, diffId: null };
  const layer: LayerBlob = { place, compression, mediaType, ...unknown, name, annotations: {} };
  return {
    kind: "tar",
    name,
    reference: null,
    manifest: null,
    config: null,
    platform: null,
    layers: [layer],
    files: null,
  };
}

/** Os and architecture of a config, as far as it has them. @throws {ComposefsError} SOURCE_JSON */
export function configPlatform(config: JsonNode): Platform | null {
  const [os, architecture, variant] = ["os", "architecture", "variant"].map((name) => config.field(name));
  if (!os!.isPresent || !architecture!.isPresent) return null;
  return { os: os!.text(), architecture: architecture!.text(), variant: variant!.optionalText() };
}
