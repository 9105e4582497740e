/** `#zstd-bytes`: see embed.mjs. */
declare module "#zstd-bytes" {
  /** The WebAssembly module. */
  export function zstdBytes(): Uint8Array<ArrayBuffer>;
}
