/**
 * Whether a repository is whole: every object against its name, every object of every image there.
 */

import { lstatSync, readlinkSync } from "node:fs";
import type { Accelerator } from "../engine/calibrate.ts";
import { imagePath, objectPath } from "../linux/repo-layout.ts";
import type { ObjectStore } from "../linux/store.node.ts";
import { checkObject, type ObjectState } from "../linux/store-object.node.ts";
import { listImages } from "../linux/store-roots.node.ts";
import { type BadObject, verifyObjects } from "../linux/store-verify.node.ts";
import { objectUsesOfFile } from "./store-image.node.ts";

/** A file of an image whose object is not good. */
export interface NeededBy {
  /** Digest of the image, in hex. */
  image: string;
  path: Uint8Array;
}

/** Something that is not as it must be. */
export interface StoreProblem extends BadObject {
  /** Whether it is an image rather than a content. */
  isImage: boolean;
  /** Files that cannot be read for it. */
  neededBy: NeededBy[];
}

/** What was found. */
export interface StoreReport {
  images: number;
  /** Good objects, measured by the kernel, and read and computed. */
  measured: number;
  computed: number;
  bytes: number;
  problems: StoreProblem[];
}

/** Options of {@link verifyStore}. */
export interface VerifyStoreOptions {
  /** Digests of images, in hex: they and their objects only. Default: all. */
  images?: readonly string[];
  threads?: number;
  recompute?: boolean;
  accelerator?: Accelerator;
}

/** Verifies a repository, or some images of it: the shared state of the steps. */
class StoreCheck {
  readonly report: StoreReport = { images: 0, measured: 0, computed: 0, bytes: 0, problems: [] };
  readonly #store: ObjectStore;
  readonly #options: VerifyStoreOptions;
  /** Objects that are not good, by digest. */
  readonly #problems = new Map<string, StoreProblem>();

  constructor(store: ObjectStore, options: VerifyStoreOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Looks at an image itself. @returns whether its tree can be read */
  checkImage(digest: string): boolean {
    this.report.images++;
    const state = imageState(this.#store, digest, this.#options);
    if (state.state === "good") {
      this.report[state.by]++;
      this.report.bytes += state.size;
      return true;
    }
    const reason = state.state === "damaged" ? state.reason : "it is not there";
    this.report.problems.push({ digest, kind: state.state, reason, isImage: true, neededBy: [] });
    return false;
  }

  /** Looks at objects. @param digests each once */
  async checkObjects(digests: Iterable<string>): Promise<void> {
    const { measured, computed, bytes, bad } = await verifyObjects(this.#store, digests, this.#options);
    this.report.measured += measured;
    this.report.computed += computed;
    this.report.bytes += bytes;
    for (const object of bad) this.#add(object);
  }

  /** Says which files of an image need objects that are not good, and finds those that are not there. */
  readImage(image: string): void {
    const present = new Set<string>();
    let unnamed: StoreProblem | undefined;
    for (const { digest, path } of objectUsesOfFile(this.#store.at(imagePath(image)))) {
      if (digest === undefined) {
        const reason = "it names objects by something else than their digests";
        unnamed ??= { digest: image, kind: "damaged", reason, isImage: true, neededBy: [] };
        unnamed.neededBy.push({ image, path });
        continue;
      }
      if (present.has(digest)) continue;
      let problem = this.#problems.get(digest);
      if (problem === undefined) {
        if (lstatSync(this.#store.objectPath(digest), { throwIfNoEntry: false }) !== undefined) {
          present.add(digest);
          continue;
        }
        problem = this.#add({ digest, kind: "missing", reason: "it is not there" });
      }
      problem.neededBy.push({ image, path });
    }
    if (unnamed !== undefined) this.report.problems.push(unnamed);
  }

  /** The report, in an order that does not depend on threads. */
  end(): StoreReport {
    this.report.problems.push(...[...this.#problems.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1)));
    return this.report;
  }

  #add(object: BadObject): StoreProblem {
    const problem = { ...object, isImage: false, neededBy: [] };
    this.#problems.set(object.digest, problem);
    return problem;
  }
}

/**
 * Verifies a repository. It is not locked: what is added or removed meanwhile may be seen or not.
 *
 * @throws {ComposefsError} STORE_LAYOUT, IO_*, VERITY_*; IMAGE_* for an image that is what its digest says, and no image
 */
export async function verifyStore(store: ObjectStore, options: VerifyStoreOptions = {}): Promise<StoreReport> {
  const check = new StoreCheck(store, options);
  const images = options.images ?? listImages(store).map(({ digest }) => digest);
  const good = images.filter((digest) => check.checkImage(digest));
  const known = new Set(images);
  await check.checkObjects(options.images === undefined ? without(store.digests(), known) : named(store, good, known));
  for (const image of good) check.readImage(image);
  return check.end();
}

function* without(digests: Iterable<string>, known: ReadonlySet<string>): Generator<string, void, undefined> {
  for (const digest of digests) if (!known.has(digest)) yield digest;
}

/** Digests of the objects of some images, each once. */
function named(store: ObjectStore, images: readonly string[], known: ReadonlySet<string>): Set<string> {
  const digests = new Set<string>();
  for (const image of images) {
    for (const { digest } of objectUsesOfFile(store.at(imagePath(image)))) {
      if (digest !== undefined && !known.has(digest)) digests.add(digest);
    }
  }
  return digests;
}

/** The state of an image: a link to its object, or a file of its own. */
function imageState(store: ObjectStore, digest: string, options: VerifyStoreOptions): ObjectState {
  const path = store.at(imagePath(digest));
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats?.isSymbolicLink()) return checkObject(path, digest, options);
  const target = readlinkSync(path);
  if (target !== `../${objectPath(digest)}`) return { state: "damaged", reason: "it is a link to something else" };
  return checkObject(store.objectPath(digest), digest, options);
}
