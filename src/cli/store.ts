/**
 * `composefs store`: a repository of objects and images, which `composefs mount` mounts and the reference tools share.
 *
 * `store import INPUT --repo DIR` stores an image with its objects and prints its digest in the form `v1-sha512-12:<hex>`;
 * on a terminal a line about what was written goes to standard error. `--json` prints one object:
 *
 *   {"image": "3f…", "profile": "v1-sha512-12", "size": 14888960, "names": ["web"], "verity": true,
 *    "objects": 6768, "written": 6769, "writtenBytes": 190215000, "repaired": 0, "made": {"role": "merged", …}}
 *
 * `objects` are those that the image names, `written` those that were not there, the image among them.
 *
 * `store verify --repo DIR` prints a line for each damaged or missing object, lines for the files that need it, and a
 * count; it exits with 1 when there is one. `--json`: {"images": 1, "measured": 0, "computed": 6769, "bytes": 205103960,
 * "problems": [{"digest": "3f…", "kind": "damaged", "reason": "…", "isImage": false,
 * "neededBy": [{"image": "…", "path": "/usr/bin/env"}]}]}.
 *
 * `store gc --repo DIR` removes what no image names: {"images": 1, "kept": 6769, "removed": 0, "removedBytes": 0,
 * "temporary": 0, "temporaryBytes": 0}. `store list --repo DIR` prints `DIGEST NAME…` for each image:
 * {"images": [{"digest": "3f…", "names": ["web"]}]}. `store remove NAME|DIGEST --repo DIR` prints what it removed:
 * {"names": ["web"], "digest": null}.
 *
 * Names and paths in JSON have the escapes of a dumpfile.
 */

import { readFileSync } from "node:fs";
import { defaultThreads } from "../engine/parallel.node.ts";
import type { HashName } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { displayBytes, escapeBytes } from "../explain/display.ts";
import { countOf } from "../explain/words.ts";
import type { ImageFormat } from "../image/profile.ts";
import { type StoreReport, verifyStore } from "../image/store-check.node.ts";
import { type ContentSource, FolderContents, LayerContents } from "../image/store-contents.node.ts";
import { objectDigestsOfFile } from "../image/store-image.node.ts";
import { type StoredReport, storeImage } from "../image/store-import.node.ts";
import { argumentBytes, showPath } from "../linux/path.node.ts";
import { OBJECTS } from "../linux/repo-layout.ts";
import { ObjectStore } from "../linux/store.node.ts";
import { collectGarbage, type GarbageReport } from "../linux/store-gc.node.ts";
import { KERNEL_VERITY } from "../linux/store-object.node.ts";
import { checkName, findImage, listImages, removeImage } from "../linux/store-roots.node.ts";
import { verityMeasure } from "../linux/verity.node.ts";
import { ioError, quote } from "../source/files.node.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { type InputOptions, openTree, type TreeInput } from "./input.ts";
import { isTerminal, startProgress } from "./progress.ts";
import { formatBytes, print, printError } from "./text.ts";
import { treeFacts } from "./view.ts";

export interface StoreOptions {
  repo: string;
  json?: boolean;
}

export interface StoreImportOptions extends StoreOptions, InputOptions {
  format: string;
  /** False for `--no-verity`. */
  verity: boolean;
  signature?: string;
  name?: string[];
  objects?: string;
  quiet?: boolean;
  progress: boolean;
}

export interface StoreVerifyOptions extends StoreOptions {
  image?: string[];
  recompute?: boolean;
  threads?: string;
}

export interface StoreGcOptions extends StoreOptions {
  dryRun?: boolean;
}

/** Most threads for `verify`. */
const THREADS_MAX = 64;

