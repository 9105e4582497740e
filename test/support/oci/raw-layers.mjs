/** Layers through the bare exports of the engine: tar -> records -> tree. */
import { ABI } from "../abi.mjs";

const BOTH_HASHES = ABI.LAYER_SHA256 | ABI.LAYER_SHA512;

/**
 * Reads the tar of a layer as a new job.
 *
 * @param {import("../raw-engine.mjs").RawEngine} engine
 * @param {Iterable<Uint8Array>} chunks pieces of any size
 * @param {(records: Buffer, input: Uint8Array) => void} take gets the records of each call, and the input window
 * @param {{ flags?: number, seed?: [number, number] }} [options] LAYER_*, by default the digests of both hashes
 */
export function readLayerPieces(engine, chunks, take, { flags = BOTH_HASHES, seed = [1, 2] } = {}) {
  const { exports } = engine;
  exports.reset(seed[0], seed[1]);
  engine.check(exports.layerBegin(flags));
  const window = exports.inputPtr() >>> 0;
  for (const chunk of chunks) {
    for (let start = 0; start === 0 || start < chunk.length; start += ABI.INPUT_WINDOW_BYTES) {
      const piece = chunk.subarray(start, start + ABI.INPUT_WINDOW_BYTES);
      engine.view(window, piece.length).set(piece);
      let from = 0;
      do {
        const length = exports.layerWrite(from, piece.length - from);
        if (length < 0) engine.check(-length);
        const taken = Number(engine.control(ABI.CONTROL_LAYER_TAKEN));
        if (taken === 0 && length === 0 && from < piece.length) throw new Error(`no progress at byte ${from}`);
        from += taken;
        if (from > piece.length) throw new Error(`${from} bytes taken of ${piece.length}`);
        take(Buffer.from(engine.view(exports.outputPtr(), length)), engine.view(window, piece.length));
      } while (from < piece.length);
    }
  }
  engine.check(exports.layerEnd());
}

/**
 * The records of a layer.
 *
 * @param {import("../raw-engine.mjs").RawEngine} engine
 * @param {Uint8Array | Iterable<Uint8Array>} tar whole or in pieces of any size
 * @param {{ flags?: number, seed?: [number, number] }} [options]
 */
export function readLayer(engine, tar, options) {
  const pieces = [];
  readLayerPieces(engine, tar instanceof Uint8Array ? [tar] : tar, (records) => pieces.push(records), options);
  return Buffer.concat(pieces);
}

/** Cuts records into pieces of at most `most` bytes, but never inside of one. */
export function* recordPieces(records, most = ABI.INPUT_WINDOW_BYTES) {
  let start = 0;
  for (let at = 0; at < records.length; ) {
    // What says less than its own header is damaged: the engine gets the rest at once.
    const length = records.length - at >= 4 ? records.readUInt32LE(at + ABI.RECORD_BYTES) : 0;
    const next = length < ABI.RECORD_HEADER_BYTES ? records.length : Math.min(at + length, records.length);
    if (next - start > most && at > start) {
      yield records.subarray(start, at);
      start = at;
    }
    at = next;
  }
  yield records.subarray(start);
}

/**
 * Merges layers into a tree as a new job.
 *
 * @param {import("../raw-engine.mjs").RawEngine} engine
 * @param {Buffer[]} layers records, base first
 * @param {number} flags MERGE_*
 * @param {{ most?: number, seed?: [number, number] }} [options] most: bytes of one call
 */
export function mergeLayers(engine, layers, flags, { most, seed = [1, 2] } = {}) {
  const { exports } = engine;
  exports.reset(seed[0], seed[1]);
  engine.check(exports.mergeBegin(flags));
  for (const records of layers) {
    engine.check(exports.mergeLayer());
    for (const piece of recordPieces(records, most)) {
      engine.view(exports.inputPtr(), piece.length).set(piece);
      engine.check(exports.mergeWrite(piece.length));
    }
  }
  engine.check(exports.mergeEnd());
}

/** MERGE_* of a view, for the hash of the object digests. */
export function mergeFlags(view, hash = "sha256") {
  const flags = {
    "allowlist-only": ABI.MERGE_TRANSFORM,
    "keep-user-xattrs": ABI.MERGE_TRANSFORM | ABI.MERGE_KEEP_USER_XATTRS,
    untransformed: 0,
    layer: ABI.MERGE_IMPLY_PARENTS,
  };
  return flags[view] | (hash === "sha512" ? ABI.MERGE_SHA512 : 0);
}
