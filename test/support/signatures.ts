/** The vectors of signatures, and keys to make others with. */
import { readFileSync } from "node:fs";
import type { HashName } from "../../src/engine/slot.ts";
import { type Certificate, readCertificates } from "../../src/seal/signature/certificate.ts";

/** One case of signatures.json. */
export interface SignatureVector {
  note: string;
  key: string;
  algorithm: string;
  digest: string;
  "to-be-signed": string;
  der: string;
  expect: string;
  deterministic: boolean;
  /** What FS_IOC_ENABLE_VERITY of Linux 6.12 answered. */
  kernel: string | null;
}

interface Vectors {
  keys: Record<string, { certificate: string; private?: string }>;
  signatures: SignatureVector[];
}

export const VECTORS = JSON.parse(
  readFileSync(new URL("../fixtures/signatures.json", import.meta.url), "utf8"),
) as Vectors;

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Hex as bytes. */
export function unhex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** A certificate of the vectors. */
export async function certificateOf(key: string): Promise<Certificate> {
  return (await readCertificates(bytesOf(VECTORS.keys[key]!.certificate)))[0]!;
}

/** A private key of the vectors, in PEM. */
export function privateKeyOf(key: string): Uint8Array {
  return bytesOf(VECTORS.keys[key]!.private!);
}

/** The hash of a case. */
export function hashOf({ algorithm }: SignatureVector): HashName {
  return algorithm.includes("sha512") ? "sha512" : "sha256";
}

/** The first case whose note begins so. */
export function vector(note: string): SignatureVector {
  const found = VECTORS.signatures.find((row) => row.note.startsWith(note));
  if (found === undefined) throw new Error(`no vector ${note}`);
  return found;
}
