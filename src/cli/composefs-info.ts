#!/usr/bin/env node
/**
 * `composefs-info`: what that tool of C composefs 1.0.8 (tools/composefs-info.c) does, with its options, its messages
 * about options and files, and its exit code: 1 whatever went wrong.
 *
 * Where this differs from C:
 *   - an image is read with all checks, and what is wrong with it has a code: C shows some damaged images in part, says
 *     `Invalid argument` of others, and follows offsets out of some;
 *   - payloads are those of the image: C appends two bytes to those whose length is 3 modulo 4;
 *   - a last xattr with neither suffix nor value (`user.=`) is shown, and so are digests of SHA-512;
 *   - an image may come through a pipe;
 *   - what cannot be printed is a failure: C does not look;
 *   - `measure-file` computes every digest: C asks the kernel first, which matters for files that have fs-verity with
 *     other parameters. That of an empty file is the kernel's, not C's. Pipes are read, too, and what cannot be read
 *     is told with the reason;
 *   - without `--basedir` all objects are missing: C looks below its standard input, if that is a directory.
 */

import { existsSync, statSync } from "node:fs";
import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { toHex } from "../image/hex.ts";
import { OutputFile } from "../image/output.node.ts";
import { verityParameters } from "../image/verity.ts";
import { InputFile, type SystemError, systemText } from "../source/files.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_PIPE, isClosedPipe, readTree } from "./common.ts";
import { infoLines, listLine, objectOf } from "./composefs-info-lines.ts";
import { parseOptions } from "./getopt.ts";
import { print, printError } from "./text.ts";

const USAGE = "usage: composefs-info [--basedir=path] [ls|objects|dump|missing-objects|measure-file] IMAGES...\n";

const OPTIONS = { basedir: { takesValue: true }, filter: { takesValue: true } } as const;

type Command = "ls" | "objects" | "dump" | "missing-objects" | "measure-file";
const COMMANDS: readonly string[] = ["ls", "objects", "dump", "missing-objects", "measure-file"] satisfies Command[];

/** Characters of text that make a system call worth while. */
const PIECE_LENGTH = 1 << 16;

/** Ends the program with a message of its own. */
class Failure extends Error {}

interface Job {
  command: Command;
  files: string[];
  /** Where `missing-objects` looks. */
  basedir: string | undefined;
  /** Entries of the root to look at, as bytes; undefined for all. */
  names: ReadonlySet<string> | undefined;
}

/** Runs the command. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  try {
    const job = readArguments(args);
    if (job.command === "measure-file") await measureFiles(job.files);
    else showImages(job);
    return 0;
  } catch (error) {
    if (isClosedPipe(error)) return EXIT_PIPE;
    if (error instanceof Failure) printError(error.message);
    else if (error instanceof ComposefsError) printError(`composefs-info: ${error.message} (${error.code})\n`);
    else printError(`composefs-info: ${(error as Error)?.stack ?? error}\nThis is a bug of composefs-wasm.\n`);
    return 1;
  }
}

// ---- arguments ---------------------------------------------------------------------------------------------------

/** The checks of main() in composefs-info.c, in its order. */
function readArguments(args: readonly string[]): Job {
  const { options, operands } = readOptions(args);
  const [command, ...files] = operands;
  const basedir = options.findLast(([name]) => name === "basedir")?.[1];
  const names = options.filter(([name]) => name === "filter").map(([, value]) => Buffer.from(value).toString("latin1"));
  if (command === undefined) throw new Failure(`No command specified\n${USAGE}`);
  if (!COMMANDS.includes(command)) throw new Failure(`composefs-info: Unknown command '${command}'\n\n`);
  if (command === "measure-file") {
    if (files.length === 0) throw new Failure(`No files specified\n${USAGE}`);
  } else {
    if (basedir !== undefined) checkDirectory(basedir);
    if (files.length === 0) throw new Failure(`No image path specified\n${USAGE}`);
  }
  return { command: command as Command, files, basedir, names: names.length > 0 ? new Set(names) : undefined };
}

/** Reads options as getopt_long(3) does: one after the other, up to the first that is wrong. */
function readOptions(args: readonly string[]): { options: Array<[string, string]>; operands: string[] } {
  const parse = (count: number) =>
    parseOptions(args.slice(0, count), OPTIONS, process.env["POSIXLY_CORRECT"] !== undefined);
  const parsed = parse(args.length);
  if (parsed.kind === "ok") {
    parsed.options.forEach(checkFilter);
    return parsed;
  }
  const isMissing = parsed.kind === "value-missing";
  const wrong = isMissing ? args.length - 1 : args.findIndex((_, i) => parse(i + 1).kind === "unknown");
  const before = parse(wrong);
  if (before.kind === "ok") before.options.forEach(checkFilter);
  // The C tool was released with this line in it.
  print("Def\n");
  throw new Failure(`composefs-info: ${describeWrong(args[wrong]!, isMissing)}\n${USAGE}`);
}

