/**
 * `composefs seal oci:DIR[:TAG]`: states the digests of an image in its layout. With `--mode artifact` beside it, the image
 * stays as it is; with `--mode inline` in its manifest, whose digest changes, and that of indexes with it. Prints a line for
 * each digest, and what was written:
 *
 *   merged    fsverity-sha512-12  d06f…
 *   artifact  sha256:9f1c…
 *
 * `--key` and `--cert` sign each digest. What is there already, by the same certificate, is kept: sealing twice changes
 * nothing. `--dry-run` prints the JSON that would be written, and writes nothing. `--json` prints one object:
 *
 *   {"mode": "artifact", "manifest": "sha256:52a1…", "isChanged": true, "seals": [{"role": "merged", "layer": null,
 *    "algorithm": "fsverity-sha512-12", "digest": "d06f…", "isSigned": false}], "artifacts": ["sha256:9f1c…"]}
 *
 * `manifest` is that of the image, with `--mode inline` the new one.
 */

import { fromHex } from "../image/hex.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import { readAnnotations } from "../seal/annotations.ts";
import { makeArtifact } from "../seal/artifact.ts";
import { SealDigests } from "../seal/digests.ts";
import { findArtifacts } from "../seal/find.ts";
import { algorithmIdentifier, type SealRole } from "../seal/keys.ts";
import { LayoutWriter } from "../seal/layout-write.node.ts";
import { computeSeals, findEqual, isEqualSeal, type PlacedSeal, type Signer, sealInline } from "../seal/seal.ts";
import type { SignatureCheck } from "../seal/verify.ts";
import { quote } from "../source/files.node.ts";
import { HOST } from "../source/host.ts";
import { JsonNode } from "../source/json.ts";
import { sourceLimits } from "../source/limits.ts";
import { openInput } from "../source/resolve.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { type ContainerLayers, checkInputOptions, type InputOptions, openLayers } from "./input.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";

export interface SealOptions extends Omit<InputOptions, "role"> {
  mode: string;
  algorithm?: string[];
  role?: string[];
  layers?: boolean;
  key?: string;
  cert?: string;
  dryRun?: boolean;
  json?: boolean;
  progress: boolean;
}

const MODES = ["artifact", "inline"];
const ALGORITHMS: readonly VerityAlgorithm[] = ["sha512-12", "sha256-12", "sha512-16", "sha256-16"];

