/**
 * `composefs diff A B`: what differs between two trees, why, and what would make them equal. The form of the text is in
 * `../explain/diff-format.ts`, that of `--json` in `../explain/diff-json.ts`; the command adds
 *
 *   {"a": {"name": "a.dump", "kind": "dump", "format": null}, "b": …, "images": "different"}
 *
 * where `images` is there when the trees are equal and both come from images.
 */

import { acquireEngineSync } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { type DiffOptions, diffTrees } from "../explain/diff.ts";
import { classNames, isClassName } from "../explain/diff-classes.ts";
import { formatDiff } from "../explain/diff-format.ts";
import { diffToJson } from "../explain/diff-json.ts";
import type { Tree } from "../image/tree.ts";
import { quote } from "../source/files.node.ts";
import { openSource, type Source } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK, readTree, usageError } from "./common.ts";
import { type ProgressLine, startProgress } from "./progress.ts";
import { countOf, print, printable } from "./text.ts";

export interface DiffCommandOptions {
  /** Each names one class, or several with commas between them. */
  only?: string[];
  ignore?: string[];
  max: string;
  strict?: boolean;
  json?: boolean;
  quiet?: boolean;
  progress: boolean;
}

/** Bytes of two images that are compared at a time. */
const COMPARED_BYTES = 1 << 18;

/**
 * Runs the command.
 *
 * @returns EXIT_OK when the trees, and the images where both inputs are images, are equal
 * @throws {ComposefsError} USAGE, DUMP_*, IMAGE_*, IO_*, ENGINE_*
 */
export function run(inputA: string, inputB: string, options: DiffCommandOptions): number {
  const wanted = diffOptions(options);
  const progress = startProgress(options.progress && !options.quiet);
  try {
    const sources = [openSource(inputA), openSource(inputB)] as const;
    if (sources.every(({ file }) => file.fd === 0))
      throw usageError("standard input can be one of the inputs, not both");
    const strict = options.strict ?? false;
    const [a, b] = sources.map((source) => readSide(source, strict, progress)) as [Tree, Tree];
    progress.clear();
    const diff = diffTrees(a, b, wanted);
    // An image says more than its tree; that counts unless only a part of the tree was asked for.
    const isWhole = wanted.only === undefined && wanted.ignore === undefined;
    const images = diff.equal && isWhole ? compareImages(a, b) : undefined;
    if (options.json) {
      const [nameA, nameB] = sources.map(({ name, kind }, i) => ({ name, kind, format: [a, b][i]!.format ?? null }));
      print(`${JSON.stringify({ a: nameA, b: nameB, ...diffToJson(diff), ...(images && { images }) })}\n`);
    } else if (!options.quiet) {
      print(`A: ${describe(sources[0], a)}\nB: ${describe(sources[1], b)}\n\n${formatDiff(diff)}`);
      if (images !== undefined) print(images === "same" ? "The images are the same.\n" : "The images differ.\n");
    }
    return diff.equal && images !== "different" ? EXIT_OK : EXIT_NO;
  } finally {
    progress.clear();
  }
}

/** Reads one of the inputs; an error says which. */
function readSide(source: Source, strict: boolean, progress: ProgressLine): Tree {
  try {
    return readTree(acquireEngineSync(), source, { strict, accelerator: acceleratorFromEnvironment(), progress });
  } catch (error) {
    if (!(error instanceof ComposefsError) || error.isBug || error.code.startsWith("IO_")) throw error;
    throw new ComposefsError(error.code, `${quote(source.name)}: ${error.message}`, error.data, { cause: error });
  }
}

function describe(source: Source, tree: Tree): string {
  const kind = tree.format === undefined ? "dumpfile" : `image ${tree.format}`;
  return `${printable(source.name)} (${kind}, ${countOf(tree.counts.entries, "entry", "entries")})`;
}

/** Whether two images are the same bytes; undefined unless both trees come from images. */
function compareImages(a: Tree, b: Tree): "same" | "different" | undefined {
  if (a.image === undefined || b.image === undefined) return undefined;
  const { size } = a.image;
  if (size !== b.image.size) return "different";
  for (let at = 0; at < size; at += COMPARED_BYTES) {
    const length = Math.min(COMPARED_BYTES, size - at);
    if (Buffer.compare(a.imageBytes(at, length), b.imageBytes(at, length)) !== 0) return "different";
  }
  return "same";
}

/** @throws {ComposefsError} USAGE */
function diffOptions({ only, ignore, max }: DiffCommandOptions): DiffOptions {
  const examples = Number(max);
  if (!/^\d+$/.test(max) || !Number.isSafeInteger(examples)) {
    throw usageError(`--max: expected a number of examples, got ${quote(max)}`);
  }
  return { only: classesOf("--only", only), ignore: classesOf("--ignore", ignore), max: examples };
}

function classesOf(option: string, values: readonly string[] | undefined): string[] | undefined {
  const names = values?.flatMap((value) => value.split(","));
  const unknown = names?.find((name) => !isClassName(name));
  if (unknown !== undefined) {
    throw usageError(`${option}: expected one of ${classNames().join(", ")}, got ${quote(unknown)}`);
  }
  return names;
}
