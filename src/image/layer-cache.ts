/**
 * The layer cache: records of layers that were read before, so that a base which a thousand images share is read once.
 *
 * An entry is one file of its own, whole or absent:
 *
 *   magic | u32 version of the records | u32 bytes of the head | head, JSON | records | kept contents | SHA-256 of all
 *
 * It is looked at before it is believed: what is damaged, of another version or of another layer is as if it were not
 * there, and is written anew. Where entries lie is a matter of the store.
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

/** What an entry says of itself. */
interface Head {
  diffId: string;
  hashes: HashName[];
  entries: number;
  tarBytes: number;
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
 * @returns undefined when there is no entry, or none that is whole
 */
export async function findCached(
  store: CacheStore,
  diffId: string,
  hashes: readonly HashName[],
): Promise<LayerRecords | undefined> {
  for (const key of new Set([cacheKey(diffId, hashes), cacheKey(diffId, ["sha256", "sha512"])])) {
    const entry = await store.get(key);
    const layer = entry && (await decode(entry, diffId));
    if (layer !== undefined && hashes.every((hash) => layer.hashes.includes(hash))) return layer;
  }
  return undefined;
}

/** Keeps a layer. */
export async function keepCached(store: CacheStore, diffId: string, layer: LayerRecords): Promise<void> {
  await store.put(cacheKey(diffId, layer.hashes), await encode(diffId, layer));
}

async function encode(diffId: string, layer: LayerRecords): Promise<Uint8Array<ArrayBuffer>> {
  const { hashes, entries, tarBytes } = layer;
  const contents = layer.contents.map(({ path, bytes }) => ({ path: toHex(path), bytes: bytes.length }));
  const fields: Head = { diffId, hashes, entries, tarBytes, recordBytes: layer.bytes.length, contents };
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

async function decode(entry: Uint8Array<ArrayBuffer>, diffId: string): Promise<LayerRecords | undefined> {
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
  return { bytes, entries: head.entries, tarBytes: head.tarBytes, hashes: head.hashes, contents };
}

async function sumOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
