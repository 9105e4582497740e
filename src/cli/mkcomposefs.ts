#!/usr/bin/env node
/**
 * `mkcomposefs`: what C mkcomposefs 1.0.8 (tools/mkcomposefs.c) does, with its options, its messages about options and
 * files, and its exit code: 1 whatever went wrong. Directories are in mkcomposefs-directory.ts.
 *
 * Where this differs from C:
 *   - the image appears under its name when it is complete; C writes in place and leaves an empty file on failure.
 *     So a file in a directory that may not be written, or one that something is mounted on, is refused here even when
 *     the file itself may be written;
 *   - a digest that cannot be printed is a failure: C does not look;
 *   - messages about a dumpfile name the line and the field;
 *   - `--print-digest` gives the digest with the hash of the digests in the dumpfile, which C knows as SHA-256 only;
 *   - `--hardlinks` is an option of ours, and not in the usage, which is that of C.
 */

import { availableParallelism } from "node:os";
import type { Accelerator } from "../engine/calibrate.ts";
import { acquireEngineSync } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { OutputFile } from "../image/output.node.ts";
import { type ImageFormat, ownAlgorithm } from "../image/profile.ts";
import type { Tree } from "../image/tree.ts";
import { InputFile, type SystemError, systemText } from "../source/files.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_PIPE, isClosedPipe, readTree, writeImage } from "./common.ts";
import { parseOptions } from "./getopt.ts";
import type { DirectoryJob } from "./mkcomposefs-directory.ts";
import { isTerminal } from "./progress.ts";
import { print, printError } from "./text.ts";

const USAGE = `Usage: mkcomposefs [OPTIONS] SOURCE IMAGE
Options:
  --digest-store=PATH   Store content files in this directory
  --use-epoch           Make all mtimes zero
  --skip-devices        Don't store device nodes
  --skip-xattrs         Don't store file xattrs
  --user-xattrs         Only store user.* xattrs
  --print-digest        Print the digest of the image
  --print-digest-only   Print the digest of the image, don't write image
  --from-file           The source is a dump file, not a directory
  --min-version=N       Use this minimal format version (default=0)
  --max-version=N       Use this maximum format version (default=1)
  --threads=N           Use this to override the default number of threads used to calculate digest and copy files (default=${availableParallelism()})
`;

const OPTIONS = {
  "digest-store": { takesValue: true },
  "use-epoch": { takesValue: false },
  "skip-devices": { takesValue: false },
  "skip-xattrs": { takesValue: false },
  "user-xattrs": { takesValue: false },
  "print-digest": { takesValue: false },
  "print-digest-only": { takesValue: false },
  "from-file": { takesValue: false },
  "min-version": { takesValue: true },
  "max-version": { takesValue: true },
  threads: { takesValue: true },
  hardlinks: { takesValue: false },
} as const;

/** Ends the program with a message of its own. */
class Failure extends Error {}

interface Job {
  source: string;
  /** Undefined for a dumpfile. */
  directory: DirectoryJob | undefined;
  image: string | undefined;
  printDigest: boolean;
  minVersion: number | undefined;
  maxVersion: number | undefined;
}

/** Runs the command. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  try {
    await makeImage(readArguments(args));
    return 0;
  } catch (error) {
    if (isClosedPipe(error)) return EXIT_PIPE;
    if (error instanceof Failure) printError(error.message);
    else if (error instanceof ComposefsError) printError(`mkcomposefs: ${error.message} (${error.code})\n`);
    else printError(`mkcomposefs: ${(error as Error)?.stack ?? error}\nThis is a bug of composefs-wasm.\n`);
    return 1;
  }
}

/** The checks of main() in mkcomposefs.c, in its order. */
function readArguments(args: readonly string[]): Job {
  const parsed = parseOptions(args, OPTIONS, process.env["POSIXLY_CORRECT"] !== undefined);
  if (parsed.kind === "unknown") throw new Failure(USAGE);
  if (parsed.kind === "value-missing") throw new Failure("option needs a value\n");
  const given = new Map<string, string>();
  for (const [name, value] of parsed.options) {
    given.set(name, value);
    if (name === "min-version") parseInteger(value, "Invalid min version");
    if (name === "max-version") parseInteger(value, "Invalid max version");
    if (name === "threads" && parseInteger(value, "Invalid threads count") <= 0) {
      throw new Failure(`Invalid threads count ${value}\n`);
    }
  }
  const [source, image, ...rest] = parsed.operands;
  const digestOnly = given.has("print-digest-only");
  if (source === undefined) throw new Failure(`No source path specified\n${USAGE}`);
  if (rest.length > 0) throw new Failure(`Too many arguments\n${USAGE}`);
  if (image === undefined && !digestOnly) throw new Failure(`No destination path specified\n${USAGE}`);
  if (image !== undefined && digestOnly) {
    throw new Failure(`Cannot specify destination path with --print-digest-only\n${USAGE}`);
  }
  if (source === "") throw new Failure("mkcomposefs: Empty source path specified\n");
  return {
    source,
    directory: given.has("from-file") ? undefined : directoryJob(source, given),
    image,
    printDigest: digestOnly || given.has("print-digest"),
    minVersion: given.has("min-version") ? parseInteger(given.get("min-version")!, "") : undefined,
    maxVersion: given.has("max-version") ? parseInteger(given.get("max-version")!, "") : undefined,
  };
}

