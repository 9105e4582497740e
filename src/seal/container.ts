/**
 * The seals of a container image, wherever they stand: what `verifyImage` takes, read from the image.
 */

import type { HashName } from "../engine/slot.ts";
import { algorithmParameters } from "../image/profile.ts";
import type { LayeredImage } from "../image/view.ts";
import type { ContainerImage } from "../source/container.ts";
import { JsonNode } from "../source/json.ts";
import { legacyDigest, readAnnotations } from "./annotations.ts";
import { SealDigests } from "./digests.ts";
import type { SealRole } from "./keys.ts";
import { type FoundArtifact, type SignatureCheck, type VerifyInput, type VerifyReport, verifyImage } from "./verify.ts";

/** An image that has a manifest, which could be sealed. */
export type SealableImage = ContainerImage & { manifest: NonNullable<ContainerImage["manifest"]> };

/** How the seals of an image are to be checked. */
export interface VerifyContainerOptions {
  /** What `findArtifacts` gave. */
  artifacts: readonly FoundArtifact[];
  /** Null without certificates. */
  checkSignature: SignatureCheck | null;
  /** What the digest of the manifest has to be; null when nobody said. */
  expectedManifest: string | null;
  /** Roles that must be sealed. */
  roles: readonly SealRole[];
}

export function isSealable(image: ContainerImage): image is SealableImage {
  return image.manifest !== null;
}

/**
 * Verifies a container image by its seals.
 *
 * @param trees its layers, with object digests of every hash that is stated
 * @throws {ComposefsError} SEAL_*, SOURCE_JSON, ENGINE_MEMORY
 */
export function verifyContainer(
  image: SealableImage,
  trees: LayeredImage,
  options: VerifyContainerOptions,
): Promise<VerifyReport> {
  const { manifest, config } = image;
  return verifyImage({
    digests: new SealDigests({ trees, manifest: manifest.bytes, config: config?.bytes ?? null }),
    manifest: { digest: manifest.digest, size: manifest.bytes.length },
    annotations: annotationsOf(image),
    ...options,
  });
}

/**
 * Hashes of the object digests that the seals of an image need.
 *
 * @throws {ComposefsError} SEAL_*, SOURCE_JSON
 */
export function sealHashes(image: SealableImage, artifacts: readonly FoundArtifact[]): HashName[] {
  const hashes = new Set<HashName>();
  const { manifest, config, layers, labels } = annotationsOf(image);
  for (const texts of [manifest, config, ...layers, labels]) {
    const { seals, legacy } = readAnnotations(texts, "annotations");
    for (const { algorithm } of seals) hashes.add(algorithmParameters(algorithm).hash);
    for (const one of legacy) {
      const digits = legacyDigest(one)?.length;
      if (digits !== undefined) hashes.add(digits === 64 ? "sha256" : "sha512");
    }
  }
  for (const { seal } of artifacts.flatMap(({ entries }) => entries)) {
    hashes.add(algorithmParameters(seal.algorithm).hash);
  }
  return [...hashes];
}

/** Annotations of everything that can be sealed inline. */
function annotationsOf(image: SealableImage): VerifyInput["annotations"] {
  const manifest = new JsonNode(image.manifest.json, "manifest");
  const config = new JsonNode(image.config?.json ?? {}, "config").field("config");
  return {
    manifest: image.manifest.annotations,
    config: manifest.field("config").field("annotations").texts(),
    layers: image.layers.map(({ annotations }) => annotations),
    labels: config.isPresent ? config.field("Labels").texts() : {},
  };
}
