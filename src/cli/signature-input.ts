/**
 * What the commands for signatures read: the digest that a signature is of, certificates, and short files.
 */

import { digestBytesOf, type HashName } from "../engine/slot.ts";
import { fromHex, toHex } from "../image/hex.ts";
import { type Certificate, readCertificates } from "../seal/signature/certificate.ts";
import { CERTIFICATE_FILE_MAX_BYTES } from "../seal/signature/limits.ts";
import { InputFile, quote } from "../source/files.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { nameError, usageError } from "./common.ts";
import { asUsage, fileHasher, type HashingOptions, hashName, readParameters } from "./verity-digest.ts";

export { signatureCheck } from "../seal/signature/check.ts";

/** Options that say which digest is meant. */
export interface DigestChoice extends HashingOptions {
  digest?: string;
  hashAlg?: string;
  blockSize?: string;
  salt?: string;
}

/** A digest, and whose it is. */
export interface ChosenDigest {
  hash: HashName;
  digest: Uint8Array;
  hex: string;
  /** The file as the command line has it; null for `--digest`. */
  file: string | null;
}

/** Of a file, as `verity digest` computes it, or as given. @throws {ComposefsError} USAGE, IO_* */
export function chooseDigest(file: string | undefined, options: DigestChoice): ChosenDigest {
  if ((file === undefined) === (options.digest === undefined)) {
    throw usageError("expected a file, or a digest with --digest, and not both");
  }
  if (file === undefined) return givenDigest(options.digest!, options);
  const { hashAlg = "sha256", blockSize = "4096", salt = "" } = options;
  const parameters = readParameters({ hashAlg, blockSize, salt });
  const digest = fileHasher(parameters, options)(file);
  return { hash: parameters.hash, digest, hex: toHex(digest), file };
}

function givenDigest(text: string, options: DigestChoice): ChosenDigest {
  for (const [name, value] of Object.entries({ "--block-size": options.blockSize, "--salt": options.salt })) {
    if (value !== undefined) throw usageError(`${name}: a digest that is given has it inside already`);
  }
  const match = /^(?:(sha256|sha512):)?((?:[0-9a-fA-F]{64}){1,2})$/.exec(text);
  if (match === null) {
    throw usageError(`--digest: expected 64 or 128 hexadecimal digits, got ${quote(text.slice(0, 160))}`);
  }
  const digest = fromHex(match[2]!);
  const hash: HashName = digest.length === digestBytesOf("sha256") ? "sha256" : "sha512";
  const wanted = options.hashAlg === undefined ? hash : asUsage(() => hashName(options.hashAlg!));
  if (hash !== wanted || hash !== (match[1] ?? hash)) {
    throw usageError(`--digest: a digest of ${digest.length} bytes is one of ${hash}`);
  }
  return { hash, digest, hex: toHex(digest), file: null };
}

/**
 * Reads a short file.
 *
 * @param path a file, - for standard input
 * @param maxBytes one byte more than this is the most that is read, so that who gets it sees that it is too long
 * @throws {ComposefsError} IO_OPEN, IO_READ
 */
export function readShortFile(path: string, maxBytes: number): Uint8Array {
  const file = new InputFile(pathOfOperand(path));
  try {
    return file.peek(maxBytes + 1);
  } finally {
    file.close();
  }
}

/** Reads certificates from files. @throws {ComposefsError} IO_OPEN, IO_READ, CERTIFICATE_* */
export async function readCertificateFiles(paths: readonly string[]): Promise<Certificate[]> {
  const found: Certificate[] = [];
  for (const path of paths) {
    const bytes = readShortFile(path, CERTIFICATE_FILE_MAX_BYTES);
    const certificates = await readCertificates(bytes).catch((error) => {
      throw nameError(error, path);
    });
    found.push(...certificates);
  }
  return found;
}

/** A certificate, in JSON. */
export function certificateToJson({ subject, issuer, serial, sha256, notBefore, notAfter, publicKey }: Certificate) {
  return { subject, issuer, serial, sha256, notBefore, notAfter, key: publicKey.name };
}
