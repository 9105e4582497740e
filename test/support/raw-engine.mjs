/**
 * The engine driven straight over its exports, without the host of `src/`.
 *
 * Goldens and fuzzers use it, so that they test the WebAssembly file and nothing else; it is also the shortest
 * description of how a host in another language drives the boundary.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ABI, FIELD_NAMES, STATUS_NAMES } from "./abi.mjs";

/** fs-verity parameters of the digests that goldens pin: both hashes with 4096-byte blocks and no salt. */
export const VERITY_4K = [
  { algorithm: ABI.HASH_SHA256, blockBits: 12 },
  { algorithm: ABI.HASH_SHA512, blockBits: 12 },
];

/**
 * Compiles an engine.
 *
 * @param {string} name `engine.wasm` (release) or `testing/engine.wasm`; the environment variable ENGINE_WASM wins
 */
export function compileEngine(name = process.env.ENGINE_WASM ?? "engine.wasm") {
  const path = fileURLToPath(new URL(`../../build/${name}`, import.meta.url));
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new Error(`${path} is missing: npm run build:engine`, { cause });
  }
  return new WebAssembly.Module(bytes);
}

/** An answer of the engine that is not OK, with its error record. */
export class EngineStatus extends Error {
  constructor(record) {
    super(`${record.code} line ${record.line} field ${record.field} actual ${record.actual} limit ${record.limit}`);
    Object.assign(this, record);
  }
}

export class RawEngine {
  constructor(module = compileEngine()) {
    this.exports = new WebAssembly.Instance(module, {}).exports;
    this.memory = this.exports.memory;
  }

  /** A view of linear memory; only good until the next call into the engine. */
  view(pointer, length) {
    return new Uint8Array(this.memory.buffer, pointer >>> 0, length);
  }

  /** One slot of the control record. */
  control(offset) {
    return new DataView(this.memory.buffer).getBigUint64((this.exports.controlPtr() >>> 0) + offset, true);
  }

  /** The error record, with names for the numbers. */
  error() {
    const record = new DataView(this.memory.buffer, this.exports.errorPtr() >>> 0, ABI.ERROR_RECORD_BYTES);
    const status = record.getUint32(ABI.ERROR_STATUS, true);
    const field = record.getUint32(ABI.ERROR_FIELD, true);
    return {
      status,
      code: STATUS_NAMES.get(status) ?? `status ${status}`,
      field: FIELD_NAMES.get(field) ?? `field ${field}`,
      offset: Number(record.getBigUint64(ABI.ERROR_OFFSET, true)),
      line: Number(record.getBigUint64(ABI.ERROR_LINE, true)),
      actual: record.getBigUint64(ABI.ERROR_ACTUAL, true),
      limit: record.getBigUint64(ABI.ERROR_LIMIT, true),
      text: Buffer.from(
        this.view(this.exports.errorPtr() + ABI.ERROR_TEXT, record.getUint32(ABI.ERROR_TEXT_BYTES, true)),
      ),
    };
  }

  check(status) {
    if (status === ABI.STATUS_OK) return;
    const record = this.error();
    if (record.status !== status) throw new Error(`status ${status}, but the error record says ${record.status}`);
    throw new EngineStatus(record);
  }

  /** Gives `chunks` as a new job to the three exports of a verb that reads: `dump` or `scan`. */
  #read(verb, chunks, { flags = 0, seed = [1, 2], limits = {} } = {}) {
    const { exports } = this;
    exports.reset(seed[0], seed[1]);
    for (const [index, value] of Object.entries(limits)) exports.setLimit(Number(index), value);
    this.check(exports[`${verb}Begin`](flags));
    const window = exports.inputPtr() >>> 0;
    for (const chunk of chunks) {
      let at = 0;
      do {
        const piece = chunk.subarray(at, at + ABI.INPUT_WINDOW_BYTES);
        this.view(window, piece.length).set(piece);
        this.check(exports[`${verb}Write`](piece.length));
        at += piece.length;
      } while (at < chunk.length);
    }
    this.check(exports[`${verb}End`]());
  }

  /**
   * Parses a dumpfile as a new job.
   *
   * @param {Iterable<Uint8Array>} chunks pieces of any size
   * @param {{ flags?: number, seed?: [number, number], limits?: Record<number, number> }} options
   */
  parse(chunks, options) {
    this.#read("dump", chunks, options);
  }

  /**
   * Reads an image as a new job.
   *
   * @param {Iterable<Uint8Array>} chunks pieces of any size
   * @param {{ flags?: number, seed?: [number, number], limits?: Record<number, number> }} options
   */
  scan(chunks, options) {
    this.#read("scan", chunks, options);
  }

  /**
   * Writes an image of the tree that was read last.
   *
   * @param {number} format a FORMAT_* number
   * @param {{ algorithm: number, blockBits: number }[]} verity digests to compute on the way
   * @returns {{ image: Buffer, digests: string[] }}
   */
  image(format, verity = []) {
    const { exports } = this;
    this.check(exports.imageOpen(format));
    verity.forEach((one, slot) => {
      this.check(exports.verityOpen(slot, one.algorithm, one.blockBits, 0));
    });
    const mask = 2 ** verity.length - 1;
    const pieces = [];
    for (;;) {
      const length = exports.imageRead(mask);
      if (length < 0) this.check(-length);
      if (length === 0) break;
      pieces.push(Buffer.from(this.view(exports.outputPtr(), length)));
    }
    const digests = verity.map((_, slot) => {
      const length = exports.verityClose(slot);
      if (length < 0) this.check(-length);
      return Buffer.from(this.view(exports.digestPtr(), length)).toString("hex");
    });
    return { image: Buffer.concat(pieces), digests };
  }

  /** The canonical dumpfile of the tree that was read last. */
  print() {
    const { exports } = this;
    this.check(exports.printOpen());
    const pieces = [];
    for (;;) {
      const length = exports.printRead();
      if (length < 0) this.check(-length);
      if (length === 0) return Buffer.concat(pieces);
      pieces.push(Buffer.from(this.view(exports.outputPtr(), length)));
    }
  }

  /** Parses `dump` and writes one image of it. */
  build(dump, format, verity = [], options = {}) {
    this.parse([dump], options);
    return this.image(format, verity);
  }
}
