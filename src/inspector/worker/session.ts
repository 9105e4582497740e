/**
 * A session: the images that are open on both sides, and the answers about them. It runs in a worker, so that whatever
 * takes long does so beside the page.
 *
 * The trees lie in engines that do one thing at a time, so requests are answered one after the other. Only the reading of
 * inputs goes on beside them, on threads of its own.
 */

import type { HashName } from "../../engine/slot.ts";
import { ComposefsError } from "../../error.ts";
import { escapeBytes } from "../../explain/display.ts";
import type { Profile } from "../../image/profile.ts";
import type { Role } from "../../image/view.ts";
import type { VerifyReport } from "../../seal/verify.ts";
import type {
  Choice,
  Comparison,
  DiffRow,
  DigestRow,
  DownloadKind,
  EntryDetails,
  FileRow,
  Filter,
  Input,
  Inspector,
  LintFacts,
  Opened,
  OpenProgress,
  Side,
  SizeNode,
  StructureDetails,
  StructureFacts,
  StructureRow,
  TreeView,
  WastedFile,
  WhiteoutRow,
} from "../protocol.ts";
import { readCertificateFiles } from "./certificates.ts";
import { ComparedImages, commonHash } from "./comparison.ts";
import { containerDigests, fileDigests, layerDigests, missingHashes } from "./digests.ts";
import { dumpBlob, imageBlob, jsonBlob } from "./downloads.ts";
import { entryDetails, findIndex, indexOf } from "./entry.ts";
import { closedFailure } from "./failure.ts";
import { lintImage } from "./lint-image.ts";
import { Meter } from "./meter.ts";
import { OpenImage } from "./open-image.ts";
import { type ReadContainer, readAgain, readInput, type Threads } from "./read-input.ts";
import { sizeMap } from "./sizes.ts";
import { ShownImage } from "./structures.ts";
import { changesOf, checkSeals, summaryOf } from "./summary.ts";

