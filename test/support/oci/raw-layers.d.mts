/** Types of `raw-layers.mjs`. */
import type { RawEngine } from "../raw-engine.mjs";
export declare function readLayerPieces(
  engine: RawEngine,
  chunks: Iterable<Uint8Array>,
  flags: number,
  take: (records: Buffer, input: Uint8Array) => void,
): void;
export declare function readLayer(engine: RawEngine, tar: Uint8Array | Iterable<Uint8Array>, flags?: number): Buffer;
export declare function recordPieces(records: Buffer, most?: number): Generator<Buffer>;
export declare function mergeLayers(engine: RawEngine, layers: readonly Buffer[], flags: number, most?: number): void;
export declare function mergeFlags(
  view: "allowlist-only" | "keep-user-xattrs" | "untransformed" | "layer",
  hash?: "sha256" | "sha512",
): number;
