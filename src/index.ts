/**
 * The public API, for Node and browsers alike. What needs files is in `composefs-wasm/node`.
 */

import { engineModule } from "./engine/load.ts";

export type { Accelerator } from "./engine/calibrate.ts";
export type { EngineLimits } from "./engine/load.ts";
export type { TreeCounts } from "./engine/records.ts";
export type { HashName } from "./engine/slot.ts";
export { ComposefsError, type ComposefsErrorCode, type ComposefsErrorData } from "./error.ts";
export {
  type BuildOptions,
  buildImage,
  type DigestOptions,
  type DigestResult,
  type DumpOptions,
  type ImageResult,
  type ImageSink,
  imageDigests,
  streamImage,
} from "./image/build.ts";
export { type ImageFormat, type Profile, parseProfile, type VerityAlgorithm } from "./image/profile.ts";
export { type VerityOptions, verityDigest } from "./image/verity.ts";
export type { Descriptor } from "./registry/descriptor.ts";
export { parseReference, type Reference, referenceText } from "./registry/reference.ts";
export { Registry, type RegistryOptions } from "./registry/registry.ts";
export { type Artifact, type ArtifactEntry, type ReadArtifact, readArtifact } from "./seal/artifact.ts";
export {
  type ImageBytes,
  type SealedImageBytes,
  type SealImageOptions,
  sealImage,
  type VerifySealsOptions,
  verifySeals,
} from "./seal/in-memory.ts";
export type { SealKey, SealRole } from "./seal/keys.ts";
export type { PlacedSeal, Signer } from "./seal/seal.ts";
export { type Certificate, readCertificates } from "./seal/signature/certificate.ts";
export { formattedDigest } from "./seal/signature/content.ts";
export { attachSignature, type SignRequest, signDigest } from "./seal/signature/sign.ts";
export { type SignatureVerdict, type VerifyRequest, verifySignature } from "./seal/signature/verify.ts";
export type { Verdict, VerifiedObject, VerifyReport } from "./seal/verify.ts";
export type { ByteSource, JobControl, Progress } from "./source/bytes.ts";

/**
 * Compiles the engine ahead of its first use. Never needed: everything else calls it by itself.
 *
 * @throws {ComposefsError} ENGINE_LOAD when WebAssembly with SIMD is missing or forbidden
 * @example
 * import { loadEngine } from 'composefs-wasm'
 * await loadEngine()
 */
export async function loadEngine(): Promise<void> {
  await engineModule();
}
