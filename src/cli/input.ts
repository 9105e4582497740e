/**
 * The INPUT of a command and the options that go with it: a dumpfile or an EROFS image, whose tree is taken as it is, or
 * a container image, whose layers are read once and merged into as many trees as are wanted. A directory is an image of one
 * layer.
 *
 *   const input = await openTree(operand, options, { progress })
 *   try { … input.tree … } finally { await input.close() }
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { acquireEngineSync } from "../engine/load.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import type { CacheStore } from "../image/layer-cache.ts";
import type { LayerRecords } from "../image/layer-records.ts";
import type { Unseen } from "../image/layers.ts";
import { ownAlgorithm, type VerityAlgorithm } from "../image/profile.ts";
import type { ReadContainer } from "../image/read-container.node.ts";
import type { Tree } from "../image/tree.ts";
import { LayeredImage, type View } from "../image/view.ts";
import type { ContainerKind } from "../source/container.ts";
import { quote } from "../source/files.node.ts";
import { parsePlatform } from "../source/platform.ts";
import { type ContainerSource, openInput, type Source, type SourceKind } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, readTree, usageError } from "./common.ts";
import { isTerminal, layerProgress, type ProgressLine } from "./progress.ts";
import { printable, printError } from "./text.ts";
import { noteUnseen } from "./unseen.ts";
import { checkViewOptions, describeTree, type ViewOptions, viewOf } from "./view.ts";

/** Options that every command with an INPUT has, as they are typed. */
export interface InputOptions extends ViewOptions {
  strict?: boolean;
  platform?: string;
  hash?: string;
  workers?: string;
  /** False for `--no-cache`. */
  cache?: string | boolean;
}

/** What a command adds to them. */
export interface InputContext {
  progress: ProgressLine;
  /** Default: what the environment says. */
  accelerator?: Accelerator;
  /** Hash of the object digests of container images, when no option says another. Default: sha512. */
  hash?: HashName | undefined;
  /** Whether the command takes several trees of a container image: `--role all`. */
  takesAll?: boolean;
  /** Hears what of a directory is not seen. Default: it is said on standard error. */
  onUnseen?: (unseen: readonly Unseen[]) => void;
  /** Sees the bytes of a dumpfile or an EROFS image as they are read. */
  onBytes?: (bytes: Uint8Array) => void;
}

/** The layers of a container image, and the trees that they make. */
export interface ContainerLayers extends ReadContainer {
  trees: LayeredImage;
}

/** A container image, and which tree of it was made. */
export interface ContainerInput extends ContainerLayers {
  view: View;
}

/** An INPUT with its tree. */
export interface TreeInput {
  kind: SourceKind | ContainerKind;
  /** For people. */
  name: string;
  engine: Engine;
  tree: Tree;
  /** By which the digest of its image is computed, unless a profile says otherwise. */
  algorithm: VerityAlgorithm;
  /** Undefined for dumpfiles and EROFS images. */
  container: ContainerInput | undefined;
  close(): Promise<void>;
}

/** The hash of composefs-rs and bootc. */
const CONTAINER_HASH: HashName = "sha512";
const WORKERS_MAX = 64;

/** Opens an INPUT and reads its tree. @throws {ComposefsError} USAGE, and all that reading gives */
export async function openTree(operand: string, options: InputOptions, context: InputContext): Promise<TreeInput> {
  checkInputOptions(options, context.takesAll);
  const source = openInput(operand);
  requireContainer([source], options);
  return readInput(source, options, context);
}

