/**
 * `#source-host` in browsers and in whatever else is not Node: see host.ts.
 *
 * Libraries are loaded when first used: a page that reads dumpfiles needs none of them.
 */

import { ComposefsError } from "../error.ts";
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
  if (place.kind === "blob") {
    yield* readBlobPlace(place.blob, signal);
    return;
  }
  const { readRemoteBlob } = await import("../registry/read.ts");
  yield* readRemoteBlob(place, (url, init) => fetch(url, init), signal);
}

/** A file that was dropped may be gone, or another one, by the time it is read. */
async function* readBlobPlace(blob: Blob, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* chunksOf(blob.stream(), signal);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw blobError(cause);
  }
}

/** The error for a file that a browser cannot read any more. */
export function blobError(cause: unknown): ComposefsError {
  const reason = (cause as Error).message;
  const what = "cannot read the file: it was changed, moved or removed since it was picked";
  return new ComposefsError("IO_READ", `${what} (${reason})`, {}, { cause });
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

/**
 * All members through fflate. It looks at no checksums and lets data end anywhere; so the last eight bytes are held
 * against the last member, which they are the trailer of when nothing is missing and nothing comes behind it.
 */
async function* gunzipMembers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { Gunzip } = await import("fflate");
  let out: Uint8Array[] = [];
  let member = new MemberCheck();
  const gunzip = new Gunzip((part) => {
    member.add(part);
    if (part.length > 0) out.push(part);
  });
  gunzip.onmember = () => {
    member = new MemberCheck();
  };
  let end = new Uint8Array(0);
  for await (const chunk of inParts(chunks)) {
    gunzip.push(chunk);
    end = new Uint8Array([...end, ...chunk.subarray(-TRAILER_BYTES)]).slice(-TRAILER_BYTES);
    yield* out;
    out = [];
  }
  gunzip.push(new Uint8Array(0), true);
  yield* out;
  if (!member.isTrailer(end)) throw new Error("the data does not end with the end of a member");
}

/** Bytes that fflate gets at a time: for each member in them it calls itself, and copies the rest of them. */
const PART_BYTES = 8 * 1024;

async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += PART_BYTES) yield chunk.subarray(start, start + PART_BYTES);
  }
}

/** CRC-32 and length of a member, which are its trailer: RFC 1952, 2.3.1. */
const TRAILER_BYTES = 8;

/** CRC-32 of every byte: RFC 1952, 8. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb88320);
  return crc;
});

class MemberCheck {
  #crc = -1;
  #bytes = 0;

  add(part: Uint8Array): void {
    let crc = this.#crc;
    for (let i = 0; i < part.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ part[i]!) & 255]!;
    this.#crc = crc;
    this.#bytes += part.length;
  }

  isTrailer(end: Uint8Array): boolean {
    if (end.length < TRAILER_BYTES) return false;
    const view = new DataView(end.buffer, end.byteOffset, TRAILER_BYTES);
    return view.getInt32(0, true) === ~this.#crc && view.getInt32(4, true) === (this.#bytes | 0);
  }
}