export class Session implements Inspector {
  readonly #threads: Threads;
  readonly #sides: Partial<Record<Side, OpenImage>> = {};
  /** Ends the reading of a side. */
  readonly #reading: Partial<Record<Side, AbortController>> = {};
  #compared: { a: OpenImage; b: OpenImage; views: string; result: ComparedImages } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  /** Answers when all requests before were answered. */
  #inTurn<T>(answer: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(answer);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #side(side: Side): OpenImage {
    const image = this.#sides[side];
    if (image === undefined) throw closedFailure();
    return image;
  }

  async open(
    side: Side,
    input: Input,
    choice: Choice,
    onProgress: (progress: OpenProgress) => void,
    signal: AbortSignal,
  ): Promise<Opened> {
    this.#reading[side]?.abort();
    const own = new AbortController();
    this.#reading[side] = own;
    const both = AbortSignal.any([signal, own.signal]);
    await this.#inTurn(() => this.#drop(side));
    const meter = new Meter(onProgress);
    const read = await readInput(input, choice, { ...this.#threads, meter, signal: both });
    return this.#inTurn(async () => {
      both.throwIfAborted();
      meter.begin("Making the tree");
      const image = await OpenImage.of(input, choice, read, () => meter.elapsedMs);
      meter.begin("Checking the seals");
      image.seal = await checkSeals(image, null);
      both.throwIfAborted();
      this.#sides[side] = image;
      return summaryOf(image);
    });
  }

  async close(side: Side): Promise<void> {
    this.#reading[side]?.abort();
    await this.#inTurn(() => this.#drop(side));
  }

  #drop(side: Side): void {
    this.#sides[side]?.close();
    delete this.#sides[side];
    this.#compared = undefined;
  }

  show(side: Side, view: TreeView): Promise<Opened> {
    return this.#inTurn(async () => {
      const image = this.#side(side);
      await image.show(view);
      return summaryOf(image);
    });
  }

  digests(side: Side, profiles: readonly Profile[], role: Role): Promise<DigestRow[]> {
    return this.#inTurn(async () => {
      const image = this.#side(side);
      if (image.container === undefined) return fileDigests(image, profiles);
      const missing = missingHashes(image.container, profiles);
      return containerDigests(image, await this.#readFor(image, image.container, missing), profiles, role);
    });
  }

  /** The image with object digests of further hashes; what was read for them is kept. */
  async #readFor(image: OpenImage, read: ReadContainer, missing: readonly HashName[]): Promise<ReadContainer> {
    if (missing.length === 0) return read;
    const control = { ...this.#threads, meter: new Meter(() => {}), signal: new AbortController().signal };
    const again = await readAgain(read, [...read.hashes, ...missing], control);
    image.read = again;
    return again;
  }

  layerDigests(side: Side) {
    return this.#inTurn(() => {
      const { container } = this.#side(side);
      return container === undefined ? [] : layerDigests(container);
    });
  }

  verify(side: Side, certificates: readonly File[]): Promise<VerifyReport> {
    return this.#inTurn(async () => {
      const image = this.#side(side);
      const check = certificates.length === 0 ? null : await readCertificateFiles(certificates);
      image.seal = await checkSeals(image, check);
      if (image.seal.report === null) throw new ComposefsError("USAGE", image.seal.reason!);
      return image.seal.report;
    });
  }

  list(side: Side, filter: Filter): Promise<{ rows: number; matches: number }> {
    return this.#inTurn(async () => {
      const image = this.#side(side);
      image.list.filter(filter, filter.changed ? await this.#changed(side, image) : () => false);
      return { rows: image.list.length, matches: image.list.matches };
    });
  }

  /** Which entries changed: against the other side, or against lower layers. */
  async #changed(side: Side, image: OpenImage): Promise<(index: number) => boolean> {
    if (this.#sides.a !== undefined && this.#sides.b !== undefined) {
      const compared = await this.#compare();
      return (index) => compared.isChanged(side, index);
    }
    if (image.container === undefined) return () => false;
    const { replaced } = changesOf(image.container);
    const decoder = new TextDecoder("latin1");
    return (index) => replaced.has(decoder.decode(image.table.path(index).subarray(1)));
  }

  toggle(side: Side, index: number, isOpen: boolean, isDeep: boolean): Promise<{ rows: number }> {
    return this.#inTurn(() => {
      const { list } = this.#side(side);
      list.toggle(index, isOpen, isDeep);
      return { rows: list.length };
    });
  }

  rows(side: Side, from: number, count: number): Promise<FileRow[]> {
    return this.#inTurn(() => {
      const image = this.#side(side);
      return image.list.rows(from, count, image.layerOf);
    });
  }

  reveal(side: Side, path: string): Promise<{ row: number; rows: number } | null> {
    return this.#inTurn(() => {
      const image = this.#side(side);
      const index = findIndex(image, path);
      const row = index === undefined ? -1 : image.list.reveal(index);
      return row < 0 ? null : { row, rows: image.list.length };
    });
  }

  entry(side: Side, path: string): Promise<EntryDetails> {
    return this.#inTurn(() => entryDetails(this.#side(side), path));
  }

  sizes(side: Side, path: string, maxNodes: number): Promise<SizeNode> {
    return this.#inTurn(() => {
      const image = this.#side(side);
      return sizeMap(image.table, indexOf(image, path), maxNodes, image.layerOf);
    });
  }

  wasted(side: Side, layer: number, from: number, count: number): Promise<{ total: number; rows: WastedFile[] }> {
    return this.#inTurn(() => {
      const { container } = this.#side(side);
      const all = container === undefined ? [] : changesOf(container).hidden;
      return pageOf(all, layer, from, count);
    });
  }

  whiteouts(side: Side, layer: number, from: number, count: number): Promise<{ total: number; rows: WhiteoutRow[] }> {
    return this.#inTurn(() => {
      const { container } = this.#side(side);
      const all = container === undefined ? [] : changesOf(container).whiteouts;
      return pageOf(all, layer, from, count);
    });
  }

  compare(): Promise<Comparison> {
    return this.#inTurn(async () => (await this.#compare()).result);
  }

  differences(id: string, from: number, count: number): Promise<DiffRow[]> {
    return this.#inTurn(async () => (await this.#compare()).differences(id, from, count));
  }

  async #compare(): Promise<ComparedImages> {
    const [a, b] = [this.#side("a"), this.#side("b")];
    const views = JSON.stringify([a.view, b.view]);
    const known = this.#compared;
    if (known?.a === a && known.b === b && known.views === views) return known.result;
    const hash = commonHash(a, b);
    for (const image of [a, b]) {
      const read = image.container;
      if (read !== undefined && !read.hashes.includes(hash)) await this.#readFor(image, read, [hash]);
    }
    const result = await ComparedImages.of(a, b, hash);
    this.#compared = { a, b, views, result };
    return result;
  }

  lint(side: Side): Promise<LintFacts> {
    return this.#inTurn(() => lintImage(this.#side(side)));
  }

  #shown(side: Side): ShownImage {
    const image = this.#side(side);
    image.shown ??= new ShownImage(image.tree, image.table, image.algorithm);
    return image.shown;
  }

  structure(side: Side): Promise<StructureFacts> {
    return this.#inTurn(() => this.#shown(side).facts);
  }

  structures(side: Side, from: number, count: number): Promise<StructureRow[]> {
    return this.#inTurn(() => this.#shown(side).rows(from, count));
  }

  structureAt(side: Side, offset: number): Promise<StructureDetails> {
    return this.#inTurn(() => this.#shown(side).at(offset));
  }

  structuresOf(side: Side, path: string): Promise<StructureRow[]> {
    return this.#inTurn(() => {
      const image = this.#side(side);
      const index = indexOf(image, path);
      return this.#shown(side).of(image.table.owner[index]!);
    });
  }

  bytes(side: Side, offset: number, length: number): Promise<Uint8Array> {
    return this.#inTurn(() => this.#shown(side).bytes(offset, length));
  }

  async download(side: Side, kind: DownloadKind, profile: Profile | null, signal: AbortSignal): Promise<Blob> {
    if (kind === "report") return this.#report(side, signal);
    return this.#inTurn(() => {
      signal.throwIfAborted();
      const image = this.#side(side);
      return kind === "dump" ? dumpBlob(image) : imageBlob(image, profile);
    });
  }

  /** All that the views show and that is not the tree itself. */
  async #report(side: Side, signal: AbortSignal): Promise<Blob> {
    const opened = await this.#inTurn(() => summaryOf(this.#side(side)));
    const digests = await this.digests(side, opened.profiles, opened.view?.role ?? "merged");
    signal.throwIfAborted();
    const layers = await this.layerDigests(side);
    signal.throwIfAborted();
    const lint = await this.lint(side);
    signal.throwIfAborted();
    const structure = await this.structure(side);
    return jsonBlob({ ...opened, digests, layerDigests: layers, lint, structure });
  }
}

/** A page of rows of one layer, or of all, with paths as the page has them. */
function pageOf<T extends { path: string; layer: number }>(
  all: readonly T[],
  layer: number,
  from: number,
  count: number,
): { total: number; rows: T[] } {
  const wanted = layer === 0 ? all : all.filter((one) => one.layer === layer);
  const rows = wanted.slice(from, from + count).map((one) => {
    return { ...one, path: escapeBytes(Uint8Array.from(`/${one.path}`, (c) => c.charCodeAt(0))) };
  });
  return { total: wanted.length, rows };
}
