/**
 * `composefs seal INPUT`: states the digests of an image where it lies: in an OCI layout, in an OCI archive, in a registry.
 * With `--mode artifact` beside it, the image stays as it is; with `--mode inline` in its manifest, whose digest changes, and
 * that of indexes with it. Prints a line for each digest, and what was written:
 *
 *   merged    fsverity-sha512-12  d06f…
 *   artifact  sha256:9f1c…
 *
 * `--key` and `--cert` sign each digest, `--to-be-signed` and `--attach` do with a key that is elsewhere. What is there already, by the same certificate, is kept: sealing twice changes
 * nothing. `--all-platforms` seals each image of an index. `--dry-run` prints the JSON that would be written, and writes
 * nothing. `--json` prints one object:
 *
 *   {"mode": "artifact", "isChanged": true, "images": [{"platform": "linux/amd64", "manifest": "sha256:52a1…",
 *    "isChanged": true, "seals": [{"role": "merged", "layer": null, "algorithm": "fsverity-sha512-12", "digest": "d06f…",
 *    "isSigned": false}], "artifacts": ["sha256:9f1c…"]}]}
 *
 * `manifest` is that of the image, with `--mode inline` the new one.
 */

import type { Destination, NewManifest } from "../destination/destination.ts";
import { destinationOf } from "../destination/open.node.ts";
import { countOf } from "../explain/words.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import { SealDigests } from "../seal/digests.ts";
import { algorithmIdentifier, type SealRole } from "../seal/keys.ts";
import { computeSeals, type PlacedSeal, type SealRequest } from "../seal/seal.ts";
import { replaceManifests, sealBeside, sealInside, type WrittenSeals } from "../seal/write.ts";
import { openLayout } from "../source/container.node.ts";
import type { ContainerImage, FileTable } from "../source/container.ts";
import type { Reading } from "../source/document.ts";
import { quote } from "../source/files.node.ts";
import { HOST } from "../source/host.ts";
import { sourceLimits } from "../source/limits.ts";
import { Referrers } from "../source/referrers.ts";
import { openInput } from "../source/resolve.node.ts";
import { selectAll } from "../source/select.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { checkInputOptions, type InputOptions, manifestError, openLayers } from "./input.ts";
import { startProgress } from "./progress.ts";
import { openSigning, type Signing, type SigningOptions } from "./seal-signing.ts";
import { guard } from "./signals.ts";
import { print, printable, printError } from "./text.ts";
import { revisionOf, transformOf } from "./view.ts";

export interface SealOptions extends Omit<InputOptions, "role">, SigningOptions {
  mode: string;
  algorithm?: string[];
  role?: string[];
  layers?: boolean;
  allPlatforms?: boolean;
  dryRun?: boolean;
  json?: boolean;
  progress: boolean;
}

const MODES = ["artifact", "inline"];
const ALGORITHMS: readonly VerityAlgorithm[] = ["sha512-12", "sha256-12", "sha512-16", "sha256-16"];

/** What is to be done with each image. */
interface Job {
  mode: string;
  hasLayers: boolean;
  request: Omit<SealRequest, "signer">;
  signing: Signing;
  isDryRun: boolean;
  reading: Reading;
}

