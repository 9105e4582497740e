/**
 * Certificates for single hosts, where Docker and Podman keep them (containers-certs.d.5): in a folder with the name of the
 * host, `*.crt` are authorities beside those of Node, `X.cert` with `X.key` is what we show to the host.
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ComposefsError } from "../error.ts";
import { homeDirectory } from "./home.node.ts";
import { show } from "./text.ts";

/** Certificates for one host, PEM. */
export interface HostCertificates {
  ca: string[];
  cert: string | null;
  key: string | null;
}

/** Where folders of hosts are looked for. */
export function certificateFolders(home = homeDirectory()): string[] {
  return [join(home, ".config/containers/certs.d"), "/etc/containers/certs.d", "/etc/docker/certs.d"];
}

/** The certificates for a host, from the first folder that is there; null for none. @throws {ComposefsError} REGISTRY_NETWORK */
export async function certificatesFor(host: string, folders: readonly string[]): Promise<HostCertificates | null> {
  for (const folder of folders) {
    const path = join(folder, host);
    const names = await readdir(path).catch(() => null);
    if (names === null) continue;
    try {
      const read = (name: string) => readFile(join(path, name), "utf8");
      const ca = await Promise.all(names.filter((name) => name.endsWith(".crt")).map(read));
      const cert = names.find((name) => name.endsWith(".cert") && names.includes(name.replace(/cert$/, "key")));
      if (cert === undefined) return { ca, cert: null, key: null };
      return { ca, cert: await read(cert), key: await read(cert.replace(/cert$/, "key")) };
    } catch (cause) {
      const what = `a certificate cannot be read (${(cause as { code?: string }).code})`;
      throw new ComposefsError("REGISTRY_NETWORK", `${show(path)}: ${what}`, { path });
    }
  }
  return null;
}
