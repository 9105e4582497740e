/**
 * Why an answer is another image or another tree: what `composefs diff` says of the two.
 *
 * What a case wants is known by its SHA-256 only. Our engine makes the image or reads the tree, and what it makes stands
 * for the wanted one if it has that SHA-256, and not otherwise.
 */

import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import { ComposefsError } from "../error.ts";
import { diffTrees } from "../explain/diff.ts";
import { formatDiff } from "../explain/diff-format.ts";
import { explainImages } from "../explain/image.ts";
import { compareImage } from "../explain/image-compare.ts";
import { formatImages } from "../explain/image-text.ts";
import { DumpJob, type ReadJob, ScanJob } from "../image/job.ts";
import type { ImageFormat } from "../image/profile.ts";
import type { Tree } from "../image/tree.ts";
import type { ConformanceCase, Level } from "./cases.ts";
import { sha256Of } from "./sha256.ts";

const OPTIONS = { strict: false, accelerator: "auto" } as const;
/** What explanations call the sides. */
const LEGEND = "A: wanted, B: the answer";

/** SHA-256 of the canonical dumpfile of a dumpfile. @throws {ComposefsError} DUMP_* */
export async function canonicalDigest(dump: Uint8Array): Promise<string> {
  return withTree(DumpJob, dump, (tree) => sha256Of(collect(tree.canonicalDump())));
}

/**
 * Explains a wrong answer.
 *
 * @param input what the command was given
 * @returns lines, each ending with LF; null when our own engine does not make what is wanted
 * @throws {ComposefsError} ENGINE_*
 */
export async function explainAnswer(
  one: ConformanceCase,
  input: Uint8Array,
  answer: Uint8Array,
): Promise<string | null> {
  const { expected, level } = one;
  if (expected.kind === "image") {
    const wanted = await makeImage(input, level);
    return wanted !== null && (await sha256Of(wanted)) === expected.image.sha256 ? explainImage(wanted, answer) : null;
  }
  if (expected.kind !== "dump") return null;
  return withTree(ScanJob, input, async (wanted) => {
    if ((await sha256Of(collect(wanted.canonicalDump()))) !== expected.sha256) return null;
    return withTree(DumpJob, answer, (tree) => `${LEGEND}\n${formatDiff(diffTrees(wanted, tree))}`);
  });
}

/** The image of a dumpfile; null when our engine refuses it. */
async function makeImage(dump: Uint8Array, level: Level): Promise<Uint8Array | null> {
  try {
    return await withTree(DumpJob, dump, (tree) => {
      const image = tree.openImage(level as ImageFormat | "auto", []);
      return collect(pieces(() => image.read()));
    });
  } catch (error) {
    if (error instanceof ComposefsError && !error.isBug) return null;
    throw error;
  }
}

function explainImage(wanted: Uint8Array, answer: Uint8Array): Promise<string> {
  return withTree(ScanJob, wanted, async (a) => {
    try {
      return await withTree(ScanJob, answer, (b) => {
        const diff = diffTrees(a, b);
        const images = diff.equal ? formatImages(explainImages(a, b, OPTIONS.accelerator)) : "";
        return `${LEGEND}\n${formatDiff(diff)}${images}`;
      });
    } catch (error) {
      if (!(error instanceof ComposefsError) || error.isBug) throw error;
      return `${LEGEND}, no image that can be read: ${error.code}: ${error.message}\n${firstDifference(a, answer)}`;
    }
  });
}

/** Where the bytes of an answer leave those of an image. */
function firstDifference(tree: Tree, answer: Uint8Array): string {
  const piece = [answer];
  const comparison = compareImage(tree, { size: answer.length, read: () => piece.shift() ?? new Uint8Array(0) });
  const formats = { a: tree.format ?? null, b: tree.format ?? null };
  return formatImages({ equal: false, formats, comparison });
}

/** Reads bytes into an engine that is taken for it, and gives it back. */
async function withTree<T>(
  Job: new (engine: ReturnType<typeof acquireEngineSync>, options: typeof OPTIONS) => ReadJob,
  bytes: Uint8Array,
  use: (tree: Tree) => T | Promise<T>,
): Promise<T> {
  const engine = acquireEngineSync();
  try {
    const job = new Job(engine, OPTIONS);
    job.write(bytes);
    return await use(job.end());
  } finally {
    releaseEngine(engine);
  }
}

function* pieces(read: () => Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let piece = read(); piece.length > 0; piece = read()) yield piece;
}

/** Pieces, each valid until the next one, in one. */
function collect(parts: Iterable<Uint8Array>): Uint8Array {
  const copies = Array.from(parts, (part) => part.slice());
  const whole = new Uint8Array(copies.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const copy of copies) {
    whole.set(copy, at);
    at += copy.length;
  }
  return whole;
}
