/**
 * `#source-host` in browsers and in whatever else is not Node: see host.ts.
 *
 * Libraries are loaded when first used: a page that reads dumpfiles needs none of them.
 */

import { chunksOf } from "./bytes.ts";
import type { BlobPlace } from "./container.ts";
import type { OpenStored, Sha256 } from "./host.ts";
import { unzstdWasm } from "./zstd-wasm.ts";

/** WebCrypto has no hash that can be fed in pieces. */
export async function loadSha256(): Promise<() => Sha256> {
  const [{ sha256 }, { bytesToHex }] = await Promise.all([
    import("@noble/hashes/sha2.js"),
    import("@noble/hashes/utils.js"),
  ]);
  return () => {
    const hash = sha256.create();
    return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) };
  };
}

export async function* readPlace(place: BlobPlace, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  if (place.kind === "file") throw new TypeError("a place in a file can be read in Node only");
  yield* chunksOf(place.blob.stream(), signal);
}

/**
 * The browser's own decompressor is twice as fast as fflate, and ends with an error after the first member. What it has
 * given so far is right: it had the member's checksum. So fflate, which reads all members, starts anew and goes on there.
 */
export async function* gunzip(open: OpenStored): AsyncGenerator<Uint8Array, void, undefined> {
  let done = 0;
  try {
    for await (const chunk of native(open())) {
      done += chunk.length;
      yield chunk;
    }
    return;
  } catch (error) {
    // Everything that the decompressor has to say is a TypeError; other errors are those of the reading.
    if (!(error instanceof TypeError)) throw error;
  }
  for await (const chunk of gunzipMembers(open())) {
    const known = Math.min(done, chunk.length);
    done -= known;
    if (known < chunk.length) yield chunk.subarray(known);
  }
}

export function unzstd(open: OpenStored): AsyncGenerator<Uint8Array, void, undefined> {
  return unzstdWasm(open());
}

function native(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return chunksOf(stream.pipeThrough(new DecompressionStream("gzip")));
}

/** All members through fflate, which does not look at checksums: the diff_id does. */
async function* gunzipMembers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { Gunzip } = await import("fflate");
  let out: Uint8Array[] = [];
  const gunzip = new Gunzip((part) => {
    if (part.length > 0) out.push(part);
  });
  for await (const chunk of chunks) {
    // It keeps views of what it is given, and changes them never.
    gunzip.push(chunk);
    yield* out;
    out = [];
  }
  gunzip.push(new Uint8Array(0), true);
  yield* out;
}
