/**
 * `composefs diff A B`: what differs between two trees, why, and what would make them equal. The form of the text is in
 * `../explain/diff-format.ts`, that of `--json` in `../explain/diff-json.ts`; the command adds
 *
 *   {"a": {"name": "a.dump", "kind": "dump", "format": null, "made": {…}}, "b": …, "images": {"equal": false, …}}
 *
 * where `made` says how the tree of a container image was made (`TreeFacts` of input.ts), and `images` is there when the trees are equal and one of them, or both, come from images (`ImageExplanation` of
 * `../explain/image.ts`): whether the images are the same bytes, or the image the one that the dumpfile gives.
 */

import { type DiffOptions, diffTrees } from "../explain/diff.ts";
import { classNames, isClassName } from "../explain/diff-classes.ts";
import { formatDiff } from "../explain/diff-format.ts";
import { diffToJson } from "../explain/diff-json.ts";
import { explainImages } from "../explain/image.ts";
import { formatImages, imagesToJson } from "../explain/image-text.ts";
import { countOf } from "../explain/words.ts";
import { quote } from "../source/files.node.ts";
import { parseOperand } from "../source/operand.node.ts";
import { type ContainerSource, openInput, type Source } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_NO, EXIT_OK, nameError, usageError } from "./common.ts";
import {
  checkInputOptions,
  type InputContext,
  type InputOptions,
  readInput,
  requireContainer,
  type TreeInput,
} from "./input.ts";
import { type ProgressLine, startProgress } from "./progress.ts";
import { print, printable } from "./text.ts";
import { describeTree, treeFacts } from "./view.ts";

export interface DiffCommandOptions extends InputOptions {
  /** Each names one class, or several with commas between them. */
  only?: string[];
  ignore?: string[];
  max: string;
  json?: boolean;
  quiet?: boolean;
  progress: boolean;
}

/**
 * Runs the command.
 *
 * @returns EXIT_OK when the trees are equal, and the images, a dumpfile standing for the one that it gives
 * @throws {ComposefsError} USAGE, and all that reading gives
 */
export async function run(inputA: string, inputB: string, options: DiffCommandOptions): Promise<number> {
  const wanted = diffOptions(options);
  checkInputOptions(options);
  const progress = startProgress(options.progress && !options.quiet);
  try {
    const sources = [openInput(inputA), openInput(inputB)] as const;
    if (sources.every(isStandardInput)) throw usageError("standard input can be one of the inputs, not both");
    requireContainer(sources, options);
    const sides = await readSides(sources, options, progress);
    const [a, b] = [sides[0].tree, sides[1].tree];
    const diff = diffTrees(a, b, wanted);
    // An image says more than its tree; that counts unless only a part of the tree was asked for.
    const isWhole = wanted.only === undefined && wanted.ignore === undefined;
    const hasImage = a.image !== undefined || b.image !== undefined;
    const images = diff.equal && isWhole && hasImage ? explainImages(a, b, acceleratorFromEnvironment()) : undefined;
    if (options.json) {
      const [nameA, nameB] = sides.map(({ name, kind, tree, container }) => {
        return { name, kind, format: tree.format ?? null, made: treeFacts(container) };
      });
      print(
        `${JSON.stringify({ a: nameA, b: nameB, ...diffToJson(diff), ...(images && { images: imagesToJson(images) }) })}\n`,
      );
    } else if (!options.quiet) {
      print(`A: ${describe(sides[0])}\nB: ${describe(sides[1])}\n\n${formatDiff(diff)}`);
      if (images !== undefined) print(formatImages(images));
    }
    return diff.equal && images?.equal !== false ? EXIT_OK : EXIT_NO;
  } finally {
    progress.clear();
  }
}

/** Whether an input comes from standard input. */
function isStandardInput(source: Source | ContainerSource): boolean {
  return source.kind === "container" ? parseOperand(source.operand).path === null : source.file.fd === 0;
}

/**
 * Reads both inputs. A tree that is given has object digests of one hash; those of a container image are then computed
 * with the same.
 */
async function readSides(
  sources: readonly [Source | ContainerSource, Source | ContainerSource],
  options: InputOptions,
  progress: ProgressLine,
): Promise<[TreeInput, TreeInput]> {
  const sides: TreeInput[] = [];
  const givenFirst = [0, 1].sort((i, j) => rank(sources[i]!) - rank(sources[j]!));
  for (const i of givenFirst) {
    const hash = sides[1 - i]?.tree.counts.objectHash ?? undefined;
    const side = await readSide(sources[i]!, options, { progress, hash });
    await side.close();
    sides[i] = side;
  }
  return sides as [TreeInput, TreeInput];
}

function rank(source: Source | ContainerSource): number {
  return source.kind === "container" ? 1 : 0;
}

/** Reads one of the inputs; an error of what it holds says which. */
async function readSide(
  source: Source | ContainerSource,
  options: InputOptions,
  context: InputContext,
): Promise<TreeInput> {
  try {
    return await readInput(source, options, context);
  } catch (error) {
    throw nameError(error, source.name);
  }
}

function describe({ name, kind, tree, container }: TreeInput): string {
  const given = tree.format === undefined ? "dumpfile" : `image ${tree.format}`;
  const what = container === undefined ? given : `${kind}, ${describeTree(container)}`;
  return `${printable(name)} (${what}, ${countOf(tree.counts.entries, "entry", "entries")})`;
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
