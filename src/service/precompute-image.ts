/**
 * The job for one manifest in a registry: is everything there that is wanted, and if not, it is made.
 *
 *   manifest ─ referrers ─ all current? ─ yes: done after these two requests
 *                               └ no: layers ─ merge ─ digests ─ sign ─ push ─ look again
 *
 * At the end there is one current artifact for each algorithm. Current is what has the right form and is signed by our
 * certificate, or, where nobody signs, by nobody; with `recheck`, what states the digests that the layers have. More of our
 * certificate than one, which two services make that run at the same time, are taken away but for the one with the smallest
 * digest, which both of them keep. Artifacts of others are never touched, and a damaged one of others is in nobody's way.
 */

import { RegistryDestination } from "../destination/registry.ts";
import { ComposefsError } from "../error.ts";
import { algorithmParameters, type VerityAlgorithm } from "../image/profile.ts";
import type { Reference } from "../registry/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { ARTIFACT_TYPE } from "../seal/artifact.ts";
import { bytesDigest } from "../seal/digests.ts";
import { readFound } from "../seal/find.ts";
import type { SealRole } from "../seal/keys.ts";
import { findEqual, type PlacedSeal, signSeals } from "../seal/seal.ts";
import type { FoundArtifact } from "../seal/verify.ts";
import { sealBeside } from "../seal/write.ts";
import type { ContainerImage, LayerBlob, Referrer } from "../source/container.ts";
import { type Document, type Reading, readBlob } from "../source/document.ts";
import { HOST } from "../source/host.ts";
import { type SourceLimits, sourceLimits } from "../source/limits.ts";
import { CONFIG_TYPES, INDEX_TYPES, MANIFEST_TYPES } from "../source/media-types.ts";
import { openOci } from "../source/oci.ts";
import { RegistryFiles } from "../source/registry.ts";
import { selectRoot } from "../source/select.ts";
import { checkLimit, type ImageLimits } from "./image-limits.ts";
import { childrenOf, type IndexChild } from "./index-children.ts";
import type { KeyedLocks } from "./keyed-locks.ts";
import type { KeepOptions, LayerAnswer } from "./layer-reads.ts";
import type { VerifiedArtifacts } from "./verified.node.ts";
import { hasForm, type Wanted, wantedKey } from "./wanted.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { TimeBudget } from "./worker-process.ts";
import { hashesOf } from "./worker-tasks.ts";

/** Parts of the job whose time is taken. */
export type Stage = "manifest" | "referrers" | "layers" | "digests" | "push";

/** What all jobs share. */
export interface PrecomputeContext {
  registry(host: string): Registry;
  wanted: Wanted;
  /** os/architecture[/variant] of images in an index; null for all. */
  platforms: readonly string[] | null;
  /** Has layers read into the cache. */
  keepLayers(layers: readonly LayerBlob[], options: KeepOptions): Promise<void>;
  pool: WorkerPool;
  /** Told of layers that the cache had lost, or does not keep. */
  onReread(answer: LayerAnswer): void;
  verified: VerifiedArtifacts;
  limits: ImageLimits;
  sourceLimits: Partial<SourceLimits>;
  /** Whether digests are computed anew where an artifact states some. */
  recheck: boolean;
  /** Whether artifacts of our certificate that are not current are taken away. */
  prune: boolean;
  /** Whether nothing is written. */
  isDryRun: boolean;
  /** One manifest is worked on by one job at a time: several tags may name it. */
  locks: KeyedLocks;
  onStage?: ((stage: Stage, seconds: number) => void) | undefined;
}

/**
 *   index     an index; its manifests are jobs of their own
 *   artifact  no image: nothing to do
 *   current   everything was there
 *   sealed    something was missing and was made, with `isDryRun` would be
 */
export type ImageState = "index" | "artifact" | "current" | "sealed";

/** What became of a manifest. */
export interface ImageReport {
  /** `sha256:` and hex. */
  manifest: string;
  state: ImageState;
  /** Current ones, by algorithm. */
  artifacts: Record<string, string>;
  /** Digests of artifacts that were taken away, with `isDryRun` would be. */
  removed: string[];
  /** Digests of artifacts that state something else and are not ours to take away, or that the registry keeps. */
  conflicting: string[];
  /** Of an index. */
  children: IndexChild[];
}