/** What getopt_long(3) of glibc says of an argument. */
function describeWrong(argument: string, isValueMissing: boolean): string {
  if (!argument.startsWith("--")) return `invalid option -- '${[...argument][1]}'`;
  const name = argument.slice(2).split("=", 1)[0]!;
  const candidates = Object.keys(OPTIONS).filter((candidate) => candidate.startsWith(name));
  if (isValueMissing) return `option '--${candidates[0]}' requires an argument`;
  if (candidates.length === 0) return `unrecognized option '${argument}'`;
  return `option '${argument}' is ambiguous; possibilities: ${candidates.map((one) => `'--${one}'`).join(" ")}`;
}

function checkFilter([name, value]: [string, string]): void {
  if (name !== "filter") return;
  if (value.includes("/")) throw new Failure(`composefs-info: Filter must be a single name: ${value}: Success\n`);
  // Node puts U+FFFD in the place of bytes that are not UTF-8: the name that was meant is lost.
  if (value.includes("\ufffd")) throw new Failure(`composefs-info: Filter must be UTF-8: ${value}\n`);
}

function checkDirectory(path: string): void {
  const fail = (reason: string) => new Failure(`composefs-info: Can't open basedir \`${path}\`\n: ${reason}\n`);
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    throw fail(systemText(error as SystemError));
  }
  if (!isDirectory) throw fail("Not a directory");
}

// ---- images ------------------------------------------------------------------------------------------------------

function showImages({ command, files, basedir, names }: Job): void {
  const output = new OutputFile(null);
  output.open();
  const objects = new Set<string>();
  for (const path of files) {
    const engine = acquireEngineSync();
    const file = openFile(path);
    const source = { kind: "erofs", file, name: path } as const;
    const options = { strict: false, accelerator: acceleratorFromEnvironment() };
    const tree = inC(`composefs-info: Failed to load '${path}'`, () => readTree(engine, source, options));
    if (command === "dump" && names === undefined) {
      for (const piece of tree.infoDump()) output.write(piece);
    } else {
      const lines = infoLines(tree, names);
      if (command === "dump") writeLines(output, lines);
      else if (command === "ls") writeLines(output, mapped(lines, listLine));
      else for (const object of mapped(lines, objectOf)) objects.add(object);
    }
    releaseEngine(engine);
  }
  if (command === "missing-objects") deletePresent(objects, basedir);
  writeLines(output, [...objects].sort());
  output.commit();
}

function* mapped<T>(values: Iterable<T>, change: (value: T) => T | undefined): Generator<T, void, undefined> {
  for (const value of values) {
    const changed = change(value);
    if (changed !== undefined) yield changed;
  }
}

/** Writes lines of bytes. @throws {ComposefsError} IO_WRITE */
function writeLines(output: OutputFile, lines: Iterable<string>): void {
  let text = "";
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < PIECE_LENGTH) continue;
    output.write(Buffer.from(text, "latin1"));
    text = "";
  }
  if (text !== "") output.write(Buffer.from(text, "latin1"));
}

/** Leaves the objects that are not there below `basedir`. Changes to that directory: paths then are as long as C's. */
function deletePresent(objects: Set<string>, basedir: string | undefined): void {
  let isThere = basedir !== undefined;
  try {
    if (basedir !== undefined) process.chdir(basedir);
  } catch {
    isThere = false;
  }
  for (const object of objects) {
    const path = object.replace(/^\/+/, "");
    if (path === "" || (isThere && existsSync(Buffer.from(path, "latin1")))) objects.delete(object);
  }
}

function openFile(path: string): InputFile {
  // `-` is a file of that name here.
  return inC(
    `composefs-info: Failed to open '${path}'`,
    () => new InputFile(path === "-" ? path : pathOfOperand(path)),
  );
}

/** Runs `work`; its error becomes a message as in C: `what`, then the reason. */
function inC<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ComposefsError)) throw error;
    const cause = error.code.startsWith("IO_") ? (error.cause as SystemError | undefined) : undefined;
    throw new Failure(`${what}: ${cause === undefined ? `${error.message} (${error.code})` : systemText(cause)}\n`);
  }
}

// ---- measure-file ------------------------------------------------------------------------------------------------

async function measureFiles(files: readonly string[]): Promise<void> {
  const { defaultThreads, VerityPool } = await import("../engine/parallel.node.ts");
  const parameters = verityParameters({});
  const pool = new VerityPool(defaultThreads());
  for (const path of files) {
    const file = openFile(path);
    // A size of 0 says nothing of a file of /proc.
    const size = file.size || undefined;
    const digest = inC(`failed to measure '${path}'`, () =>
      pool.digest(file.fd, size, (to, at) => file.read(to, at), parameters, acceleratorFromEnvironment()),
    );
    file.close();
    if (digest === null) throw new Failure(`failed to measure '${path}': it became shorter\n`);
    print(`${toHex(digest)}\n`);
  }
}

process.exitCode = await main(process.argv.slice(2));
