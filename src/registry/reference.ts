/**
 * References to images in registries: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`, by the grammar of distribution
 * (reference/regexp.go) and with the defaults of Docker (reference/normalize.go).
 */

import { ComposefsError } from "../error.ts";
import { show } from "./text.ts";

/** A reference, with its defaults filled in. */
export interface Reference {
  /** `host` or `host:port`, in lower case; `docker.io` for Docker Hub. */
  host: string;
  /** The repository: `library/debian`. */
  repository: string;
  /** Null where a digest alone was given. */
  tag: string | null;
  /** `sha256:` and hex; null for none. Where there is one, it decides, and the tag is for people. */
  digest: string | null;
}

/** NameTotalLengthMax of distribution: characters of host and repository with the slash between them. */
const NAME_CHARACTERS_MAX = 255;
/** Of these expressions none can be matched in two ways, so that none takes more than linear time. */
const HOST_PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = new RegExp(`^(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const PORT_MAX = 65535;
/** Characters of all parts together: name, tag, digest. */
const REFERENCE_CHARACTERS_MAX = NAME_CHARACTERS_MAX + 1 + 128 + 1 + 71;

/** Names of Docker Hub. */
const DOCKER_HOSTS: ReadonlySet<string> = new Set(["docker.io", "index.docker.io"]);

/**
 * Reads a reference. Without a tag and a digest the tag is `latest`; without a host the host is `docker.io`.
 *
 * @param text without `docker://`
 * @throws {ComposefsError} REGISTRY_REFERENCE
 * @example
 * import { parseReference, referenceText } from 'composefs-wasm'
 * console.log(referenceText(parseReference('debian'))) // docker.io/library/debian:latest
 */
export function parseReference(text: string): Reference {
  if (text.length > REFERENCE_CHARACTERS_MAX) throw referenceError(text, "it is too long");
  const at = text.indexOf("@");
  const digest = at < 0 ? null : text.slice(at + 1);
  if (digest !== null && !isDigest(digest))
    throw referenceError(text, "behind @ there must be sha256: and 64 hex digits");
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  const tag = hasTag ? named.slice(colon + 1) : null;
  // A host with a port and nothing behind it looks like a name with a tag, and is one.
  const name = hasTag ? named.slice(0, colon) : named;
  if (tag !== null && !isTag(tag)) throw referenceError(text, "a tag has 1 to 128 letters, digits and _ . -");
  const [host, repository] = splitName(name);
  if (!isHost(host)) throw referenceError(text, "the host is none");
  if (!isRepository(repository) || name.length > NAME_CHARACTERS_MAX) {
    throw referenceError(text, "the name must be of lower-case letters and digits, with . _ __ - and / between them");
  }
  return { host: host.toLowerCase(), repository, tag: tag ?? (digest === null ? "latest" : null), digest };
}

/** The full form of a reference: what it means wherever it is read. */
export function referenceText({ host, repository, tag, digest }: Reference): string {
  return `${host}/${repository}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}

/** Whether a text is `host` or `host:port`. */
export function isHost(text: string): boolean {
  return text.length <= NAME_CHARACTERS_MAX && HOST.test(text) && Number(/:(\d+)$/.exec(text)?.[1] ?? 0) <= PORT_MAX;
}

/** Whether a text is the name of a repository. */
export function isRepository(text: string): boolean {
  return text.length <= NAME_CHARACTERS_MAX && REPOSITORY.test(text);
}

/** Whether a text is a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Whether a tag lists referrers and names no image: distribution-spec, "Referrers Tag Schema". */
export function isFallbackTag(text: string): boolean {
  return /^sha256-[0-9a-f]{64}$/.test(text);
}

/** Whether a text is a digest as this package takes them. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Refuses what names nothing. @throws {ComposefsError} REGISTRY_REFERENCE */
export function checkNames(repository: string, reference: string): void {
  if (!isRepository(repository)) {
    throw new ComposefsError(
      "REGISTRY_REFERENCE",
      `expected the name of a repository, got ${show(String(repository))}`,
    );
  }
  if (!isTag(reference) && !isDigest(reference)) {
    throw new ComposefsError("REGISTRY_REFERENCE", `expected a tag or a digest, got ${show(String(reference))}`);
  }
}

/** Refuses what is no digest. @throws {ComposefsError} REGISTRY_REFERENCE */
export function checkDigestName(text: string): void {
  if (isDigest(text)) return;
  throw new ComposefsError("REGISTRY_REFERENCE", `expected sha256: and 64 hex digits, got ${show(String(text))}`);
}

/** The first part is a host when it has a dot or a port, is `localhost`, or has upper-case letters. */
function splitName(name: string): [host: string, repository: string] {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isNamed = /[.:[]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  const [host, rest] = isNamed ? [first, name.slice(slash + 1)] : ["docker.io", name];
  if (!DOCKER_HOSTS.has(host.toLowerCase())) return [host, rest];
  return ["docker.io", rest.includes("/") ? rest : `library/${rest}`];
}

function referenceError(text: string, what: string): ComposefsError {
  const message = `expected [HOST/]NAME[:TAG][@DIGEST], got ${show(text)}: ${what}`;
  return new ComposefsError("REGISTRY_REFERENCE", message, { text: text.slice(0, 128) });
}