/** What was written, or would be. */
interface Written {
  manifest: string;
  isChanged: boolean;
  artifacts: string[];
  /** Documents, for `--dry-run`. */
  documents: Uint8Array[];
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SEAL_*, SIGNATURE_*, IO_*, and all that reading gives */
export async function run(operand: string, options: SealOptions): Promise<number> {
  const { mode, key, cert, algorithm, role: more = [], ...inputOptions } = options;
  if (!MODES.includes(mode)) throw usageError(`--mode: expected ${MODES.join(" or ")}, got ${quote(mode)}`);
  if ((key === undefined) !== (cert === undefined)) throw usageError("--key, --cert: expected both or neither");
  if (options.layers && mode === "artifact") throw usageError("--layers: digests of layers are stated inline only");
  const algorithms = algorithmsOf(algorithm ?? ["sha512-12"]);
  const unknown = more.find((role) => role !== "bootable");
  if (unknown !== undefined) throw usageError(`--role: expected bootable, got ${quote(unknown)}`);
  checkInputOptions(inputOptions);
  const signing = key === undefined ? null : await signerOf(key, cert!);
  const source = openInput(operand);
  if (source.kind !== "container") throw usageError(`${quote(source.name)} is no container image`);
  const progress = startProgress(options.progress);
  const hashes = [...new Set(algorithms.map((one) => algorithmParameters(one).hash))];
  const container = await openLayers(source, inputOptions, hashes, { progress });
  try {
    progress.clear();
    const { image, trees } = container;
    if (image.kind !== "oci" || image.manifest === null) {
      throw usageError(`${quote(source.name)}: only an OCI layout in a directory can be sealed so far`);
    }
    const digests = new SealDigests({ trees, manifest: image.manifest.bytes, config: image.config!.bytes });
    const roles: SealRole[] = [...(mode === "artifact" ? ["manifest" as const] : []), "config", "merged"];
    const request = { algorithms, roles: [...roles, ...(more as SealRole[])], signer: signing?.signer ?? null };
    const placed = await computeSeals(digests, request, options.layers ? image.layers.length : 0);
    const write = mode === "artifact" ? sealBeside : sealInside;
    const written = await write(container, placed, signing?.check ?? null, options.dryRun ?? false);
    report(mode, placed, written, options);
    return EXIT_OK;
  } finally {
    progress.clear();
    await container.image.close();
  }
}

function algorithmsOf(names: readonly string[]): VerityAlgorithm[] {
  return [...new Set(names.flatMap((name) => name.split(",")).map((name) => name.replace(/^fsverity-/, "")))].map(
    (name) => {
      const found = ALGORITHMS.find((algorithm) => algorithm === name);
      if (found === undefined) throw usageError(`--algorithm: expected ${ALGORITHMS.join(" or ")}, got ${quote(name)}`);
      return found;
    },
  );
}

/** The CMS library is loaded here, and nowhere before. */
async function signerOf(keyPath: string, certPath: string): Promise<{ signer: Signer; check: SignatureCheck }> {
  const { readCertificateFiles, readShortFile, signatureCheck } = await import("./signature-input.ts");
  const { KEY_FILE_MAX_BYTES } = await import("../seal/signature/limits.ts");
  const { signDigest } = await import("../seal/signature/sign.ts");
  const [certificate] = await readCertificateFiles([certPath]);
  const privateKey = readShortFile(keyPath, KEY_FILE_MAX_BYTES);
  const signer: Signer = ({ algorithm }, digest) =>
    signDigest({
      hash: algorithmParameters(algorithm).hash,
      digest: fromHex(digest),
      certificate: certificate!,
      privateKey,
    });
  return { signer, check: signatureCheck([certificate!]) };
}

/** One artifact for each algorithm. */
async function sealBeside(
  { image }: ContainerLayers,
  placed: readonly PlacedSeal[],
  check: SignatureCheck | null,
  isDryRun: boolean,
): Promise<Written> {
  const { mediaType, digest, bytes } = image.manifest!;
  const existing = await findArtifacts(image, { limits: sourceLimits({}), signal: undefined, host: HOST });
  const written: Written = { manifest: digest, isChanged: false, artifacts: [], documents: [] };
  const layout = new LayoutWriter(image.name);
  for (const algorithm of new Set(placed.map(({ seal }) => seal.algorithm))) {
    const seals = placed.map(({ seal }) => seal).filter((seal) => seal.algorithm === algorithm);
    const kept = await findEqual(existing, seals, check);
    if (kept !== undefined) {
      written.artifacts.push(kept.digest);
      continue;
    }
    const artifact = await makeArtifact({ mediaType, digest, size: bytes.length }, seals);
    written.isChanged = true;
    written.artifacts.push(artifact.descriptor.digest);
    written.documents.push(artifact.manifest);
    if (isDryRun) continue;
    for (const blob of artifact.blobs.values()) await layout.putBlob(blob);
    await layout.putBlob(artifact.manifest);
    layout.addManifest(artifact.descriptor);
  }
  return written;
}

/** In the manifest itself. */
async function sealInside(
  { image }: ContainerLayers,
  placed: readonly PlacedSeal[],
  check: SignatureCheck | null,
  isDryRun: boolean,
): Promise<Written> {
  const { digest, bytes } = image.manifest!;
  const fresh: PlacedSeal[] = [];
  for (const one of placed) if (!(await isThere(image, one, check))) fresh.push(one);
  const sealed = sealInline(bytes, fresh);
  const layout = new LayoutWriter(image.name);
  const isChanged = fresh.length > 0;
  if (!isChanged) return { manifest: digest, isChanged, artifacts: [], documents: [] };
  const { sha256 } = await import("../seal/artifact.ts");
  if (isDryRun) return { manifest: await sha256(sealed), isChanged, artifacts: [], documents: [sealed] };
  const after = await layout.putBlob(sealed);
  await layout.replaceManifest(digest, after);
  return { manifest: after.digest, isChanged, artifacts: [], documents: [sealed] };
}

/** Whether the manifest states a seal, signed by the same certificate. */
async function isThere(
  image: ContainerLayers["image"],
  { seal, layer }: PlacedSeal,
  check: SignatureCheck | null,
): Promise<boolean> {
  const manifest = new JsonNode(image.manifest!.json, "manifest");
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

function report(mode: string, placed: readonly PlacedSeal[], written: Written, options: SealOptions): void {
  const { manifest, isChanged, artifacts, documents } = written;
  if (options.dryRun) {
    for (const document of documents) print(`${new TextDecoder().decode(document)}\n`);
    return;
  }
  if (options.json) {
    const seals = placed.map(({ seal: { role, algorithm, digest, signature }, layer }) => {
      return { role, layer, algorithm: algorithmIdentifier(algorithm), digest, isSigned: signature !== null };
    });
    print(`${JSON.stringify({ mode, manifest, isChanged, seals, artifacts })}\n`);
    return;
  }
  const lines = placed.map(({ seal, layer }) => {
    const name = layer === null ? seal.role : `${seal.role} ${layer}`;
    const signed = seal.signature === null ? "" : "  signed";
    return `${name.padEnd(9)} ${algorithmIdentifier(seal.algorithm)}  ${seal.digest}${signed}`;
  });
  const rest = mode === "inline" ? [`manifest  ${manifest}`] : artifacts.map((digest) => `artifact  ${digest}`);
  print(`${[...lines, ...rest.map((line) => (isChanged ? line : `${line}  (as it was)`))].join("\n")}\n`);
}
