/**
 * A layer as records: what is read of a tar once, kept in a cache, and merged into trees as often as wanted
 * (assembly/abi.ts, RECORD_*).
 */

import * as abi from "../../assembly/abi.ts";
import type { Engine } from "../engine/engine.ts";
import type { HashName } from "../engine/slot.ts";

/** The entries of one layer, in the order of its tar, and the few contents that later steps read. */
export interface LayerRecords {
  /** Whole records, one after the other. */
  bytes: Uint8Array<ArrayBuffer>;
  entries: number;
  /** Bytes of the uncompressed tar. */
  tarBytes: number;
  /** Hashes of which the records hold object digests. */
  hashes: HashName[];
  /** Contents by path, in the order of the tar: the last one of a path counts within the layer. */
  contents: KeptContent[];
}

export interface KeptContent {
  path: Uint8Array;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Whether the content of a file is to be kept. @param path without leading slash @param size in bytes */
export type KeepContent = (path: Uint8Array, size: number) => boolean;

/** Reads the tar of a layer; the engine is busy with it until `end`. */
export class LayerJob {
  readonly #engine: Engine;
  readonly #hashes: HashName[];
  readonly #keep: KeepContent | undefined;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #contents: KeptContent[] = [];
  #entries = 0;
  #tarBytes = 0;
  #kept: { path: Uint8Array; bytes: Uint8Array<ArrayBuffer>; filled: number } | undefined;

  constructor(engine: Engine, hashes: readonly HashName[], keep?: KeepContent) {
    this.#engine = engine;
    this.#hashes = [...hashes];
    this.#keep = keep;
    let flags = keep === undefined ? 0 : abi.LAYER_CONTENT;
    if (hashes.includes("sha256")) flags |= abi.LAYER_SHA256;
    if (hashes.includes("sha512")) flags |= abi.LAYER_SHA512;
    engine.layerBegin(flags);
  }

  /** Takes the next bytes of the uncompressed tar. @throws {ComposefsError} TAR_* */
  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += abi.INPUT_WINDOW_BYTES) {
      const part = bytes.subarray(start, start + abi.INPUT_WINDOW_BYTES);
      this.#engine.input.set(part);
      for (let from = 0; from < part.length; ) {
        const { taken, records } = this.#engine.layerWrite(from, part.length - from);
        this.#take(records);
        from += taken;
      }
      this.#tarBytes += part.length;
    }
  }

  /** Ends the tar. @throws {ComposefsError} TAR_* */
  end(): LayerRecords {
    this.#engine.layerEnd();
    const bytes = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const { hashes, contents } = { hashes: this.#hashes, contents: this.#contents };
    return { bytes, entries: this.#entries, tarBytes: this.#tarBytes, hashes, contents };
  }

  /** Keeps the records of entries, and follows those that say where contents lie. */
  #take(records: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    // Runs of entry records are copied as one piece.
    let run = 0;
    for (let at = 0; at < records.length; ) {
      const length = view.getUint32(at + abi.RECORD_BYTES, true);
      const kind = view.getUint8(at + abi.RECORD_KIND);
      if (kind === abi.RECORD_KIND_ENTRY) {
        this.#entries++;
        if (this.#kept !== undefined && this.#kept.filled === this.#kept.bytes.length) this.#endContent();
      } else {
        if (at > run) this.#pieces.push(records.slice(run, at));
        run = at + length;
        if (kind === abi.RECORD_KIND_BEGIN) this.#beginContent(records, view, at);
        else this.#takeContent(view, at);
      }
      at += length;
    }
    if (records.length > run) this.#pieces.push(records.slice(run));
  }

  #beginContent(records: Uint8Array, view: DataView, at: number): void {
    const start = at + abi.RECORD_HEADER_BYTES;
    const path = records.slice(start, start + view.getUint32(at + abi.RECORD_PATH_BYTES, true));
    const size = Number(view.getBigUint64(at + abi.RECORD_SIZE, true));
    this.#kept = this.#keep?.(path, size) ? { path, bytes: new Uint8Array(size), filled: 0 } : undefined;
  }

  #takeContent(view: DataView, at: number): void {
    if (this.#kept === undefined) return;
    const from = Number(view.getBigUint64(at + abi.RECORD_DATA_OFFSET, true));
    const length = Number(view.getBigUint64(at + abi.RECORD_SIZE, true));
    this.#kept.bytes.set(this.#engine.input.subarray(from, from + length), this.#kept.filled);
    this.#kept.filled += length;
  }

  #endContent(): void {
    const { path, bytes } = this.#kept!;
    this.#contents.push({ path, bytes });
    this.#kept = undefined;
  }
}
