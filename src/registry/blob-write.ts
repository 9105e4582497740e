/**
 * Blobs to a registry: distribution-spec, "Pushing Blobs". What is there is not sent; what is in another repository of the
 * registry is mounted from it; the rest goes in one piece (POST, then PUT).
 */

import { ComposefsError } from "../error.ts";
import { repositoryScope } from "./authorize.ts";
import type { Endpoint } from "./endpoint.ts";
import { isRepository } from "./reference.ts";
import { type Answer, addressOf, locationOf, type RequestBody } from "./transport.ts";

/** How a blob came to be in a repository. */
export type BlobOutcome = "present" | "mounted" | "uploaded";

/** A blob to be sent. */
export interface BlobUpload extends RequestBody {
  /** `sha256:` and hex. */
  digest: string;
}

/**
 * Sees to it that a blob is in a repository.
 *
 * @param from a repository of the same registry that may have it; undefined for none
 * @throws {ComposefsError} REGISTRY_*, and what the body gives
 */
export async function writeBlob(
  endpoint: Endpoint,
  repository: string,
  upload: BlobUpload,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Promise<BlobOutcome> {
  if (await hasBlob(endpoint, repository, upload.digest, signal)) return "present";
  const { attempts } = endpoint.limits;
  for (let attempt = 1; ; attempt++) {
    const begun = await beginUpload(endpoint, repository, upload.digest, attempt === 1 ? from : undefined, signal);
    if (begun.status === 201) return "mounted";
    const location = locationOf(begun, endpoint.limits);
    location.searchParams.set("digest", upload.digest);
    try {
      await finishUpload(endpoint, repository, location, upload, signal);
      return "uploaded";
    } catch (error) {
      // An upload that broke is gone in most registries: the next one begins anew. The endpoint has repeated what may be.
      const isGone = error instanceof ComposefsError && ["REGISTRY_MISSING", "REGISTRY_CONNECT"].includes(error.code);
      if (!isGone || attempt >= attempts) throw error;
    }
  }
}

/** Whether a repository has a blob. @throws {ComposefsError} REGISTRY_* */
export async function hasBlob(
  endpoint: Endpoint,
  repository: string,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const to = `${repository}/blobs/${digest}`;
  const scopes = [repositoryScope(repository, "pull,push")];
  const answer = await endpoint.ask(repository, { method: "HEAD", to, scopes, expects: [200, 404], signal });
  await answer.discard();
  return answer.status === 200;
}

async function beginUpload(
  endpoint: Endpoint,
  repository: string,
  digest: string,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const scopes = [repositoryScope(repository, "pull,push")];
  const to = endpoint.url(`${repository}/blobs/uploads/`);
  if (from !== undefined) {
    if (!isRepository(from))
      throw new TypeError(`from: expected the name of a repository, got ${JSON.stringify(from)}`);
    scopes.push(repositoryScope(from, "pull"));
    to.searchParams.set("mount", digest);
    to.searchParams.set("from", from);
  }
  const body = { size: 0, open: () => new Uint8Array(0) };
  const expects = from === undefined ? [202] : [201, 202];
  const answer = await endpoint.ask(repository, { method: "POST", to, scopes, body, expects, signal });
  await answer.discard();
  return answer;
}

async function finishUpload(
  endpoint: Endpoint,
  repository: string,
  to: URL,
  upload: BlobUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const scopes = [repositoryScope(repository, "pull,push")];
  const headers = { "content-type": "application/octet-stream" };
  // 204: Harbor and old versions of distribution.
  const question = { method: "PUT", to, scopes, headers, body: upload, expects: [201, 204], signal } as const;
  const answer = await endpoint.ask(repository, question);
  await answer.discard();
  const said = answer.headers.get("docker-content-digest");
  if (said === null || said === upload.digest) return;
  const what = "the registry stored the blob under another digest";
  throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(answer.url)}: ${what}`);
}
