/**
 * A dumpfile or an image on its way into the engine, step by step and without promises: what the library's functions
 * and the commands share.
 *
 *   const job = new DumpJob(engine, { strict: false, accelerator: 'auto' })
 *   job.write(bytes) …            or: fill job.space(), job.commit(length)
 *   const tree = job.end()
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { ComposefsError } from "../error.ts";
import { Tree } from "./tree.ts";

/** Bytes of a dumpfile for one call, some hundred lines: V8 puts optimised code in between calls only. */
const PARSE_BYTES = 1 << 16;

/** ID1 and ID2 of RFC 1952. */
const GZIP_MAGIC = [0x1f, 0x8b];

/** Options of both jobs. */
export interface ReadOptions {
  /** Refuse also what is merely sloppy: README, "Strict". */
  strict: boolean;
  accelerator: Accelerator;
}

/** What reads bytes of one kind into a tree. */
export abstract class ReadJob {
  protected readonly engine: Engine;
  protected readonly accelerator: Accelerator;

  constructor(engine: Engine, options: ReadOptions) {
    this.engine = engine;
    this.accelerator = options.accelerator;
  }

  /** Room for the next bytes, to be filled from its beginning. Fetch it anew each time. */
  abstract space(): Uint8Array<ArrayBuffer>;

  /** Takes the first `length` bytes of `space()`. @throws {ComposefsError} DUMP_*, IMAGE_*, ENGINE_MEMORY */
  abstract commit(length: number): void;

  /** Ends the input. @throws {ComposefsError} DUMP_*, IMAGE_*, ENGINE_MEMORY */
  abstract end(): Tree;

  /** Takes bytes of any length. @throws {ComposefsError} DUMP_*, IMAGE_*, ENGINE_MEMORY */
  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; ) {
      const space = this.space();
      const part = bytes.subarray(start, start + space.length);
      space.set(part);
      this.commit(part.length);
      start += part.length;
    }
  }
}

/** Reads a dumpfile. */
export class DumpJob extends ReadJob {
  /** The first two bytes of the dumpfile. */
  readonly #head: number[] = [];

  constructor(engine: Engine, options: ReadOptions) {
    super(engine, options);
    engine.dumpBegin(options.strict);
  }

  space(): Uint8Array<ArrayBuffer> {
    return this.engine.input.subarray(0, PARSE_BYTES);
  }

  commit(length: number): void {
    for (let i = 0; this.#head.length < GZIP_MAGIC.length && i < length; i++) this.#head.push(this.engine.input[i]!);
    try {
      this.engine.dumpWrite(length);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  end(): Tree {
    try {
      return new Tree(this.engine, this.accelerator, this.engine.dumpEnd());
    } catch (error) {
      throw this.#explain(error);
    }
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
}

/** Reads an EROFS image. The engine holds it as a whole. */
export class ScanJob extends ReadJob {
  constructor(engine: Engine, options: ReadOptions) {
    super(engine, options);
    engine.scanBegin(options.strict);
  }

  space(): Uint8Array<ArrayBuffer> {
    return this.engine.input;
  }

  commit(length: number): void {
    this.engine.scanWrite(length);
  }

  end(): Tree {
    const { counts, image } = this.engine.scanEnd();
    return new Tree(this.engine, this.accelerator, counts, image);
  }
}
