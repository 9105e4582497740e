/**
 * `composefs verify-signature FILE --signature SIG --cert CERT…`: whether the kernel, with these certificates in its keyring,
 * would take the signature for the file. Dates of certificates do not matter, as there; a wrong one is warned of.
 *
 *   valid        a
 *   digest       sha256:1e2eaa42…
 *   signer       O=Example, CN=signer
 *   serial       0123456789abcdef
 *   certificate  sha256:2fd7…
 *   algorithm    RSA-2048 with SHA-256
 *
 * The first word is one of those of seal/signature/verify.ts. Of a refused signature a line `reason` says why. Exit code 0 when
 * it is verified, 1 when not, 2 when the question could not be asked. `--json` prints one object:
 *
 *   {"isVerified": true, "result": "valid", "code": null, "reason": null, "file": "a", "hash": "sha256", "digest": "…",
 *    "certificate": {"subject": "O=Example, CN=signer", "issuer": "…", "serial": "0123456789abcdef", "sha256": "…",
 *      "notBefore": "…", "notAfter": "…", "key": "RSA-2048"},
 *    "algorithm": {"key": "RSA-2048", "digest": "SHA-256"}, "deviations": [], "warnings": []}
 *
 * `code` is SIGNATURE_* of a refusal; certificate and algorithm are null where no signer is known; `deviations` say how a
 * message that is accepted differs from that of `fsverity sign`; `file` is null for `--digest`.
 */

import { datesWarning } from "../seal/signature/certificate.ts";
import { SIGNATURE_MAX_BYTES } from "../seal/signature/limits.ts";
import type { Deviation } from "../seal/signature/message.ts";
import { type SignatureVerdict, verifySignature } from "../seal/signature/verify.ts";
import { EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import {
  type ChosenDigest,
  certificateToJson,
  chooseDigest,
  type DigestChoice,
  readCertificateFiles,
  readShortFile,
} from "./signature-input.ts";
import { print, printable } from "./text.ts";

export interface VerifySignatureOptions extends DigestChoice {
  signature: string;
  cert: string[];
  json?: boolean;
}

/** What a deviation means, for people. */
const DEVIATION_TEXTS: Record<Deviation, string> = {
  attributes: "it has attributes under the signature",
  "key-identifier": "the signer is named by key identifier",
  certificates: "it carries certificates, which nobody looks at",
  "several-signers": "it has several signers",
  "other-digest": "its message digest is not the hash of the file digest",
  "missing-null": "an algorithm lacks its NULL",
};

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, IO_*, CERTIFICATE_* */
export async function run(file: string | undefined, options: VerifySignatureOptions): Promise<number> {
  if ([file, options.signature, ...options.cert].filter((path) => path === "-").length > 1) {
    throw usageError("standard input can be one file only");
  }
  const certificates = await readCertificateFiles(options.cert);
  const signature = readShortFile(options.signature, SIGNATURE_MAX_BYTES);
  const chosen = chooseDigest(file, options);
  const verdict = await verifySignature({ hash: chosen.hash, digest: chosen.digest, signature, certificates });
  const warning = verdict.certificate === null ? null : datesWarning(verdict.certificate, new Date());
  const warnings = warning === null ? [] : [warning];
  if (options.json) print(`${JSON.stringify(toJson(chosen, verdict, warnings))}\n`);
  else print(toText(chosen, verdict, warnings));
  return verdict.isVerified ? EXIT_OK : EXIT_NO;
}

function toJson({ file, hash, hex }: ChosenDigest, verdict: SignatureVerdict, warnings: readonly string[]) {
  const { isVerified, result, refusal, certificate, algorithm, deviations } = verdict;
  return {
    isVerified,
    result,
    code: refusal?.code ?? null,
    reason: refusal?.message ?? null,
    file,
    hash,
    digest: hex,
    certificate: certificate === null ? null : certificateToJson(certificate),
    algorithm,
    deviations,
    warnings,
  };
}

function toText({ file, hash, hex }: ChosenDigest, verdict: SignatureVerdict, warnings: readonly string[]): string {
  const { result, refusal, certificate, algorithm, deviations } = verdict;
  const rows: Array<[string, string]> = [
    [result, file === null ? "" : printable(file)],
    ["digest", `${hash}:${hex}`],
  ];
  if (refusal !== null) rows.push(["reason", `${refusal.code}: ${refusal.message}`]);
  if (certificate !== null) {
    rows.push(["signer", certificate.subject], ["serial", certificate.serial]);
    rows.push(["certificate", `sha256:${certificate.sha256}`]);
  }
  if (algorithm !== null) rows.push(["algorithm", `${algorithm.key} with ${algorithm.digest}`]);
  for (const deviation of deviations) rows.push(["note", DEVIATION_TEXTS[deviation]]);
  for (const warning of warnings) rows.push(["warning", warning]);
  return rows.map(([name, text]) => `${`${name.padEnd(11)}  ${text}`.trimEnd()}\n`).join("");
}
