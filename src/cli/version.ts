/**
 * `composefs --version`: what was installed, and by its hash which engine: equal hashes give equal digests.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { engineBytes } from "#engine-bytes";
import { ABI_VERSION } from "../../assembly/abi.ts";
import { EXIT_OK } from "./common.ts";
import { print } from "./text.ts";

/** Runs the command. @returns the exit code */
export function run(): number {
  const sha256 = createHash("sha256").update(engineBytes()).digest("hex");
  print(`composefs-wasm ${packageVersion()}\nengine ABI ${ABI_VERSION}\nengine.wasm sha256 ${sha256}\n`);
  return EXIT_OK;
}

/** Version of this package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")).version;
}