function directoryJob(source: string, given: ReadonlyMap<string, string>): DirectoryJob {
  const [skipXattrs, userXattrs] = [given.has("skip-xattrs"), given.has("user-xattrs")];
  if (skipXattrs && userXattrs) throw new Failure(`mkcomposefs: error accessing ${source}: Invalid argument\n`);
  return {
    source,
    digestStore: given.get("digest-store"),
    useEpoch: given.has("use-epoch"),
    skipDevices: given.has("skip-devices"),
    skipXattrs,
    userXattrs,
    hardlinks: given.has("hardlinks"),
    threads: given.has("threads") ? parseInteger(given.get("threads")!, "") : undefined,
  };
}

async function makeImage(job: Job): Promise<void> {
  const accelerator = acceleratorFromEnvironment();
  const target = job.image === undefined ? undefined : pathOfOperand(job.image);
  if (target === null && isTerminal(1)) {
    throw new Failure("mkcomposefs: stdout is a tty.  Refusing to use it\n");
  }
  const output = target === undefined ? undefined : inC("failed to open output file", () => new OutputFile(target));
  const tree =
    job.directory === undefined ? readDump(job.source, accelerator) : await readSource(job.directory, accelerator);
  const algorithm = ownAlgorithm(tree.counts.objectHash);
  const image = tree.openImage(chooseFormat(job.minVersion, job.maxVersion), job.printDigest ? [algorithm] : []);
  try {
    await writeImage(image, output, {});
    if (job.printDigest) print(`${image.digests()[algorithm]}\n`);
  } catch (error) {
    throw asFailure(error, "cannot write file", true);
  }
}

function readDump(source: string, accelerator: Accelerator): Tree {
  const file = inC(`open \`${source}\``, () => new InputFile(pathOfOperand(source)));
  return inC("Error reading from file", () =>
    readTree(acquireEngineSync(), { kind: "dump", file, name: source }, { strict: false, accelerator }),
  );
}

/** What is no directory becomes the root of a tree in C, which then cannot be written. */
async function readSource(job: DirectoryJob, accelerator: Accelerator): Promise<Tree> {
  const { isDirectorySource, readDirectoryTree } = await import("./mkcomposefs-directory.ts");
  try {
    if (!isDirectorySource(job.source)) throw new Failure("mkcomposefs: cannot write file: Not a directory\n");
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`mkcomposefs: error accessing ${job.source}: ${systemText(error as SystemError)}\n`);
  }
  try {
    return await readDirectoryTree(job, accelerator);
  } catch (error) {
    const { code, data } = error as Partial<ComposefsError>;
    if (code === "IO_WRITE") throw asFailure(error, "cannot fill store", true);
    throw code === "IO_OPEN" || code === "IO_READ" ? asFailure(error, `error accessing ${data!.path}`, true) : error;
  }
}

/**
 * The format that two version options ask for. Giving one of them makes the other default to 0; lcfs_write_to in C
 * refuses what is not 0 or 1 and raises the maximum to the minimum.
 */
function chooseFormat(minVersion: number | undefined, maxVersion: number | undefined): ImageFormat | "auto" {
  const none = minVersion === undefined && maxVersion === undefined;
  const min = minVersion ?? 0;
  const max = maxVersion ?? (none ? 1 : 0);
  for (const version of [min, max]) {
    if (version !== 0 && version !== 1) throw new Failure("mkcomposefs: cannot write file: Invalid argument\n");
  }
  if (min === 1) return "v1";
  return max === 1 ? "auto" : "v0";
}

/** strtol(3) in base 10 for the whole of `text`, then cut to an int, as C does. */
function parseInteger(text: string, complaint: string): number {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) throw new Failure(`${complaint} ${text}\n`);
  const long = 2n ** 63n;
  const digits = BigInt(text.replace(/[^0-9]/g, ""));
  const value = text.includes("-") ? -digits : digits;
  const clamped = value >= long ? long - 1n : value < -long ? -long : value;
  return Number(BigInt.asIntN(32, clamped));
}

/** Runs `work`; an error of the operating system becomes the message of C: `what`, then the reason. */
function inC<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asFailure(error, what, what !== "Error reading from file");
  }
}

function asFailure(error: unknown, what: string, withReason: boolean): unknown {
  const system =
    error instanceof ComposefsError && error.code.startsWith("IO_") ? (error.cause as SystemError) : undefined;
  if (system === undefined || system.code === "EPIPE") return error;
  return new Failure(`mkcomposefs: ${what}${withReason ? `: ${systemText(system)}` : ""}\n`);
}

process.exitCode = await main(process.argv.slice(2));
