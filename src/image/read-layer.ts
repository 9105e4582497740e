/**
 * One layer, from where it lies to its records.
 */

import type { Engine } from "../engine/engine.ts";
import type { HashName } from "../engine/slot.ts";
import type { LayerBlob } from "../source/container.ts";
import type { Host } from "../source/host.ts";
import { type LayerTotals, openLayer } from "../source/layer-stream.ts";
import type { SourceLimits } from "../source/limits.ts";
import { LayerJob, type LayerRecords } from "./layer-records.ts";

/** How a layer is to be read. Plain data: it can be posted to a worker. */
export interface ReadLayerOptions {
  /** Object digests to compute. */
  hashes: readonly HashName[];
  limits?: Partial<SourceLimits>;
}

/** A layer that was read and is what it must be. */
export interface ReadLayer {
  records: LayerRecords;
  totals: LayerTotals;
}

/** How much of a layer was read. */
export interface ReadBytes {
  /** Bytes of its tar. */
  bytes: number;
  /** Bytes of the blob as stored. */
  storedBytes: number;
}

/** Bytes between two reports of progress. */
const REPORT_BYTES = 1 << 22;

/** Content that is kept is at most this long: unified kernel images are the largest. */
const KEPT_MAX_BYTES = 1 << 27;

const decoder = new TextDecoder("latin1");

/**
 * The SELinux policy, which labels come from; what kernel images and boot entries name; what the system and those who own its
 * files are called.
 */
const READ =
  /^etc\/(selinux\/|(passwd|group)$)|\.efi$|^boot\/loader\/entries\/[^/]*\.conf$|^(etc|usr\/lib)\/os-release$/;

/** Whether a later step may read a file, which is then kept. What is not kept can be read from the layer again. */
export function isRead(path: Uint8Array, size: number): boolean {
  return size <= KEPT_MAX_BYTES && READ.test(decoder.decode(path));
}

/**
 * Reads a layer: its records are there when its digests were checked.
 *
 * @param engine reset; its job is over afterwards
 * @param onBytes told now and then how much was read
 * @throws {ComposefsError} TAR_*, and all that `openLayer` gives
 */
export async function readLayer(
  engine: Engine,
  layer: LayerBlob,
  options: ReadLayerOptions,
  signal?: AbortSignal,
  onBytes?: (bytes: ReadBytes) => void,
  host?: Host,
): Promise<ReadLayer> {
  const job = new LayerJob(engine, options.hashes, isRead);
  const stream = openLayer(layer, options.limits, signal, host);
  let bytes = 0;
  let reported = 0;
  let refusal: unknown;
  for await (const chunk of stream) {
    try {
      if (refusal === undefined) job.write(chunk);
    } catch (error) {
      // A damaged blob is no tar any more. What is wrong with it is that it is damaged, if it is: the stream knows.
      if (layer.digest === null && layer.diffId === null) throw error;
      refusal = error;
    }
    bytes += chunk.length;
    if (bytes - reported < REPORT_BYTES) continue;
    reported = bytes;
    onBytes?.({ bytes, storedBytes: stream.storedBytes });
  }
  if (refusal !== undefined) throw refusal;
  return { records: job.end(), totals: stream.totals! };
}
