/**
 * Drives engine.wasm from plain JavaScript, in any runtime: dumpfiles and layers in, digests out.
 *
 * Follows build/abi.md, from which the numbers are copied; ../README.md has the form of jobs and answers. The
 * package's own host (src/engine/engine.ts) does more; this is the shortest one that is whole.
 */

const ABI_VERSION = 2;
const INPUT_WINDOW_BYTES = 1 << 20;
const CONTROL_LAYER_TAKEN = 144;
const ERROR_FIELD = 4;
const ERROR_LINE = 16;
const LAYER_BOTH_HASHES = 1 | 2;
const BLOCK_BITS = 12;
const FORMATS = [0, 1, 2];
const HASHES = [
  { name: "sha256", algorithm: 1, mergeFlag: 0 },
  { name: "sha512", algorithm: 2, mergeFlag: 1 },
];

/** An input that the engine refuses. */
class Refusal extends Error {}

export class Engine {
  /** @param {WebAssembly.Module} module engine.wasm */
  constructor(module) {
    this.calls = new WebAssembly.Instance(module).exports;
    const version = this.calls.abiVersion();
    if (version !== ABI_VERSION) throw new Error(`engine.wasm has version ${version} of the ABI`);
  }

  /**
   * Does a job.
   *
   * @param {string} job `dump FILE` or `layers FLAGS FILE…`
   * @param {(file: string) => Promise<Uint8Array>} readFile
   * @returns {Promise<string[]>} answers
   */
  async answer(job, readFile) {
    const [verb, ...operands] = job.split(" ");
    try {
      if (verb === "dump") {
        this.readDump(await readFile(operands[0]));
        return this.imageDigests(HASHES);
      }
      const [flags, ...files] = operands;
      const layers = [];
      for (const file of files) layers.push(this.readLayer(await readFile(file)));
      return HASHES.flatMap((hash) => {
        this.merge(layers, flags | hash.mergeFlag);
        return this.imageDigests([hash]);
      });
    } catch (error) {
      if (error instanceof Refusal) return [error.message];
      throw error;
    }
  }

  readDump(dump) {
    this.reset();
    this.check(this.calls.dumpBegin(0));
    for (const piece of pieces(dump)) this.check(this.calls.dumpWrite(this.write(piece)));
    this.check(this.calls.dumpEnd());
  }

  /** The records of a layer, in pieces that `mergeWrite` takes as they are. */
  readLayer(tar) {
    const records = [];
    this.reset();
    this.check(this.calls.layerBegin(LAYER_BOTH_HASHES));
    for (const piece of pieces(tar)) {
      this.write(piece);
      for (let from = 0; from < piece.length; ) {
        const length = this.length(this.calls.layerWrite(from, piece.length - from));
        records.push(this.view(this.calls.outputPtr(), length).slice());
        from += Number(this.record(this.calls.controlPtr()).getBigUint64(CONTROL_LAYER_TAKEN, true));
      }
    }
    this.check(this.calls.layerEnd());
    return records;
  }

  /** Makes one tree of layers, base first. */
  merge(layers, flags) {
    this.reset();
    this.check(this.calls.mergeBegin(flags));
    for (const records of layers) {
      this.check(this.calls.mergeLayer());
      for (const piece of records) this.check(this.calls.mergeWrite(this.write(piece)));
    }
    this.check(this.calls.mergeEnd());
  }

  /** Writes an image of the tree in each format, for its digests alone: a verity slot for each hash. */
  imageDigests(hashes) {
    return FORMATS.flatMap((format) => {
      try {
        this.check(this.calls.imageOpen(format));
      } catch (error) {
        if (error instanceof Refusal) return [`v${format}:${error.message}`];
        throw error;
      }
      for (const [slot, { algorithm }] of hashes.entries()) {
        this.check(this.calls.verityOpen(slot, algorithm, BLOCK_BITS, 0));
      }
      const mask = (1 << hashes.length) - 1;
      while (this.length(this.calls.imageRead(mask)) > 0);
      return hashes.map(({ name }, slot) => {
        const length = this.length(this.calls.verityClose(slot));
        return `v${format}-${name}-${BLOCK_BITS}:${hex(this.view(this.calls.digestPtr(), length))}`;
      });
    });
  }

  reset() {
    this.calls.reset(...crypto.getRandomValues(new Uint32Array(2)));
  }

  /** Copies bytes to the input window. @returns how many */
  write(bytes) {
    this.view(this.calls.inputPtr(), bytes.length).set(bytes);
    return bytes.length;
  }

  /** Memory, until the next call: one that grows it detaches the view. Addresses come signed. */
  view(address, length) {
    return new Uint8Array(this.calls.memory.buffer, address >>> 0, length);
  }

  record(address) {
    return new DataView(this.calls.memory.buffer, address >>> 0);
  }

  /** A result that is a status, negated, when it is below 0. */
  length(result) {
    this.check(result < 0 ? -result : 0);
    return result;
  }

  check(status) {
    if (status === 0) return;
    const error = this.record(this.calls.errorPtr());
    const line = error.getBigUint64(ERROR_LINE, true);
    throw new Refusal(`refused:${status}:${line}:${error.getUint32(ERROR_FIELD, true)}`);
  }
}

function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += INPUT_WINDOW_BYTES) yield bytes.subarray(at, at + INPUT_WINDOW_BYTES);
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