/** Does the job for what a reference names. @throws {ComposefsError} SERVICE_LIMIT and all that reading, signing and pushing give */
export function precomputeImage(
  reference: Reference,
  context: PrecomputeContext,
  signal?: AbortSignal,
): Promise<ImageReport> {
  return new ImageJob(reference, context, signal).run();
}

/** Artifacts of one algorithm. */
interface Judged {
  current: string[];
  /** Of our certificate, and not current. */
  stale: string[];
}

class ImageJob {
  readonly #reference: Reference;
  readonly #context: PrecomputeContext;
  readonly #reading: Reading;
  readonly #registry: Registry;
  readonly #found = new Map<string, FoundArtifact | null>();
  /** What is no artifact of composefs. */
  readonly #foreign = new Set<string>();
  readonly #budget: TimeBudget;
  #image: Promise<ContainerImage> | undefined;

  constructor(reference: Reference, context: PrecomputeContext, signal: AbortSignal | undefined) {
    this.#reference = reference;
    this.#context = context;
    this.#reading = { limits: sourceLimits(context.sourceLimits), signal, host: HOST };
    this.#registry = context.registry(reference.host);
    this.#budget = { limitSeconds: context.limits.imageSeconds, usedSeconds: 0 };
  }

  async run(): Promise<ImageReport> {
    const { limits, platforms } = this.#context;
    const { signal } = this.#reading;
    const files = await this.#timed("manifest", () => RegistryFiles.open(this.#registry, this.#reference, signal));
    const root = await selectRoot(files, null, this.#reading);
    const document = await readBlob(files, root, this.#reading);
    const report: ImageReport = {
      ...{ manifest: root.digest, state: "current", artifacts: {}, removed: [], conflicting: [], children: [] },
    };
    if (INDEX_TYPES.has(root.mediaType)) {
      const children = childrenOf(document.root, platforms);
      checkLimit(files.name, limits, "indexManifests", children.length);
      return { ...report, state: "index", children };
    }
    if (!MANIFEST_TYPES.has(root.mediaType) || !isImage(document)) return { ...report, state: "artifact" };
    const { host, repository } = this.#reference;
    return this.#context.locks.hold(`${host}/${repository}@${root.digest}`, () =>
      this.#complete(files, document, report),
    );
  }

  async #complete(files: RegistryFiles, document: Document, report: ImageReport): Promise<ImageReport> {
    const { wanted, isDryRun } = this.#context;
    let judged = await this.#judge(files, document, null);
    const missing = [...judged].flatMap(([algorithm, { current }]) => (current.length === 0 ? [algorithm] : []));
    const algorithms = this.#context.recheck ? wanted.algorithms : missing;
    if (algorithms.length > 0) {
      if (isDryRun && !this.#context.recheck) return { ...report, state: "sealed", artifacts: currentOf(judged) };
      const placed = await this.#compute(files, algorithms);
      const isChanged = await this.#write(files, document, placed);
      if (isChanged) report.state = "sealed";
      judged = await this.#judge(files, document, placed);
    }
    report.artifacts = currentOf(judged);
    await this.#reconcile(document.digest, judged, report);
    return report;
  }

  /**
   * Looks at the artifacts that are listed.
   *
   * @param placed what the layers have; null when they were not read
   */
  async #judge(
    files: RegistryFiles,
    manifest: Document,
    placed: readonly PlacedSeal[] | null,
  ): Promise<Map<VerityAlgorithm, Judged>> {
    // What the list does not tell is found out once, and remembered.
    const options = { artifactType: ARTIFACT_TYPE, readsUntyped: false, signal: this.#reading.signal };
    const { repository } = this.#reference;
    const list = () => this.#registry.referrers(repository, manifest.digest, options);
    const { referrers: listed } = await this.#timed("referrers", list);
    checkLimit(files.name, this.#context.limits, "imageArtifacts", listed.length);
    const judged = new Map<VerityAlgorithm, Judged>();
    for (const algorithm of this.#context.wanted.algorithms) {
      const one: Judged = { current: [], stale: [] };
      for (const referrer of listed) {
        const verdict = await this.#verdict(files, manifest, referrer, algorithm);
        if (verdict !== "foreign") one[verdict].push(referrer.digest);
      }
      one.current.sort();
      await this.#settle(files, manifest, listed, algorithm, one, placed);
      judged.set(algorithm, one);
    }
    return judged;
  }

  /** What the form of an artifact says, remembered beyond this job. */
  async #verdict(
    files: RegistryFiles,
    manifest: Document,
    referrer: Referrer,
    algorithm: VerityAlgorithm,
  ): Promise<"current" | "stale" | "foreign"> {
    const { wanted, verified } = this.#context;
    const key = wantedKey(wanted, algorithm);
    const { digest } = referrer;
    if (verified.has(manifest.digest, key, digest)) return "current";
    if (verified.has(manifest.digest, `foreign ${key}`, digest)) return "foreign";
    const found = await this.#read(files, referrer, manifest.digest);
    const isOurs = found !== null && (await this.#isOurs(found, algorithm));
    const isCurrent =
      found !== null &&
      (await hasForm(found, algorithm, wanted)) &&
      found.subject.size === manifest.bytes.length &&
      (await statesManifest(found, manifest, algorithm));
    if (isCurrent) verified.add(manifest.digest, key, digest);
    else if (!isOurs && (found !== null || this.#foreign.has(digest)))
      verified.add(manifest.digest, `foreign ${key}`, digest);
    return isCurrent ? "current" : isOurs ? "stale" : "foreign";
  }

  /** Reads an artifact once. Damaged ones are as if they were not there: anybody may push one. */
  async #read(files: RegistryFiles, referrer: Referrer, subject: string): Promise<FoundArtifact | null> {
    const known = this.#found.get(referrer.digest);
    if (known !== undefined) return known;
    const found = await readFound(files, referrer, subject, this.#reading).catch((error) => {
      if (!(error instanceof ComposefsError && /^(SEAL|SOURCE|BLOB)_/.test(error.code))) throw error;
      // What is of another kind stays that; a blob that came damaged may come whole the next time.
      if (!error.code.startsWith("BLOB_")) this.#foreign.add(referrer.digest);
      return null;
    });
    this.#found.set(referrer.digest, found);
    return found;
  }

  /** Whether every digest is of an algorithm and signed by our certificate. Without one nothing can be told to be ours. */
  async #isOurs({ entries, signatures }: FoundArtifact, algorithm: VerityAlgorithm): Promise<boolean> {
    const { signing } = this.#context.wanted;
    if (signing === null || entries.length === 0) return false;
    for (const { seal, signatureBlob } of entries) {
      const signature = signatureBlob && signatures.get(signatureBlob.digest);
      if (!signature || seal.algorithm !== algorithm) return false;
      try {
        await signing.check(algorithmParameters(algorithm).hash, seal.digest, signature);
      } catch (error) {
        if (!(error instanceof ComposefsError)) throw error;
        return false;
      }
    }
    return true;
  }

  /**
   * Several artifacts that look current and state different digests cannot all be right: signatures of one image can be put
   * beside those of another. Then, and when the layers were read, what they say decides.
   */
  async #settle(
    files: RegistryFiles,
    manifest: Document,
    listed: readonly Referrer[],
    algorithm: VerityAlgorithm,
    judged: Judged,
    placed: readonly PlacedSeal[] | null,
  ): Promise<void> {
    if (judged.current.length < (placed === null ? 2 : 1)) return;
    const found: FoundArtifact[] = [];
    for (const referrer of listed) {
      if (!judged.current.includes(referrer.digest)) continue;
      const artifact = await this.#read(files, referrer, manifest.digest);
      if (artifact !== null) found.push(artifact);
    }
    const stated = new Set(found.map(textOf));
    const seals = placed?.map(({ seal }) => seal).filter((seal) => seal.algorithm === algorithm) ?? [];
    if (seals.length === 0 && stated.size <= 1) return;
    const wanted = seals.length > 0 ? seals : (await this.#compute(files, [algorithm])).map(({ seal }) => seal);
    const check = this.#context.wanted.signing?.check ?? null;
    const right: string[] = [];
    for (const one of found) if ((await findEqual([one], wanted, check)) !== undefined) right.push(one.digest);
    judged.stale.push(...judged.current.filter((digest) => !right.includes(digest)));
    judged.current = right.sort();
  }

  /** The image with its config, which is read once. */
  #open(files: RegistryFiles): Promise<ContainerImage> {
    this.#image ??= openOci(files, "registry", { reference: null, platform: null }, this.#reading);
    return this.#image;
  }

