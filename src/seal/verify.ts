/**
 * Verifies an image by its seals (sealing.md 7): every digest that is stated is computed anew, every signature is checked over
 * the computed digest, and what nobody checked is said. One wrong digest is a failure, whatever else is right.
 */

import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { algorithmParameters } from "../image/profile.ts";
import { type LegacySeal, legacyDigest, readAnnotations, type Seal } from "./annotations.ts";
import type { ReadArtifact } from "./artifact.ts";
import type { SealDigests, SealTransform } from "./digests.ts";
import { algorithmIdentifier, type SealRole } from "./keys.ts";
import type { RecognisedDigest } from "./recognise.ts";

/** What became of a signature. */
export interface SignatureResult {
  /**
   *   valid         one of the certificates made it
   *   invalid       none of them did, or it is broken
   *   not checked   there were no certificates to check it with
   *   none          there is no signature
   */
  state: "valid" | "invalid" | "not checked" | "none";
  /** For people: who signed, or what is wrong. */
  detail: string | null;
}

/** Checks a signature over a digest. @returns who signed @throws {ComposefsError} SIGNATURE_* when it is not valid */
export type SignatureCheck = (hash: HashName, digest: string, signature: Uint8Array) => Promise<string>;

/** An object of the image, and what a seal says of it. */
export interface VerifiedObject {
  role: SealRole;
  /** Of the role layer: from 1. */
  layer: number | null;
  /** Such as `fsverity-sha512-12`. */
  algorithm: string;
  /** Where the seal stands: `manifest`, `config descriptor`, `layer 2`, or the digest of an artifact. */
  where: string;
  expected: string;
  /** Null when it could not be computed. */
  computed: string | null;
  isEqual: boolean;
  /** Of trees: how the tree was made that has the expected digest, when it was not in the default way. */
  transform: SealTransform | null;
  /** Of a digest that is wrong: what else of the image has it; null when nothing has, and of bytes. */
  recognised: RecognisedDigest | null;
  /** Why there is no computed digest. */
  problem: string | null;
  signature: SignatureResult;
}

/** An artifact with the bytes of its signatures. */
export interface FoundArtifact extends ReadArtifact {
  /** `sha256:` and hex. */
  digest: string;
  /** By the digest of their blobs. */
  signatures: ReadonlyMap<string, Uint8Array>;
}

/** What is verified. */
export interface VerifyInput {
  digests: SealDigests;
  /** `sha256:` and hex, and bytes, of the manifest. */
  manifest: { digest: string; size: number };
  /** Annotations of the manifest, of the descriptors of config and layers, and labels of the config. */
  annotations: {
    manifest: Readonly<Record<string, string>>;
    config: Readonly<Record<string, string>>;
    layers: ReadonlyArray<Readonly<Record<string, string>>>;
    labels: Readonly<Record<string, string>>;
  };
  artifacts: readonly FoundArtifact[];
  /** Null without certificates: signatures are then listed, not checked. */
  checkSignature: SignatureCheck | null;
  /** What the digest of the manifest has to be; null when nobody said. */
  expectedManifest: string | null;
  /** Roles that must be sealed; others may be. */
  roles: readonly SealRole[];
}

/**
 *   verified     everything that is stated is right; with certificates the merged tree is signed, too, and what was asked for
 *   failed       something is wrong
 *   not signed   certificates were given, all digests are right, and the merged tree, or what was asked for, is not signed
 *   unsealed     nothing is stated of a role that was asked for
 */
export type Verdict = "verified" | "failed" | "not signed" | "unsealed";

/** What {@link verifyImage} finds. */
export interface VerifyReport {
  verdict: Verdict;
  objects: VerifiedObject[];
  /** What is wrong beside objects. */
  failures: string[];
  /** What breaks the rules of the format and is no failure of the image. */
  violations: string[];
  /** What no seal says anything of. */
  uncovered: string[];
  /** Keys of composefs that are not known. */
  unknown: string[];
  /** Seals by older schemes, and whether the merged tree has their digest in layout v1. */
  legacy: Array<LegacySeal & { isMerged: boolean }>;
}

