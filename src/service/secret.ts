/**
 * Whether a request knows the secret that registry and service share, as registries can be told to send it: in the header
 * Authorization, bare (Harbor), as `Bearer SECRET` (Distribution, zot) or as the password of `Basic`; or as a signature of the
 * body with it, `X-Hub-Signature-256: sha256=HMAC`, which relays add.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** The headers that are looked at. */
export interface SecretHeaders {
  authorization: string | undefined;
  signature: string | undefined;
}

/** Compares in a time that tells nothing about either. */
export function knowsSecret(
  secret: string,
  { authorization = "", signature = "" }: SecretHeaders,
  body: Uint8Array,
): boolean {
  const [, scheme = "", rest = ""] = /^(bearer|basic) +(.*)$/i.exec(authorization) ?? [];
  const given = scheme.toLowerCase() === "bearer" ? rest : scheme === "" ? authorization : passwordOf(rest);
  const hmac = createHmac("sha256", secret).update(body).digest("hex");
  // Both are computed, whichever was sent.
  const isGiven = isEqual(given, secret);
  const isSigned = isEqual(signature, `sha256=${hmac}`);
  return isGiven || isSigned;
}

function passwordOf(credentials: string): string {
  const text = Buffer.from(credentials, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}

function isEqual(a: string, b: string): boolean {
  const sumOf = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(sumOf(a), sumOf(b));
}
