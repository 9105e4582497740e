/**
 * The entries of a layer as its tar has them, decoded from its records: for rules and accounts of layers, which the merged
 * tree does not show any more.
 */

import * as abi from "../../assembly/abi.ts";
import type { LayerRecords } from "./layer-records.ts";

/** TYPE_* numbers of assembly/tree/node.ts. */
export const REGULAR = 1;
export const DIRECTORY = 2;
export const CHARACTER_DEVICE = 3;
export const HARDLINK = 8;

/** By which OCI layers mark a deleted name, and a directory of which nothing of lower layers is left (oci-to-tree.md 4). */
export const WHITEOUT_PREFIX = ".wh.";
export const OPAQUE_MARKER = ".wh..wh..opq";

/** An entry of a layer. */
export interface LayerEntry {
  /** Without leading slash, one character for each byte; empty for the root. */
  path: string;
  type: number;
  rdev: number;
  /** RECORD_FLAG_* bits. */
  flags: number;
  /** Target of a hardlink, in the form of `path`. */
  link: string;
  /** Bytes of the content of a regular file. */
  size: number;
}

/** The entries of a layer, in the order of its tar. */
export function* layerEntries({ bytes }: LayerRecords): Generator<LayerEntry, void, undefined> {
  const decoder = new TextDecoder("latin1");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += view.getUint32(at + abi.RECORD_BYTES, true)) {
    const pathAt = at + abi.RECORD_HEADER_BYTES;
    const linkAt = pathAt + view.getUint32(at + abi.RECORD_PATH_BYTES, true);
    const end = linkAt + view.getUint32(at + abi.RECORD_LINK_BYTES, true);
    yield {
      path: decoder.decode(bytes.subarray(pathAt, linkAt)),
      type: view.getUint8(at + abi.RECORD_TYPE),
      rdev: view.getUint32(at + abi.RECORD_RDEV, true),
      flags: view.getUint32(at + abi.RECORD_FLAGS, true),
      link: decoder.decode(bytes.subarray(linkAt, end)),
      size: Number(view.getBigUint64(at + abi.RECORD_SIZE, true)),
    };
  }
}

/** The directory above a path, and its last part. */
export function splitPath(path: string): { parent: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { parent: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}
