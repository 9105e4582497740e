/**
 * `#engine-bytes` in the workers of the page: there are none. The session compiles the engine from its file and hands the
 * module on (session-worker.web.ts), so that nobody asks for the bytes.
 */

import { ComposefsError } from "../../error.ts";

/** @throws {ComposefsError} ENGINE_STATE */
export function engineBytes(): Uint8Array<ArrayBuffer> {
  throw new ComposefsError("ENGINE_STATE", "engine: a worker of the page was used before it had the module");
}
