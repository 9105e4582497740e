/**
 * The artifacts that seal an image: referrers of its manifest of the type of ours, in its layout or its registry. None of this
 * is proof of anything; each is judged by itself.
 */

import { ComposefsError } from "../error.ts";
import { digestOf } from "../registry/digest.ts";
import type { ContainerImage, FileTable, Referrer } from "../source/container.ts";
import { findBlob, type Reading, readBlob, readWhole } from "../source/document.ts";
import { Referrers } from "../source/referrers.ts";
import { ARTIFACT_TYPE, readArtifact } from "./artifact.ts";
import { SIGNATURE_MAX_BYTES } from "./signature/limits.ts";
import type { FoundArtifact } from "./verify.ts";

/**
 * Finds the artifacts of an image.
 *
 * @returns in the order of index.json or of the registry, each once; none for an image that lies in no layout
 * @throws {ComposefsError} SEAL_*, SOURCE_*, BLOB_*, REGISTRY_*, IO_READ when an artifact is damaged
 */
export async function findArtifacts({ files, manifest }: ContainerImage, reading: Reading): Promise<FoundArtifact[]> {
  if (files === null || manifest === null) return [];
  const found: FoundArtifact[] = [];
  for (const referrer of await new Referrers(files, reading).of(manifest.digest, ARTIFACT_TYPE)) {
    const artifact = await readFound(files, referrer, manifest.digest, reading);
    if (artifact !== null) found.push(artifact);
  }
  return found;
}

/**
 * Reads one artifact with its signatures.
 *
 * @param subject digest of the manifest that it has to refer to
 * @returns null when it is not there, or refers to something else
 * @throws {ComposefsError} as {@link findArtifacts}
 */
export async function readFound(
  files: FileTable,
  referrer: Referrer,
  subject: string,
  reading: Reading,
): Promise<FoundArtifact | null> {
  const descriptor = { ...referrer, annotations: {}, where: "an artifact" };
  const document = await readBlob(files, descriptor, reading).catch(orNull);
  // Lists that clients keep may name what was deleted.
  if (document === null) return null;
  const artifact = readArtifact(document.bytes, document.where);
  // A registry says what refers to an image; the manifest decides.
  if (artifact.subject.digest !== subject) return null;
  const signatures = await readSignatures(files, artifact.entries, reading);
  return { ...artifact, digest: referrer.digest, signatures };
}

/** Signatures by the digest of their blobs; one that is not there, or too large to be one, is left out. */
async function readSignatures(
  files: FileTable,
  entries: FoundArtifact["entries"],
  reading: Reading,
): Promise<Map<string, Uint8Array>> {
  const signatures = new Map<string, Uint8Array>();
  for (const { signatureBlob } of entries) {
    if (signatureBlob === null || signatureBlob.size > SIGNATURE_MAX_BYTES) continue;
    const descriptor = { ...signatureBlob, annotations: {}, where: "a signature" };
    const bytes = await findBlob(files, descriptor)
      .then((place) => readWhole(place, reading))
      .catch(orNull);
    if (bytes !== null && (await digestOf(bytes)) === signatureBlob.digest) signatures.set(signatureBlob.digest, bytes);
  }
  return signatures;
}

/** What is not there, or is of another size, is null; other failures are failures. */
function orNull(error: unknown): null {
  if (error instanceof ComposefsError && /^((SOURCE|REGISTRY)_MISSING|BLOB_SIZE)$/.test(error.code)) return null;
  throw error;
}
