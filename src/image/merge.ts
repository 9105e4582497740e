/**
 * Layers become a tree (oci-to-tree.md 4, 5 and 7).
 */

import * as abi from "../../assembly/abi.ts";
import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import type { HashName } from "../engine/slot.ts";
import type { LayerRecords } from "./layer-records.ts";
import { Tree } from "./tree.ts";

/** Which xattrs the OCI transform keeps beside security.capability: none, or those that begin with user. */
export type XattrMode = "allowlist-only" | "keep-user-xattrs";

/** Their names, the default first. */
export const XATTR_MODES: readonly XattrMode[] = ["allowlist-only", "keep-user-xattrs"];

/**
 * Revision of the boot transform: in 1, that of composefs-rs 0.9.0, /boot and /sysroot keep the nanoseconds of their mtime,
 * in 2 they take those of /usr (boot-transform.md 2).
 */
export type TransformRevision = 1 | 2;

/** The default first. */
export const TRANSFORM_REVISIONS: readonly TransformRevision[] = [1, 2];

/** What is done to the tree of the layers. */
export interface MergeView {
  /** Hash of the object digests in the tree. */
  hash: HashName;
  /** The OCI transform with its xattr mode; null for the tree as the layers leave it. */
  transform: XattrMode | null;
  /** One layer alone: parents that it lacks are implied. Default false. */
  implyParents?: boolean;
  /** With a transform: empty /boot and /sysroot by this revision of the time rule (boot-transform.md 2). Default: do not. */
  bootable?: TransformRevision | null;
}

/**
 * Merges layers.
 *
 * @param engine reset, and busy with the tree from here on
 * @param layers base first; they must hold digests of the wanted hash
 * @throws {ComposefsError} LAYER_*, ENGINE_MEMORY
 */
export function mergeLayers(
  engine: Engine,
  layers: ReadonlyArray<Pick<LayerRecords, "bytes">>,
  view: MergeView,
  accelerator: Accelerator,
): Tree {
  let flags = view.hash === "sha512" ? abi.MERGE_SHA512 : 0;
  if (view.transform !== null) flags |= abi.MERGE_TRANSFORM;
  if (view.transform === "keep-user-xattrs") flags |= abi.MERGE_KEEP_USER_XATTRS;
  if (view.implyParents) flags |= abi.MERGE_IMPLY_PARENTS;
  if (view.bootable != null) flags |= abi.MERGE_BOOTABLE;
  if (view.bootable === 2) flags |= abi.MERGE_BOOT_NANOSECONDS;
  engine.mergeBegin(flags);
  for (const { bytes } of layers) {
    engine.mergeLayer();
    for (const piece of piecesOf(bytes)) {
      engine.input.set(piece);
      engine.mergeWrite(piece.length);
    }
  }
  return new Tree(engine, accelerator, engine.mergeEnd(), "layers");
}

/** Cuts records into pieces that fit the input window, between two of them. */
function* piecesOf(records: Uint8Array): Generator<Uint8Array, void, undefined> {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  let start = 0;
  let at = 0;
  while (at < records.length) {
    // What is shorter than it says is for the engine to refuse.
    const length = at + 4 <= records.length ? view.getUint32(at + abi.RECORD_BYTES, true) : 0;
    const next = length < abi.RECORD_HEADER_BYTES ? records.length : at + length;
    if (next - start > abi.INPUT_WINDOW_BYTES && at > start) {
      yield records.subarray(start, at);
      start = at;
    }
    if (next - start > abi.INPUT_WINDOW_BYTES) break;
    at = next;
  }
  if (start < records.length) yield records.subarray(start, Math.min(records.length, start + abi.INPUT_WINDOW_BYTES));
}
