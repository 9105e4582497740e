/**
 * Decompression as one function, with one kind of error, whoever does the work.
 */

import { ComposefsError } from "../error.ts";
import type { Compression } from "./container.ts";
import type { Host, OpenStored } from "./host.ts";
import type { SourceLimits } from "./limits.ts";
import { compressionOf } from "./media-types.ts";
import { quote } from "./quote.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** Something compressed. */
export interface Compressed {
  compression: Exclude<Compression, "none">;
  open: OpenStored;
  /** For people: which data this is. */
  where: string;
  limits: SourceLimits;
}

/**
 * Decompresses all gzip members, or all zstd frames.
 *
 * @returns the decompressed bytes in pieces
 * @throws {ComposefsError} BLOB_GZIP, BLOB_ZSTD, BLOB_LIMIT; and what `open` throws
 */
export async function* inflate(what: Compressed, host: Host): AsyncGenerator<Uint8Array, void, undefined> {
  const { compression, where } = what;
  // Errors of the reading are kept apart from errors of the decompressor, which are of all kinds.
  let failure: { reason: unknown } | null = null;
  async function* stored() {
    const frames = compression === "zstd" ? new ZstdFrames(where, what.limits) : null;
    try {
      for await (const chunk of what.open()) {
        if (frames === null) yield chunk;
        else yield* frames.pieces(chunk);
      }
      frames?.end();
    } catch (reason) {
      failure = { reason };
      throw reason;
    }
  }
  try {
    yield* compression === "gzip" ? host.gunzip(stored) : host.unzstd(stored);
  } catch (cause) {
    if (failure !== null) throw (failure as { reason: unknown }).reason;
    const code = compression === "gzip" ? "BLOB_GZIP" : "BLOB_ZSTD";
    const { message } = cause as Error;
    throw new ComposefsError(code, `${where}: broken ${compression}: ${message}`, {}, { cause });
  }
}

/**
 * Holds decompressed bytes against the limits that depend on how many there are.
 *
 * The ratio is that of all that is stored, so that it does not matter how far a decompressor has read ahead.
 *
 * @param storedBytes bytes of the data as stored; null where that is not known
 * @param most the limit that holds for any ratio
 * @throws {ComposefsError} BLOB_LIMIT; and what `chunks` gives
 */
export async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
  storedBytes: number | null,
  limits: SourceLimits,
  most: "layerBytes" | "spoolBytes",
): AsyncGenerator<Uint8Array, void, undefined> {
  const { ratio, ratioFreeBytes } = limits;
  const byRatio = storedBytes === null ? Infinity : Math.max(ratioFreeBytes, ratio * storedBytes);
  const limit = Math.min(limits[most], byRatio);
  let actual = 0;
  for await (const chunk of chunks) {
    actual += chunk.length;
    if (actual > limit) {
      const which = limit === limits[most] ? most : `ratio ${ratio}, ratioFreeBytes ${ratioFreeBytes}`;
      const what = `more than ${limit} bytes come out of it, which are not allowed (${which})`;
      throw new ComposefsError("BLOB_LIMIT", `${where}: ${what}`, { limit });
    }
    yield chunk;
  }
}

/**
 * An outer archive, decompressed where it begins as compressed data does.
 *
 * @param chunks the archive
 * @param size its bytes; null where that is not known
 * @throws {ComposefsError} BLOB_GZIP, BLOB_ZSTD, BLOB_LIMIT; and what `chunks` gives
 */
export async function* unwrap(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  size: number | null,
  { limits, host }: { limits: SourceLimits; host: Host },
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 4) {
    const { done, value } = await iterator.next();
    if (done) break;
    const longer = new Uint8Array(head.length + value.length);
    longer.set(head);
    longer.set(value, head.length);
    head = longer;
  }
  async function* all() {
    yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  const where = quote(name);
  const compression = compressionOf(head);
  const plain = compression === "none" ? all() : inflate({ compression, open: all, where, limits }, host);
  yield* limited(plain, where, compression === "none" ? null : size, limits, "spoolBytes");
}
