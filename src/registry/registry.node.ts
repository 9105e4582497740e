/**
 * A registry as the machine has it set up: credentials of Docker and Podman, proxies, certificates; and what only the
 * environment can say for commands:
 *
 *   COMPOSEFS_PLAIN_HTTP=HOST,…                  hosts that are reached without TLS
 *   COMPOSEFS_REGISTRY_MIRRORS=HOST=MIRROR[/PREFIX],…   mirrors, asked in this order before the host itself
 */

import { createHash } from "node:crypto";
import { ComposefsError } from "../error.ts";
import { credentialFiles, type Environment, lookupInFiles } from "./credential-files.node.ts";
import { machineFetch, type NetworkOptions, networkFetch } from "./fetch.node.ts";
import { isHost, isRepository } from "./reference.ts";
import { type Mirror, Registry, type RegistryOptions } from "./registry.ts";
import { show } from "./text.ts";

/** What stands for the machine's own settings where it is given. */
export interface MachineOptions extends RegistryOptions, NetworkOptions {}

/**
 * The client for a host.
 *
 * @param host as in a reference
 * @throws {ComposefsError} REGISTRY_NETWORK when a variable cannot be read
 */
export function machineRegistry(host: string, options: MachineOptions = {}): Registry {
  const { environment = process.env } = options;
  const hasNetwork = options.environment !== undefined || options.certificateFolders !== undefined;
  const http = listOf(environment["COMPOSEFS_PLAIN_HTTP"]);
  const isPlain = (name: string) => http.includes(name) || undefined;
  return new Registry(host, {
    ...options,
    credentials: options.credentials ?? lookupInFiles(credentialFiles(environment)),
    plainHttp: options.plainHttp ?? isPlain(host),
    mirrors: options.mirrors ?? mirrorsOf(host, environment, isPlain),
    fetch: options.fetch ?? (hasNetwork ? networkFetch(options) : machineFetch()),
    sha256: () => {
      const hash = createHash("sha256");
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
    },
  });
}

function mirrorsOf(host: string, environment: Environment, isPlain: (name: string) => true | undefined): Mirror[] {
  const mirrors: Mirror[] = [];
  for (const entry of listOf(environment["COMPOSEFS_REGISTRY_MIRRORS"])) {
    const [, from, to, path = ""] = /^([^=]+)=([^/=]+)(?:\/([^=]*))?$/.exec(entry) ?? [];
    const prefix = path === "" ? "" : `${path.replace(/\/$/, "")}/`;
    if (from === undefined || !isHost(from) || !isHost(to!) || !isRepository(`${prefix}x`)) {
      const what = `expected HOST=MIRROR[/PREFIX], got ${show(entry)}`;
      throw new ComposefsError("REGISTRY_NETWORK", `COMPOSEFS_REGISTRY_MIRRORS: ${what}`);
    }
    if (from === host) mirrors.push({ host: to!, prefix, plainHttp: isPlain(to!) });
  }
  return mirrors;
}

function listOf(text: string | undefined): string[] {
  return (text ?? "").split(",").flatMap((part) => part.trim() || []);
}
