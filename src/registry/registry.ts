/**
 * The client of a registry: OCI distribution-spec 1.1.
 *
 *   const registry = new Registry("localhost:5000")
 *   const { bytes, digest, mediaType } = await registry.manifest("app", "latest")
 *   for await (const chunk of registry.blob("app", descriptor)) …
 *   await registry.pushBlob("app", blob)
 *   await registry.pushManifest("app", "v2", bytes, mediaType)
 *   const { referrers } = await registry.referrers("app", digest)
 */

import { ComposefsError } from "../error.ts";
import { repositoryScope } from "./authorize.ts";
import { mayBeElsewhere, readBlob } from "./blob-read.ts";
import { type BlobOutcome, type BlobUpload, hasBlob, writeBlob } from "./blob-write.ts";
import type { CredentialLookup, Credentials } from "./credentials.ts";
import { type Descriptor, isTyped, referrerOf } from "./descriptor.ts";
import { type BeginSha256, checkDigest, digestOf, loadSha256 } from "./digest.ts";
import { Endpoint, isLoopback } from "./endpoint.ts";
import { type RegistryLimits, registryLimits } from "./limits.ts";
import { listNames } from "./lists.ts";
import { openerOf, type RemoteManifest, readManifest } from "./read.ts";
import { checkDigestName, checkNames, isDigest, isHost, isRepository, isTag } from "./reference.ts";
import {
  listReferrers,
  type Manifests,
  ofType,
  type Referrers,
  readFallback,
  removeFallback,
  writeFallback,
} from "./referrers.ts";
import type { EndpointSession, RegistrySession } from "./session.ts";
import { show } from "./text.ts";
import type { Answer, Fetch } from "./transport.ts";

/** Another host that has copies. */
export interface Mirror {
  host: string;
  /** What stands before the names of repositories there: `mirror/` or nothing. */
  prefix?: string | undefined;
  /** As for a registry. */
  plainHttp?: boolean | undefined;
}

/** Options of {@link Registry}. */
export interface RegistryOptions {
  /** Credentials, or how they are found when they are wanted. Default: none. Mirrors need a lookup to have any. */
  credentials?: Credentials | CredentialLookup | undefined;
  /** Whether to talk without TLS. Default: with this very machine only. */
  plainHttp?: boolean | undefined;
  /** Asked first, one after the other, for what is read. Nothing is written to them. */
  mirrors?: readonly Mirror[] | undefined;
  /** Default: that of the platform. */
  fetch?: Fetch | undefined;
  /** Limits other than the defaults. */
  limits?: Partial<RegistryLimits> | undefined;
  /** A SHA-256 that is faster than the one of the library. */
  sha256?: BeginSha256 | undefined;
}

/** Options of every method. */
export interface CallOptions {
  /** Ends the call: it is rejected with the reason. */
  signal?: AbortSignal | undefined;
}

/** What a push of a manifest led to. */
export interface PushedManifest {
  digest: string;
  /** What the manifest refers to; null for nothing. */
  subject: string | null;
  /** Who keeps the list of referrers in which it now is; null when it refers to nothing. */
  listedBy: Referrers["by"] | null;
}

/** A registry, and mirrors of it. */
export class Registry {
  readonly host: string;
  readonly #origin: Endpoint;
  readonly #mirrors: readonly { endpoint: Endpoint; prefix: string }[];
  readonly #sha256: BeginSha256 | undefined;