/** Runs `store import`. @returns the exit code @throws {ComposefsError} USAGE, STORE_*, and all that reading gives */
export async function runImport(operand: string, options: StoreImportOptions): Promise<number> {
  const { format, verity } = options;
  if (!/^v[012]$/.test(format)) throw usageError(`--format: expected v0, v1 or v2, got ${quote(format)}`);
  if (options.signature !== undefined && !verity)
    throw usageError("--signature is for fs-verity: not with --no-verity");
  const names = (options.name ?? []).map((name) => bytesOf("--name", name));
  for (const name of names) checkName(name);
  const signature = options.signature === undefined ? undefined : readSignature(options.signature);
  const store = ObjectStore.create(repoOf(options));
  const hash = store.hash();
  if (verity) requireVerity(store);
  const progress = startProgress(options.progress && !options.quiet);
  try {
    const input = await openTree(operand, options, { progress, hash });
    try {
      requireHash(input, hash, store);
      const report = await storeImage(store, input.tree, {
        format: format as ImageFormat,
        algorithm: input.algorithm,
        contents: contentsOf(input, options, (layer, bytes) =>
          progress.update(`storing layer ${layer + 1}`, bytes, undefined),
        ),
        verity: verity ? KERNEL_VERITY : null,
        ...{ signature, names, accelerator: acceleratorFromEnvironment() },
      });
      progress.clear();
      sayStored(report, input, names, options);
    } finally {
      await input.close();
    }
  } finally {
    progress.clear();
  }
  return EXIT_OK;
}

/** Runs `store verify`. @returns 1 when something is damaged or missing @throws {ComposefsError} USAGE, STORE_*, IO_* */
export async function runVerify(options: StoreVerifyOptions): Promise<number> {
  const { threads, image, recompute = false } = options;
  if (
    threads !== undefined &&
    !(/^[0-9]{1,2}$/.test(threads) && Number(threads) >= 1 && Number(threads) <= THREADS_MAX)
  ) {
    throw usageError(`--threads: expected a number from 1 to ${THREADS_MAX}, got ${quote(threads)}`);
  }
  const store = ObjectStore.open(repoOf(options));
  const images = image?.map((operand) => findImage(store, bytesOf("--image", operand)).digest);
  const report = await verifyStore(store, {
    ...(images && { images: [...new Set(images)] }),
    ...{ recompute, threads: Number(threads ?? defaultThreads()), accelerator: acceleratorFromEnvironment() },
  });
  const { problems } = report;
  if (options.json) {
    const rows = problems.map(({ neededBy, ...problem }) => ({
      ...problem,
      neededBy: neededBy.map((need) => ({ ...need, path: escapeBytes(need.path) })),
    }));
    print(`${JSON.stringify({ ...report, problems: rows })}\n`);
  } else {
    print(verifyText(report));
  }
  return problems.length === 0 ? EXIT_OK : EXIT_NO;
}

/** Runs `store gc`. @returns the exit code @throws {ComposefsError} STORE_*, LINUX_*, IMAGE_*, IO_* */
export async function runGc(options: StoreGcOptions): Promise<number> {
  const { dryRun = false, json = false } = options;
  const store = ObjectStore.open(repoOf(options));
  const accelerator = acceleratorFromEnvironment();
  const report = await collectGarbage(store, objectDigestsOfFile, { dryRun, accelerator });
  print(json ? `${JSON.stringify(report)}\n` : gcText(report, dryRun));
  return EXIT_OK;
}

/** Runs `store list`. @returns the exit code @throws {ComposefsError} STORE_*, IO_* */
export function runList(options: StoreOptions): number {
  const images = listImages(ObjectStore.open(repoOf(options)));
  if (options.json) {
    print(
      `${JSON.stringify({ images: images.map(({ digest, names }) => ({ digest, names: names.map(escapeBytes) })) })}\n`,
    );
  } else {
    print(images.map(({ digest, names }) => `${[digest, ...names.map(displayBytes)].join(" ")}\n`).join(""));
  }
  return EXIT_OK;
}

/** Runs `store remove`. @returns the exit code @throws {ComposefsError} STORE_*, LINUX_*, IO_* */
export async function runRemove(operand: string, options: StoreOptions): Promise<number> {
  const { names, digest } = await removeImage(ObjectStore.open(repoOf(options)), bytesOf("image", operand));
  if (options.json) print(`${JSON.stringify({ names: names.map(escapeBytes), digest })}\n`);
  else print([...names.map(displayBytes), ...(digest === null ? [] : [digest])].map((line) => `${line}\n`).join(""));
  return EXIT_OK;
}

function repoOf({ repo }: StoreOptions): Buffer {
  return bytesOf("--repo", repo);
}

