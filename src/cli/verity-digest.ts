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
  let parameters: ReturnType<typeof verityParameters>;
  let threads: number;
  try {
    parameters = readParameters(options);
    threads = options.threads === undefined ? defaultThreads() : wholeNumber("--threads", options.threads);
  } catch (error) {
    throw usageError((error as Error).message.replace(/^\w+(?=:)/, (name) => OPTION_NAMES[name] ?? name));
  }
  const blockSize = 2 ** parameters.blockBits;
  const found: Array<{ file: string; hash: string; blockSize: number; digest: string }> = [];
  const pool = new VerityPool(threads);
  const accelerator = options.accelerator ? acceleratorFromEnvironment() : "off";
  const progress = startProgress(options.progress);
  try {
    for (const path of files) {
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
      if (digest === null) {
        throw new ComposefsError("IO_CHANGED", `${quote(path)} became shorter while it was read`, { path });
      }
      progress.clear();
      const hex = toHex(digest);
      if (options.json) found.push({ file: path, hash: parameters.hash, blockSize, digest: hex });
      else print(options.compact ? `${hex}\n` : `${parameters.hash}:${hex} ${path}\n`);
    }
    if (options.json) print(`${JSON.stringify({ files: found })}\n`);
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

function readParameters(options: VerityDigestOptions): ReturnType<typeof verityParameters> {
  const salt = options.salt ?? "";
  if (!/^([0-9a-fA-F]{2})*$/.test(salt))
    throw new RangeError(`--salt: expected pairs of hex digits, got ${quote(salt)}`);
  // fsverity takes the kernel's numbers as well as names.
  const hash = { "1": "sha256", "2": "sha512" }[options.hashAlg] ?? options.hashAlg;
  if (hash !== "sha256" && hash !== "sha512") {
    throw new RangeError(`--hash-alg: expected sha256 or sha512, got ${quote(hash)}`);
  }
  return verityParameters({
    hash,
    blockSize: wholeNumber("--block-size", options.blockSize),
    salt: Buffer.from(salt, "hex"),
  });
}

function wholeNumber(option: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < 1)
    throw new RangeError(`${option}: expected a number, got ${quote(text)}`);
  return Number(text);
}
