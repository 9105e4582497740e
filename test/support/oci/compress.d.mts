/** Types of `compress.mjs`. */
export declare const COMPRESSION_NAMES: readonly string[];
export declare function compressLayer(
  bytes: Uint8Array,
  how: string,
  index: number,
): { blob: Buffer; mediaType: string };
