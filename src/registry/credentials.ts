/** What proves to a registry who asks. Plain data, which stays in memory: it can be posted to a worker. */
export type Credentials =
  /** A name and a password or access token: for Basic, and for the token service. */
  | { kind: "password"; username: string; password: string }
  /** What a token service once gave in place of a password (OAuth2 refresh token). */
  | { kind: "identity-token"; token: string }
  /** A bearer token that the registry takes as it is. */
  | { kind: "registry-token"; token: string };

/**
 * Finds the credentials for a repository; asked for only when a registry wants some.
 *
 * @param host as in a reference: `docker.io`, `localhost:5000`
 * @returns null for none: then one asks as anybody
 * @throws {ComposefsError} REGISTRY_CREDENTIALS
 */
export type CredentialLookup = (host: string, repository: string) => Promise<Credentials | null>;

/** The value of the header Authorization for a name and a password: RFC 7617, in UTF-8. */
export function basicHeader(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return `Basic ${btoa(binary)}`;
}

/** Bytes of a name, a password or a token, which go into a header. */
export const CREDENTIAL_BYTES_MAX = 64 * 1024;

/** Whether a token can stand in a header: visible ASCII, not too long. */
export function isToken(text: string): boolean {
  return text.length <= CREDENTIAL_BYTES_MAX && /^[\x21-\x7e]+$/.test(text);
}
