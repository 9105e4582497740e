/**
 * Where in the layers of an image the content of a file lies.
 */

import * as abi from "../../assembly/abi.ts";
import type { HashName } from "../engine/slot.ts";
import type { LayerRecords } from "./layer-records.ts";

/** A range of the uncompressed tar of a layer. */
export interface ContentPlace {
  /** Index of the layer, from 0. */
  layer: number;
  /** Bytes. */
  offset: number;
  size: number;
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
    const { bytes } = layers[layer]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += view.getUint32(at + abi.RECORD_BYTES, true)) {
      if (!isEqual(digestAt(bytes, view, at, hash), digest)) continue;
      const offset = Number(view.getBigUint64(at + abi.RECORD_DATA_OFFSET, true));
      return { layer, offset, size: Number(view.getBigUint64(at + abi.RECORD_SIZE, true)) };
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
