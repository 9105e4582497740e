/**
 * Other implementations that the tests compare with: where they are, and what happens when one is missing.
 *
 * Locally a missing oracle skips its tests aloud, with one line that says how to get it. With CI=true it is a failure.
 * `.ci/run` installs all of them. The goldens pin digests of mkcomposefs 1.0.8; a newer one gives a warning only, since
 * then the comparison itself shows whether anything moved.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export type OracleName =
  | "mkcomposefs"
  | "composefs-info"
  | "fsverity"
  | "openssl"
  | "fsck.erofs"
  | "dump.erofs"
  | "mkfs.erofs"
  | "xmllint";

/** Version of the mkcomposefs that made the goldens. */
const PINNED_VERSION = "1.0.8";

/** No oracle may hang a test run: some read malformed images in an endless loop. */
const TIMEOUT_MS = 20_000;

const FETCHED = fileURLToPath(new URL("../../.oracles", import.meta.url));

const HOW_TO_GET: Record<OracleName, string> = {
  mkcomposefs: "test/oracle/fetch-mkcomposefs.sh",
  "composefs-info": "test/oracle/fetch-mkcomposefs.sh",
  fsverity: "test/oracle/install-packages.sh fsverity",
  openssl: "test/oracle/install-packages.sh openssl",
  "fsck.erofs": "test/oracle/install-packages.sh erofs-utils",
  "dump.erofs": "test/oracle/install-packages.sh erofs-utils",
  "mkfs.erofs": "test/oracle/install-packages.sh erofs-utils",
  xmllint: "test/oracle/install-packages.sh libxml2-utils",
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether `version` comes after `pinned`; both are numbers with dots. */
export function isNewer(version: string, pinned: string): boolean {
  const left = version.split(".").map(Number);
  const right = pinned.split(".").map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function warnOfNewVersion(): void {
  const version = readFileSync(join(FETCHED, "version"), "utf8").trim();
  if (isNewer(version, PINNED_VERSION)) {
    console.warn(`WARNING: mkcomposefs is ${version}; the goldens were made by ${PINNED_VERSION}`);
  }
}

/**
 * Path of an oracle, or undefined when it is missing and that is allowed.
 *
 * @throws Error with CI=true when it is missing
 */
export function findOracle(name: OracleName): string | undefined {
  const fetched = join(FETCHED, "bin", name);
  if (isExecutable(fetched)) {
    if (name === "mkcomposefs") warnOfNewVersion();
    return fetched;
  }
  if (name !== "mkcomposefs" && name !== "composefs-info") {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      if (isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  const message = `oracle ${name} is missing (${HOW_TO_GET[name]})`;
  if (process.env["CI"] === "true") throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
  return undefined;
}

export interface OracleRun {
  /** Standard output. */
  output: Buffer;
  stderr: string;
  /** Exit code; undefined when it was stopped by a signal or by the time limit. */
  exitCode: number | undefined;
}

/** Runs an oracle with `input` on its standard input. */
export function runOracle(path: string, args: readonly string[], input?: Uint8Array): OracleRun {
  const run = spawnSync(path, args, { input: input ?? "", maxBuffer: 1 << 30, timeout: TIMEOUT_MS });
  if (run.error !== undefined && run.status === null && run.signal === null) throw run.error;
  return { output: run.stdout, stderr: run.stderr.toString(), exitCode: run.status ?? undefined };
}

/** An image as the reference makes it. */
export interface ReferenceImage {
  /** Undefined when the reference refuses the dumpfile. */
  image: Buffer | undefined;
  stderr: string;
  exitCode: number | undefined;
}

/** Runs mkcomposefs on a dumpfile. `options` are its command line options, without `--from-file`. */
export function runMkcomposefs(path: string, dump: Uint8Array, options: readonly string[] = []): ReferenceImage {
  const { output, stderr, exitCode } = runOracle(path, ["--from-file", ...options, "-", "-"], dump);
  return { image: exitCode === 0 ? output : undefined, stderr, exitCode };
}
