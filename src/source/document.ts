/**
 * Small files of an image: found by name, read whole, checked, parsed.
 */

import { ComposefsError } from "../error.ts";
import { type BlobPlace, type FileTable, placeLength, type StoredDocument } from "./container.ts";
import type { Host } from "./host.ts";
import { type JsonNode, parseJson } from "./json.ts";
import { checkDigest, sizeError } from "./layer-stream.ts";
import type { SourceLimits } from "./limits.ts";
import { quote, quoteStart } from "./quote.ts";

/** What reading takes beside the files. */
export interface Reading {
  limits: SourceLimits;
  signal: AbortSignal | undefined;
  host: Host;
}

/** What a descriptor says about a blob (OCI image-spec, descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: string;
  /** Bytes. */
  size: number;
  annotations: Readonly<Record<string, string>>;
  /** For people: where the descriptor stands. */
  where: string;
}

/** A document, its bytes checked. */
export interface Document extends StoredDocument {
  root: JsonNode;
  /** For people: which document this is. */
  where: string;
}

/** For people: a file of a container. */
export function whereIs(files: FileTable, path: string): string {
  return `${quote(files.name)}, ${quoteStart(path).slice(1, -1)}`;
}

/** Reads a descriptor. @throws {ComposefsError} SOURCE_JSON, SOURCE_DIGEST */
export function readDescriptor(node: JsonNode): Descriptor {
  return {
    mediaType: node.field("mediaType").text(),
    digest: node.field("digest").digest(),
    size: node.field("size").size(),
    annotations: node.field("annotations").texts(),
    where: node.where,
  };
}

/** The name of a blob in a layout. The digest has been checked: there is nothing in it that could lead elsewhere. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Where a file lies that has to be there. @throws {ComposefsError} SOURCE_MISSING, SOURCE_FILE */
export async function findFile(
  files: FileTable,
  path: string,
  expected?: Pick<Descriptor, "mediaType" | "size">,
): Promise<BlobPlace> {
  const place = await files.find(path, expected);
  if (place !== null) return place;
  const text = path.slice(0, 128);
  throw new ComposefsError("SOURCE_MISSING", `${whereIs(files, path)}: there is no such file`, {
    path: files.name,
    text,
  });
}

/** Where the blob of a descriptor lies. @throws {ComposefsError} SOURCE_MISSING, SOURCE_FILE, BLOB_SIZE */
export async function findBlob(files: FileTable, descriptor: Descriptor): Promise<BlobPlace> {
  const path = blobPath(descriptor.digest);
  const place = await findFile(files, path, descriptor);
  const length = placeLength(place);
  if (length !== descriptor.size) throw sizeError(whereIs(files, path), length, descriptor.size);
  return place;
}

/**
 * Reads the document of a descriptor.
 *
 * @throws {ComposefsError} SOURCE_MISSING, SOURCE_FILE, SOURCE_JSON, SOURCE_LIMIT, BLOB_SIZE, BLOB_DIGEST, IO_READ
 */
export async function readBlob(files: FileTable, descriptor: Descriptor, reading: Reading): Promise<Document> {
  await findBlob(files, descriptor);
  return readFile(files, blobPath(descriptor.digest), reading, descriptor.digest, descriptor);
}

/**
 * Reads a document.
 *
 * @param digest what its bytes must have, `sha256:` and hex; null for whatever they have
 * @param expected what its descriptor says, where there is one
 * @throws {ComposefsError} SOURCE_MISSING, SOURCE_FILE, SOURCE_JSON, SOURCE_LIMIT, BLOB_DIGEST, IO_READ
 */
export async function readFile(
  files: FileTable,
  path: string,
  reading: Reading,
  digest: string | null = null,
  expected?: Descriptor,
): Promise<Document> {
  const where = whereIs(files, path);
  const place = await findFile(files, path, expected);
  const limit = reading.limits.jsonBytes;
  const actual = placeLength(place);
  if (actual > limit) {
    const what = `the document has ${actual} bytes, at most ${limit} are allowed (jsonBytes)`;
    throw new ComposefsError("SOURCE_LIMIT", `${where}: ${what}`, { actual, limit });
  }
  const bytes = await readWhole(place, reading);
  const hash = (await reading.host.loadSha256())();
  await hash.update(bytes);
  const found = `sha256:${await hash.digest()}`;
  if (digest !== null) checkDigest("BLOB_DIGEST", where, found, digest);
  const root = parseJson(bytes, where);
  return { bytes, digest: found, json: root.value, root, where };
}

/** All bytes of a small place. @throws {ComposefsError} IO_READ */
export async function readWhole(place: BlobPlace, { host, signal }: Reading): Promise<Uint8Array> {
  const bytes = new Uint8Array(placeLength(place));
  let filled = 0;
  for await (const chunk of host.readPlace(place, signal)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes;
}
