/**
 * Where in the layers of an image the content of a file lies.
 */

import * as abi from "../../assembly/abi.ts";
import type { HashName } from "../engine/slot.ts";
import type { LayerRecords } from "./layer-records.ts";

/** A range of the uncompressed tar of a layer; of a directory, a file. */
export interface ContentPlace {
  /** Index of the layer, from 0. */
  layer: number;
  /** Path of the file in its layer, without leading slash. */
  path: Uint8Array;
  /** Bytes. In a directory the offset is that in the file, 0. */
  offset: number;
  size: number;
}

/** A content of a layer: where it lies, and what it is. Its bytes are views of the records. */
export interface LayerContent extends Omit<ContentPlace, "layer"> {
  /** fs-verity digest. */
  digest: Uint8Array;
}

/** The contents of a layer that are objects, in the order of its tar. */
export function* layerContents({ bytes }: LayerRecords, hash: HashName): Generator<LayerContent, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += view.getUint32(at + abi.RECORD_BYTES, true)) {
    const digest = digestAt(bytes, view, at, hash);
    if (digest.length === 0) continue;
    const start = at + abi.RECORD_HEADER_BYTES;
    const path = bytes.subarray(start, start + view.getUint32(at + abi.RECORD_PATH_BYTES, true));
    const offset = Number(view.getBigUint64(at + abi.RECORD_DATA_OFFSET, true));
    yield { digest, path, offset, size: Number(view.getBigUint64(at + abi.RECORD_SIZE, true)) };
  }
}

/**
 * Finds the content that a digest names. Any file with that digest will do: what it holds is the same.
 *
 * @param digest fs-verity digest of the content, as the records have them
 * @param first index of the layer to look at first, the one that the entry came from
 */
export function findContent(
  layers: readonly LayerRecords[],
  hash: HashName,
  digest: Uint8Array,
  first: number,
): ContentPlace | undefined {
  const order = [first, ...layers.keys()].filter((layer) => layer in layers);
  for (const layer of order) {
    for (const { digest: found, path, offset, size } of layerContents(layers[layer]!, hash)) {
      if (isEqual(found, digest)) return { layer, path, offset, size };
    }
  }
  return undefined;
}

/** A digest of the record at an offset; empty when it has none. */
function digestAt(bytes: Uint8Array, view: DataView, at: number, hash: HashName): Uint8Array {
  const u32 = (field: number) => view.getUint32(at + field, true);
  let start = at + abi.RECORD_HEADER_BYTES;
  for (const field of [abi.RECORD_PATH_BYTES, abi.RECORD_LINK_BYTES, abi.RECORD_CONTENT_BYTES]) start += u32(field);
  if (hash === "sha256") return bytes.subarray(start, start + u32(abi.RECORD_SHA256_BYTES));
  start += u32(abi.RECORD_SHA256_BYTES);
  return bytes.subarray(start, start + u32(abi.RECORD_SHA512_BYTES));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
