/**
 * The layer cache: records of layers that were read before, so that a base which a thousand images share is read once.
 *
 * An entry is one file of its own, whole or absent:
 *
 *   magic | u32 version of the records | u32 bytes of the head | head, JSON | records | kept contents | SHA-256 of all
 *
 * It is looked at before it is believed: what is damaged, of another version or of another layer is as if it were not
 * there, and is written anew. Where entries lie is a matter of the store.
 *
 * Which diff_id a blob has is what the image says of itself. So the head names the blobs from which the layer was read, and an
 * entry stands for no other: whoever puts another blob beside the diff_id of a layer that is here has it read, and refused.
 */

import { LAYER_RECORD_VERSION } from "../../assembly/abi.ts";
import type { HashName } from "../engine/slot.ts";
import { fromHex, toHex } from "./hex.ts";
import type { LayerRecords } from "./layer-records.ts";

/** Where cache entries are kept: a directory, or whatever a service brings. Keys are file names. */
export interface CacheStore {
  /** The entry, undefined when there is none. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps an entry; it must appear as a whole or not at all. */
  put(key: string, entry: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** `cfslayer`. */
const MAGIC = new TextEncoder().encode("cfslayer");
const FIXED_BYTES = 16;
const SUM_BYTES = 32;
/** Blobs that an entry names, one for each way to compress the layer; older ones are read again. */
const BLOBS_MAX = 64;

/** What an entry says of itself. */
interface Head {
  diffId: string;
  hashes: HashName[];
  entries: number;
  tarBytes: number;
  /** Digests of the blobs as stored that it was read from; entries of old have none. */
  blobs?: string[];
  recordBytes: number;
  contents: Array<{ path: string; bytes: number }>;
}

/** Name of the entry of a layer: its diff_id, the hashes of its digests, the version of the records. */
export function cacheKey(diffId: string, hashes: readonly HashName[]): string {
  return `${diffId.replace(":", "-")}.${[...hashes].sort().join("-")}.v${LAYER_RECORD_VERSION}`;
}

/**
 * Looks a layer up; records with more digests than wanted do as well.
 *
 * @param diffId `sha256:` and the digest of the uncompressed tar
 * @param blob digest of the blob as stored, which the entry must have been read from; null where nothing names one
 * @returns undefined when there is no entry, or none that is whole
 */
export async function findCached(
  store: CacheStore,
  diffId: string,
  hashes: readonly HashName[],
  blob: string | null,
): Promise<LayerRecords | undefined> {
  for (const key of new Set([cacheKey(diffId, hashes), cacheKey(diffId, ["sha256", "sha512"])])) {
    const entry = await store.get(key);
    const found = entry && (await decode(entry, diffId));
    if (found === undefined || !hashes.every((hash) => found.layer.hashes.includes(hash))) continue;
    if (blob === null || blob === diffId || found.blobs.includes(blob)) return found.layer;
  }
  return undefined;
}

/** Keeps a layer. @param blob digest of the blob as stored that it was read from; null where nothing names one */
export async function keepCached(
  store: CacheStore,
  diffId: string,
  layer: LayerRecords,
  blob: string | null,
): Promise<void> {
  const key = cacheKey(diffId, layer.hashes);
  const blobs: string[] = [];
  // The digest of a blob that is not compressed is the diff_id.
  if (blob !== null && blob !== diffId) {
    const entry = await store.get(key);
    const before = entry && (await decode(entry, diffId));
    blobs.push(...new Set([...(before?.blobs ?? []), blob]));
  }
  await store.put(key, await encode(diffId, layer, blobs.slice(-BLOBS_MAX)));
}

async function encode(diffId: string, layer: LayerRecords, blobs: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { hashes, entries, tarBytes } = layer;
  const contents = layer.contents.map(({ path, bytes }) => ({ path: toHex(path), bytes: bytes.length }));
  const fields: Head = { diffId, hashes, entries, tarBytes, blobs, recordBytes: layer.bytes.length, contents };
  const head = new TextEncoder().encode(JSON.stringify(fields));
  const parts = [head, layer.bytes, ...layer.contents.map(({ bytes }) => bytes)];
  const length = parts.reduce((sum, part) => sum + part.length, FIXED_BYTES);
  const entry = new Uint8Array(length + SUM_BYTES);
  entry.set(MAGIC);
  const view = new DataView(entry.buffer);
  view.setUint32(8, LAYER_RECORD_VERSION, true);
  view.setUint32(12, head.length, true);
  let at = FIXED_BYTES;
  for (const part of parts) {
    entry.set(part, at);
    at += part.length;
  }
  entry.set(await sumOf(entry.subarray(0, length)), length);
  return entry;
}

async function decode(
  entry: Uint8Array<ArrayBuffer>,
  diffId: string,
): Promise<{ layer: LayerRecords; blobs: readonly string[] } | undefined> {
  const end = entry.length - SUM_BYTES;
  if (end < FIXED_BYTES || !isEqual(entry.subarray(0, MAGIC.length), MAGIC)) return undefined;
  if (!isEqual(entry.subarray(end), await sumOf(entry.subarray(0, end)))) return undefined;
  // The sum holds, so everything below was written by `encode`, if perhaps of another version.
  const view = new DataView(entry.buffer, entry.byteOffset);
  if (view.getUint32(8, true) !== LAYER_RECORD_VERSION) return undefined;
  let at = FIXED_BYTES + view.getUint32(12, true);
  const head = JSON.parse(new TextDecoder().decode(entry.subarray(FIXED_BYTES, at))) as Head;
  if (head.diffId !== diffId) return undefined;
  const take = (length: number) => {
    at += length;
    return entry.subarray(at - length, at);
  };
  const bytes = take(head.recordBytes);
  const contents = head.contents.map(({ path, bytes: length }) => ({ path: fromHex(path), bytes: take(length) }));
  const layer = { bytes, entries: head.entries, tarBytes: head.tarBytes, hashes: head.hashes, contents };
  return { layer, blobs: head.blobs ?? [] };
}

async function sumOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
