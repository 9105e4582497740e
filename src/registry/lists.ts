/** Names that a registry lists: repositories and tags. distribution-spec, "Listing Tags"; Docker's "Catalog". */

import { ComposefsError } from "../error.ts";
import type { Endpoint } from "./endpoint.ts";
import { jsonObject } from "./text.ts";
import { type Answer, addressOf, nextPage } from "./transport.ts";

/** What is listed. */
export interface ListQuestion {
  /** Whose authorization is used: a repository, or nothing for the registry itself. */
  repository: string;
  /** Behind `/v2/`. */
  path: string;
  /** The member of each page that has the names. */
  member: "repositories" | "tags";
  scope: string;
  /** Names that can be such; others are left out. */
  isName: (text: string) => boolean;
}

/**
 * Lists names, page by page.
 *
 * @returns in the order of the registry, each once
 * @throws {ComposefsError} REGISTRY_MISSING when there is no such list, REGISTRY_LIMIT, REGISTRY_RESPONSE, REGISTRY_*
 */
export async function* listNames(
  endpoint: Endpoint,
  { repository, path, member, scope, isName }: ListQuestion,
  signal?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { limits } = endpoint;
  const seen = new Set<string>();
  let to: URL | null = endpoint.url(path);
  to.searchParams.set("n", String(limits.listPageNames));
  const { origin } = to;
  for (let page = 0; to !== null; page++) {
    if (page >= limits.listPages) throw limitError(to, "pages of names", "listPages", limits.listPages);
    const question = { method: "GET", to, scopes: [scope], expects: [200], signal } as const;
    const answer: Answer = await endpoint.ask(repository, question);
    const names = jsonObject(await answer.bytes("listPageBytes"))?.[member];
    // Go writes null for an empty list.
    if (!Array.isArray(names) && names !== null) {
      throw new ComposefsError("REGISTRY_RESPONSE", `${addressOf(to)}: expected a list of ${member}`);
    }
    let fresh = 0;
    for (const name of names ?? []) {
      if (typeof name !== "string" || !isName(name) || seen.has(name)) continue;
      if (seen.size >= limits.listNames) throw limitError(to, "names", "listNames", limits.listNames);
      seen.add(name);
      fresh++;
      yield name;
    }
    // A page that says nothing new is the last one, whatever it says of a next one: lists without end lead in circles.
    to = fresh === 0 ? null : nextPage(answer, origin);
  }
}

function limitError(where: URL, what: string, name: string, limit: number): ComposefsError {
  const message = `${addressOf(where)}: there are more than ${limit} ${what} (${name})`;
  return new ComposefsError("REGISTRY_LIMIT", message, { limit });
}
