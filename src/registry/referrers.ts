/**
 * What refers to an image: distribution-spec, "Listing Referrers", and sealing.md 6. Registries without the API have an
 * index under a tag that is made of the digest instead, which clients keep themselves.
 */

import { ComposefsError } from "../error.ts";
import { repositoryScope } from "./authorize.ts";
import { type Descriptor, INDEX_TYPE, indexEntries, isTyped, referrerOf } from "./descriptor.ts";
import { type Endpoint, sleep } from "./endpoint.ts";
import { type JsonObject, jsonObject, show } from "./text.ts";
import { addressOf, nextPage } from "./transport.ts";

/** Referrers of one image, and where they were found. */
export interface Referrers {
  /** `api`: the registry keeps them; `tag`: the clients do. */
  by: "api" | "tag";
  /** In the order of the registry, each once. */
  referrers: Descriptor[];
}

/** distribution-spec, "Referrers Tag Schema": characters of algorithm and encoded part. */
const TAG_ALGORITHM_CHARACTERS = 32;
const TAG_ENCODED_CHARACTERS = 64;

/** The tag under which clients keep the referrers of a digest. */
export function fallbackTag(digest: string): string {
  const colon = digest.indexOf(":");
  const algorithm = digest.slice(0, colon).slice(0, TAG_ALGORITHM_CHARACTERS);
  const encoded = digest.slice(colon + 1).slice(0, TAG_ENCODED_CHARACTERS);
  return `${algorithm}-${encoded}`;
}

/** The manifests of a repository, as far as the fallback needs them. */
export interface Manifests {
  /** Null where there is none. */
  read(reference: string): Promise<{ bytes: Uint8Array; digest: string } | null>;
  write(tag: string, bytes: Uint8Array, mediaType: string): Promise<void>;
}

/**
 * Lists what the API knows.
 *
 * @param artifactType of those that are wanted; null for all. Filtered here, unless the registry says that
 *   it did; those of which it does not say what they are come along
 * @returns null when the registry does not have the API
 * @throws {ComposefsError} REGISTRY_*
 */
