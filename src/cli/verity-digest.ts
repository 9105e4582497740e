/**
 * `composefs verity digest FILE…`: what `fsverity digest` of fsverity-utils prints, `sha256:<hex> FILE` for each file
 * and with `--compact` the hex alone; large files on several threads. Like it, this stops at the first file that
 * cannot be read.
 *
 * `--json` prints one object, when all files were read:
 *
 *   {"files": [{"file": "a", "hash": "sha256", "blockSize": 4096, "digest": "…"}, …]}
 *
 * Unlike it, a pipe is read to its end (fsverity takes it for an empty file), and block sizes are 1024 to 65536, those
 * that some kernel accepts.
 */

import { defaultThreads, VerityPool } from "../engine/parallel.node.ts";
import type { HashName, VerityParameters } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { toHex } from "../image/hex.ts";
import { verityParameters } from "../image/verity.ts";
import { InputFile, quote } from "../source/files.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_OK, usageError } from "./common.ts";
import { startProgress } from "./progress.ts";
import { print } from "./text.ts";

export interface VerityDigestOptions {
  hashAlg: string;
  blockSize: string;
  salt?: string;
  compact?: boolean;
  threads?: string;
  json?: boolean;
  progress: boolean;
  accelerator: boolean;
}

/** What verityParameters names, as options of the command. */
const OPTION_NAMES: Record<string, string> = { blockSize: "--block-size", salt: "--salt" };

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, IO_*, ENGINE_* */
export function run(files: readonly string[], options: VerityDigestOptions): number {
  const parameters = readParameters(options);
  const hashFile = fileHasher(parameters, options);
  const blockSize = 2 ** parameters.blockBits;
  const found: Array<{ file: string; hash: string; blockSize: number; digest: string }> = [];
  for (const path of files) {
    const hex = toHex(hashFile(path));
    if (options.json) found.push({ file: path, hash: parameters.hash, blockSize, digest: hex });
    else print(options.compact ? `${hex}\n` : `${parameters.hash}:${hex} ${path}\n`);
  }
  if (options.json) print(`${JSON.stringify({ files: found })}\n`);
  return EXIT_OK;
}

/** Options of how a file is hashed, which change no digest. */
export type HashingOptions = Pick<VerityDigestOptions, "threads" | "progress" | "accelerator">;

/**
 * A function that gives the fs-verity digest of a file.
 *
 * @returns it throws IO_*, also IO_CHANGED for a file that becomes shorter
 * @throws {ComposefsError} USAGE
 */
export function fileHasher(parameters: VerityParameters, options: HashingOptions): (path: string) => Uint8Array {
  const threads =
    options.threads === undefined ? defaultThreads() : asUsage(() => wholeNumber("--threads", options.threads!));
  const pool = new VerityPool(threads);
  const accelerator = options.accelerator ? acceleratorFromEnvironment() : "off";
  return (path) => {
    const progress = startProgress(options.progress);
    try {
      const file = new InputFile(pathOfOperand(path));
      const digest = pool.digest(
        file.fd,
        file.size,
        (target, position) => file.read(target, position),
        parameters,
        accelerator,
        (bytes) => progress.update(`hashing ${path}`, bytes, file.size),
      );
      file.close();
      if (digest !== null) return digest;
      throw new ComposefsError("IO_CHANGED", `${quote(path)} became shorter while it was read`, { path });
    } finally {
      progress.clear();
    }
  };
}

/** Options that decide the digest. @throws {ComposefsError} USAGE */
export function readParameters(options: Pick<VerityDigestOptions, "hashAlg" | "blockSize" | "salt">): VerityParameters {
  return asUsage(() => checkParameters(options));
}

/** The name of a hash, for which fsverity takes the kernel's numbers as well. @throws {RangeError} */
export function hashName(text: string): HashName {
  const hash = { "1": "sha256", "2": "sha512" }[text] ?? text;
  if (hash === "sha256" || hash === "sha512") return hash;
  throw new RangeError(`--hash-alg: expected sha256 or sha512, got ${quote(hash)}`);
}

/** Runs a check; what it says of options is wrong usage. */
export function asUsage<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw usageError((error as Error).message.replace(/^\w+(?=:)/, (name) => OPTION_NAMES[name] ?? name));
  }
}

function checkParameters(options: Pick<VerityDigestOptions, "hashAlg" | "blockSize" | "salt">): VerityParameters {
  const salt = options.salt ?? "";
  if (!/^([0-9a-fA-F]{2})*$/.test(salt))
    throw new RangeError(`--salt: expected pairs of hex digits, got ${quote(salt)}`);
  return verityParameters({
    hash: hashName(options.hashAlg),
    blockSize: wholeNumber("--block-size", options.blockSize),
    salt: Buffer.from(salt, "hex"),
  });
}

function wholeNumber(option: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < 1)
    throw new RangeError(`${option}: expected a number, got ${quote(text)}`);
  return Number(text);
}
