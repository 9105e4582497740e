/** Goes through what is selected: every tag of every repository, as the registry lists them. */

import { ComposefsError } from "../error.ts";
import { isDigest, type Reference } from "../registry/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { repositoryMatcher, type SourceSelection, tagMatcher } from "./selection.ts";

/**
 * Lists references, one after the other, without keeping them.
 *
 * @param onFailure told of a repository whose tags cannot be listed; the others go on
 * @throws {ComposefsError} REGISTRY_* when the repositories of a registry cannot be listed
 */
export async function* scan(
  sources: readonly SourceSelection[],
  registryOf: (host: string) => Registry,
  onFailure: (repository: string, error: ComposefsError) => void,
  signal?: AbortSignal,
): AsyncGenerator<Reference, void, undefined> {
  for (const source of sources) {
    const { host, repository, reference } = source;
    if (repository !== null && reference !== null) {
      yield referenceTo(host, repository, reference);
      continue;
    }
    const registry = registryOf(host);
    const matches = repositoryMatcher(source);
    const names = repository === null ? registry.repositories({ signal }) : [repository];
    for await (const name of names) {
      if (!matches(name)) continue;
      try {
        yield* tagsOf(source, name, registry, signal);
      } catch (error) {
        if (!(error instanceof ComposefsError)) throw error;
        // A catalog may name what was deleted since, or what has no tags.
        if (error.code !== "REGISTRY_MISSING" || repository !== null) onFailure(`${host}/${name}`, error);
      }
    }
  }
}

async function* tagsOf(
  source: SourceSelection,
  repository: string,
  registry: Registry,
  signal: AbortSignal | undefined,
): AsyncGenerator<Reference, void, undefined> {
  const matches = tagMatcher(source);
  for await (const tag of registry.tags(repository, { signal })) {
    if (matches(tag)) yield referenceTo(source.host, repository, tag);
  }
}

/** @param reference a tag or a digest */
export function referenceTo(host: string, repository: string, reference: string): Reference {
  const isByDigest = isDigest(reference);
  return { host, repository, tag: isByDigest ? null : reference, digest: isByDigest ? reference : null };
}
