/**
 * Puts seals where an image lies: in artifacts beside it, or in its manifest (sealing.md 4 and 5). What is there already,
 * signed by the same certificate or by nobody, is kept.
 */

import type { Destination, NewManifest } from "../destination/destination.ts";
import { replaceDescriptors } from "../destination/layout.ts";
import { ComposefsError } from "../error.ts";
import { MANIFEST_TYPE } from "../registry/descriptor.ts";
import { digestOf } from "../registry/digest.ts";
import type { ContainerImage, FileTable } from "../source/container.ts";
import { type Reading, readBlob, readDescriptor, readFile } from "../source/document.ts";
import { JsonNode } from "../source/json.ts";
import { INDEX_TYPES } from "../source/media-types.ts";
import { readAnnotations } from "./annotations.ts";
import { makeArtifact } from "./artifact.ts";
import { findArtifacts } from "./find.ts";
import { findEqual, isEqualSeal, type PlacedSeal, sealInline } from "./seal.ts";
import type { FoundArtifact, SignatureCheck } from "./verify.ts";

/** What was written, or would be. */
export interface WrittenSeals {
  /** Digest of the manifest of the image; with an inline seal the new one. */
  manifest: string;
  isChanged: boolean;
  /** Digests of the artifacts, those that were there included. */
  artifacts: string[];
  /** New manifests: of artifacts, or that of the image. */
  documents: NewManifest[];
}

/**
 * Seals an image by artifacts, one for each algorithm.
 *
 * @param destination where the image lies, to be committed by the caller; null to write nothing
 * @param check takes signatures of the certificate that signs; null for digests alone
 * @param known artifacts that are there; default: those that are found
 * @throws {ComposefsError} SEAL_*, SOURCE_*, BLOB_*, REGISTRY_*, IO_*
 */
export async function sealBeside(
  image: ContainerImage,
  placed: readonly PlacedSeal[],
  check: SignatureCheck | null,
  destination: Destination | null,
  reading: Reading,
  known?: readonly FoundArtifact[],
): Promise<WrittenSeals> {
  const { mediaType, digest, bytes } = image.manifest!;
  const existing = known ?? (await findArtifacts(image, reading));
  const written: WrittenSeals = { manifest: digest, isChanged: false, artifacts: [], documents: [] };
  for (const algorithm of new Set(placed.map(({ seal }) => seal.algorithm))) {
    const seals = placed.map(({ seal }) => seal).filter((seal) => seal.algorithm === algorithm);
    const kept = await findEqual(existing, seals, check);
    if (kept !== undefined) {
      written.artifacts.push(kept.digest);
      continue;
    }
    const artifact = await makeArtifact({ mediaType, digest, size: bytes.length }, seals);
    const document = { ...artifact.descriptor, bytes: artifact.manifest };
    written.isChanged = true;
    written.artifacts.push(document.digest);
    written.documents.push(document);
    if (destination === null) continue;
    for (const [digest, blob] of artifact.blobs) {
      await destination.putBlob({ digest, size: blob.length, open: () => blob });
    }
    await destination.putReferrer(document);
  }
  return written;
}

/**
 * Seals an image in its own manifest. What names that has to be changed, too: see {@link replaceManifests}.
 *
 * @throws {ComposefsError} SEAL_INLINE for a manifest that has no annotations; SEAL_*, SOURCE_JSON
 */
export async function sealInside(
  { manifest, name }: ContainerImage,
  placed: readonly PlacedSeal[],
  check: SignatureCheck | null,
): Promise<WrittenSeals> {
  const { digest, bytes, mediaType, json } = manifest!;
  // Docker's manifests have no annotations: who reads them, or writes them anew, drops what it does not know.
  if (mediaType !== MANIFEST_TYPE) {
    const what = "its manifest is of Docker's format, which has no annotations; seal it by an artifact, or convert it";
    throw new ComposefsError("SEAL_INLINE", `${name}: ${what}`, { text: mediaType });
  }
  const fresh: PlacedSeal[] = [];
  for (const one of placed) if (!(await isThere(json, one, check))) fresh.push(one);
  if (fresh.length === 0) return { manifest: digest, isChanged: false, artifacts: [], documents: [] };
  const sealed = sealInline(bytes, fresh);
  const document = { bytes: sealed, mediaType, digest: await digestOf(sealed) };
  return { manifest: document.digest, isChanged: true, artifacts: [], documents: [document] };
}

/**
 * Puts manifests in the place of others, in the indexes that name those and below their tags.
 *
 * @param replaced by the digest of the one that goes
 * @param destination where they lie, to be committed by the caller
 * @throws {ComposefsError} SOURCE_MISSING when nothing names one; SOURCE_*, REGISTRY_*, IO_*
 */
export async function replaceManifests(
  files: FileTable,
  replaced: ReadonlyMap<string, NewManifest>,
  destination: Destination,
  reading: Reading,
): Promise<void> {
  const all = new Map(replaced);
  for (const manifest of replaced.values()) await destination.putManifest(manifest);
  const index = await readFile(files, "index.json", reading);
  const roots = index.root.field("manifests").items().map(readDescriptor);
  for (const root of roots.filter(({ mediaType }) => INDEX_TYPES.has(mediaType))) {
    const nested = await readBlob(files, root, reading);
    const edited = replaceDescriptors(nested.bytes, replaced, nested.where);
    if (edited === nested.bytes) continue;
    const manifest = { bytes: edited, mediaType: root.mediaType, digest: await digestOf(edited) };
    await destination.putManifest(manifest);
    all.set(root.digest, manifest);
  }
  if (!roots.some(({ digest }) => all.has(digest))) {
    const [digest] = replaced.keys();
    throw new ComposefsError("SOURCE_MISSING", `${index.where}: nothing in it names the manifest ${digest}`);
  }
  await destination.replace(all);
}

/** Whether a manifest states a seal, signed by the same certificate. */
async function isThere(json: unknown, { seal, layer }: PlacedSeal, check: SignatureCheck | null): Promise<boolean> {
  const manifest = new JsonNode(json, "manifest");
  const place =
    layer !== null
      ? manifest.field("layers").items()[layer - 1]!
      : seal.role === "config"
        ? manifest.field("config")
        : manifest;
  const { seals } = readAnnotations(place.field("annotations").texts(), place.where);
  for (const one of seals) if (await isEqualSeal(one, seal, check)) return true;
  return false;
}
