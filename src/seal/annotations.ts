/**
 * Seals in annotations: digests and their signatures, read without trust and written in one way (sealing.md 2 and 9).
 */

import { ComposefsError } from "../error.ts";
import { algorithmParameters } from "../image/profile.ts";
import { formatKey, KEY_PREFIX, parseKey, type SealKey, SIGNATURE_SUFFIX } from "./keys.ts";

/** A digest that somebody stated, and its signature. */
export interface Seal extends SealKey {
  /** Lower-case hex. */
  digest: string;
  /** PKCS#7 DER; null when it is not signed. */
  signature: Uint8Array | null;
}

/** What annotations say. */
export interface SealAnnotations {
  /** In the order of their keys. */
  seals: Seal[];
  /** Keys that begin with `composefs.` and are none that is known: reported, and not an error. */
  unknown: string[];
  /** Annotations and labels of older schemes, which are compared where that can be done and never written. */
  legacy: LegacySeal[];
}

/** A digest by an older scheme (sealing.md 9). */
export interface LegacySeal {
  key: string;
  value: string;
  /** When it was in use. */
  scheme: string;
  /** What the digest is of; null where that is not known. */
  role: "layer" | "merged" | null;
}

/** Keys of older schemes, whole or by what they begin with. */
const LEGACY: ReadonlyArray<[RegExp, string, LegacySeal["role"]]> = [
  [/^containers\.composefs\.fsverity$/, "label of the config, to March 2026", "merged"],
  [/^containers\.composefs\.rootfs\.digest$/, "experiments of 2024", "merged"],
  [/^containers\.composefs\.layer\.(digest|fsverity)$/, "annotation of layers, to March 2026", "layer"],
  [/^containers\.composefs(-digest|\.version)?$/, "ideas of 2024", null],
  [/^composefs\.layer\.fsverity-sha(256|512)-1[26]$/, "first design discussion, February 2026", "layer"],
  [/^composefs\.merged\.fsverity-sha(256|512)-1[26]$/, "first design discussion, February 2026", "merged"],
  [/^composefs\.(signature\.type|digest|algorithm)$|\.signature$/, "first design discussion, February 2026", null],
];

/** Base64 with padding and without line breaks: RFC 4648, section 4. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads the seals in annotations or labels.
 *
 * @param where for people: whose annotations these are
 * @throws {ComposefsError} SEAL_DIGEST for a known key whose value is no digest of its algorithm; SEAL_SIGNATURE for a
 *   signature that is not base64, is empty, or has no digest beside it
 */
export function readAnnotations(annotations: Readonly<Record<string, string>>, where: string): SealAnnotations {
  const found: SealAnnotations = { seals: [], unknown: [], legacy: [] };
  for (const [key, value] of Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isSignature = key.endsWith(SIGNATURE_SUFFIX);
    const digestKey = isSignature ? key.slice(0, -SIGNATURE_SUFFIX.length) : key;
    const known = parseKey(digestKey);
    const [, scheme, role] = LEGACY.find(([pattern]) => pattern.test(key)) ?? [];
    if (known === null) {
      if (scheme !== undefined) found.legacy.push({ key, value, scheme, role: role! });
      else if (key.startsWith(KEY_PREFIX)) found.unknown.push(key);
    } else if (!isSignature) {
      const signature = annotations[key + SIGNATURE_SUFFIX];
      const bytes = signature === undefined ? null : readBase64(signature, `${where}: ${key}${SIGNATURE_SUFFIX}`);
      found.seals.push({ ...known, digest: readDigest(known, value, `${where}: ${key}`), signature: bytes });
    } else if (!Object.hasOwn(annotations, digestKey)) {
      throw new ComposefsError("SEAL_SIGNATURE", `${where}: ${key}: there is no ${digestKey} that it could sign`);
    }
  }
  return found;
}

/** @throws {ComposefsError} SEAL_DIGEST */
function readDigest({ algorithm }: SealKey, value: string, where: string): string {
  const digits = algorithmParameters(algorithm).hash === "sha256" ? 64 : 128;
  if (value.length === digits && /^[0-9a-fA-F]*$/.test(value)) return value.toLowerCase();
  const got = value.length === digits ? "other characters" : `${value.length} characters`;
  throw new ComposefsError("SEAL_DIGEST", `${where}: expected ${digits} hexadecimal digits, got ${got}`, {
    ...{ actual: value.length, limit: digits },
  });
}

/** @throws {ComposefsError} SEAL_SIGNATURE */
function readBase64(value: string, where: string): Uint8Array {
  if (value === "" || !BASE64.test(value)) {
    throw new ComposefsError("SEAL_SIGNATURE", `${where}: expected base64 with padding, and no line breaks`);
  }
  return Uint8Array.from(atob(value), (c) => c.charCodeAt(0));
}

/** The annotations of seals, by key. */
export function writeAnnotations(seals: readonly Seal[]): Map<string, string> {
  const annotations = new Map<string, string>();
  for (const seal of seals) {
    const key = formatKey(seal);
    annotations.set(key, seal.digest);
    if (seal.signature === null) continue;
    annotations.set(key + SIGNATURE_SUFFIX, btoa(String.fromCharCode(...seal.signature)));
  }
  return new Map([...annotations].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The bytes of a stated digest as hex, without what older schemes put before them. */
export function legacyDigest({ value }: LegacySeal): string | null {
  const [, hex] = /^(?:sha(?:256|512):)?([0-9a-fA-F]{64}(?:[0-9a-fA-F]{64})?)$/.exec(value) ?? [];
  return hex?.toLowerCase() ?? null;
}