/**
 * Verifies an image.
 *
 * @throws {ComposefsError} SEAL_* when what is stated cannot be read, ENGINE_MEMORY
 */
export async function verifyImage(input: VerifyInput): Promise<VerifyReport> {
  const report: VerifyReport = {
    ...{ verdict: "verified", objects: [], failures: [], violations: [], uncovered: [], unknown: [], legacy: [] },
  };
  const { annotations, manifest, artifacts, expectedManifest } = input;
  if (expectedManifest !== null && expectedManifest !== manifest.digest) {
    report.failures.push(`the manifest has the digest ${manifest.digest}, expected ${expectedManifest}`);
  }
  const places: Array<[string, Readonly<Record<string, string>>, number | null]> = [
    ["manifest", annotations.manifest, null],
    ["config descriptor", annotations.config, null],
    ...annotations.layers.map((one, i): [string, Readonly<Record<string, string>>, number] => [
      `layer ${i + 1}`,
      one,
      i + 1,
    ]),
  ];
  for (const [where, texts, layer] of places) {
    const { seals, unknown, legacy } = readAnnotations(texts, where);
    report.unknown.push(...unknown);
    for (const one of legacy) report.legacy.push({ ...one, isMerged: false });
    for (const seal of seals)
      report.objects.push(await verifySeal(input, seal, where, placeProblem(seal, layer), layer));
  }
  for (const one of readAnnotations(annotations.labels, "labels of the config").legacy) {
    report.legacy.push({ ...one, isMerged: false });
  }
  for (const artifact of artifacts) await verifyArtifact(input, artifact, report);
  report.failures.push(...contradictions(report.objects));
  await compareLegacy(input, report);
  report.uncovered.push(...uncoveredBy(report, input));
  report.verdict = judge(input, report);
  return report;
}

/** What is wrong about the place of an annotation. */
function placeProblem({ role }: Seal, layer: number | null): string | null {
  if (role === "manifest") return "a manifest cannot state its own digest";
  return (role === "layer") === (layer !== null) ? null : "it does not belong to this place";
}

async function verifyArtifact(input: VerifyInput, artifact: FoundArtifact, report: VerifyReport): Promise<void> {
  const { subject, digest, entries, violations, signatures } = artifact;
  report.violations.push(...violations.map((violation) => `${digest}: ${violation}`));
  if (subject.digest !== input.manifest.digest || subject.size !== input.manifest.size) {
    report.failures.push(`${digest}: it is about another manifest, ${subject.digest} of ${subject.size} bytes`);
  }
  let layer = 0;
  for (const { seal, signatureBlob } of entries) {
    if (seal.role === "layer") layer++;
    const signature = signatureBlob === null ? null : (signatures.get(signatureBlob.digest) ?? null);
    const problem = signatureBlob !== null && signature === null ? "its signature is missing" : null;
    report.objects.push(
      await verifySeal(input, { ...seal, signature }, digest, problem, seal.role === "layer" ? layer : null),
    );
  }
}

async function verifySeal(
  { digests, checkSignature }: VerifyInput,
  seal: Seal,
  where: string,
  placeError: string | null,
  layer: number | null,
): Promise<VerifiedObject> {
  const { role, algorithm, digest: expected, signature } = seal;
  const object: VerifiedObject = {
    ...{ role, layer: role === "layer" ? layer : null, algorithm: algorithmIdentifier(algorithm), where, expected },
    ...{ computed: null, isEqual: false, transform: null, recognised: null, problem: placeError },
    signature: { state: signature === null ? "none" : "not checked", detail: null },
  };
  if (placeError !== null) return object;
  try {
    const { digest } = await digests.compute(seal, object.layer);
    object.computed = digest;
    if (digest !== expected) object.transform = await digests.search(seal, expected);
    object.isEqual = digest === expected || object.transform !== null;
    if (object.transform !== null) object.computed = expected;
    const isTree = role !== "manifest" && role !== "config";
    if (isTree && !object.isEqual) object.recognised = await digests.recognise(expected);
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.code.startsWith("ENGINE_")) throw error;
    object.problem = `${error.code}: ${error.message}`;
  }
  if (signature === null || checkSignature === null) return object;
  if (object.computed === null)
    return { ...object, signature: { state: "invalid", detail: "there is no digest to check" } };
  try {
    const detail = await checkSignature(algorithmParameters(algorithm).hash, object.computed, signature);
    return { ...object, signature: { state: "valid", detail } };
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    return { ...object, signature: { state: "invalid", detail: `${error.code}: ${error.message}` } };
  }
}

