/**
 * `composefs precompute SOURCE...`: sees to it that every image has its digests beside it in the registry, once: images
 * (`docker://HOST/NAME:TAG`), all tags of repositories (`docker://HOST/NAME`), whole registries (`docker://HOST`), or what
 * `--config FILE` selects. Prints a line for each image and a summary:
 *
 *   sealed   registry.example/app:v1  sha256:52a1…
 *   current  registry.example/app:v2  sha256:9f1c…
 *   failed   registry.example/bad:v1  TAR_CHECKSUM: …
 *   2 images: 1 sealed, 1 current; 1 failed
 *
 * An image that has them already costs one request for its manifest and one for its referrers. Whoever interrupts it runs it
 * again; with `--state DIR` it goes on where it was. `--json` prints an object for each image, and one with the counts:
 *
 *   {"reference": "registry.example/app:v1", "manifest": "sha256:52a1…", "state": "sealed",
 *    "artifacts": {"sha512-12": "sha256:07c1…"}, "removed": [], "conflicting": []}
 *   {"images": 2, "sealed": 1, "current": 1, "failed": 1, "layersRead": 3, "layerBytes": 81920, "layersCached": 1}
 *
 * It exits with 1 when an image failed or had been given up before.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countOf } from "../explain/words.ts";
import { bucketOf } from "../image/layer-cache-open.node.ts";
import { isHost, isRepository, parseReference, referenceText } from "../registry/reference.ts";
import { defaultConfig, readAlgorithm, readCount, type ServiceConfig, withEnvironment } from "../service/config.ts";
import { readLimit } from "../service/image-limits.ts";
import { JournalQueue } from "../service/journal-queue.ts";
import { type ImageTask, Precomputer } from "../service/precomputer.ts";
import { everything, type SourceSelection } from "../service/selection.ts";
import { readSigning } from "../service/signing.node.ts";
import { ioError, quote } from "../source/files.node.ts";
import { DOCKER_PREFIX } from "../source/operand.node.ts";
import { EXIT_NO, EXIT_OK, usageError } from "./common.ts";
import { startProgress } from "./progress.ts";
import { keepHeapSmall } from "./small-heap.ts";
import { print, printable, printError } from "./text.ts";

/** Options that the commands of the service share. */
export interface ConfigOptions {
  config?: string;
  algorithm?: string[];
  platform?: string[];
  key?: string;
  cert?: string;
  state?: string;
  /** False for `--no-cache`, which these commands do not have. */
  cache?: string;
  /** `precompute` has none. */
  queue?: string;
  parallel?: string;
  workers?: string;
  limit?: string[];
  prune?: boolean;
}

export interface PrecomputeOptions extends ConfigOptions {
  recheck?: boolean;
  dryRun?: boolean;
  json?: boolean;
  progress: boolean;
}