  async #compute(files: RegistryFiles, algorithms: readonly VerityAlgorithm[]): Promise<PlacedSeal[]> {
    const { pool, wanted, limits, sourceLimits } = this.#context;
    const { signal } = this.#reading;
    const image = await this.#open(files);
    checkLimit(files.name, limits, "imageLayers", image.layers.length);
    const bytes = image.layers.reduce((sum, { size }) => sum + (size ?? 0), 0);
    checkLimit(files.name, limits, "imageBytes", bytes);
    const options = { hashes: hashesOf(algorithms), limits: sourceLimits, budget: this.#budget, signal };
    await this.#timed("layers", () => this.#context.keepLayers(image.layers, options));
    const roles: SealRole[] = ["manifest", "config", "merged", ...(wanted.bootable ? ["bootable" as const] : [])];
    const answer = await this.#timed("digests", () => {
      const documents = { manifest: image.manifest!.bytes, config: image.config!.bytes };
      const what = { name: files.name, layers: image.layers, ...documents, algorithms, roles };
      const { imageEntries } = limits;
      return pool.run({ kind: "digests", ...what, limits: sourceLimits, imageEntries }, this.#budget, signal);
    });
    this.#context.onReread(answer);
    return wanted.signing === null ? answer.placed : signSeals(answer.placed, wanted.signing.sign);
  }

  /** Pushes what is missing. @returns whether something was */
  async #write(files: RegistryFiles, manifest: Document, placed: readonly PlacedSeal[]): Promise<boolean> {
    const { wanted, isDryRun, verified } = this.#context;
    const image = await this.#open(files);
    const destination = isDryRun ? null : new RegistryDestination(this.#registry, this.#reference);
    const known = [...this.#found.values()].filter((one) => one !== null);
    const check = wanted.signing?.check ?? null;
    const write = () => sealBeside(image, placed, check, destination, this.#reading, known);
    const written = await this.#timed("push", write);
    if (destination === null) return written.isChanged;
    await destination.commit();
    const algorithms = [...new Set(placed.map(({ seal }) => seal.algorithm))];
    for (const [i, digest] of written.artifacts.entries()) {
      verified.add(manifest.digest, wantedKey(wanted, algorithms[i]!), digest);
    }
    return written.isChanged;
  }

  /** Leaves one current artifact of each algorithm. */
  async #reconcile(subject: string, judged: ReadonlyMap<VerityAlgorithm, Judged>, report: ImageReport): Promise<void> {
    const { isDryRun, prune, wanted } = this.#context;
    const gone: string[] = [];
    for (const { current, stale } of judged.values()) {
      // Without a certificate nothing tells ours from those of others, and equal ones are one.
      if (wanted.signing === null) {
        report.conflicting.push(...stale);
        continue;
      }
      gone.push(...current.slice(1));
      if (prune) gone.push(...stale);
      else report.conflicting.push(...stale);
    }
    const { repository } = this.#reference;
    for (const digest of new Set(gone)) {
      const options = { signal: this.#reading.signal };
      const isGone = isDryRun || (await this.#registry.removeReferrer(repository, subject, digest, options));
      (isGone ? report.removed : report.conflicting).push(digest);
    }
  }

  async #timed<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#context.onStage?.(stage, (performance.now() - began) / 1000);
    }
  }
}

/** What an artifact states. */
function textOf({ entries }: FoundArtifact): string {
  return JSON.stringify(entries.map(({ seal: { role, algorithm, digest } }) => [role, algorithm, digest]));
}

/** Artifacts, Helm charts and the like have another config, and what refers to something is about that. */
function isImage({ root }: Document): boolean {
  if (root.field("subject").isPresent || !root.field("config").isPresent) return false;
  return CONFIG_TYPES.has(root.field("config").field("mediaType").text());
}

async function statesManifest(
  { entries }: FoundArtifact,
  { bytes }: Document,
  algorithm: VerityAlgorithm,
): Promise<boolean> {
  const seal = entries.find((entry) => entry.seal.role === "manifest")?.seal;
  return seal !== undefined && seal.digest === (await bytesDigest(bytes, algorithm));
}

function currentOf(judged: ReadonlyMap<VerityAlgorithm, Judged>): Record<string, string> {
  return Object.fromEntries([...judged].flatMap(([name, { current }]) => (current[0] ? [[name, current[0]]] : [])));
}
