/**
 * `composefs diff A B`: what differs between two trees, why, and what would make them equal. The form of the text is in
 * `../explain/diff-format.ts`, that of `--json` in `../explain/diff-json.ts`; the command adds
 *
 *   {"a": {"name": "a.dump", "kind": "dump", "format": null}, "b": …, "images": {"equal": false, …}}
 *
 * where `images` is there when the trees are equal and one of them, or both, come from images (`ImageExplanation` of
 * `../explain/image.ts`): whether the images are the same bytes, or the image the one that the dumpfile gives.
 */

import { acquireEngineSync } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { type DiffOptions, diffTrees } from "../explain/diff.ts";
import { classNames, isClassName } from "../explain/diff-classes.ts";
import { formatDiff } from "../explain/diff-format.ts";
import { diffToJson } from "../explain/diff-json.ts";
import { explainImages } from "../explain/image.ts";
import { formatImages, imagesToJson } from "../explain/image-text.ts";
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

/**
 * Runs the command.
 *
 * @returns EXIT_OK when the trees are equal, and the images, a dumpfile standing for the one that it gives
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
    const hasImage = a.image !== undefined || b.image !== undefined;
    const images = diff.equal && isWhole && hasImage ? explainImages(a, b, acceleratorFromEnvironment()) : undefined;
    if (options.json) {
      const [nameA, nameB] = sources.map(({ name, kind }, i) => ({ name, kind, format: [a, b][i]!.format ?? null }));
      print(
        `${JSON.stringify({ a: nameA, b: nameB, ...diffToJson(diff), ...(images && { images: imagesToJson(images) }) })}\n`,
      );
    } else if (!options.quiet) {
      print(`A: ${describe(sources[0], a)}\nB: ${describe(sources[1], b)}\n\n${formatDiff(diff)}`);
      if (images !== undefined) print(formatImages(images));
    }
    return diff.equal && images?.equal !== false ? EXIT_OK : EXIT_NO;
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