/** An image that was sealed. */
interface SealedImage {
  platform: string | null;
  placed: PlacedSeal[];
  written: WrittenSeals;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SEAL_*, SIGNATURE_*, REGISTRY_*, IO_*, and all that reading gives */
export async function run(operand: string, options: SealOptions): Promise<number> {
  const { mode, algorithm, role: more = [], allPlatforms, ...inputOptions } = options;
  if (!MODES.includes(mode)) throw usageError(`--mode: expected ${MODES.join(" or ")}, got ${quote(mode)}`);
  if (options.layers && mode === "artifact") throw usageError("--layers: digests of layers are stated inline only");
  if (allPlatforms && options.platform !== undefined) throw usageError("--all-platforms, --platform: expected one");
  const algorithms = algorithmsOf(algorithm ?? ["sha512-12"]);
  const unknown = more.find((role) => role !== "bootable");
  if (unknown !== undefined) throw usageError(`--role: expected bootable, got ${quote(unknown)}`);
  checkInputOptions({ ...inputOptions, ...(more.length > 0 && { role: "bootable" }) });
  const signing = await openSigning(options);
  const roles: SealRole[] = [...(mode === "artifact" ? ["manifest" as const] : []), "config", "merged"];
  const job: Job = {
    mode,
    hasLayers: options.layers ?? false,
    request: { algorithms, roles: [...roles, ...(more as SealRole[])] },
    signing,
    isDryRun: options.dryRun ?? false,
    reading: { limits: sourceLimits({}), signal: undefined, host: HOST },
  };
  const platforms = allPlatforms ? await platformsOf(operand, job.reading) : [options.platform];
  const sealed: SealedImage[] = [];
  // All images of an index are written at once: it changes once, or not at all.
  let destination: Destination | null = null;
  let files: FileTable | null = null;
  const replaced = new Map<string, NewManifest>();
  const discard = () => (destination as Destination | null)?.discard();
  const release = guard(discard);
  try {
    for (const platform of platforms) {
      const context = { ...job, options: { ...inputOptions, platform } as InputOptions, progress: options.progress };
      await sealOne(operand, context, async (image, placed) => {
        if (signing.toBeSigned !== null) return;
        destination ??= job.isDryRun ? null : await destinationOf(operand, image);
        files = image.files;
        const written =
          mode === "artifact"
            ? await sealBeside(image, placed, signing.check, destination, job.reading)
            : await sealInside(image, placed, signing.check);
        if (mode === "inline" && written.isChanged) {
          replaced.set(image.manifest!.digest, written.documents[0]!);
          await noteLeftBehind(image, job.reading);
        }
        sealed.push({ platform: image.platform, placed, written });
      });
    }
    const isChanged = sealed.some(({ written }) => written.isChanged);
    if (destination !== null && isChanged) {
      if (replaced.size > 0) await replaceManifests(files!, replaced, destination, job.reading);
      await (destination as Destination).commit();
    }
    if (signing.toBeSigned !== null) reportFiles(signing.toBeSigned, options);
    else report(mode, sealed, isChanged, options);
    return EXIT_OK;
  } finally {
    discard();
    release();
  }
}

/** A new manifest is another image: what refers to the old one does not come along. */
async function noteLeftBehind(image: ContainerImage, reading: Reading): Promise<void> {
  const { digest } = image.manifest!;
  const { length } = await new Referrers(image.files!, reading).of(digest);
  if (length === 0) return;
  const what = `${countOf(length, "referrer")} of ${digest} ${length === 1 ? "does" : "do"} not refer to the new manifest`;
  printError(`note: ${what}: seals, signatures and the like have to be made anew\n`);
}

/** Platforms of all images that an operand names. @throws {ComposefsError} SOURCE_*, REGISTRY_* */
async function platformsOf(operand: string, reading: Reading): Promise<Array<string | undefined>> {
  const layout = await openLayout(operand);
  try {
    const platforms = await selectAll(layout.files, layout.reference, reading);
    return platforms.map((platform) => platform ?? undefined);
  } finally {
    await layout.close();
  }
}

/** Computes the seals of an image, which is open while `write` runs. */
async function sealOne(
  operand: string,
  { options, progress: hasProgress, request, signing, hasLayers }: Job & { options: InputOptions; progress: boolean },
  write: (image: ContainerImage, placed: PlacedSeal[]) => Promise<void>,
): Promise<void> {
  const source = openInput(operand);
  if (source.kind !== "container") throw usageError(`${quote(source.name)} is no container image`);
  const progress = startProgress(hasProgress);
  const hashes = [...new Set(request.algorithms.map((one) => algorithmParameters(one).hash))];
  const { image, layers, trees } = await openLayers(source, options, hashes, { progress });
  try {
    progress.clear();
    if (image.manifest === null || image.files === null) {
      throw manifestError(source.name, image.kind);
    }
    const documents = { manifest: image.manifest.bytes, config: image.config!.bytes };
    const wanted = { xattrs: transformOf(options)!, revision: revisionOf(options) };
    const digests = new SealDigests({ trees, ...documents }, wanted);
    const signer = signing.signerOf(image.platform);
    await write(image, await computeSeals(digests, { ...request, signer }, hasLayers ? layers.length : 0));
  } finally {
    progress.clear();
    await image.close();
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

function reportFiles(files: readonly string[], { json }: SealOptions): void {
  print(json ? `${JSON.stringify({ toBeSigned: files })}\n` : files.map((path) => `${printable(path)}\n`).join(""));
}

function report(mode: string, sealed: readonly SealedImage[], isChanged: boolean, options: SealOptions): void {
  if (options.dryRun) {
    for (const { written } of sealed) {
      for (const { bytes } of written.documents) print(`${new TextDecoder().decode(bytes)}\n`);
    }
    return;
  }
  if (options.json) {
    const images = sealed.map(({ platform, placed, written: { manifest, isChanged, artifacts } }) => {
      const seals = placed.map(({ seal: { role, algorithm, digest, signature }, layer }) => {
        return { role, layer, algorithm: algorithmIdentifier(algorithm), digest, isSigned: signature !== null };
      });
      return { platform, manifest, isChanged, seals, artifacts };
    });
    print(`${JSON.stringify({ mode, isChanged, images })}\n`);
    return;
  }
  for (const { platform, placed, written } of sealed) {
    if (options.allPlatforms) print(`${printable(platform ?? "no platform")}\n`);
    const lines = placed.map(({ seal, layer }) => {
      const name = layer === null ? seal.role : `${seal.role} ${layer}`;
      const signed = seal.signature === null ? "" : "  signed";
      return `${name.padEnd(9)} ${algorithmIdentifier(seal.algorithm)}  ${seal.digest}${signed}`;
    });
    const { manifest, artifacts, documents } = written;
    const fresh = new Set(documents.map(({ digest }) => digest));
    const rest = (mode === "inline" ? [manifest] : artifacts).map((digest) => {
      return `${mode === "inline" ? "manifest" : "artifact"}  ${digest}${fresh.has(digest) ? "" : "  (as it was)"}`;
    });
    print(`${[...lines, ...rest].join("\n")}\n`);
  }
}
