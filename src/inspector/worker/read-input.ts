/**
 * An input, from what the page was given to what trees are made of.
 */

import type { Engine } from "../../engine/engine.ts";
import { acquireEngineSync } from "../../engine/load.ts";
import type { HashName } from "../../engine/slot.ts";
import { ComposefsError } from "../../error.ts";
import { DumpJob, ScanJob } from "../../image/job.ts";
import type { LayerThreads } from "../../image/layer-pool.ts";
import { type ImageLayer, readLayers } from "../../image/layers.ts";
import type { Tree } from "../../image/tree.ts";
import { LayeredImage } from "../../image/view.ts";
import { parseReference } from "../../registry/reference.ts";
import { isSealable, sealHashes } from "../../seal/container.ts";
import { findArtifacts } from "../../seal/find.ts";
import type { FoundArtifact } from "../../seal/verify.ts";
import { type ContainerImage, placeLength } from "../../source/container.ts";
import { openContainerBlob, openContainerFiles } from "../../source/container.web.ts";
import { readWhole } from "../../source/document.ts";
import { HOST } from "../../source/host.ts";
import { HEAD_BYTES, inputKind, type SourceKind } from "../../source/input-kind.ts";
import { sourceLimits } from "../../source/limits.ts";
import { openOci } from "../../source/oci.ts";
import { parsePlatform } from "../../source/platform.ts";
import { quote } from "../../source/quote.ts";
import type { Choice, Input, InputFile } from "../protocol.ts";
import type { Meter } from "./meter.ts";
import { servedFiles } from "./served-files.ts";

/** Where layers are read. */
export interface Threads {
  /** Stays up between inputs. */
  pool: LayerThreads;
  /** Most threads at once. */
  threads: number;
}

/** What reading takes beside the input. */
export interface ReadControl extends Threads {
  meter: Meter;
  signal: AbortSignal;
}

/** A dumpfile or an EROFS image: one tree. */
export interface ReadFile {
  kind: SourceKind;
  name: string;
  engine: Engine;
  tree: Tree;
}

/** The artifacts of an image, and the hashes that its seals need. */
export interface FoundSeals {
  artifacts: readonly FoundArtifact[];
  hashes: readonly HashName[];
  /** Why they cannot be read: the image is shown all the same. */
  failure: ComposefsError | null;
}

/** A container image with the records of its layers. */
export interface ReadContainer {
  kind: "container";
  name: string;
  image: ContainerImage;
  seals: FoundSeals;
  /** Of which the records hold object digests; the default first. */
  hashes: readonly HashName[];
  layers: readonly ImageLayer[];
  trees: LayeredImage;
}

/** The hash of composefs-rs and bootc, as in the commands. */
const CONTAINER_HASH: HashName = "sha512";
/** The first byte of every line of a dumpfile: composefs-dump(5). */
const SLASH = 0x2f;
const UNKNOWN = "this is neither an image, nor a layer, nor a dumpfile, each line of which begins with a slash";
const DOCKER_PREFIX = "docker://";

/** Opens and reads an input. @throws {ComposefsError} what opening and reading give @throws the reason of the signal */
export async function readInput(input: Input, choice: Choice, control: ReadControl): Promise<ReadFile | ReadContainer> {
  const { meter, signal } = control;
  meter.begin("Opening");
  if (input.kind === "registry") return readImage(await openRegistry(input.reference, choice, signal), control);
  const served = input.kind === "served" ? await servedFiles(input.url, meter, signal) : undefined;
  const files = input.kind === "served" ? served!.files : input.files;
  const [first] = files;
  if (first === undefined) throw new ComposefsError("SOURCE_KIND", "there is no file in what was dropped");
  const reference = choice.reference ?? served?.reference ?? undefined;
  const options = { ...choice, reference, signal };
  if (first.path.includes("/")) {
    const name = first.path.slice(0, first.path.indexOf("/"));
    return readImage(await openContainerFiles(name, filesBelow(name, files), options), control);
  }
  const { file } = first;
  const head = await readWhole(
    { kind: "blob", blob: file.slice(0, HEAD_BYTES) },
    { limits: sourceLimits(), signal, host: HOST },
  );
  const kind = inputKind(head);
  // The command takes what is nothing else for a dumpfile; who drops a file has said nothing of its kind.
  if (kind === "dump" && head[0] !== SLASH) throw new ComposefsError("SOURCE_KIND", `${quote(file.name)}: ${UNKNOWN}`);
  if (kind !== "container") return readFile(kind, file, control);
  return readImage(await openContainerBlob(file, { ...options, name: file.name }), control);
}

