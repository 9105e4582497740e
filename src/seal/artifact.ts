/**
 * Seals beside an image: an artifact that refers to it, one layer for each digest (sealing.md 5).
 *
 * The image stays as it is. Each layer is one signature, PKCS#7 DER, and names in its one annotation what it signs; a digest
 * without signature has the empty blob. An artifact has digests of one algorithm: for a second one there is a second artifact.
 */

import { ComposefsError } from "../error.ts";
import type { VerityAlgorithm } from "../image/profile.ts";
import { EMPTY_TYPE, MANIFEST_TYPE } from "../registry/descriptor.ts";
import { digestOf } from "../registry/digest.ts";
import { type JsonNode, parseJson } from "../source/json.ts";
import { readAnnotations, type Seal } from "./annotations.ts";
import { formatKey, SEAL_ROLES } from "./keys.ts";

export const ARTIFACT_TYPE = "application/vnd.composefs.metadata.v1";
export const SIGNATURE_MEDIA_TYPE = "application/vnd.composefs.signature.v1+pkcs7";

/** What a descriptor says of a blob. */
export interface BlobDescriptor {
  mediaType: string;
  /** `sha256:` and hex. */
  digest: string;
  /** Bytes. */
  size: number;
}

/** The empty blob of OCI artifacts: image-spec, manifest.md, "Guidance for an empty descriptor". */
export const EMPTY_BLOB: Uint8Array = new TextEncoder().encode("{}");
export const EMPTY_DESCRIPTOR: BlobDescriptor = {
  mediaType: EMPTY_TYPE,
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
};

/** An artifact to be written. */
export interface Artifact {
  /** Bytes of the manifest. */
  manifest: Uint8Array;
  descriptor: BlobDescriptor & { artifactType: string };
  /** What the manifest names, by digest. */
  blobs: Map<string, Uint8Array>;
}

/** One layer of an artifact. */
export interface ArtifactEntry {
  /** What it says; the signature is in the blob, and null here until that was read. */
  seal: Seal;
  /** The blob of the signature; null for a digest alone. */
  signatureBlob: BlobDescriptor | null;
}

/** An artifact as it was found. */
export interface ReadArtifact {
  subject: BlobDescriptor;
  entries: ArtifactEntry[];
  /** What breaks a rule of the format, though it can be read: for people. */
  violations: string[];
}

/**
 * Makes the artifact of digests.
 *
 * @param subject the manifest of the image
 * @param seals of one algorithm, each role once
 * @throws {ComposefsError} SEAL_ARTIFACT when they do not go together
 */
export async function makeArtifact(subject: BlobDescriptor, seals: readonly Seal[]): Promise<Artifact> {
  const rank = ({ role }: Seal) => SEAL_ROLES.indexOf(role);
  const sorted = [...seals].sort((a, b) => rank(a) - rank(b));
  const [problem] = violationsOf(sorted);
  if (problem !== undefined) throw new ComposefsError("SEAL_ARTIFACT", problem);
  const blobs = new Map([[EMPTY_DESCRIPTOR.digest, EMPTY_BLOB]]);
  const layers: object[] = [];
  for (const seal of sorted) {
    let descriptor = EMPTY_DESCRIPTOR;
    if (seal.signature !== null) {
      const digest = await digestOf(seal.signature);
      descriptor = { mediaType: SIGNATURE_MEDIA_TYPE, digest, size: seal.signature.length };
      blobs.set(digest, seal.signature);
    }
    layers.push({ ...descriptor, annotations: { [formatKey(seal)]: seal.digest } });
  }
  const document = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: ARTIFACT_TYPE,
    config: EMPTY_DESCRIPTOR,
    layers,
    subject,
  };
  const manifest = new TextEncoder().encode(JSON.stringify(document));
  const digest = await digestOf(manifest);
  const descriptor = { mediaType: MANIFEST_TYPE, digest, size: manifest.length, artifactType: ARTIFACT_TYPE };
  return { manifest, descriptor, blobs };
}