/** Reads the tree of an INPUT that is open. */
export async function readInput(
  source: Source | ContainerSource,
  options: InputOptions,
  context: InputContext,
): Promise<TreeInput> {
  const { progress, accelerator = acceleratorFromEnvironment() } = context;
  if (source.kind !== "container") {
    const engine = acquireEngineSync();
    const strict = options.strict ?? false;
    const tree = readTree(engine, source, { strict, accelerator, progress, onBytes: context.onBytes });
    progress.clear();
    const { kind, name } = source;
    const algorithm = ownAlgorithm(tree.counts.objectHash);
    return { kind, name, engine, tree, algorithm, container: undefined, close: async () => {} };
  }
  const hash = (options.hash as HashName | undefined) ?? context.hash ?? CONTAINER_HASH;
  const layers = await openLayers(source, options, [hash], { progress, accelerator });
  const { image, trees } = layers;
  const close = () => image.close();
  try {
    const view = viewOf(options, layers.layers.length);
    const engine = acquireEngineSync();
    const tree = await trees.tree(engine, view, hash);
    const container = { ...layers, view };
    return { kind: image.kind, name: source.name, engine, tree, algorithm: `${hash}-12`, container, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens the layer cache of `--cache`, and says once when it cannot be used. */
async function openLayerCache(cache: string | boolean | undefined): Promise<CacheStore> {
  const { openCache } = await import("../image/layer-cache-open.node.ts");
  let isTold = false;
  const onFailure = (reason: string) => {
    if (!isTold) printError(`note: the layer cache is not used: ${reason}\n`);
    isTold = true;
  };
  return openCache(typeof cache === "string" ? cache : undefined, { onFailure });
}

/** Reads the layers of a container image; whoever gets them closes `image`. */
export async function openLayers(
  source: ContainerSource,
  options: InputOptions,
  hashes: readonly HashName[],
  { progress, accelerator = acceleratorFromEnvironment(), onUnseen }: InputContext,
): Promise<ContainerLayers> {
  const { platform, cache, workers } = options;
  if (source.isDirectory) checkDirectoryOptions(source, options);
  else if (options.xattrs === false) throw usageError("--no-xattrs is for directories");
  // Loaded when they are needed: other inputs need not wait for them.
  const { readContainer } = await import("../image/read-container.node.ts");
  const store = cache === false ? undefined : await openLayerCache(cache);
  let onProgress: ReturnType<typeof layerProgress> | undefined;
  const read = await readContainer(
    source.operand,
    {
      hashes,
      platform,
      xattrs: options.xattrs !== false,
      accelerator,
      cache: store,
      workers: workers === undefined ? undefined : Number(workers),
      onImage: ({ layers }) => {
        if (source.isDirectory) onProgress = ({ bytes }) => progress.update("reading", bytes, undefined);
        else onProgress = layerProgress(progress, new Set(layers.map(({ diffId }, i) => diffId ?? i)).size);
      },
      onProgress: (at) => onProgress?.(at),
    },
    source.input,
  ).catch((error) => {
    throw source.operand === source.name || source.operand === "-" ? explainKind(error) : error;
  });
  progress.clear();
  const trees = new LayeredImage(read.layers, accelerator);
  if (onUnseen === undefined) noteUnseen(source.name, trees.unseen);
  else onUnseen(trees.unseen);
  return { ...read, trees };
}

/** @throws {ComposefsError} USAGE */
function checkDirectoryOptions({ name }: ContainerSource, { platform, role, layer }: InputOptions): void {
  if (platform !== undefined) throw usageError(`--platform is for container images, ${quote(name)} is a directory`);
  if (role === "layer" || layer !== undefined) {
    throw usageError(`--role layer: ${quote(name)} is a directory; --no-transform takes its tree as it is`);
  }
}

/** Adds to a refusal of what nobody called a container image what else it may be. */
function explainKind(error: unknown): unknown {
  if (!(error instanceof ComposefsError) || error.code !== "SOURCE_KIND") return error;
  const message = `${error.message}; a compressed dumpfile has to be unpacked first`;
  return new ComposefsError(error.code, message, error.data, { cause: error });
}

/** The records of the layers, base first. */
export function recordsOf({ layers }: ReadContainer): LayerRecords[] {
  return layers.map(({ records }) => records);
}

/** Refuses values that no option has. @param takesAll whether the command takes several trees @throws {ComposefsError} USAGE */
export function checkInputOptions(options: InputOptions, takesAll = false): void {
  const { platform, hash, workers } = options;
  checkViewOptions(options, takesAll);
  if (platform !== undefined) {
    try {
      parsePlatform(platform);
    } catch (error) {
      throw usageError(`--${(error as Error).message}`);
    }
  }
  if (hash !== undefined && !["sha256", "sha512"].includes(hash)) {
    throw usageError(`--hash: expected sha256 or sha512, got ${quote(hash)}`);
  }
  if (
    workers !== undefined &&
    !(/^[0-9]{1,3}$/.test(workers) && Number(workers) >= 1 && Number(workers) <= WORKERS_MAX)
  ) {
    throw usageError(`--workers: expected a number from 1 to ${WORKERS_MAX}, got ${quote(workers)}`);
  }
}

/** Refuses options that would change nothing: a tree that is given is taken as it is. @throws {ComposefsError} USAGE */
export function requireContainer(sources: ReadonlyArray<Source | ContainerSource>, options: InputOptions): void {
  if (sources.some(({ kind }) => kind === "container")) return;
  for (const option of ["platform", "role", "xattrs", "hash"] as const) {
    if (options[option] === undefined) continue;
    const names = sources.map(({ name }) => quote(name)).join(" and ");
    throw usageError(`--${option} is for container images; of ${names} the tree is taken as it is`);
  }
}

/** The error for a container image that cannot have a seal. */
export function manifestError(name: string, kind: ContainerKind): ComposefsError {
  const those = "OCI layouts, OCI archives and registries have them";
  return usageError(`${quote(name)} is of kind ${kind}, without a manifest that could be sealed; ${those}`);
}

/** Says on a terminal how the tree of a container image was made, where standard output has no room for it. */
export function noteTree({ name, kind, container }: TreeInput): void {
  if (container === undefined || !isTerminal(2)) return;
  printError(`${printable(name)}: ${kind}, ${describeTree(container)}\n`);
}
