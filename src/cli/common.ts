/**
 * What the commands share: errors out, exit codes, the dumpfile in and the image out.
 */

import type { Accelerator } from "../engine/calibrate.ts";
import type { Engine } from "../engine/engine.ts";
import { ComposefsError } from "../error.ts";
import { DumpJob, type ReadOptions, ScanJob } from "../image/job.ts";
import type { OutputFile } from "../image/output.node.ts";
import type { OpenImage, Tree } from "../image/tree.ts";
import { quote, type SystemError } from "../source/files.node.ts";
import type { Source } from "../source/resolve.node.ts";
import type { ProgressLine } from "./progress.ts";
import { guardOutput } from "./signals.ts";
import { printError } from "./text.ts";

/** Exit codes. */
export const EXIT_OK = 0;
/** The answer is no. */
export const EXIT_NO = 1;
/** Bad input or wrong usage. */
export const EXIT_INPUT = 2;
/** A bug of ours. */
export const EXIT_BUG = 3;
/** What a shell shows for a process that SIGPIPE ended: nobody reads the output any more. */
export const EXIT_PIPE = 141;

/** Milliseconds between two looks at signals while an image is written. */
const TURN_MS = 30;

/** `COMPOSEFS_ACCELERATOR=off` keeps node:crypto out of it; `on` takes it always. The digests are the same. */
export function acceleratorFromEnvironment(): Accelerator {
  const value = process.env["COMPOSEFS_ACCELERATOR"];
  return value === "off" || value === "on" ? value : "auto";
}

/** True when `error` says that the reader of our output has gone: no failure, and nobody to tell. */
export function isClosedPipe(error: unknown): boolean {
  const cause = error instanceof ComposefsError ? error.cause : error;
  return (cause as SystemError | undefined)?.code === "EPIPE";
}

/** Ends a command: runs it, prints what it throws, sets the exit code. */
export async function runCommand(json: boolean, command: () => Promise<number> | number): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    process.exitCode = reportError(error, json);
  }
}

/** The error of a command that was called the wrong way. */
export function usageError(message: string): ComposefsError {
  return new ComposefsError("USAGE", message);
}

/** An error of what an input holds, with the name of that input; those of files and blobs have a name in them. */
export function nameError(error: unknown, name: string): unknown {
  if (!(error instanceof ComposefsError) || error.isBug || /^(IO|SOURCE|BLOB)_/.test(error.code)) return error;
  return new ComposefsError(error.code, `${quote(name)}: ${error.message}`, error.data, { cause: error });
}

/** The whole number that an option has. @param option with its dashes @throws {ComposefsError} USAGE */
export function readNumber(option: string, text: string, least: number, most: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  throw usageError(`${option}: expected a number from ${least} to ${most}, got ${quote(text)}`);
}

/**
 * Prints an error as `code: message`, or as JSON, on standard error and gives the exit code for it, which is all that
 * is left when standard error takes nothing.
 */
export function reportError(error: unknown, json: boolean): number {
  if (isClosedPipe(error)) return EXIT_PIPE;
  const known = error instanceof ComposefsError;
  let text = `${(error as Error)?.stack ?? error}\nThis is a bug of composefs-wasm.\n`;
  if (known) text = json ? `${JSON.stringify(error)}\n` : `${error.code}: ${error.message}\n`;
  try {
    printError(text);
  } catch {
    // Nobody to tell.
  }
  return known && !error.isBug ? EXIT_INPUT : EXIT_BUG;
}

/**
 * Reads a source into the engine and closes it.
 *
 * @param options `onBytes`: sees the bytes as they are read
 * @throws {ComposefsError} IO_READ, DUMP_*, IMAGE_*
 */
export function readTree(
  engine: Engine,
  source: Source,
  options: ReadOptions & { progress?: ProgressLine | undefined; onBytes?: ((bytes: Uint8Array) => void) | undefined },
): Tree {
  try {
    return readTo(engine, source, options);
  } catch (error) {
    if (!source.isUnknown || !(error instanceof ComposefsError) || !error.code.startsWith("DUMP_")) throw error;
    const kinds = "neither a container image, a tar nor an EROFS image, and was read as a dumpfile";
    const advice = "what is compressed by other means than gzip and zstd has to be unpacked first";
    const message = `${error.message}; ${quote(source.name)} is ${kinds}: ${advice}`;
    throw new ComposefsError(error.code, message, error.data, { cause: error });
  }
}

function readTo(engine: Engine, source: Source, options: Parameters<typeof readTree>[2]): Tree {
  const { file } = source;
  const job = source.kind === "dump" ? new DumpJob(engine, options) : new ScanJob(engine, options);
  let bytes = 0;
  for (let length = file.read(job.space()); length > 0; length = file.read(job.space())) {
    options.onBytes?.(job.space().subarray(0, length));
    job.commit(length);
    bytes += length;
    options.progress?.update("reading", bytes, file.size);
  }
  file.close();
  return job.end();
}

/** Writes an image to its file; or only computes its digests, without an output. */
export async function writeImage(
  image: OpenImage,
  output: OutputFile | undefined,
  options: { progress?: ProgressLine; sync?: boolean },
): Promise<void> {
  await writePieces(() => image.read(), output, { ...options, totalBytes: image.layout.size });
}

/**
 * Writes what comes in pieces to its file, which appears when it is complete; or only asks for the pieces, without an
 * output. A signal removes what was written so far and ends the process.
 *
 * @param next gives the next piece, an empty one at the end
 */
export async function writePieces(
  next: () => Uint8Array,
  output: OutputFile | undefined,
  options: { progress?: ProgressLine; sync?: boolean; totalBytes?: number },
): Promise<void> {
  // The guard comes first: a signal between the two would leave an empty file behind.
  const release = output?.hasTemporaryName ? guardOutput(output) : undefined;
  try {
    output?.open();
    let bytes = 0;
    let turn = performance.now();
    for (let piece = next(); piece.length > 0; piece = next()) {
      output?.write(piece);
      bytes += piece.length;
      options.progress?.update("writing", bytes, options.totalBytes);
      if (release !== undefined && performance.now() - turn > TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
      }
    }
    output?.commit(options.sync);
  } catch (error) {
    output?.discard();
    throw error;
  } finally {
    release?.();
  }
}