/** Tries of one run: whoever is there to see a failure can run it again. */
const RULES = { tries: 2, backoffMs: 500 };
const GRACE_MS = 10_000;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, SERVICE_CONFIG, REGISTRY_*, IO_* */
export async function run(operands: readonly string[], options: PrecomputeOptions): Promise<number> {
  keepHeapSmall();
  const config = await configOf(operands, options);
  if (config.sources.length === 0) throw usageError("expected SOURCE..., or sources in the file of --config");
  const signing = await readSigning(config.key, config.certificate);
  const counts = { images: 0, sealed: 0, current: 0, failed: 0 };
  const progress = startProgress(options.progress);
  const show = (text: string) => {
    progress.clear();
    print(`${text}\n`);
  };
  const fail = (reference: string, code: string, reason: string) => {
    counts.failed++;
    const object = { reference, state: "failed", code, reason };
    show(options.json ? JSON.stringify(object) : `failed   ${printable(reference)}  ${code}: ${reason}`);
  };
  const directory = config.state === null ? null : join(config.state, "precompute");
  const queue = await JournalQueue.open<ImageTask>(directory, {
    rules: RULES,
    onFailure: ({ key }, { code, reason }, isDead) => {
      if (isDead) fail(key, code, reason);
    },
  });
  // What was given up in an earlier run is tried anew: who runs the command wants to know.
  for (const { key } of await queue.dead()) await queue.retry(key);
  const { recheck = false, dryRun: isDryRun = false } = options;
  const precomputer = new Precomputer(
    queue,
    config,
    { algorithms: config.algorithms, bootable: config.bootable, signing },
    {
      ...{ recheck, isDryRun, isOnce: true },
      onReport(reference, { children: _, ...report }) {
        const { state, manifest } = report;
        if (state === "index" || state === "artifact") return;
        counts.images++;
        counts[state]++;
        const text = referenceText(reference);
        const verb = isDryRun && state === "sealed" ? "to seal" : state;
        show(options.json ? JSON.stringify({ reference: text, ...report }) : `${verb.padEnd(8)} ${text}  ${manifest}`);
        progress.update(
          `${countOf(counts.images, "image")} done, of layers`,
          precomputer.layers.counts.storedBytes,
          undefined,
        );
      },
    },
  );
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error("interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  try {
    precomputer.start(config.parallel);
    const failed = (repository: string, { code, message }: { code: string; message: string }) => {
      fail(repository, code, message);
    };
    const aborted = new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
    const scanned = precomputer.scan(config.sources, failed, stop.signal).then(() => queue.idle());
    scanned.catch(() => {});
    await Promise.race([scanned, aborted]);
  } finally {
    await queue.close(GRACE_MS);
    await precomputer.close();
    progress.clear();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
  if (stop.signal.aborted) printError("interrupted; the same command goes on\n");
  const { read, storedBytes, cached, shared } = precomputer.layers.counts;
  const summary = { ...counts, layersRead: read, layerBytes: storedBytes, layersCached: cached + shared };
  const { images, sealed, current, failed } = counts;
  const text = `${countOf(images, "image")}: ${sealed} ${isDryRun ? "to seal" : "sealed"}, ${current} current; ${failed} failed`;
  print(`${options.json ? JSON.stringify(summary) : text}\n`);
  return failed > 0 || stop.signal.aborted ? EXIT_NO : EXIT_OK;
}

/**
 * The file, the environment above it, the options above both.
 *
 * @throws {ComposefsError} USAGE, SERVICE_CONFIG, CACHE_LOCATION, IO_OPEN
 */
export async function configOf(operands: readonly string[], options: ConfigOptions): Promise<ServiceConfig> {
  const { config: file } = options;
  const config = file === undefined ? withEnvironment(defaultConfig(), process.env) : await readFile(file);
  if (operands.length > 0) config.sources = operands.map(sourceOf);
  if (options.algorithm !== undefined) {
    const names = options.algorithm.flatMap((text) => text.split(","));
    config.algorithms = [...new Set(names.map((name) => readOption("--algorithm", name, readAlgorithm)))];
  }
  if (options.platform !== undefined) config.platforms = options.platform;
  if (options.prune) config.prune = true;
  for (const name of ["parallel", "workers"] as const) {
    const text = options[name];
    if (text !== undefined) config[name] = readOption(`--${name}`, text, readCount);
  }
  for (const text of options.limit ?? []) Object.assign(config.limits, readOption("--limit", text, readLimit));
  const { key = config.key, cert = config.certificate, state = config.state, cache = config.cache } = options;
  const { queue = config.queue } = options;
  // Refused once and here, rather than by each worker process.
  if (cache?.startsWith("s3:")) bucketOf(cache, process.env);
  return { ...config, key, certificate: cert, state, cache, queue };
}

/** @throws {ComposefsError} USAGE, REGISTRY_REFERENCE */
function sourceOf(operand: string): SourceSelection {
  if (!operand.startsWith(DOCKER_PREFIX))
    throw usageError(`expected docker://HOST[/NAME[:TAG]], got ${quote(operand)}`);
  const text = operand.slice(DOCKER_PREFIX.length).replace(/\/$/, "");
  if (!text.includes("/") && isHost(text)) return everything(text.toLowerCase(), null, null);
  const { host, repository, tag, digest } = parseReference(text);
  const isNamed = digest !== null || /:[^/]*$/.test(text);
  if (!isRepository(repository)) throw usageError(`expected docker://HOST[/NAME[:TAG]], got ${quote(operand)}`);
  return everything(host, repository, isNamed ? (digest ?? tag) : null);
}

/** What an option says. @throws {ComposefsError} USAGE */
export function readOption<T>(name: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    throw usageError(`${name}: ${(error as Error).message}`);
  }
}

async function readFile(path: string): Promise<ServiceConfig> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw ioError("IO_OPEN", path, cause);
  }
  // Whoever has no file does not wait for the reader of YAML.
  const { readConfig } = await import("../service/config-file.ts");
  return readConfig(text, path, process.env);
}
