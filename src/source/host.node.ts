/**
 * `#source-host` in Node: see host.ts.
 *
 * Decompression runs on the threads of libuv while the caller hashes. That only works when there is always something to
 * do: the queues before and behind the decompressor hold several chunks.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { chunksOf } from "./bytes.ts";
import type { BlobPlace } from "./container.ts";
import { changedError, ioError, type SystemError } from "./files.node.ts";
import type { OpenStored, Sha256 } from "./host.ts";
import { unzstdWasm } from "./zstd-wasm.ts";

/**
 * Bytes of a chunk: with the 16 KiB that zlib takes by itself, gunzip is a fifth slower; with 256 KiB an image takes a
 * tenth longer, since the decompressor, which is one chunk ahead at most, waits for the hash more often (measured).
 */
const CHUNK_BYTES = 512 * 1024;
/** Bytes in each queue. */
const QUEUE_BYTES = 2 * CHUNK_BYTES;

const STREAM_OPTIONS = {
  chunkSize: CHUNK_BYTES,
  readableHighWaterMark: QUEUE_BYTES,
  writableHighWaterMark: QUEUE_BYTES,
};

/** From Node 22.15 on; the types are those of Node 20. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: object) => Transform };

export async function loadSha256(): Promise<() => Sha256> {
  return () => {
    const hash = createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
  };
}

export async function* readPlace(place: BlobPlace, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  if (place.kind === "blob") {
    yield* chunksOf(place.blob.stream(), signal);
    return;
  }
  if (place.kind === "registry") {
    const { readRemoteBlob } = await import("../registry/read.ts");
    const { machineFetch } = await import("../registry/fetch.node.ts");
    yield* gathered(readRemoteBlob(place, machineFetch(), signal), place.length);
    return;
  }
  const { path, offset, length } = place;
  let bytes = 0;
  // A stream cannot be told to read nothing.
  if (length > 0) {
    const stream = createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: CHUNK_BYTES });
    try {
      for await (const chunk of stream) {
        signal?.throwIfAborted();
        bytes += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw ioError((cause as SystemError).syscall === "open" ? "IO_OPEN" : "IO_READ", path, cause);
    }
  }
  if (bytes !== length) throw changedError(path, length, bytes);
}

/**
 * Chunks as long as those of files, of which networks give a tenth at a time: each costs the decompressor a turn.
 *
 * @param length bytes of all chunks, as far as known: buffers are no longer than that
 */
async function* gathered(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length;
  let buffer: Uint8Array = new Uint8Array(0);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (filled === buffer.length) {
        if (filled > 0) yield buffer;
        buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(left, chunk.length - at), CHUNK_BYTES));
        filled = 0;
      }
      // Copied at once, while the processor has it at hand.
      const part = chunk.subarray(at, at + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      left -= part.length;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

export async function* gunzip(open: OpenStored): AsyncGenerator<Uint8Array, void, undefined> {
  let fed = 0;
  async function* counted() {
    for await (const chunk of open()) {
      fed += chunk.length;
      yield chunk;
    }
  }
  const gunzip = zlib.createGunzip(STREAM_OPTIONS);
  yield* through(counted(), gunzip);
  // zlib leaves zero bytes behind the last member alone, and whatever follows them.
  if (gunzip.bytesWritten !== fed) throw new Error("after the last member there are bytes that begin none");
}

export async function* unzstd(open: OpenStored): AsyncGenerator<Uint8Array, void, undefined> {
  if (createZstdDecompress === undefined) yield* unzstdWasm(open());
  else yield* through(open(), createZstdDecompress(STREAM_OPTIONS));
}

/** What a transform makes of `chunks`. Leaving early ends both. */
async function* through(
  chunks: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Errors of either come out of the iteration.
  pipeline(Readable.from(chunks), transform, () => {});
  yield* transform;
}
