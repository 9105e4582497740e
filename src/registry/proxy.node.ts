/**
 * Which proxy a request goes through: $HTTPS_PROXY, $HTTP_PROXY, $NO_PROXY and their lower-case forms, by the rules of Go's
 * net/http (golang.org/x/net/http/httpproxy), which other tools for registries follow.
 */

import { isIP } from "node:net";
import { ComposefsError } from "../error.ts";
import type { Environment } from "./credential-files.node.ts";
import { isLoopback } from "./endpoint.ts";

/**
 * The proxy for an address; null for none, as for this very machine always.
 *
 * @throws {ComposefsError} REGISTRY_NETWORK when the variable holds no address; it is not shown, there may be a password in it
 */
export function proxyFor(url: URL, environment: Environment): URL | null {
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = environment[name.toLowerCase()] || environment[name];
  if (!text || isLoopback(url.host)) return null;
  if (isExcepted(url, environment["no_proxy"] || environment["NO_PROXY"] || "")) return null;
  try {
    const proxy = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
    if (/^https?:$/.test(proxy.protocol)) return proxy;
  } catch {
    // Said below.
  }
  throw new ComposefsError("REGISTRY_NETWORK", `${name} does not hold the address of an HTTP proxy`);
}

/** Whether a list names the host: `*`, `host`, `.domain`, `*.domain`, each with a port or without; addresses as they are. */
function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.split(",").some((part) => {
    const entry = part.trim().toLowerCase();
    if (entry === "*") return true;
    const [, name, only] = /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
    if (name === undefined || (only !== undefined && only !== port)) return false;
    if (isIP(name) !== 0 || name.startsWith("[")) return host === name || host === `[${name}]`;
    const domain = name.replace(/^\*?\./, "");
    const isWithin = host.endsWith(`.${domain}`);
    return name === domain ? host === domain || isWithin : isWithin;
  });
}