function filesBelow(name: string, files: readonly InputFile[]): Map<string, Blob> {
  return new Map(files.map(({ path, file }) => [path.slice(name.length + 1), file]));
}

/** Without credentials: a page has none, and asks for none. The client is loaded when somebody asks for an image. */
async function openRegistry(text: string, { platform }: Choice, signal: AbortSignal): Promise<ContainerImage> {
  const [{ Registry }, { RegistryFiles }] = await Promise.all([
    import("../../registry/registry.ts"),
    import("../../source/registry.ts"),
  ]);
  const reference = parseReference(text.startsWith(DOCKER_PREFIX) ? text.slice(DOCKER_PREFIX.length) : text);
  const wanted = { reference: null, platform: platform === undefined ? null : parsePlatform(platform) };
  const files = await RegistryFiles.open(new Registry(reference.host), reference, signal);
  return openOci(files, "registry", wanted, { limits: sourceLimits(), signal, host: HOST });
}

async function readFile(kind: SourceKind, file: File, { meter, signal }: ReadControl): Promise<ReadFile> {
  const engine = acquireEngineSync();
  const options = { strict: false, accelerator: "off" } as const;
  const job = kind === "dump" ? new DumpJob(engine, options) : new ScanJob(engine, options);
  meter.begin(kind === "dump" ? "Reading the dumpfile" : "Reading the image", [
    { layer: 0, label: file.name, totalBytes: file.size },
  ]);
  let bytes = 0;
  for await (const chunk of HOST.readPlace({ kind: "blob", blob: file }, signal)) {
    job.write(chunk);
    bytes += chunk.length;
    meter.update(0, bytes, "running");
  }
  const tree = job.end();
  meter.update(0, bytes, "done");
  return { kind, name: file.name, engine, tree };
}

/** Reads what of an image its seals and the default profile need. */
async function readImage(image: ContainerImage, control: ReadControl): Promise<ReadContainer> {
  const seals = await findSeals(image, control.signal);
  return readRecords(image, seals, [...new Set([CONTAINER_HASH, ...seals.hashes])], control);
}

async function findSeals(image: ContainerImage, signal: AbortSignal): Promise<FoundSeals> {
  if (!isSealable(image)) return { artifacts: [], hashes: [], failure: null };
  try {
    const artifacts = await findArtifacts(image, { limits: sourceLimits(), signal, host: HOST });
    return { artifacts, hashes: sealHashes(image, artifacts), failure: null };
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.isBug) throw error;
    return { artifacts: [], hashes: [], failure: error };
  }
}

/** Reads the layers of an image again, for object digests of other hashes. */
export function readAgain({ image, seals }: ReadContainer, hashes: readonly HashName[], control: ReadControl) {
  return readRecords(image, seals, hashes, control);
}

async function readRecords(
  image: ContainerImage,
  seals: FoundSeals,
  hashes: readonly HashName[],
  { meter, signal, pool, threads }: ReadControl,
): Promise<ReadContainer> {
  meter.begin(
    "Reading layers",
    image.layers.map(({ place, diffId, name }, i) => {
      return { layer: i + 1, label: diffId ?? name, totalBytes: placeLength(place) };
    }),
  );
  const layers = await readLayers(image.layers, {
    hashes,
    read: (...task) => pool.read(...task),
    workers: (missing) => Math.min(threads, missing.length),
    signal,
    onProgress: ({ layer, storedBytes, state }) =>
      meter.update(layer, storedBytes ?? null, state === "reading" ? "running" : "done"),
  });
  return {
    kind: "container",
    name: image.name,
    image,
    seals,
    hashes,
    layers,
    trees: new LayeredImage(layers, "off"),
  };
}
