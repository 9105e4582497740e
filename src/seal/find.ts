/**
 * The artifacts that seal an image, beside it in its OCI layout (sealing.md 6): all manifests in index.json that refer to it,
 * and those of an index under the fallback tag. None of this is proof of anything; each is judged by itself.
 */

import { ComposefsError } from "../error.ts";
import type { ContainerImage, FileTable } from "../source/container.ts";
import {
  type Descriptor,
  findBlob,
  type Reading,
  readBlob,
  readDescriptor,
  readFile,
  readWhole,
} from "../source/document.ts";
import type { JsonNode } from "../source/json.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "../source/media-types.ts";
import { ARTIFACT_TYPE, readArtifact, sha256 } from "./artifact.ts";
import { SIGNATURE_MAX_BYTES } from "./signature/limits.ts";
import type { FoundArtifact } from "./verify.ts";

/** image-spec, annotations.md. */
const TAG_KEY = "org.opencontainers.image.ref.name";

/**
 * Finds the artifacts of an image in its layout.
 *
 * @returns in the order of the index, each once; none for an image that lies in no layout
 * @throws {ComposefsError} SEAL_*, SOURCE_*, BLOB_*, IO_READ when an artifact is damaged
 */
export async function findArtifacts(image: ContainerImage, reading: Reading): Promise<FoundArtifact[]> {
  const { files, manifest } = image;
  if (files === null || manifest === null) return [];
  const found = new Map<string, FoundArtifact>();
  for await (const descriptor of candidates(files, manifest.digest, reading)) {
    if (found.has(descriptor.digest)) continue;
    const document = await readBlob(files, descriptor, reading);
    if (document.root.field("artifactType").optionalText() !== ARTIFACT_TYPE) continue;
    const subject = document.root.field("subject");
    if (!subject.isPresent || subject.field("digest").digest() !== manifest.digest) continue;
    const artifact = readArtifact(document.bytes, document.where);
    const signatures = await readSignatures(files, artifact.entries, reading);
    found.set(descriptor.digest, { ...artifact, digest: descriptor.digest, signatures });
  }
  return [...found.values()];
}

/** Manifests that may be artifacts about an image. */
async function* candidates(files: FileTable, digest: string, reading: Reading): AsyncGenerator<Descriptor> {
  const index = await readFile(files, "index.json", reading);
  for (const entry of index.root.field("manifests").items()) {
    const descriptor = readDescriptor(entry);
    if (MANIFEST_TYPES.has(descriptor.mediaType)) {
      if (descriptor.digest !== digest && isArtifact(entry)) yield descriptor;
    } else if (INDEX_TYPES.has(descriptor.mediaType) && descriptor.annotations[TAG_KEY] === digest.replace(":", "-")) {
      const nested = await readBlob(files, descriptor, reading);
      for (const inner of nested.root.field("manifests").items()) if (isArtifact(inner)) yield readDescriptor(inner);
    }
  }
}

/** Whether a descriptor may be one of ours: older tools leave the type out. */
function isArtifact(entry: JsonNode): boolean {
  const type = entry.field("artifactType").optionalText();
  return type === null || type === ARTIFACT_TYPE;
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
    try {
      const bytes = await readWhole(await findBlob(files, descriptor), reading);
      if ((await sha256(bytes)) === signatureBlob.digest) signatures.set(signatureBlob.digest, bytes);
    } catch (error) {
      if (!(error instanceof ComposefsError) || !/^(SOURCE_MISSING|BLOB_SIZE)$/.test(error.code)) throw error;
    }
  }
  return signatures;
}
