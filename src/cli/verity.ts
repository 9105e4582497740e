/**
 * `composefs verity enable FILE…` and `composefs verity measure FILE…`: fs-verity by the kernel. Both print what
 * `fsverity measure` of fsverity-utils prints, `sha256:<hex> FILE` for each file, and stop at the first file that the
 * kernel refuses. `--json` prints one object, when all files were done:
 *
 *   {"files": [{"file": "a", "hash": "sha256", "digest": "…"}, …]}
 *
 * with names in the escapes of a dumpfile.
 */

import { readFileSync } from "node:fs";
import type { HashName } from "../engine/slot.ts";
import { displayBytes, escapeBytes } from "../explain/display.ts";
import { argumentBytes } from "../linux/path.node.ts";
import { type MeasuredDigest, type VerityEnableOptions, verityEnable, verityMeasure } from "../linux/verity.node.ts";
import { ioError, quote } from "../source/files.node.ts";
import { EXIT_OK, usageError } from "./common.ts";
import { print } from "./text.ts";

export interface VerityOptions {
  json?: boolean;
}

export interface VerityEnableCommandOptions extends VerityOptions {
  hash: string;
  blockSize: string;
  salt?: string;
  signature?: string;
}

/** Runs `verity enable`. @returns the exit code @throws {ComposefsError} USAGE, IO_*, LINUX_*, VERITY_* */
export function enable(files: readonly string[], options: VerityEnableCommandOptions): number {
  const parameters = readParameters(options);
  if (parameters.signature !== undefined && files.length > 1) {
    throw usageError(`--signature: expected one file, which it is the signature of; got ${files.length}`);
  }
  return each(files, options, (path) => {
    verityEnable(path, parameters);
    return verityMeasure(path);
  });
}

/** Runs `verity measure`. @returns the exit code @throws {ComposefsError} IO_*, LINUX_*, VERITY_* */
export function measure(files: readonly string[], options: VerityOptions): number {
  return each(files, options, verityMeasure);
}

function each(files: readonly string[], options: VerityOptions, act: (path: Uint8Array) => MeasuredDigest): number {
  const rows = [];
  for (const file of files) {
    if (file === "") throw usageError("file: expected a name, got an empty one");
    const path = argumentBytes(file);
    const { hash, digest } = act(path);
    if (options.json) rows.push({ file: escapeBytes(path), hash, digest });
    else print(`${hash}:${digest} ${displayBytes(path)}\n`);
  }
  if (options.json) print(`${JSON.stringify({ files: rows })}\n`);
  return EXIT_OK;
}

function readParameters(options: VerityEnableCommandOptions): VerityEnableOptions {
  const { hash, blockSize, salt = "", signature } = options;
  if (hash !== "sha256" && hash !== "sha512") throw usageError(`--hash: expected sha256 or sha512, got ${quote(hash)}`);
  if (!/^[0-9]{1,9}$/.test(blockSize)) {
    throw usageError(`--block-size: expected a number of bytes, got ${quote(blockSize)}`);
  }
  if (!/^([0-9a-fA-F]{2})*$/.test(salt)) throw usageError(`--salt: expected pairs of hex digits, got ${quote(salt)}`);
  return {
    hash: hash as HashName,
    blockSize: Number(blockSize),
    salt: Buffer.from(salt, "hex"),
    ...(signature === undefined ? {} : { signature: readSignature(signature) }),
  };
}

function readSignature(file: string): Uint8Array {
  try {
    return readFileSync(argumentBytes(file));
  } catch (cause) {
    throw ioError("IO_OPEN", file, cause);
  }
}
