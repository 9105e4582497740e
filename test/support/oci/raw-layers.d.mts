/** Types of `raw-layers.mjs`. */
import type { RawEngine } from "../raw-engine.mjs";
export interface LayerOptions {
  flags?: number;
  seed?: [number, number];
}
export interface MergeOptions {
  most?: number;
  seed?: [number, number];
}
export declare function readLayerPieces(
  engine: RawEngine,
  chunks: Iterable<Uint8Array>,
  take: (records: Buffer, input: Uint8Array) => void,
  options?: LayerOptions,
): void;
export declare function readLayer(
  engine: RawEngine,
  tar: Uint8Array | Iterable<Uint8Array>,
  options?: LayerOptions,
): Buffer;
export declare function recordPieces(records: Buffer, most?: number): Generator<Buffer>;
export declare function mergeLayers(
  engine: RawEngine,
  layers: readonly Buffer[],
  flags: number,
  options?: MergeOptions,
): void;
export declare function mergeFlags(
  view: "allowlist-only" | "keep-user-xattrs" | "untransformed" | "layer",
  hash?: "sha256" | "sha512",
): number;
