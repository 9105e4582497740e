/** Manifests and blobs from one host, and blobs by their place. */

import { ComposefsError } from "../error.ts";
import { repositoryScope } from "./authorize.ts";
import { type BlobOpener, readBlob } from "./blob-read.ts";
import { MANIFEST_TYPES } from "./descriptor.ts";
import { checkDigest, digestOf } from "./digest.ts";
import { Endpoint } from "./endpoint.ts";
import { isDigest } from "./reference.ts";
import type { RemoteBlob } from "./session.ts";
import { jsonObject, show, textOf } from "./text.ts";
import { addressOf, type Fetch } from "./transport.ts";

/** A manifest or an index. */
export interface RemoteManifest {
  bytes: Uint8Array<ArrayBuffer>;
  /** `sha256:` and hex of `bytes`. */
  digest: string;
  /** What the registry says it is, or, when it does not, what the document says itself. */
  mediaType: string;
}

/**
 * Reads a manifest or an index from one host.
 *
 * @throws {ComposefsError} REGISTRY_MISSING, BLOB_DIGEST, REGISTRY_*
 */
export async function readManifest(
  endpoint: Endpoint,
  repository: string,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<RemoteManifest> {
  const to = `${repository}/manifests/${reference}`;
  const scopes = [repositoryScope(repository, "pull")];
  const headers = { accept: MANIFEST_TYPES.join(", ") };
  const answer = await endpoint.ask(repository, { method: "GET", to, scopes, headers, expects: [200], signal });
  const bytes = await answer.bytes("manifestBytes");
  const where = addressOf(answer.url);
  const digest = await digestOf(bytes);
  const named = isDigest(reference) ? reference : answer.headers.get("docker-content-digest");
  if (named?.startsWith("sha256:")) checkDigest(where, digest, named);
  const said = (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  if (MANIFEST_TYPES.includes(said)) return { bytes, digest, mediaType: said };
  const json = jsonObject(bytes);
  const own = json && textOf(json, "mediaType");
  if (own !== null && MANIFEST_TYPES.includes(own)) return { bytes, digest, mediaType: own };
  const what = `expected a manifest or an index, got media type ${show(said || "none")}`;
  throw new ComposefsError("REGISTRY_RESPONSE", `${where}: ${what}`, { text: said.slice(0, 128) });
}

/** How a blob is asked for at one host. */
export function openerOf(
  endpoint: Endpoint,
  repository: string,
  digest: string,
  signal: AbortSignal | undefined,
): BlobOpener {
  const scopes = [repositoryScope(repository, "pull")];
  return (offset) => {
    const to = `${repository}/blobs/${digest}`;
    const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const expects = offset === 0 ? [200] : [200, 206, 416];
    return endpoint.ask(repository, { method: "GET", to, scopes, headers, expects, signal });
  };
}

/**
 * Reads a blob by its place, on whichever thread. The size is checked; the digest is for whoever takes the bytes.
 *
 * @throws {ComposefsError} BLOB_SIZE, REGISTRY_*
 */
export function readRemoteBlob(
  { session, digest, size, length }: RemoteBlob,
  fetch: Fetch,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { limits } = session;
  const openers = session.endpoints.map(({ host, repository, isPlainHttp, credentials, authorization }) => {
    const options = { host, isPlainHttp, fetch, credentials: async () => credentials, limits, authorization };
    return openerOf(new Endpoint(options), repository, digest, signal);
  });
  return readBlob(openers, { size, length, limits, signal });
}
