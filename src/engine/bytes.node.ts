/**
 * `#engine-bytes` in Node: the module as a file, read when it is first wanted.
 *
 * This file is only ever run from build/src/engine/, hence the path. Elsewhere `#engine-bytes` is bytes.web.js,
 * the same bytes as base64, which src/engine/embed.mjs generates in the build.
 */

import { readFileSync } from "node:fs";

/** The WebAssembly module. */
export function engineBytes(): Uint8Array<ArrayBuffer> {
  return readFileSync(new URL("../../engine.wasm", import.meta.url));
}
