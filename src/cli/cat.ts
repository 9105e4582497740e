/**
 * `composefs cat INPUT PATH`: the content of a file; of a hardlink that of its inode, a symlink is not followed.
 *
 * The content of small files stands in the tree. That of others lies in a layer of a container image, from which it is
 * read anew and held against its fs-verity digest: the tree says what the file must be, so nothing else of the layer has
 * to be read. Up to 64 MiB are held until that was checked. More goes out while it is read, and when the check fails at
 * the end the exit code is 2: use `--output`, whose file appears only when all was right. In a dumpfile or an EROFS image
 * there are no such contents: the error names the object that has it.
 */

import { acquireEngineSync } from "../engine/load.ts";
import { VeritySlot } from "../engine/slot.ts";
import { ComposefsError } from "../error.ts";
import { displayBytes, escapeBytes } from "../explain/display.ts";
import { pathOfText } from "../explain/listing.ts";
import type { Entry } from "../image/cursor.ts";
import { type ContentPlace, findContent } from "../image/find-content.ts";
import { toHex } from "../image/hex.ts";
import { OutputFile } from "../image/output.node.ts";
import { algorithmParameters } from "../image/profile.ts";
import { quote } from "../source/files.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_OK, usageError } from "./common.ts";
import { type ContainerInput, type InputOptions, openTree, recordsOf, type TreeInput } from "./input.ts";
import { type ProgressLine, startProgress } from "./progress.ts";
import { guardOutput } from "./signals.ts";
import { missingError } from "./tree-path.ts";

export interface CatOptions extends InputOptions {
  output: string;
  progress: boolean;
}

/** Content up to this many bytes goes nowhere before it was checked. */
const HELD_MAX_BYTES = 1 << 26;

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, TREE_*, IO_*, and all that reading gives */
export async function run(operand: string, text: string, options: CatOptions): Promise<number> {
  const path = pathOfText(text);
  if (path === undefined) throw usageError(`path: expected an escape such as \\xff or \\\\, got ${quote(text)}`);
  const output = new OutputFile(pathOfOperand(options.output));
  const progress = startProgress(options.progress);
  const input = await openTree(operand, options, { progress });
  const release = output.hasTemporaryName ? guardOutput(output) : undefined;
  try {
    const entry = findFile(input, path);
    output.open();
    if (entry.digest === undefined) output.write(entry.content ?? new Uint8Array(0));
    else await writeObject(input, entry, path, output, progress);
    output.commit();
    return EXIT_OK;
  } finally {
    progress.clear();
    output.discard();
    release?.();
    await input.close();
  }
}

/** The inode of the file at a path, whose content can be had. @throws {ComposefsError} TREE_PATH, TREE_CONTENT */
function findFile({ tree, container }: TreeInput, path: Uint8Array): Entry {
  const cursor = tree.openCursor();
  const found = cursor.find(path);
  const [name, data] = [displayBytes(path), { text: escapeBytes(path) }];
  if (found === undefined) throw missingError(cursor, path);
  const entry = found.type === "hardlink" ? cursor.at(found.owner) : found;
  if (entry.type !== "file") {
    const target = entry.type === "symlink" ? ` to ${displayBytes(entry.payload!)}` : "";
    throw new ComposefsError("TREE_CONTENT", `${name} is no file, but a ${entry.type}${target}`, data);
  }
  const { payload, digest } = entry;
  if (container === undefined && (payload ?? digest) !== undefined) {
    const object = payload === undefined ? `with the digest ${toHex(digest!)}` : displayBytes(payload);
    throw new ComposefsError(
      "TREE_CONTENT",
      `the content of ${name} is not in the input, but in the object ${object}`,
      data,
    );
  }
  return entry;
}

/** Writes content that lies in a layer. */
async function writeObject(
  { algorithm, container }: TreeInput,
  { digest, origin }: Entry,
  path: Uint8Array,
  output: OutputFile,
  progress: ProgressLine,
): Promise<void> {
  const { hash, blockBits } = algorithmParameters(algorithm);
  const place = findContent(recordsOf(container!), hash, digest!, origin - 1)!;
  const parameters = { hash, blockBits, salt: new Uint8Array(0) };
  const verity = new VeritySlot(acquireEngineSync(), 0, parameters, acceleratorFromEnvironment(), place.size);
  const held: Uint8Array[] | undefined = output.hasTemporaryName || place.size > HELD_MAX_BYTES ? undefined : [];
  for await (const chunk of contentOf(container!, place, progress)) {
    verity.write(chunk);
    if (held === undefined) output.write(chunk);
    else held.push(chunk);
  }
  if (toHex(verity.close()) !== toHex(digest!)) {
    const what = `the content of ${displayBytes(path)} is not what its digest says`;
    throw new ComposefsError("IO_CHANGED", `${what}: what it is read from has changed since`);
  }
  for (const chunk of held ?? []) output.write(chunk);
}

/** The bytes of a content, from its layer. */
async function* contentOf(
  { layers }: ContainerInput,
  place: ContentPlace,
  progress: ProgressLine,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of layers[place.layer]!.open(place)) {
    yield chunk;
    bytes += chunk.length;
    progress.update("reading", bytes, place.size);
  }
}
