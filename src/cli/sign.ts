/**
 * `composefs sign`: a signature of the fs-verity digest of a file, for `fsverity enable --signature` and for seals.
 *
 *   composefs sign FILE --key KEY --cert CERT -o SIG
 *
 * or in two steps, with a key that stays in its device:
 *
 *   composefs sign FILE --to-be-signed BYTES
 *   composefs sign FILE --attach SIGNATURE --cert CERT -o SIG
 *
 * With a key of RSA the bytes are those of `fsverity sign`. When the signature goes to a file, what was signed is printed
 * as `verity digest` prints it, with `--json` as one object (on standard error when standard output has the signature):
 *
 *   {"file": "a", "hash": "sha256", "digest": "…", "output": "a.sig", "bytes": 421, "warnings": [],
 *    "certificate": {"subject": "CN=signer", "issuer": "CN=signer", "serial": "01", "sha256": "…", "notBefore": "…",
 *      "notAfter": "…", "key": "RSA-2048"}}
 *
 * `certificate` is null for `--to-be-signed`; `file` is null for `--digest`.
 */

import { OutputFile } from "../image/output.node.ts";
import { type Certificate, datesWarning } from "../seal/signature/certificate.ts";
import { formattedDigest } from "../seal/signature/content.ts";
import { KEY_FILE_MAX_BYTES, SIGNATURE_MAX_BYTES } from "../seal/signature/limits.ts";
import { attachSignature, signDigest } from "../seal/signature/sign.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { EXIT_OK, usageError, writePieces } from "./common.ts";
import { isTerminal } from "./progress.ts";
import {
  type ChosenDigest,
  certificateToJson,
  chooseDigest,
  type DigestChoice,
  readCertificateFiles,
  readShortFile,
} from "./signature-input.ts";
import { print, printError } from "./text.ts";

export interface SignOptions extends DigestChoice {
  cert?: string;
  key?: string;
  toBeSigned?: string;
  attach?: string;
  output: string;
  json?: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, IO_*, SIGNATURE_*, CERTIFICATE_* */
export async function run(file: string | undefined, options: SignOptions): Promise<number> {
  checkMode(options);
  const target = options.toBeSigned ?? options.output;
  const path = pathOfOperand(target);
  if (path === null && isTerminal(1)) {
    throw usageError("standard output is a terminal; a signature does not belong there");
  }
  const output = new OutputFile(path);
  const certificate = options.cert === undefined ? null : (await readCertificateFiles([options.cert]))[0]!;
  const chosen = chooseDigest(file, options);
  const bytes = await makeBytes(chosen, certificate, options);
  const pieces = [bytes, new Uint8Array(0)];
  await writePieces(() => pieces.shift()!, output, {});

  const warning = certificate === null ? null : datesWarning(certificate, new Date());
  if (options.json) {
    const say = path === null ? printError : print;
    say(
      `${JSON.stringify({
        file: chosen.file,
        hash: chosen.hash,
        digest: chosen.hex,
        output: target,
        bytes: bytes.length,
        certificate: certificate === null ? null : certificateToJson(certificate),
        warnings: warning === null ? [] : [warning],
      })}\n`,
    );
  } else {
    if (path !== null) print(`${chosen.hash}:${chosen.hex}${chosen.file === null ? "" : ` ${chosen.file}`}\n`);
    if (warning !== null) printError(`warning: ${warning}\n`);
  }
  return EXIT_OK;
}

async function makeBytes(
  { hash, digest }: ChosenDigest,
  certificate: Certificate | null,
  options: SignOptions,
): Promise<Uint8Array> {
  if (certificate === null) return formattedDigest(hash, digest);
  if (options.attach !== undefined) {
    const signature = readShortFile(options.attach, SIGNATURE_MAX_BYTES);
    return attachSignature({ hash, digest, certificate, signature });
  }
  return signDigest({ hash, digest, certificate, privateKey: readShortFile(options.key!, KEY_FILE_MAX_BYTES) });
}

/** One of three: a key, a signature from elsewhere, or the bytes for it; the last without a certificate. */
function checkMode({ key, attach, toBeSigned, cert, output }: SignOptions): void {
  if ([key, attach, toBeSigned].filter((value) => value !== undefined).length !== 1) {
    throw usageError("expected one of --key, --to-be-signed and --attach");
  }
  if (toBeSigned === undefined && cert === undefined) throw usageError("--cert: the signature names a certificate");
  if (toBeSigned !== undefined && cert !== undefined) throw usageError("--to-be-signed: takes no --cert");
  if (toBeSigned !== undefined && output !== "-") throw usageError("--to-be-signed: takes no --output");
}
