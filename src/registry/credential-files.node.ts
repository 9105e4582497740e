/**
 * Credentials where Docker and Podman keep them: Docker's config.json (docker/cli, "docker login") and the auth.json of
 * containers/image (containers-auth.json.5). Both have one form.
 *
 *   $REGISTRY_AUTH_FILE alone, where it is set; else the first of
 *   $XDG_RUNTIME_DIR/containers/auth.json
 *   $XDG_CONFIG_HOME/containers/auth.json      (~/.config)
 *   $DOCKER_CONFIG/config.json                 (~/.docker)
 *
 * that has something for the repository. In a file a helper for the host comes first, then the longest name that the
 * repository begins with, then the helper for everything.
 */

import { open } from "node:fs/promises";
import { join } from "node:path";
import { ComposefsError } from "../error.ts";
import { askHelper } from "./credential-helper.node.ts";
import { type CredentialLookup, type Credentials, isToken } from "./credentials.ts";
import { homeDirectory } from "./home.node.ts";
import { isObject, type JsonObject, jsonObject, objectOf, show, textOf } from "./text.ts";

/** Bytes of such a file: some hundred bytes for each registry. */
const FILE_BYTES_MAX = 1 << 20;
/** Under this name Docker keeps what belongs to docker.io. */
const DOCKER_KEY = "https://index.docker.io/v1/";

/** Variables of the environment that say where the files are. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The files in which credentials are looked for, in this order. */
export function credentialFiles(environment: Environment, home = homeDirectory()): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG } = environment;
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
  return [
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, "containers", "auth.json")] : []),
    join(XDG_CONFIG_HOME || join(home, ".config"), "containers", "auth.json"),
    join(DOCKER_CONFIG || join(home, ".docker"), "config.json"),
  ];
}

/** The lookup in these files. They are read anew for each question: somebody may log in meanwhile. */
export function lookupInFiles(files: readonly string[]): CredentialLookup {
  return async (host, repository) => {
    for (const file of files) {
      const config = await readConfig(file);
      const found = config && (await lookupIn(config, file, host, repository));
      if (found) return found;
    }
    return null;
  };
}

async function readConfig(path: string): Promise<JsonObject | null> {
  const failed = (what: string) => new ComposefsError("REGISTRY_CREDENTIALS", `${show(path)}: ${what}`, { path });
  let bytes: Buffer;
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > FILE_BYTES_MAX) throw failed(`the file has ${size} bytes, at most ${FILE_BYTES_MAX} are allowed`);
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ComposefsError) throw error;
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw failed(`the file cannot be read (${code})`);
  }
  const config = jsonObject(bytes);
  if (config === null && bytes.length > 0) throw failed("expected a JSON object");
  return config;
}

async function lookupIn(
  config: JsonObject,
  path: string,
  host: string,
  repository: string,
): Promise<Credentials | null> {
  const server = host === "docker.io" ? DOCKER_KEY : host;
  const helpers = objectOf(config, "credHelpers") ?? {};
  const helper = textOf(helpers, host) ?? textOf(helpers, server);
  if (helper !== null) return askHelper(helper, server);
  const auths = objectOf(config, "auths") ?? {};
  const entry = entryFor(auths, host, repository);
  const own = entry && credentialsOf(entry, `${show(path)}, ${show(host)}`);
  if (own) return own;
  const store = textOf(config, "credsStore");
  return store === null ? null : askHelper(store, server);
}

/** The entry with the longest name: `host/a/b`, `host/a`, `host`; then the names that Docker has had for a host. */
function entryFor(auths: JsonObject, host: string, repository: string): JsonObject | null {
  const parts = repository.split("/");
  for (let count = parts.length; count >= 0; count--) {
    const entry = objectOf(auths, [host, ...parts.slice(0, count)].join("/"));
    if (entry !== null) return entry;
  }
  const hosts = host === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [host];
  for (const [name, entry] of Object.entries(auths)) {
    // Docker stored the address of the API: https://index.docker.io/v1/, https://registry.example/v2/.
    const [, stored] = /^(?:https?:\/\/)?([^/]+)(?:\/v[12]\/?|\/)?$/.exec(name) ?? [];
    if (stored !== undefined && hosts.includes(stored.toLowerCase()) && isObject(entry)) return entry;
  }
  return null;
}

function credentialsOf(entry: JsonObject, where: string): Credentials | null {
  const failed = (what: string) => new ComposefsError("REGISTRY_CREDENTIALS", `${where}: ${what}`);
  for (const [name, kind] of [
    ["registrytoken", "registry-token"],
    ["identitytoken", "identity-token"],
  ] as const) {
    const token = textOf(entry, name);
    if (token === null) continue;
    if (!isToken(token)) throw failed(`${name} cannot stand in a header`);
    return { kind, token };
  }
  const auth = textOf(entry, "auth");
  if (auth === null) {
    const [username, password] = [textOf(entry, "username"), textOf(entry, "password")];
    return username === null || password === null ? null : { kind: "password", username, password };
  }
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(auth)) throw failed("auth is not base64");
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(auth, "base64").toString()) ?? [];
  if (username === undefined) throw failed("auth does not hold name:password");
  // Docker pads with zero bytes.
  return { kind: "password", username, password: password!.replace(/\0+$/, "") };
}