/** Seals of one object and algorithm that state different digests. */
function contradictions(objects: readonly VerifiedObject[]): string[] {
  const first = new Map<string, VerifiedObject>();
  const found: string[] = [];
  for (const object of objects) {
    const name = `${object.role} ${object.layer ?? ""} ${object.algorithm}`;
    const other = first.get(name);
    if (other === undefined) first.set(name, object);
    else if (other.expected !== object.expected) {
      found.push(
        `${object.where} and ${other.where} state different ${object.algorithm} digests of the ${object.role}`,
      );
    }
  }
  return found;
}

async function compareLegacy({ digests }: VerifyInput, { legacy }: VerifyReport): Promise<void> {
  for (const one of legacy) {
    const digest = one.role === "merged" ? legacyDigest(one) : null;
    if (digest === null) continue;
    const algorithm = digest.length === 64 ? "sha256-12" : "sha512-12";
    one.isMerged = (await digests.compute({ role: "merged", algorithm })).digest === digest;
  }
}

/** For people: what of the image no seal that was checked speaks of; with certificates, none that one of them signed. */
function uncoveredBy({ objects }: VerifyReport, { checkSignature, expectedManifest }: VerifyInput): string[] {
  const hasCertificates = checkSignature !== null;
  const has = (role: SealRole) => objects.some((object) => object.role === role);
  const isCovered = (role: SealRole) =>
    objects.some(({ role: own, signature }) => own === role && (!hasCertificates || signature.state === "valid"));
  const unsigned = (role: SealRole) =>
    hasCertificates && has(role) ? ", whose digest is stated, but not signed by one of the certificates" : "";
  const uncovered: string[] = [];
  if (!isCovered("manifest") && expectedManifest === null) {
    const advice = "whoever can change it can change the seal; pin its digest, or sign it";
    uncovered.push(`the manifest${unsigned("manifest")}: ${advice}`);
  }
  if (!isCovered("config")) uncovered.push(`the config${unsigned("config")}: entry point, environment, user`);
  if (!isCovered("merged")) uncovered.push(`the merged tree${unsigned("merged")}`);
  // These need not be stated; what is stated and not signed is covered by nobody all the same.
  if (has("bootable") && !isCovered("bootable")) uncovered.push(`the bootable tree${unsigned("bootable")}`);
  const isLoose = ({ role, signature }: VerifiedObject) => role === "layer" && signature.state !== "valid";
  const loose = hasCertificates ? new Set(objects.filter(isLoose).map(({ layer }) => layer)) : [];
  for (const layer of loose)
    uncovered.push(`layer ${layer}, whose digest is stated, but not signed by one of the certificates`);
  return uncovered;
}

function judge({ checkSignature, roles }: VerifyInput, { objects, failures }: VerifyReport): Verdict {
  const isWrong = (object: VerifiedObject) =>
    !object.isEqual || object.problem !== null || object.signature.state === "invalid";
  if (failures.length > 0 || objects.some(isWrong)) return "failed";
  if (objects.length === 0 || roles.some((role) => !objects.some((object) => object.role === role))) return "unsealed";
  if (checkSignature === null) return "verified";
  const isSigned = (role: SealRole) =>
    objects.some((object) => object.role === role && object.signature.state === "valid");
  return ["merged" as const, ...roles].every(isSigned) ? "verified" : "not signed";
}
