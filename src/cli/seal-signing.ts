/**
 * Who signs seals: a key in a file, or one that stays in its device. The latter takes two runs:
 *
 *   composefs seal INPUT --to-be-signed DIR           writes DIR/merged.fsverity-sha512-12.tbs and so on
 *   (a signature of each NAME.tbs, made elsewhere, goes to NAME.sig)
 *   composefs seal INPUT --attach DIR --cert CERT     seals with these signatures
 *
 * With --all-platforms the names begin with the platform. A signature that is not of the digest, because the image is another
 * one by now, is refused.
 */

import { join } from "node:path";
import { fromHex } from "../image/hex.ts";
import { OutputFile } from "../image/output.node.ts";
import { algorithmParameters } from "../image/profile.ts";
import { algorithmIdentifier, type SealKey } from "../seal/keys.ts";
import type { Signer } from "../seal/seal.ts";
import type { SignatureCheck } from "../seal/verify.ts";
import { ioError, makeFolders } from "../source/files.node.ts";
import { usageError } from "./common.ts";

export interface SigningOptions {
  key?: string;
  cert?: string;
  toBeSigned?: string;
  attach?: string;
  allPlatforms?: boolean;
}

/** Who signs. */
export interface Signing {
  /** Takes signatures of the certificate that signs; null for digests alone. */
  check: SignatureCheck | null;
  /** For an image, whose platform tells its files from those of others; null for digests alone. */
  signerOf(platform: string | null): Signer | null;
  /** Files with what is to be signed elsewhere, as they were written; null when nothing is. */
  toBeSigned: string[] | null;
}

/** The CMS library is loaded here, and only where something is signed. @throws {ComposefsError} USAGE, CERTIFICATE_*, IO_* */
export async function openSigning(options: SigningOptions): Promise<Signing> {
  const { key, cert, toBeSigned, attach } = options;
  if ([key, toBeSigned, attach].filter((option) => option !== undefined).length > 1) {
    throw usageError("expected one of --key, --to-be-signed and --attach");
  }
  if (toBeSigned !== undefined) {
    if (cert !== undefined) throw usageError("--to-be-signed: takes no --cert");
    const files: string[] = [];
    const signerOf = (platform: string | null) => writerOf(toBeSigned, prefixOf(options, platform), files);
    return { check: null, signerOf, toBeSigned: files };
  }
  if ((key ?? attach) === undefined && cert === undefined)
    return { check: null, signerOf: () => null, toBeSigned: null };
  if ((key ?? attach) === undefined || cert === undefined) {
    throw usageError("--key, --cert: expected both or neither; --attach needs --cert, too");
  }
  const { readCertificateFiles, readShortFile, signatureCheck } = await import("./signature-input.ts");
  const { KEY_FILE_MAX_BYTES, SIGNATURE_MAX_BYTES } = await import("../seal/signature/limits.ts");
  const { attachSignature, signDigest } = await import("../seal/signature/sign.ts");
  const certificate = (await readCertificateFiles([cert]))[0]!;
  const check = signatureCheck([certificate]);
  const whatOf = ({ algorithm }: SealKey, digest: string) => {
    return { hash: algorithmParameters(algorithm).hash, digest: fromHex(digest), certificate };
  };
  if (key !== undefined) {
    const privateKey = readShortFile(key, KEY_FILE_MAX_BYTES);
    const signer: Signer = async (what, digest) => signDigest({ ...whatOf(what, digest), privateKey });
    return { check, signerOf: () => signer, toBeSigned: null };
  }
  const signerOf = (platform: string | null): Signer => {
    return async (what, digest, layer) => {
      const path = join(attach!, `${fileName(what, layer, prefixOf(options, platform))}.sig`);
      return attachSignature({ ...whatOf(what, digest), signature: readShortFile(path, SIGNATURE_MAX_BYTES) });
    };
  };
  return { check, signerOf, toBeSigned: null };
}

/** Writes what is to be signed; the signature that it gives is none, and goes nowhere. @param files gets the names */
function writerOf(folder: string, prefix: string, files: string[]): Signer {
  return async (key, digest, layer) => {
    const { formattedDigest } = await import("../seal/signature/content.ts");
    const path = join(folder, `${fileName(key, layer, prefix)}.tbs`);
    try {
      makeFolders(folder);
    } catch (cause) {
      throw ioError("IO_WRITE", folder, cause);
    }
    const output = new OutputFile(path);
    output.open();
    output.write(formattedDigest(algorithmParameters(key.algorithm).hash, fromHex(digest)));
    output.commit();
    files.push(path);
    return new Uint8Array(0);
  };
}

function fileName({ role, algorithm }: SealKey, layer: number | null, prefix: string): string {
  return `${prefix}${role}${layer === null ? "" : `-${layer}`}.${algorithmIdentifier(algorithm)}`;
}

/** The platform comes from the image: nothing in it may lead out of the folder. */
function prefixOf({ allPlatforms }: SigningOptions, platform: string | null): string {
  return allPlatforms ? `${(platform ?? "none").replace(/[^A-Za-z0-9]+/g, "-")}.` : "";
}
