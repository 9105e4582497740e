/**
 * What hangs on an image: the manifests that an index names, config and layers of each, and what refers to any of them, with
 * what refers to that (OCI image-spec, image-index.md and manifest.md; distribution-spec, "Listing Referrers").
 *
 * Manifests are read and checked; of blobs it is known what they must be.
 */

import { ComposefsError } from "../error.ts";
import type { FileTable } from "./container.ts";
import { type Descriptor, type Reading, readBlob, readDescriptor, whereIs } from "./document.ts";
import type { JsonNode } from "./json.ts";
import { CONFIG_TYPES, INDEX_TYPES, MANIFEST_TYPES } from "./media-types.ts";
import { type Platform, platformText } from "./platform.ts";
import { quoteStart } from "./quote.ts";
import { Referrers } from "./referrers.ts";
import { readPlatform } from "./select.ts";

/** A manifest or an index, with what hangs on it. */
export interface GraphNode {
  mediaType: string;
  /** `sha256:` and hex. */
  digest: string;
  bytes: Uint8Array;
  /** Of a manifest in an index: os/architecture[/variant]. */
  platform: string | null;
  /** What a manifest that is no image says that it is; without a word of its own the type of its config. */
  artifactType: string | null;
  /** Digest of what it refers to; null for nothing. */
  subject: string | null;
  annotations: Readonly<Record<string, string>>;
  /** What an index names, in its order. */
  manifests: GraphNode[];
  /** What a manifest names: config, then layers. */
  blobs: Descriptor[];
  /** What refers to it. */
  referrers: GraphNode[];
}

/** What of a graph is read. */
export interface GraphOptions {
  /** Whether referrers are. Default true. */
  referrers?: boolean;
  /** Of referrers those of this type alone; null for all. */
  artifactType?: string | null;
}

/**
 * Reads all manifests that hang on one.
 *
 * @param root the descriptor of an index or a manifest
 * @throws {ComposefsError} SOURCE_*, BLOB_SIZE, BLOB_DIGEST, REGISTRY_*, IO_READ; SOURCE_LIMIT when there are too many
 */
export async function readGraph(
  files: FileTable,
  root: Descriptor,
  options: GraphOptions,
  reading: Reading,
): Promise<GraphNode> {
  return new GraphReader(files, options, reading).read(root, null, 0);
}

/** All nodes of a graph, each once: what hangs on one comes before it. */
export function nodesOf(root: GraphNode, seen = new Set<string>()): GraphNode[] {
  if (seen.has(root.digest)) return [];
  seen.add(root.digest);
  return [...[...root.manifests, ...root.referrers].flatMap((node) => nodesOf(node, seen)), root];
}

class GraphReader {
  readonly #files: FileTable;
  readonly #options: GraphOptions;
  readonly #reading: Reading;
  readonly #referrers: Referrers;
  readonly #known = new Map<string, GraphNode>();

  constructor(files: FileTable, options: GraphOptions, reading: Reading) {
    this.#files = files;
    this.#options = options;
    this.#reading = reading;
    this.#referrers = new Referrers(files, reading);
  }

  async read(descriptor: Descriptor, platform: Platform | null, depth: number): Promise<GraphNode> {
    const { digest, mediaType } = descriptor;
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    this.#checkLimit("graphDepth", depth, digest);
    this.#checkLimit("graphManifests", this.#known.size + 1, digest);
    const { bytes, root } = await readBlob(this.#files, descriptor, this.#reading);
    const node: GraphNode = {
      ...{ mediaType, digest, bytes, platform: platform && platformText(platform) },
      artifactType: root.field("artifactType").optionalText() ?? configType(root.field("config")),
      subject: root.field("subject").isPresent ? root.field("subject").field("digest").digest() : null,
      annotations: root.field("annotations").texts(),
      ...{ manifests: [], blobs: [], referrers: [] },
    };
    this.#known.set(digest, node);
    if (INDEX_TYPES.has(mediaType)) await this.#readIndex(root, node, depth);
    else if (MANIFEST_TYPES.has(mediaType)) node.blobs.push(...blobsOf(root));
    else {
      const what = `expected a manifest or an index, got media type ${quoteStart(mediaType)}`;
      throw new ComposefsError("SOURCE_MEDIA_TYPE", `${descriptor.where}: ${what}`, { text: mediaType.slice(0, 128) });
    }
    if (this.#options.referrers !== false) await this.#readReferrers(node, depth);
    return node;
  }

  async #readIndex(root: JsonNode, node: GraphNode, depth: number): Promise<void> {
    for (const entry of root.field("manifests").items()) {
      const descriptor = readDescriptor(entry);
      const isDocument = MANIFEST_TYPES.has(descriptor.mediaType) || INDEX_TYPES.has(descriptor.mediaType);
      // An index may name blobs of any kind, too.
      if (isDocument) node.manifests.push(await this.read(descriptor, readPlatform(entry), depth + 1));
      else node.blobs.push(descriptor);
    }
  }

  async #readReferrers(node: GraphNode, depth: number): Promise<void> {
    for (const referrer of await this.#referrers.of(node.digest, this.#options.artifactType ?? null)) {
      const descriptor = { ...referrer, annotations: {}, where: `what refers to ${node.digest}` };
      const found = await this.read(descriptor, null, depth + 1).catch(orNull);
      if (found === null) continue;
      // A registry says what refers to a manifest; what the referrer itself says decides.
      if (found.subject === node.digest) node.referrers.push(found);
    }
  }

  #checkLimit(name: "graphDepth" | "graphManifests", actual: number, digest: string): void {
    const limit = this.#reading.limits[name];
    if (actual <= limit) return;
    const what = `there are more than ${limit} ${name === "graphDepth" ? "levels of manifests" : "manifests"} (${name})`;
    throw new ComposefsError("SOURCE_LIMIT", `${whereIs(this.#files, digest)}: ${what}`, { actual, limit });
  }
}

function blobsOf(manifest: JsonNode): Descriptor[] {
  return [manifest.field("config"), ...manifest.field("layers").items()].map(readDescriptor);
}

/** The type of a config that is none of an image. */
function configType(config: JsonNode): string | null {
  const type = config.isPresent ? config.field("mediaType").optionalText() : null;
  return type === null || CONFIG_TYPES.has(type) ? null : type;
}

/** Lists that clients keep may name what was deleted. */
function orNull(error: unknown): null {
  if (error instanceof ComposefsError && /^(SOURCE|REGISTRY)_MISSING$/.test(error.code)) return null;
  throw error;
}
