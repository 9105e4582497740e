/**
 * A layer, decompressed while it is read, and held against everything that is known about it.
 *
 * Nothing here has state beyond one layer: a worker that is handed a {@link LayerBlob} opens it by itself.
 */

import { ComposefsError } from "../error.ts";
import type { LayerBlob } from "./container.ts";
import { placeLength } from "./container.ts";
import { HOST, type Host, type Sha256 } from "./host.ts";
import { inflate, limited } from "./inflate.ts";
import { type SourceLimits, sourceLimits } from "./limits.ts";

/** What a layer turned out to be. */
export interface LayerTotals {
  /** Bytes, decompressed. */
  bytes: number;
  /** `sha256:` and hex of them. */
  diffId: string;
}

/** The bytes of a layer's tar, to be iterated over once, to the end. */
export interface LayerStream extends AsyncIterable<Uint8Array> {
  /** Null until the last chunk has been taken and everything was as it should be. */
  readonly totals: LayerTotals | null;
  /** Bytes of the blob as stored that were read so far. */
  readonly storedBytes: number;
}

/**
 * Opens a layer.
 *
 * Size and digest of the blob as stored, and the diff_id of what comes out, are checked after the last chunk: whoever
 * leaves the iteration early has read bytes that nobody has checked. A chunk belongs to the one who took it.
 *
 * @param layer where it lies and what it must be
 * @param limits layerBytes, ratio, ratioFreeBytes, zstdWindowBytes, zstdFrames; see SOURCE_LIMITS for the defaults
 * @param signal ends the reading: the iteration throws its reason
 * @throws {ComposefsError} while it is iterated over: IO_OPEN, IO_READ, IO_CHANGED; BLOB_SIZE, BLOB_DIGEST, BLOB_DIFF_ID
 *   when it is not what it must be; BLOB_GZIP, BLOB_ZSTD when it is, and broken all the same; BLOB_LIMIT
 * @throws {TypeError | RangeError} for limits that are none
 */
export function openLayer(
  layer: LayerBlob,
  limits: Partial<SourceLimits> = {},
  signal?: AbortSignal,
  host: Host = HOST,
): LayerStream {
  return new CheckedLayer(layer, sourceLimits(limits), signal, host);
}

/** Bytes and their hash. */
class Tally {
  bytes = 0;
  readonly #hash: Sha256;

  constructor(hash: Sha256) {
    this.#hash = hash;
  }

  /** @returns a promise when the hash is behind */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.bytes += chunk.length;
    return this.#hash.update(chunk);
  }

  async digest(): Promise<string> {
    return `sha256:${await this.#hash.digest()}`;
  }
}

class CheckedLayer implements LayerStream {
  totals: LayerTotals | null = null;
  storedBytes = 0;
  readonly #layer: LayerBlob;
  readonly #limits: SourceLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #host: Host;

  constructor(layer: LayerBlob, limits: SourceLimits, signal: AbortSignal | undefined, host: Host) {
    this.#layer = layer;
    this.#limits = limits;
    this.#signal = signal;
    this.#host = host;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { name, place, compression, size, digest, diffId } = this.#layer;
    if (size !== null && placeLength(place) !== size) throw sizeError(name, placeLength(place), size);
    const sha256 = await this.#host.loadSha256();
    const out = new Tally(sha256());
    for await (const chunk of limited(this.#plain(sha256), name, placeLength(place), this.#limits, "layerBytes")) {
      this.#signal?.throwIfAborted();
      const isBehind = out.add(chunk);
      if (isBehind !== undefined) await isBehind;
      yield chunk;
    }
    const found = await out.digest();
    // Of a plain blob the one hash serves for both.
    if (compression === "none" && digest !== null) checkDigest("BLOB_DIGEST", name, found, digest);
    if (diffId !== null) checkDigest("BLOB_DIFF_ID", `${name}, decompressed`, found, diffId);
    this.totals = { bytes: out.bytes, diffId: found };
  }

  /** The layer, decompressed. */
  async *#plain(sha256: () => Sha256): AsyncGenerator<Uint8Array, void, undefined> {
    const { name, compression } = this.#layer;
    if (compression === "none") {
      yield* this.#counted();
      return;
    }
    const open = () => this.#stored(sha256);
    try {
      yield* inflate({ compression, open, where: name, limits: this.#limits }, this.#host);
    } catch (error) {
      // A damaged blob breaks its decompression first, and where it does depends on the decompressor. What is wrong with
      // the blob is that it is damaged, if it is.
      if (isBroken(error)) for await (const _ of open());
      throw error;
    }
  }

  async *#counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#host.readPlace(this.#layer.place, this.#signal)) {
      this.storedBytes += chunk.length;
      yield chunk;
    }
  }

  /** The blob as stored, its digest checked after the last chunk. The size is that of the place. */
  async *#stored(sha256: () => Sha256): AsyncGenerator<Uint8Array, void, undefined> {
    const { name, digest } = this.#layer;
    const stored = digest === null ? null : new Tally(sha256());
    this.storedBytes = 0;
    for await (const chunk of this.#counted()) {
      const isBehind = stored?.add(chunk);
      if (isBehind !== undefined) await isBehind;
      yield chunk;
    }
    if (digest !== null) checkDigest("BLOB_DIGEST", name, await stored!.digest(), digest);
  }
}

/** Whether an error says that data cannot be decompressed. */
function isBroken(error: unknown): boolean {
  const { code } = error as Partial<ComposefsError>;
  return code === "BLOB_GZIP" || code === "BLOB_ZSTD";
}

/** @param where for people: which blob this is */
export function sizeError(where: string, actual: number, wanted: number): ComposefsError {
  const what = `the blob has ${actual} bytes, its descriptor says ${wanted}`;
  return new ComposefsError("BLOB_SIZE", `${where}: ${what}`, { actual, limit: wanted });
}

/** @param where for people: which blob this is @throws {ComposefsError} the code, when `actual` is not `wanted` */
export function checkDigest(code: "BLOB_DIGEST" | "BLOB_DIFF_ID", where: string, actual: string, wanted: string): void {
  if (actual === wanted) return;
  throw new ComposefsError(code, `${where}: the digest is ${actual}, expected ${wanted}`, { text: actual });
}
