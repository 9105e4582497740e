/**
 * `composefs verify INPUT`: every digest and signature that a container image is sealed with, in its manifest and in artifacts
 * beside it, against the image itself (sealing.md 7). One line for each object, then the verdict and what nobody checked:
 *
 *   merged    fsverity-sha512-12  right; signed by CN=release (sha256:9f1c…)
 *
 *   verdict     verified
 *   this tool   has checked 3 digests and 3 signatures, now
 *   a kernel    checks the merged tree at every open, when it is mounted by its digest (composefs mount)
 *
 * A digest that is wrong and is that of another tree or layout of this very image is said to be that.
 *
 * With `--cert` signatures are checked, and the merged tree must be signed by one of the certificates; `--expect-manifest`
 * pins the manifest; `--role` names what must be sealed, merged unless it is given. Exit code 0 verified, 1 not, 2 error.
 * `--json` prints one object:
 *
 *   {"verdict": "verified", "input": "oci:web", "manifest": "sha256:52a1…", "objects": [{"role": "merged", "layer": null,
 *     "algorithm": "fsverity-sha512-12", "where": "manifest", "expected": "d06f…", "computed": "d06f…", "isEqual": true,
 *     "transform": null, "recognised": null, "problem": null, "signature": {"state": "valid", "detail": "CN=release"}}],
 *    "failures": [], "violations": [], "uncovered": ["…"], "unknown": [], "legacy": []}
 */

import { isSealable, verifyContainer } from "../seal/container.ts";
import { findArtifacts } from "../seal/find.ts";
import { SEAL_ROLES, type SealRole } from "../seal/keys.ts";
import type { SignatureCheck } from "../seal/verify.ts";
import { verifyText } from "../seal/verify-text.ts";
import { quote } from "../source/files.node.ts";
import { HOST } from "../source/host.ts";
import { sourceLimits } from "../source/limits.ts";
import { openInput } from "../source/resolve.node.ts";
import { EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { checkInputOptions, type InputOptions, manifestError, openLayers } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";

export interface VerifyOptions extends Omit<InputOptions, "role"> {
  /** PEM or DER files. */
  cert?: string[];
  expectManifest?: string;
  role?: string[];
  json?: boolean;
  progress: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SEAL_*, CERTIFICATE_*, and all that reading gives */
export async function run(operand: string, options: VerifyOptions): Promise<number> {
  const { role: names = ["merged"], cert, expectManifest, ...inputOptions } = options;
  const roles = names.flatMap((name) => name.split(","));
  for (const role of roles) {
    if (SEAL_ROLES.includes(role as SealRole)) continue;
    throw usageError(`--role: expected ${SEAL_ROLES.join(" or ")}, got ${quote(role)}`);
  }
  if (expectManifest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(expectManifest)) {
    throw usageError(`--expect-manifest: expected sha256: and 64 hex digits, got ${quote(expectManifest)}`);
  }
  checkInputOptions(inputOptions);
  const checkSignature = cert === undefined ? null : await checkBy(cert);
  const source = openInput(operand);
  if (source.kind !== "container")
    throw usageError(`${quote(source.name)} is no container image: only those are sealed`);
  const progress = startProgress(options.progress);
  // Which hashes the seals have is known when the manifest was read; both come from one reading.
  const container = await openLayers(source, inputOptions, ["sha256", "sha512"], { progress });
  try {
    progress.clear();
    const { image, trees } = container;
    if (!isSealable(image)) throw manifestError(source.name, image.kind);
    const reading = { limits: sourceLimits({}), signal: undefined, host: HOST };
    const report = await verifyContainer(image, trees, {
      artifacts: await findArtifacts(image, reading),
      checkSignature,
      expectedManifest: expectManifest ?? null,
      roles: roles as SealRole[],
    });
    const facts = { ...report, input: operand, manifest: image.manifest.digest };
    print(options.json ? `${JSON.stringify(facts)}\n` : verifyText(report, operand));
    return report.verdict === "verified" ? EXIT_OK : EXIT_NO;
  } finally {
    progress.clear();
    await container.image.close();
  }
}

/** The CMS library is loaded here, and nowhere before. */
async function checkBy(paths: readonly string[]): Promise<SignatureCheck> {
  const { readCertificateFiles } = await import("./signature-input.ts");
  const { signatureCheck } = await import("../seal/signature/check.ts");
  return signatureCheck(await readCertificateFiles(paths));
}
