/**
 * What this room wants from its surroundings, `#source-host`: host.node.ts in Node, host.web.ts elsewhere. Functions
 * that use it take it as a last parameter, so that tests can run each of the two, and faulty ones.
 */

import * as sourceHost from "#source-host";
import type { BlobPlace } from "./container.ts";

/** A SHA-256 in the making. */
export interface Sha256 {
  /** Takes bytes, which the caller may change afterwards. @returns a promise when it is to wait before the next ones */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends it. @returns 64 lower-case hexadecimal digits */
  digest(): string | Promise<string>;
}

/** Opens a stored blob at its beginning; may be called again. */
export type OpenStored = () => AsyncIterable<Uint8Array>;

export interface Host {
  /** Makes the hash ready for use. @returns begins a hash */
  loadSha256(): Promise<() => Sha256>;
  /** The bytes at a place, in pieces. @throws {ComposefsError} IO_OPEN, IO_READ, IO_CHANGED */
  readPlace(place: BlobPlace, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** All gzip members, decompressed, in pieces. @throws anything, when the data is anything else */
  gunzip(open: OpenStored): AsyncIterable<Uint8Array>;
  /** All zstd frames, decompressed, in pieces; their framing has been checked. @throws anything, when they are corrupt */
  unzstd(open: OpenStored): AsyncIterable<Uint8Array>;
}

/** The host that the code runs on. */
export const HOST: Host = sourceHost;