  /**
   * Asks for nothing yet.
   *
   * @param host as in a reference: `docker.io`, `localhost:5000`
   * @throws {RangeError | TypeError} for a host or an option that is none
   */
  constructor(host: string, options: RegistryOptions = {}) {
    const { credentials = null, plainHttp, mirrors = [], sha256 } = options;
    const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    const limits = registryLimits(options.limits);
    const lookup: CredentialLookup =
      typeof credentials === "function" ? credentials : async (asked) => (asked === host ? credentials : null);
    const endpointOf = (host: string, plainHttp: boolean | undefined) => {
      if (!isHost(host)) throw new RangeError(`host: expected host or host:port, got ${JSON.stringify(host)}`);
      return new Endpoint({ host, isPlainHttp: plainHttp ?? isLoopback(host), fetch, credentials: lookup, limits });
    };
    this.host = host;
    this.#origin = endpointOf(host, plainHttp);
    this.#mirrors = mirrors.map(({ host, prefix = "", plainHttp }) => {
      if (!isRepository(`${prefix}x`)) throw new RangeError(`prefix: expected names with slashes, got ${prefix}`);
      return { endpoint: endpointOf(host, plainHttp), prefix };
    });
    this.#sha256 = sha256;
  }

  /**
   * Reads a manifest or an index, from a mirror if one has it.
   *
   * @param reference a tag or a digest
   * @param options `mirrors`: false to ask the registry itself, for what a mirror may be behind with
   * @returns its bytes, which have the digest, if that was asked for or named
   * @throws {ComposefsError} REGISTRY_MISSING, BLOB_DIGEST, REGISTRY_*
   */
  async manifest(
    repository: string,
    reference: string,
    { signal, mirrors = true }: CallOptions & { mirrors?: boolean | undefined } = {},
  ): Promise<RemoteManifest> {
    checkNames(repository, reference);
    if (!mirrors) return readManifest(this.#origin, repository, reference, signal);
    return this.#anywhere(repository, (endpoint, there) => readManifest(endpoint, there, reference, signal));
  }

  /**
   * Reads a blob, from a mirror if one has it. A connection that breaks is made anew.
   *
   * @param descriptor digest and size, which are checked: the digest after the last piece
   * @throws {ComposefsError} while it is iterated over: REGISTRY_MISSING, BLOB_SIZE, BLOB_DIGEST, REGISTRY_*
   */
  async *blob(
    repository: string,
    { digest, size }: Pick<Descriptor, "digest" | "size">,
    { signal }: CallOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    checkNames(repository, digest);
    const hash = (this.#sha256 ?? (await loadSha256()))();
    const openers = this.#places(repository).map(([endpoint, there]) => openerOf(endpoint, there, digest, signal));
    for await (const chunk of readBlob(openers, { size, length: size, limits: this.#origin.limits, signal })) {
      hash.update(chunk);
      yield chunk;
    }
    checkDigest(`${this.host}/${repository}`, `sha256:${hash.digest()}`, digest);
  }

  /** Whether the registry itself has a blob. @throws {ComposefsError} REGISTRY_* */
  async hasBlob(repository: string, digest: string, { signal }: CallOptions = {}): Promise<boolean> {
    checkNames(repository, digest);
    return hasBlob(this.#origin, repository, digest, signal);
  }

  /**
   * Sees to it that the registry has a blob: does nothing when it is there, mounts it from another repository, or sends it.
   *
   * @param upload digest, size in bytes, and the bytes, asked for once for each time that they are sent; those that come in
   *   pieces cannot be sent by browsers
   * @param options `from`: a repository of this registry that may have it
   * @throws {ComposefsError} REGISTRY_*, and what the bytes give
   */
  async pushBlob(
    repository: string,
    upload: BlobUpload,
    { from, signal }: CallOptions & { from?: string | undefined } = {},
  ): Promise<BlobOutcome> {
    checkNames(repository, upload.digest);
    return writeBlob(this.#origin, repository, upload, from, signal);
  }

  /**
   * Writes a manifest or an index. One that refers to another comes into the list of referrers of that: by the registry,
   * or by the fallback tag.
   *
   * @param reference a tag, or its digest
   * @throws {ComposefsError} BLOB_DIGEST when the reference is another digest, REGISTRY_FALLBACK, REGISTRY_*
   */
  async pushManifest(
    repository: string,
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    options: CallOptions = {},
  ): Promise<PushedManifest> {
    checkNames(repository, reference);
    const digest = await digestOf(bytes);
    if (isDigest(reference)) checkDigest("the manifest to be pushed", digest, reference);
    const { referrer, subject } = referrerOf(bytes, digest);
    const answer = await this.#put(repository, reference, bytes, mediaType, options);
    if (subject === null) return { digest, subject: null, listedBy: null };
    const pushed = { digest, subject: subject.digest };
    if (answer.headers.get("oci-subject") === subject.digest) return { ...pushed, listedBy: "api" };
    const listedBy = await this.#ensureListed(repository, subject.digest, [{ ...referrer, mediaType }], options);
    return { ...pushed, listedBy: listedBy.by };
  }

  /**
   * Lists what refers to a manifest: by the API of the registry, or by the fallback tag where it has none. Mirrors are not
   * asked: they may be behind.
   *
   * @param digest of the manifest
   * @param options `artifactType`: only those of this type; `readsUntyped`: whether the manifests of those are read of which the
   *   list does not say what they are, default true; else they come along
   * @throws {ComposefsError} REGISTRY_*
   */
  async referrers(
    repository: string,
    digest: string,
    {
      artifactType = null,
      readsUntyped = true,
      signal,
    }: CallOptions & { artifactType?: string | null | undefined; readsUntyped?: boolean } = {},
  ): Promise<Referrers> {
    checkDigestName(digest);
    checkNames(repository, digest);
    const listed = await listReferrers(this.#origin, repository, digest, artifactType, signal);
    const manifests = this.#manifests(repository, signal);
    const entries = listed ?? (await readFallback(manifests, digest));
    const unique = [...new Map(entries.map((entry) => [entry.digest, entry])).values()];
    const by = listed === null ? "tag" : "api";
    if (artifactType === null) return { by, referrers: unique };
    if (!readsUntyped) {
      return { by, referrers: unique.filter((one) => !isTyped(one) || one.artifactType === artifactType) };
    }
    const referrers = await ofType(this.#origin, manifests, unique, artifactType);
    return { by, referrers };
  }

  /**
   * Finds and restores entries that a list of referrers has lost: with fallback tags two writers can undo each other.
   *
   * @param digest of the manifest that they refer to
   * @param artifacts digests of manifests in the repository that refer to it
   * @returns entries that were missing and are there now; none where the registry keeps the list
   * @throws {ComposefsError} REGISTRY_RESPONSE when one of them does not refer to it, REGISTRY_*
   */
  async reconcileReferrers(
    repository: string,
    digest: string,
    artifacts: readonly string[],
    options: CallOptions = {},
  ): Promise<Descriptor[]> {
    checkDigestName(digest);
    const wanted: Descriptor[] = [];
    for (const artifact of new Set(artifacts)) {
      checkDigestName(artifact);
      checkNames(repository, artifact);
      const { bytes, mediaType } = await readManifest(this.#origin, repository, artifact, options.signal);
      const { referrer, subject } = referrerOf(bytes, artifact);
      if (subject?.digest !== digest) {
        throw new ComposefsError("REGISTRY_RESPONSE", `${show(artifact)}: the manifest does not refer to ${digest}`);
      }
      wanted.push({ ...referrer, mediaType });
    }
    return (await this.#ensureListed(repository, digest, wanted, options)).added;
  }

  /**
   * Lists the repositories, where the registry tells.
   *
   * @throws {ComposefsError} while it is iterated over: REGISTRY_MISSING when it does not, REGISTRY_*
   */
  repositories({ signal }: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    const scope = "registry:catalog:*";
    const question = { repository: "", path: "_catalog", member: "repositories", scope, isName: isRepository } as const;
    return listNames(this.#origin, question, signal);
  }

  /**
   * Lists the tags of a repository, those that list referrers included.
   *
   * @throws {ComposefsError} while it is iterated over: REGISTRY_MISSING when there is no such repository, REGISTRY_*
   */
  tags(repository: string, { signal }: CallOptions = {}): AsyncGenerator<string, void, undefined> {
    const scope = repositoryScope(repository, "pull");
    const path = `${repository}/tags/list`;
    return listNames(this.#origin, { repository, path, member: "tags", scope, isName: isTag }, signal);
  }

  /**
   * Takes a referrer away: deletes its manifest where the registry allows that, and takes it out of the list that clients keep.
   *
   * @param digest of the manifest that it refers to
   * @returns false when the registry neither deletes it nor lets it be taken out of a list
   * @throws {ComposefsError} REGISTRY_*
   */
  async removeReferrer(
    repository: string,
    digest: string,
    referrer: string,
    { signal }: CallOptions = {},
  ): Promise<boolean> {
    checkDigestName(digest);
    checkDigestName(referrer);
    checkNames(repository, referrer);
    const scopes = [repositoryScope(repository, "pull,push,delete")];
    const to = `${repository}/manifests/${referrer}`;
    // 405: deleting is switched off, as it is by default in distribution; 404: it is gone already.
    const expects = [202, 200, 404, 405, 403, 501];
    const answer = await this.#origin.ask(repository, { method: "DELETE", to, scopes, expects, signal });
    await answer.discard();
    const manifests = this.#manifests(repository, signal);
    const wasListed = await removeFallback(this.#origin, manifests, digest, new Set([referrer]), signal);
    return wasListed || answer.status < 300 || answer.status === 404;
  }

  /**
   * The registry and its mirrors as plain data, for a thread that goes on reading from one repository.
   *
   * Credentials are looked up for it; where that fails there are none, and whoever needs them says so.
   */
  async session(repository: string): Promise<RegistrySession> {
    const endpoints: EndpointSession[] = [];
    for (const [endpoint, there] of this.#places(repository)) {
      const { host, isPlainHttp } = endpoint;
      const credentials = await endpoint.credentialsFor(there).catch(() => null);
      const authorization = endpoint.authorizationOf(there);
      endpoints.push({ host, repository: there, isPlainHttp, credentials, authorization });
    }
    return { endpoints, limits: this.#origin.limits };
  }

  /** The hosts to read from, with the name that the repository has there. */
  #places(repository: string): [Endpoint, string][] {
    const mirrors = this.#mirrors.map(({ endpoint, prefix }): [Endpoint, string] => [endpoint, prefix + repository]);
    return [...mirrors, [this.#origin, repository]];
  }

  async #anywhere<T>(repository: string, read: (endpoint: Endpoint, there: string) => Promise<T>): Promise<T> {
    for (const [endpoint, there] of this.#places(repository)) {
      if (endpoint === this.#origin) break;
      try {
        return await read(endpoint, there);
      } catch (error) {
        // What is wrong with a mirror is no news, as long as the registry itself has an answer.
        if (!(error instanceof ComposefsError) || !mayBeElsewhere(error)) throw error;
      }
    }
    return read(this.#origin, repository);
  }

  #manifests(repository: string, signal: AbortSignal | undefined): Manifests {
    return {
      read: (reference) =>
        readManifest(this.#origin, repository, reference, signal).catch((error) => {
          if (error instanceof ComposefsError && error.code === "REGISTRY_MISSING") return null;
          throw error;
        }),
      write: async (tag, bytes, mediaType) => void (await this.#put(repository, tag, bytes, mediaType, { signal })),
    };
  }

  async #put(
    repository: string,
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    { signal }: CallOptions,
  ): Promise<Answer> {
    const scopes = [repositoryScope(repository, "pull,push")];
    const body = { size: bytes.length, open: () => bytes };
    const question = { method: "PUT", to: `${repository}/manifests/${reference}`, scopes, body, signal } as const;
    const headers = { "content-type": mediaType };
    const answer = await this.#origin.ask(repository, { ...question, headers, expects: [201, 200] });
    await answer.discard();
    return answer;
  }

  /** Some registries have the API and do not say so when they are written to: then there is nothing to add. */
  async #ensureListed(
    repository: string,
    digest: string,
    wanted: readonly Descriptor[],
    { signal }: CallOptions,
  ): Promise<{ by: Referrers["by"]; added: Descriptor[] }> {
    const listed = await listReferrers(this.#origin, repository, digest, null, signal);
    if (listed !== null && wanted.every((one) => listed.some((entry) => entry.digest === one.digest))) {
      return { by: "api", added: [] };
    }
    const added = await writeFallback(this.#origin, this.#manifests(repository, signal), digest, wanted, signal);
    return { by: "tag", added };
  }
}
