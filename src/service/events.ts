/**
 * What registries say when something was pushed, in the forms of those that there are:
 *
 *   Distribution  {"events": [{"action": "push", "target": {"repository", "digest", "tag", "mediaType"}, "request": {"host"}}]}
 *   Harbor        {"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"digest", "tag"}], "repository": {"repo_full_name"}}}
 *   Harbor, as CloudEvents  {"specversion", "type": "harbor.artifact.pushed", "data": {"resources", "repository"}}
 *   zot, as CloudEvents     {"specversion", "type": "zotregistry.image.updated", "data": {"name", "reference", "digest"}}
 *
 * CloudEvents come as one object, as a list, or with all but `data` in headers `ce-…`. Events say where to look, and nothing
 * else: what was pushed is read from the registry.
 */

import { isDigest, isFallbackTag, isRepository, isTag } from "../registry/reference.ts";
import { isObject, type JsonObject, objectOf, textOf } from "../registry/text.ts";

/** Something that was pushed. */
export interface PushEvent {
  /** Of the registry, as it names itself; null when it does not. */
  host: string | null;
  repository: string;
  /** A digest, or a tag where there is no digest. */
  reference: string;
  /** Null where it was pushed without one. */
  tag: string | null;
}

/** Pushes that one body may tell of: Distribution gathers none, Harbor a few. */
export const EVENTS_MAX = 1000;

/**
 * Reads the body of a notification.
 *
 * @param body parsed JSON
 * @param type of the event, where a header has it: CloudEvents in binary mode
 * @returns pushes of what can be an image; null for a body of no known form
 */
export function readEvents(body: unknown, type: string | null = null): PushEvent[] | null {
  if (Array.isArray(body)) {
    const all = body.slice(0, EVENTS_MAX).map((one) => readEvents(one, type));
    return all.some((one) => one === null) ? null : all.flatMap((one) => one!);
  }
  if (!isObject(body)) return null;
  const events = body["events"];
  if (Array.isArray(events))
    return events.slice(0, EVENTS_MAX).flatMap((one) => (isObject(one) ? ofDistribution(one) : []));
  const named = type ?? textOf(body, "type");
  const data = type === null ? (objectOf(body, "data") ?? objectOf(body, "event_data")) : body;
  if (named === null || data === null) return null;
  if (named.startsWith("zotregistry.")) return named === "zotregistry.image.updated" ? ofZot(data) : [];
  if (named === "PUSH_ARTIFACT" || named === "harbor.artifact.pushed") return ofHarbor(data);
  return named.startsWith("harbor.") || /^[A-Z]+(_[A-Z]+)+$/.test(named) ? [] : null;
}

function ofDistribution(event: JsonObject): PushEvent[] {
  const target = objectOf(event, "target");
  if (textOf(event, "action") !== "push" || target === null) return [];
  const mediaType = textOf(target, "mediaType") ?? "";
  // Blobs are told of, too.
  if (!/manifest|image\.index/.test(mediaType)) return [];
  const request = objectOf(event, "request");
  return pushOf(request && textOf(request, "host"), target, textOf(target, "repository"));
}

function ofZot(data: JsonObject): PushEvent[] {
  const reference = textOf(data, "reference");
  const tag = reference !== null && isTag(reference) ? reference : null;
  return pushOf(null, { digest: data["digest"] ?? reference, ...(tag !== null && { tag }) }, textOf(data, "name"));
}

function ofHarbor(data: JsonObject): PushEvent[] {
  const repository = objectOf(data, "repository");
  const name = repository && textOf(repository, "repo_full_name");
  const resources = data["resources"];
  if (!Array.isArray(resources)) return [];
  return resources.slice(0, EVENTS_MAX).flatMap((one) => {
    if (!isObject(one)) return [];
    const [host = null] = /^[^/]+/.exec(textOf(one, "resource_url") ?? "") ?? [];
    return pushOf(host, one, name);
  });
}

function pushOf(host: string | null, target: JsonObject, repository: string | null): PushEvent[] {
  const digest = textOf(target, "digest");
  const tag = textOf(target, "tag");
  if (repository === null || !isRepository(repository) || (tag !== null && isFallbackTag(tag))) return [];
  const reference = digest !== null && isDigest(digest) ? digest : tag;
  if (reference === null || !(isDigest(reference) || isTag(reference))) return [];
  return [{ host, repository, reference, tag: tag !== null && isTag(tag) ? tag : null }];
}
