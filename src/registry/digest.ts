/** Digests of what a registry gives and takes: `sha256:` and hex. */

import { ComposefsError } from "../error.ts";

/** A SHA-256 that takes its bytes in pieces. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** @returns 64 lower-case hexadecimal digits */
  digest(): string;
}

/** Begins a SHA-256. */
export type BeginSha256 = () => Sha256;

/** The hash of a library, for where the platform has none that takes pieces; loaded when it is first wanted. */
export async function loadSha256(): Promise<BeginSha256> {
  const [{ sha256 }, { bytesToHex }] = await Promise.all([
    import("@noble/hashes/sha2.js"),
    import("@noble/hashes/utils.js"),
  ]);
  return () => {
    const hash = sha256.create();
    return { update: (bytes) => void hash.update(bytes), digest: () => bytesToHex(hash.digest()) };
  };
}

/** The digest of bytes, `sha256:` and hex. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** @param where for people: which blob @throws {ComposefsError} BLOB_DIGEST */
export function checkDigest(where: string, actual: string, wanted: string): void {
  if (actual === wanted) return;
  throw new ComposefsError("BLOB_DIGEST", `${where}: the digest is ${actual}, expected ${wanted}`, { text: actual });
}
