/**
 * Addresses of views. What a person sees is in the fragment, which no server ever gets:
 *
 *   #/files/usr/bin?layer=2&type=file     the first input
 *   #/b/files/usr/bin                     the second one
 *
 * Paths in it have the escapes of composefs-dump(5), so that any bytes have an address.
 */

import type { Side } from "../../protocol.ts";

export const VIEWS = [
  "overview",
  "files",
  "sizes",
  "compare",
  "findings",
  "structure",
  "documents",
  "downloads",
] as const;

export type ViewName = (typeof VIEWS)[number];

/** An address. */
export interface Route {
  side: Side;
  view: ViewName;
  /** What in the view: a path, the id of a document, an offset. Empty for the view itself; without leading slash. */
  rest: string;
  /** Filters and choices of the view; without those that have their default. */
  query: Readonly<Record<string, string>>;
  /** Which tree of a container image: see tree-address.ts. Left out for the one that is shown. */
  tree?: string;
}

export const HOME: Route = { side: "a", view: "overview", rest: "", query: {} };

/** Its key in the query of addresses. */
const TREE = "tree";

/** Reads a fragment. @param hash with or without `#`; anything that is no address leads to the overview */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#?\/?/, "");
  const question = text.indexOf("?");
  const path = question < 0 ? text : text.slice(0, question);
  const parts = path.split("/");
  const side = parts[0] === "b" ? "b" : "a";
  if (side === "b") parts.shift();
  const view = VIEWS.find((name) => name === parts[0]) ?? "overview";
  const rest = parts
    .slice(1)
    .map(decode)
    .filter((part) => part !== "")
    .join("/");
  const query: Record<string, string> = {};
  if (question >= 0) {
    for (const [key, value] of new URLSearchParams(text.slice(question + 1))) query[key] = value;
  }
  const { [TREE]: tree, ...choices } = query;
  return { side, view, rest, query: choices, ...(tree === undefined ? {} : { tree }) };
}

/** The fragment of a route, with `#`. Values that are empty are left out. */
export function routeHash({ side, view, rest, query, tree = "" }: Route): string {
  const path = [...(side === "b" ? ["b"] : []), view, ...(rest === "" ? [] : rest.split("/").map(encodeURIComponent))];
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...query, [TREE]: tree })) if (value !== "") search.set(key, value);
  const text = search.toString();
  return `#/${path.join("/")}${text === "" ? "" : `?${text}`}`;
}

/** The address of an entry in the view of files. @param path absolute */
export function fileHash(side: Side, path: string): string {
  return routeHash({ side, view: "files", rest: path.replace(/^\//, ""), query: {} });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