/** The bytes of an argument, which is not empty. @throws {ComposefsError} USAGE, IO_OPEN */
function bytesOf(option: string, value: string): Buffer {
  if (value === "") throw usageError(`${option}: expected a name, got an empty one`);
  return argumentBytes(value);
}

function readSignature(file: string): Uint8Array {
  try {
    return readFileSync(bytesOf("--signature", file));
  } catch (cause) {
    throw cause instanceof ComposefsError ? cause : ioError("IO_OPEN", file, cause);
  }
}

/** Before long work: a directory that could be measured says so by another refusal. @throws {ComposefsError} VERITY_*, LINUX_* */
function requireVerity(store: ObjectStore): void {
  try {
    verityMeasure(store.at(OBJECTS));
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.code === "VERITY_NOT_ENABLED") return;
    const message = `${error.message}; --no-verity stores without it`;
    throw error.code === "VERITY_UNSUPPORTED" ? new ComposefsError(error.code, message, error.data) : error;
  }
}

/** @throws {ComposefsError} STORE_META */
function requireHash({ tree }: TreeInput, hash: HashName | undefined, store: ObjectStore): void {
  const { objectHash } = tree.counts;
  if (hash === undefined || objectHash === null || objectHash === hash) return;
  const message = `${showPath(store.path)}: the repository is for ${hash}, the objects of the image have ${objectHash}`;
  throw new ComposefsError("STORE_META", message, { path: store.path.toString() });
}

function contentsOf(
  { container, algorithm }: TreeInput,
  { objects }: StoreImportOptions,
  onBytes: (layer: number, bytes: number) => void,
): ContentSource[] {
  const sources: ContentSource[] = [];
  if (objects !== undefined) sources.push(new FolderContents(bytesOf("--objects", objects)));
  if (container !== undefined) {
    const { layers, image } = container;
    sources.push(new LayerContents(layers, algorithm.slice(0, 6) as HashName, image.name, onBytes));
  }
  return sources;
}

function sayStored(
  report: StoredReport,
  { algorithm, container }: TreeInput,
  names: readonly Uint8Array[],
  options: StoreImportOptions,
): void {
  const { format, digest, size, objects, written, writtenBytes, repaired, isImageWritten } = report;
  const profile = `${format}-${algorithm}`;
  if (options.json) {
    const what = { image: digest, profile, size, names: names.map(escapeBytes), verity: options.verity };
    const counts = { objects, written, writtenBytes, repaired };
    print(`${JSON.stringify({ ...what, ...counts, made: treeFacts(container) })}\n`);
  } else if (!options.quiet) {
    print(`${profile}:${digest}\n`);
    if (isTerminal(2)) {
      const repairs = repaired === 0 ? "" : `, ${repaired} in the place of damaged ones`;
      printError(
        `${countOf(written, "object")} written (${formatBytes(writtenBytes)}) of ${objects} and the image${repairs}\n`,
      );
    }
  }
  if (options.signature !== undefined && !isImageWritten) {
    printError("note: the image was there already; a signature cannot be added to it\n");
  }
}

function verifyText({ images, measured, computed, problems }: StoreReport): string {
  const lines: string[] = [];
  for (const { digest, kind, reason, isImage, neededBy } of problems) {
    lines.push(`${kind} ${isImage ? "image" : "object"} ${digest}: ${reason}`);
    for (const { image, path } of neededBy) lines.push(`  needed by ${displayBytes(path)} of ${image}`);
  }
  const good = `${countOf(measured + computed, "object")} good: ${measured} measured by the kernel, ${computed} computed`;
  lines.push(`${good}; ${countOf(images, "image")}; ${countOf(problems.length, "problem")}`);
  return lines.map((line) => `${line}\n`).join("");
}

function gcText(
  { images, kept, removed, removedBytes, temporary, temporaryBytes }: GarbageReport,
  dryRun: boolean,
): string {
  const left = temporary === 0 ? "" : `, and ${countOf(temporary, "file")} left over (${formatBytes(temporaryBytes)})`;
  const what = `${countOf(removed, "object")} (${formatBytes(removedBytes)})${left}`;
  return `${dryRun ? "would remove" : "removed"} ${what}; kept ${kept} of ${countOf(images, "image")}\n`;
}
