/**
 * `fetch` in Node: that of Node itself, except for hosts that are behind a proxy or have certificates of their own. Those
 * need what Node's own does not have, the package undici, which is loaded when the first of them is met.
 */

import { rootCertificates } from "node:tls";
import type { Dispatcher } from "undici";
import { ComposefsError } from "../error.ts";
import { certificateFolders, certificatesFor, type HostCertificates } from "./certificates.node.ts";
import type { Environment } from "./credential-files.node.ts";
import { proxyFor } from "./proxy.node.ts";
import type { Fetch } from "./transport.ts";

/** Hosts whose connections are kept; registries, their token services and their stores are three to ten. */
const HOSTS_MAX = 256;

/** Where proxies and certificates are found. */
export interface NetworkOptions {
  /** Default: that of the process. */
  environment?: Environment | undefined;
  /** Folders of certificates by host. Default: those of Docker and Podman. */
  certificateFolders?: readonly string[] | undefined;
}

/** A `fetch` that minds proxies and certificates. */
export function networkFetch(options: NetworkOptions = {}): Fetch {
  const { environment = process.env, certificateFolders: folders = certificateFolders() } = options;
  /** By origin; null for hosts that need nothing. */
  const dispatchers = new Map<string, Promise<Dispatcher | null>>();
  const dispatcherOf = async (url: URL): Promise<Dispatcher | null> => {
    const proxy = proxyFor(url, environment);
    const certificates = url.protocol === "https:" ? await certificatesFor(url.host, folders) : null;
    return proxy === null && certificates === null ? null : makeDispatcher(proxy, certificates);
  };
  return async (address, init) => {
    const url = new URL(address);
    let found = dispatchers.get(url.origin);
    if (found === undefined) {
      if (dispatchers.size >= HOSTS_MAX) dispatchers.clear();
      found = dispatcherOf(url);
      dispatchers.set(url.origin, found);
    }
    const dispatcher = await found;
    if (dispatcher === null) return globalThis.fetch(address, init);
    const { fetch } = await import("undici");
    // The types of undici and of Node are two for the same things.
    const { headers, ...rest } = init;
    const own = { ...rest, headers: [...new Headers(headers)], dispatcher } as unknown as Parameters<typeof fetch>[1];
    return (await fetch(address, own)) as unknown as Response;
  };
}

let machine: Fetch | undefined;

/** The `fetch` by the settings of the machine, one for all: it keeps connections. */
export function machineFetch(): Fetch {
  machine ??= networkFetch();
  return machine;
}

async function makeDispatcher(proxy: URL | null, certificates: HostCertificates | null): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import("undici");
  const tls = certificates === null ? undefined : tlsOptions(certificates);
  try {
    if (proxy === null) return new Agent({ connect: { ...tls } });
    const { username, password } = proxy;
    const decoded = [username, password].map(decodeURIComponent).join(":");
    const token = username === "" ? undefined : `Basic ${Buffer.from(decoded).toString("base64")}`;
    const uri = `${proxy.protocol}//${proxy.host}`;
    return new ProxyAgent({ uri, ...(token && { token }), ...(tls && { requestTls: tls }) });
  } catch {
    throw new ComposefsError("REGISTRY_NETWORK", "a certificate or the address of a proxy cannot be used");
  }
}

function tlsOptions({ ca, cert, key }: HostCertificates): { ca?: string[]; cert?: string; key?: string } {
  return {
    // Given authorities take the place of Node's own; beside them is meant.
    ...(ca.length > 0 && { ca: [...rootCertificates, ...ca] }),
    ...(cert !== null && key !== null && { cert, key }),
  };
}