/**
 * Reads the manifest of an artifact.
 *
 * @param where for people: which artifact this is
 * @throws {ComposefsError} SEAL_ARTIFACT when it is none of composefs, or a layer says nothing or more than one thing;
 *   SEAL_DIGEST, SEAL_SIGNATURE, SOURCE_JSON, SOURCE_DIGEST
 */
export function readArtifact(manifest: Uint8Array, where: string): ReadArtifact {
  const root = parseJson(manifest, where);
  const type = root.field("artifactType").optionalText();
  if (type !== ARTIFACT_TYPE)
    throw artifactError(where, `the artifactType is ${type ?? "missing"}, not ${ARTIFACT_TYPE}`);
  const subjectNode = root.field("subject");
  if (!subjectNode.isPresent) throw artifactError(where, "there is no subject");
  const violations: string[] = [];
  const config = readBlob(root.field("config"));
  if (config.mediaType !== EMPTY_TYPE || config.digest !== EMPTY_DESCRIPTOR.digest) {
    violations.push("the config is not the empty descriptor");
  }
  const entries = root
    .field("layers")
    .items()
    .map((layer) => readEntry(layer));
  violations.push(...violationsOf(entries.map(({ seal, signatureBlob }) => withSignature(seal, signatureBlob))));
  return { subject: readBlob(subjectNode), entries, violations };
}

function readEntry(layer: JsonNode): ArtifactEntry {
  const { mediaType, ...blob } = readBlob(layer);
  const annotations = layer.field("annotations").texts();
  const { seals } = readAnnotations(annotations, layer.where);
  if (seals.length !== 1) throw artifactError(layer.where, `expected one digest, got ${seals.length}`);
  const isSigned = mediaType === SIGNATURE_MEDIA_TYPE;
  if (isSigned && blob.size === 0) throw artifactError(layer.where, "the signature has no bytes");
  return { seal: { ...seals[0]!, signature: null }, signatureBlob: isSigned ? { mediaType, ...blob } : null };
}

function readBlob(node: JsonNode): BlobDescriptor {
  const [mediaType, digest, size] = [
    node.field("mediaType").text(),
    node.field("digest").digest(),
    node.field("size").size(),
  ];
  return { mediaType, digest, size };
}

/** A seal of which only matters whether it is signed. */
function withSignature(seal: Seal, blob: BlobDescriptor | null): Seal {
  return { ...seal, signature: blob === null ? null : new Uint8Array(1) };
}

/** What breaks the rules of sealing.md 5 and 8. */
function violationsOf(seals: readonly Seal[]): string[] {
  const violations: string[] = [];
  const roles = seals.map(({ role }) => role);
  const algorithms = new Set<VerityAlgorithm>(seals.map(({ algorithm }) => algorithm));
  if (algorithms.size > 1) violations.push(`digests of several algorithms: ${[...algorithms].join(", ")}`);
  const order = roles.map((role) => SEAL_ROLES.indexOf(role));
  if (order.some((rank, i) => i > 0 && rank < order[i - 1]!))
    violations.push(`the order of roles: ${roles.join(", ")}`);
  for (const role of ["manifest", "config", "merged", "bootable"] as const) {
    const count = roles.filter((one) => one === role).length;
    if (count > 1) violations.push(`${count} digests of the role ${role}`);
  }
  if (!roles.includes("merged")) violations.push("there is no digest of the merged tree");
  if (seals.some(({ signature }) => signature !== null)) {
    for (const role of ["manifest", "config"] as const) {
      const own = seals.find((seal) => seal.role === role);
      if (own === undefined) violations.push(`it is signed, and there is no digest of the ${role}`);
      else if (own.signature === null) violations.push(`it is signed, and the digest of the ${role} is not`);
    }
  }
  return violations;
}

function artifactError(where: string, what: string): ComposefsError {
  return new ComposefsError("SEAL_ARTIFACT", `${where}: ${what}`);
}
