/**
 * One dumpfile on its way to images, step by step and without promises: what `buildImage` and the commands share.
 *
 *   const job = new DumpJob(engine, { strict: false, accelerator: 'auto' })
 *   job.write(bytes) …            or: fill job.space(), job.commit(length)
 *   const counts = job.end()
 *   const image = job.openImage('v1', ['sha256-12'])
 *   for (let piece = image.read(); piece.length > 0; piece = image.read()) …
 *   image.digests()
 *
 * `openImage` may be called again when the image was read to its end: one parse serves every format.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { DumpCounts, Engine, ImageLayout } from "../engine/engine.ts";
import { readImage, VeritySlot } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { toHex } from "./hex.ts";
import {
  algorithmParameters,
  checkAlgorithm,
  formatNumber,
  type ImageFormat,
  type VerityAlgorithm,
} from "./profile.ts";

/** Bytes of a dumpfile for one call, some hundred lines: V8 puts optimised code in between calls only. */
const PARSE_BYTES = 1 << 16;

/** ID1 and ID2 of RFC 1952. */
const GZIP_MAGIC = [0x1f, 0x8b];

const NO_SALT = new Uint8Array(0);
const FORMAT_NAMES: readonly ImageFormat[] = ["v0", "v1", "v2"];

export class DumpJob {
  readonly #engine: Engine;
  readonly #accelerator: Accelerator;
  #counts: DumpCounts | undefined;
  /** The first two bytes of the dumpfile. */
  readonly #head: number[] = [];

  constructor(engine: Engine, options: { strict: boolean; accelerator: Accelerator }) {
    this.#engine = engine;
    this.#accelerator = options.accelerator;
    engine.dumpBegin(options.strict);
  }

  /** Room for the next bytes of the dumpfile, to be filled from its beginning. Fetch it anew each time. */
  space(): Uint8Array<ArrayBuffer> {
    return this.#engine.input.subarray(0, PARSE_BYTES);
  }

  /** Parses the first `length` bytes of `space()`. @throws {ComposefsError} DUMP_*, ENGINE_MEMORY */
  commit(length: number): void {
    for (let i = 0; this.#head.length < GZIP_MAGIC.length && i < length; i++) this.#head.push(this.#engine.input[i]!);
    try {
      this.#engine.dumpWrite(length);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Parses bytes of any length. @throws {ComposefsError} DUMP_*, ENGINE_MEMORY */
  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += PARSE_BYTES) {
      const part = bytes.subarray(start, start + PARSE_BYTES);
      this.space().set(part);
      this.commit(part.length);
    }
  }

  /** Ends the dumpfile. @throws {ComposefsError} DUMP_*, ENGINE_MEMORY */
  end(): DumpCounts {
    try {
      this.#counts = this.#engine.dumpEnd();
    } catch (error) {
      throw this.#explain(error);
    }
    return this.#counts;
  }

  /** Adds to a refusal of the dumpfile what the engine does not look for: that it is no dumpfile yet. */
  #explain(error: unknown): unknown {
    if (!(error instanceof ComposefsError) || !error.code.startsWith("DUMP_")) return error;
    if (!GZIP_MAGIC.every((byte, i) => this.#head[i] === byte)) return error;
    return new ComposefsError(
      error.code,
      `${error.message}; the input looks gzip-compressed, unpack it first`,
      error.data,
    );
  }

  /** Lays an image out; all its digests are computed while it is read. @throws {ComposefsError} PROFILE_HASH, EROFS_* */
  openImage(format: ImageFormat | "auto", algorithms: readonly VerityAlgorithm[]): OpenImage {
    if (this.#counts === undefined) throw new Error("openImage before end");
    for (const algorithm of algorithms) checkAlgorithm(algorithm, this.#counts.objectHash);
    return new OpenImage(this.#engine, format, algorithms, this.#accelerator);
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