export async function listReferrers(
  endpoint: Endpoint,
  repository: string,
  digest: string,
  artifactType: string | null,
  signal?: AbortSignal,
): Promise<Descriptor[] | null> {
  const { limits } = endpoint;
  const found = new Map<string, Descriptor>();
  const seen = new Set<string>();
  let to: URL | null = endpoint.url(`${repository}/referrers/${digest}`);
  if (artifactType !== null) to.searchParams.set("artifactType", artifactType);
  const { origin } = to;
  const scopes = [repositoryScope(repository, "pull")];
  for (let page = 0; to !== null; page++) {
    if (page >= limits.referrersPages)
      throw limitError(addressOf(to), "pages of referrers", "referrersPages", limits.referrersPages);
    seen.add(to.href);
    const headers = { accept: INDEX_TYPE };
    const answer = await endpoint.ask(repository, { method: "GET", to, scopes, headers, expects: [200, 404], signal });
    if (answer.status === 404) {
      await answer.discard();
      // Of the first page it says that there is no API; later on it is a fault.
      if (page === 0) return null;
      throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(to)}: a page of the referrers is missing`);
    }
    const entries = indexEntries(await answer.bytes("referrersPageBytes"));
    if (entries === null) {
      if (page === 0) return null;
      throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(to)}: a page of the referrers is no index`);
    }
    const applied = (answer.header("oci-filters-applied") ?? "").split(",").map((name) => name.trim());
    const isFiltered = artifactType === null || applied.includes("artifactType");
    for (const entry of entries) {
      if (!isFiltered && isTyped(entry) && entry.artifactType !== artifactType) continue;
      found.set(entry.digest, entry);
      if (found.size > limits.referrers) throw limitError(addressOf(to), "referrers", "referrers", limits.referrers);
    }
    to = nextPage(answer, origin);
    if (to !== null && seen.has(to.href)) {
      throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(to)}: the pages of the referrers lead in a circle`);
    }
  }
  return [...found.values()];
}

/**
 * Takes those of a type out of a list; of those of which it does not say what they are the manifests are read.
 *
 * @throws {ComposefsError} REGISTRY_LIMIT, REGISTRY_*
 */
export async function ofType(
  { limits }: Endpoint,
  manifests: Manifests,
  entries: readonly Descriptor[],
  artifactType: string,
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  let reads = 0;
  for (const entry of entries) {
    if (isTyped(entry)) {
      if (entry.artifactType === artifactType) found.push(entry);
      continue;
    }
    if (reads++ >= limits.referrersRead) {
      throw limitError(show(entry.digest), "referrers of unknown type", "referrersRead", limits.referrersRead);
    }
    const manifest = await manifests.read(entry.digest);
    if (manifest === null) continue;
    const { referrer } = referrerOf(manifest.bytes, manifest.digest);
    if (referrer.artifactType === artifactType) found.push({ ...referrer, mediaType: entry.mediaType });
  }
  return found;
}

/** Lists what the fallback tag names; nothing when there is no such tag. @throws {ComposefsError} REGISTRY_* */
export async function readFallback(manifests: Manifests, digest: string): Promise<Descriptor[]> {
  return (await readIndex(manifests, fallbackTag(digest))).entries;
}

/** The index under a tag, as it is: other clients may have written into it what is not known here. */
interface FallbackIndex {
  json: JsonObject;
  entries: Descriptor[];
  /** Null when there is no such tag. */
  digest: string | null;
}

async function readIndex(manifests: Manifests, tag: string): Promise<FallbackIndex> {
  const index = await manifests.read(tag);
  if (index === null) {
    return { json: { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [] }, entries: [], digest: null };
  }
  const json = jsonObject(index.bytes);
  const entries = indexEntries(index.bytes);
  if (json !== null && entries !== null) return { json, entries, digest: index.digest };
  throw new ComposefsError("REGISTRY_RESPONSE", `tag ${tag}: what should list the referrers is no index`);
}

/**
 * Sees to it that the fallback tag of a digest names all of `wanted`, beside what it names already.
 *
 * Registries have no way to write only if nothing changed in between. So this looks once more just before it writes, and
 * again afterwards, and begins anew when others were there. An entry can still be lost, when another writer that looked
 * before writes after that; whoever knows it calls this again.
 *
 * @returns entries that were missing
 * @throws {ComposefsError} REGISTRY_FALLBACK when others kept undoing it, REGISTRY_LIMIT, REGISTRY_*
 */
export async function writeFallback(
  { limits }: Endpoint,
  manifests: Manifests,
  digest: string,
  wanted: readonly Descriptor[],
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const tag = fallbackTag(digest);
  const unique = [...new Map(wanted.map((one) => [one.digest, one])).values()];
  const added = new Map<string, Descriptor>();
  for (let round = 0; ; round++) {
    const index = await readIndex(manifests, tag);
    const known = new Set(index.entries.map((entry) => entry.digest));
    const missing = unique.filter((one) => !known.has(one.digest));
    if (missing.length === 0) return [...added.values()];
    for (const one of missing) added.set(one.digest, one);
    if (round >= limits.fallbackWrites) {
      const what = `after ${round} tries others had undone all of them`;
      throw new ComposefsError("REGISTRY_FALLBACK", `tag ${tag}: ${what}`, { actual: round, limit: round });
    }
    const count = index.entries.length + missing.length;
    if (count > limits.referrers) throw limitError(`tag ${tag}`, "referrers", "referrers", limits.referrers);
    const list = [...(index.json["manifests"] as unknown[]), ...missing];
    const bytes = new TextEncoder().encode(JSON.stringify({ ...index.json, manifests: list }));
    if (bytes.length > limits.manifestBytes) {
      throw limitError(`tag ${tag}`, "bytes of referrers", "manifestBytes", limits.manifestBytes);
    }
    // Whoever lost a race waits for a time of its own, so that fewer run the next one.
    if (round > 0) await sleep(Math.random() * Math.min(limits.backoffMs * round, 10 * limits.backoffMs), signal);
    const again = await manifests.read(tag);
    if ((again?.digest ?? null) === index.digest) await manifests.write(tag, bytes, INDEX_TYPE);
  }
}

/**
 * Takes entries out of the index under the fallback tag of a digest; others stay.
 *
 * @param gone digests of entries
 * @returns whether one was there
 * @throws {ComposefsError} REGISTRY_FALLBACK when others kept writing at the same time, REGISTRY_*
 */
export async function removeFallback(
  { limits }: Endpoint,
  manifests: Manifests,
  digest: string,
  gone: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<boolean> {
  const tag = fallbackTag(digest);
  for (let round = 0; ; round++) {
    const index = await readIndex(manifests, tag);
    const list = index.json["manifests"] as Array<{ digest?: unknown }>;
    const left = list.filter((entry) => !gone.has(String(entry?.digest)));
    if (left.length === list.length) return round > 0;
    if (round >= limits.fallbackWrites) {
      const what = `after ${round} tries others had undone all of them`;
      throw new ComposefsError("REGISTRY_FALLBACK", `tag ${tag}: ${what}`, { actual: round, limit: round });
    }
    if (round > 0) await sleep(Math.random() * Math.min(limits.backoffMs * round, 10 * limits.backoffMs), signal);
    const again = await manifests.read(tag);
    const bytes = new TextEncoder().encode(JSON.stringify({ ...index.json, manifests: left }));
    if ((again?.digest ?? null) === index.digest) await manifests.write(tag, bytes, INDEX_TYPE);
  }
}

function limitError(where: string, what: string, name: string, limit: number): ComposefsError {
  const message = `${where}: there are more than ${limit} ${what} (${name})`;
  return new ComposefsError("REGISTRY_LIMIT", message, { limit });
}
