/**
 * The layer cache in a bucket of S3 or of what speaks its protocol, for services on many machines.
 *
 * An object is one entry (layer-cache.ts), put in one request, so that it is there as a whole or not at all. A cache is worth
 * neither an error nor a long wait: what cannot be had within the limits is as if it were not there, and `onFailure` hears why.
 * What it hears are words of ours and numbers: never an address, a header or the body of an answer, which may hold secrets.
 */

import { AwsV4Signer } from "aws4fetch";
import { sleep } from "../registry/endpoint.ts";
import type { Fetch } from "../registry/transport.ts";
import { toHex } from "./hex.ts";
import type { CacheStore } from "./layer-cache.ts";

/** Where the bucket is, and who asks. */
export interface S3Bucket {
  /** Its address, with the prefix of all keys, and without a slash at the end. */
  address: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials. */
  sessionToken?: string;
}

/** How long and how often a request is tried: value, unit, reason. */
export interface S3Limits {
  /** Bytes of an entry that is read. */
  entryBytes: number;
  /** Milliseconds for one request, its body included. */
  requestMs: number;
  /** Times that a request is sent, the first included. */
  attempts: number;
  /** Milliseconds before the first repetition; they double with each one. */
  backoffMs: number;
}

export const S3_LIMITS: Readonly<S3Limits> = {
  // Records take some 150 bytes for each entry of a layer: a gigabyte is a layer of millions of files.
  entryBytes: 2 ** 30,
  // 64 MiB at 10 Mbit/s; a layer is read anew in less.
  requestMs: 60_000,
  attempts: 3,
  backoffMs: 200,
};

/** Options of {@link S3Cache}. */
export interface S3CacheOptions {
  limits?: Partial<S3Limits>;
  fetch?: Fetch | undefined;
  /** Told why an entry could neither be read nor kept, in words without secrets; not of one that is not there. */
  onFailure?: ((reason: string) => void) | undefined;
}

/** What a request came to. */
interface Outcome {
  status: number;
  body: Uint8Array<ArrayBuffer> | null;
}

export class S3Cache implements CacheStore {
  readonly #bucket: S3Bucket;
  readonly #limits: S3Limits;
  readonly #fetch: Fetch;
  readonly #onFailure: (reason: string) => void;

  constructor(bucket: S3Bucket, { limits, fetch = globalThis.fetch, onFailure = () => {} }: S3CacheOptions = {}) {
    this.#bucket = bucket;
    this.#limits = { ...S3_LIMITS, ...limits };
    this.#fetch = fetch;
    this.#onFailure = onFailure;
  }

  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const outcome = await this.#ask("GET", key);
    return outcome?.status === 200 ? (outcome.body ?? undefined) : undefined;
  }

  async put(key: string, entry: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask("PUT", key, entry);
  }

  /** Sends a request until it is answered for good, or often enough. @returns null when it failed, which was told */
  async #ask(method: "GET" | "PUT", key: string, entry?: Uint8Array<ArrayBuffer>): Promise<Outcome | null> {
    const { attempts, backoffMs } = this.#limits;
    let reason = "";
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await sleep(backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
      try {
        const outcome = await this.#send(method, key, entry);
        if (outcome.status < 300 || outcome.status === 404) return outcome;
        reason = `the store answered with ${outcome.status}`;
        if (outcome.status < 500 && outcome.status !== 429 && outcome.status !== 408) break;
      } catch (error) {
        reason = reasonOf(error);
        if (error instanceof RangeError) break;
      }
    }
    this.#onFailure(`${method} of a layer's records: ${reason}`);
    return null;
  }

  async #send(method: string, key: string, entry: Uint8Array<ArrayBuffer> | undefined): Promise<Outcome> {
    const { address, ...credentials } = this.#bucket;
    // Unlike a signature over UNSIGNED-PAYLOAD, this lets the store hold what arrived against what was sent.
    const sum = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", entry ?? new Uint8Array(0))));
    const url = `${address}/${encodeURIComponent(key)}`;
    const headers = { "x-amz-content-sha256": sum };
    const signed = await new AwsV4Signer({ ...credentials, service: "s3", method, url, headers }).sign();
    const response = await this.#fetch(`${signed.url}`, {
      method,
      headers: signed.headers,
      ...(entry && { body: entry }),
      // Whoever sends us elsewhere would get what was signed.
      redirect: "error",
      signal: AbortSignal.timeout(this.#limits.requestMs),
    });
    if (response.status !== 200 || method !== "GET") {
      await response.body?.cancel();
      return { status: response.status, body: null };
    }
    return { status: 200, body: await readAll(response, this.#limits.entryBytes) };
  }
}

/** The body of an answer. @throws {RangeError} when it is longer than it may be */
async function readAll(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RangeError(`an entry has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Why a request failed, by the names that errors have: their messages may hold the address. */
function reasonOf(error: unknown): string {
  if (error instanceof RangeError) return error.message;
  const { name, cause } = error as Error;
  if (name === "TimeoutError") return "no answer in time";
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" && /^[A-Z_]+$/.test(code)
    ? `the store cannot be reached (${code})`
    : "the store cannot be reached";
}
