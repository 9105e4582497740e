/**
 * The objects that an image names, with the paths of the files that they are the contents of.
 */

import { acquireEngineSync, releaseEngine } from "../engine/load.ts";
import type { Path } from "../linux/path.node.ts";
import { hashOfDigest, OBJECTS, objectPath } from "../linux/repo-layout.ts";
import { InputFile } from "../source/files.node.ts";
import { type Entry, PathSpeller } from "./cursor.ts";
import { toHex } from "./hex.ts";
import { ScanJob } from "./job.ts";
import type { Tree } from "./tree.ts";

/** A file whose content is an object. */
export interface ObjectUse {
  /** In hex; undefined when the image has for the object another name than its digest. */
  digest: string | undefined;
  /** In bytes. */
  size: number;
  /** From the root on. */
  path: Uint8Array;
}

/** The files of a tree whose contents are objects, in depth-first order; hardlinks are not told apart from others. */
export function* objectUses(tree: Tree): Generator<ObjectUse, void, undefined> {
  const speller = new PathSpeller();
  for (const entry of tree.openCursor().entries()) {
    const path = speller.spell(entry);
    if (!isExternal(entry)) continue;
    yield { digest: objectName(entry), size: Number(entry.size), path };
  }
}

/** The same of an image in a file. @throws {ComposefsError} IMAGE_*, ENGINE_MEMORY, IO_OPEN, IO_READ */
export function* objectUsesOfFile(image: Path): Generator<ObjectUse, void, undefined> {
  const engine = acquireEngineSync();
  try {
    const job = new ScanJob(engine, { strict: false, accelerator: "auto" });
    const file = new InputFile(image as string);
    try {
      for (let length = file.read(job.space()); length > 0; length = file.read(job.space())) job.commit(length);
    } finally {
      file.close();
    }
    yield* objectUses(job.end());
  } finally {
    releaseEngine(engine);
  }
}

/** The digests alone, for the garbage collection. A name that is no digest is that of nothing in a repository. */
export function* objectDigestsOfFile(image: Path): Generator<string, void, undefined> {
  for (const { digest } of objectUsesOfFile(image)) if (digest !== undefined) yield digest;
}

function isExternal(entry: Entry): boolean {
  return (
    entry.type === "file" && entry.content === undefined && (entry.digest !== undefined || entry.payload !== undefined)
  );
}

/** By what the kernel looks for the object: the payload, where there is one (dumpfile.md 4). */
function objectName({ digest, payload }: Entry): string | undefined {
  if (payload === undefined) return digest && toHex(digest);
  const text = Buffer.from(payload).toString("latin1").replace(/^\//, "");
  const name = text.replace("/", "");
  if (hashOfDigest(name) === undefined || `${OBJECTS}/${text}` !== objectPath(name)) return undefined;
  return digest === undefined || toHex(digest) === name ? name : undefined;
}
