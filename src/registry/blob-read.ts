/**
 * A blob as it comes from one or several registries: when a connection breaks the rest is asked for (RFC 9110, 14), from
 * another registry if need be. The size is checked here; the digest by whoever takes the bytes, over all of them.
 */

import { ComposefsError } from "../error.ts";
import type { RegistryLimits } from "./limits.ts";
import { type Answer, addressOf } from "./transport.ts";

/** Asks one registry for a blob, with the header Range when `offset` is not 0. Gives status 200, 206 or 416. */
export type BlobOpener = (offset: number) => Promise<Answer>;

/** What is read. */
export interface BlobRequest {
  /** Bytes that the blob must have. */
  size: number;
  /** Bytes that are wanted, from the beginning on; at most `size`. */
  length: number;
  limits: RegistryLimits;
  signal?: AbortSignal | undefined;
}

/** So many new bytes make a broken connection forgiven: fewer would let a registry break one for each byte. */
const FORGIVEN_BYTES = 1 << 20;

/**
 * Reads the beginning of a blob, or all of it.
 *
 * @param openers the registries that may have it, the first one first; not empty
 * @throws {ComposefsError} BLOB_SIZE, REGISTRY_*
 */
export async function* readBlob(
  openers: readonly BlobOpener[],
  { size, length, limits, signal }: BlobRequest,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  let failures = 0;
  let forgivenFrom = 0;
  let opener = 0;
  while (offset < length) {
    signal?.throwIfAborted();
    try {
      for await (const chunk of readOnce(openers[opener]!, offset, size)) {
        const wanted = chunk.subarray(0, length - offset);
        offset += wanted.length;
        yield wanted;
        if (offset === length && length < size) return;
      }
      if (offset === length) return;
      // The end came early, and nothing said so.
      throw new ComposefsError("REGISTRY_CONNECT", `the blob ended after ${offset} of ${size} bytes`, {
        text: "short",
      });
    } catch (error) {
      if (!(error instanceof ComposefsError)) throw error;
      if (offset - forgivenFrom >= FORGIVEN_BYTES) [failures, forgivenFrom] = [0, offset];
      const isBroken = error.code === "REGISTRY_CONNECT" || error.code === "REGISTRY_TIMEOUT";
      // The connection had been made, and the request repeated as often as it may be, when it is about the status.
      if (isBroken && failures < limits.resumes) failures++;
      else if (mayBeElsewhere(error) && opener + 1 < openers.length) [opener, failures] = [opener + 1, 0];
      else throw isBroken && error.data.text === "short" ? sizeError("the blob", offset, size) : error;
    }
  }
}

/** Whether another registry may do better than one that failed like that. */
export function mayBeElsewhere({ code }: ComposefsError): boolean {
  return code.startsWith("REGISTRY_") || code === "BLOB_SIZE" || code === "BLOB_DIGEST";
}

/** The bytes of one answer, from `offset` on. */
async function* readOnce(open: BlobOpener, offset: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  const answer = await open(offset);
  let before = 0;
  let left = size - offset;
  try {
    if (answer.status === 416) throw sizeError(addressOf(answer.url), offset, size);
    if (answer.status === 206) checkRange(answer, offset, size);
    else {
      // The registry does not know ranges: what is known already is read once more.
      before = offset;
      const text = answer.headers.get("content-length");
      if (text !== null && Number(text) !== size) throw sizeError(addressOf(answer.url), Number(text), size);
    }
  } catch (error) {
    await answer.abandon();
    throw error;
  }
  for await (const chunk of answer.chunks()) {
    const known = Math.min(before, chunk.length);
    before -= known;
    const fresh = chunk.subarray(known);
    left -= fresh.length;
    if (left < 0) throw sizeError(`${addressOf(answer.url)}, so far`, size - left, size);
    if (fresh.length > 0) yield fresh;
  }
}

function checkRange(answer: Answer, offset: number, size: number): void {
  const text = answer.header("content-range") ?? "";
  const [, first, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text.trim()) ?? [];
  if (Number(first) !== offset || offset === 0) {
    const what = `asked for bytes from ${offset} on, the answer has others`;
    throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(answer.url)}: ${what}`, { limit: offset });
  }
  if (total !== "*" && Number(total) !== size) throw sizeError(addressOf(answer.url), Number(total), size);
}

function sizeError(where: string, actual: number, wanted: number): ComposefsError {
  const what = `the blob has ${actual} bytes, its descriptor says ${wanted}`;
  return new ComposefsError("BLOB_SIZE", `${where}: ${what}`, { actual, limit: wanted });
}
