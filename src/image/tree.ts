/**
 * A tree in the engine, wherever it was read from, and all that can be made of it.
 *
 *   const tree = new DumpJob(engine, options) … .end()
 *   const image = tree.openImage('v1', ['sha256-12'])
 *   for (let piece = image.read(); piece.length > 0; piece = image.read()) …
 *   image.digests()
 *
 * One thing at a time: opening the next one ends the one before. Each may be opened again, so one read serves every
 * format.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import type { ImageLayout, StoredImage, TreeCounts } from "../engine/records.ts";
import { PIECE_BYTES, readImage, VeritySlot } from "../engine/slot.ts";
import { TreeCursor } from "./cursor.ts";
import { toHex } from "./hex.ts";
import {
  algorithmParameters,
  checkAlgorithm,
  FORMAT_NAMES,
  formatNumber,
  type ImageFormat,
  type VerityAlgorithm,
} from "./profile.ts";

const NO_SALT = new Uint8Array(0);

/** What the origin of an entry is: a line of a dumpfile, a nid of an image, or a layer, all but the nid from 1. */
export type OriginKind = "line" | "nid" | "layer";

export class Tree {
  readonly counts: TreeCounts;
  /** The image that the tree was read from; undefined for a dumpfile and for layers. */
  readonly image: StoredImage | undefined;
  /** What `origin` of its entries is. */
  readonly origin: OriginKind;
  readonly #engine: Engine;
  readonly #accelerator: Accelerator;

  /** @param from the image that the tree was read from; `layers` when it was merged of them; nothing: a dumpfile */
  constructor(engine: Engine, accelerator: Accelerator, counts: TreeCounts, from?: StoredImage | "layers") {
    this.#engine = engine;
    this.#accelerator = accelerator;
    this.counts = counts;
    this.image = from === "layers" ? undefined : from;
    this.origin = from === undefined ? "line" : from === "layers" ? "layer" : "nid";
  }

  /** Format of `image`. */
  get format(): ImageFormat | undefined {
    return this.image && FORMAT_NAMES[this.image.version];
  }

  /** Digests of `image` as it was read, lower-case hex. */
  imageDigests(algorithms: readonly VerityAlgorithm[]): Partial<Record<VerityAlgorithm, string>> {
    const digests: Partial<Record<VerityAlgorithm, string>> = {};
    const size = this.image!.size;
    for (const algorithm of algorithms) {
      const parameters = { ...algorithmParameters(algorithm), salt: NO_SALT };
      const slot = new VeritySlot(this.#engine, 0, parameters, this.#accelerator, size);
      for (let at = 0; at < size; at += PIECE_BYTES) {
        const piece = this.imageBytes(at, Math.min(PIECE_BYTES, size - at));
        slot.space().set(piece);
        slot.commit(piece.length);
      }
      digests[algorithm] = toHex(slot.close());
    }
    return digests;
  }

  /** Lays an image out; all its digests are computed while it is read. @throws {ComposefsError} PROFILE_HASH, EROFS_* */
  openImage(format: ImageFormat | "auto", algorithms: readonly VerityAlgorithm[]): OpenImage {
    for (const algorithm of algorithms) checkAlgorithm(algorithm, this.counts.objectHash);
    return new OpenImage(this.#engine, format, algorithms, this.#accelerator);
  }

  /** Opens the cursor: entries, one page after the other or by path. */
  openCursor(): TreeCursor {
    return new TreeCursor(this.#engine, this.counts.entries);
  }

  /** The canonical dumpfile in pieces, each valid until the next one. */
  *canonicalDump(): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    this.#engine.printOpen();
    for (let piece = this.#engine.printRead(); piece.length > 0; piece = this.#engine.printRead()) yield piece;
  }

  /** What `composefs-info dump` of C prints, in pieces, each valid until the next one. Of a tree that has an `image`. */
  *infoDump(): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    this.#engine.infoOpen();
    for (let piece = this.#engine.infoRead(); piece.length > 0; piece = this.#engine.infoRead()) yield piece;
  }

  /** Region records (assembly/abi.ts, REGION_*) of `image` in pages, each valid until the next one. */
  *regionPages(): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    this.#engine.regionOpen();
    for (let page = this.#engine.regionRead(); page.length > 0; page = this.#engine.regionRead()) yield page;
  }

  /** The path of an entry that a region record names, while `regionPages` is read; valid until the next call. */
  regionPath(entry: number): Uint8Array<ArrayBuffer> {
    return this.#engine.regionPath(entry);
  }

  /** Bytes of `image`, at most 1 MiB, valid until the next call. */
  imageBytes(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#engine.scanBytes(offset, length);
  }
}

export class OpenImage {
  readonly format: ImageFormat;
  readonly layout: ImageLayout;
  readonly #engine: Engine;
  readonly #slots: Array<[VerityAlgorithm, VeritySlot]>;
  readonly #verity: VeritySlot[];

  constructor(
    engine: Engine,
    format: ImageFormat | "auto",
    algorithms: readonly VerityAlgorithm[],
    accelerator: Accelerator,
  ) {
    this.#engine = engine;
    this.layout = engine.imageOpen(formatNumber(format));
    this.format = FORMAT_NAMES[this.layout.version]!;
    this.#slots = [...new Set(algorithms)].map((algorithm, slot) => {
      const parameters = { ...algorithmParameters(algorithm), salt: NO_SALT };
      return [algorithm, new VeritySlot(engine, slot, parameters, accelerator, this.layout.size)];
    });
    this.#verity = this.#slots.map(([, slot]) => slot);
  }

  /** The next piece of the image, empty at its end. Valid until the next call. */
  read(): Uint8Array<ArrayBuffer> {
    return readImage(this.#engine, this.#verity);
  }

  /** The digests of the image, lower-case hex. Once only, after `read` came to the end. */
  digests(): Partial<Record<VerityAlgorithm, string>> {
    const digests: Partial<Record<VerityAlgorithm, string>> = {};
    for (const [algorithm, slot] of this.#slots) digests[algorithm] = toHex(slot.close());
    return digests;
  }
}
