/**
 * The public API for Node: all of `composefs-wasm`, and files.
 */

import { createReadStream } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BuildOptions, buildImage, type ImageResult } from "./image/build.ts";
import { OutputFile } from "./image/output.node.ts";
import { type VerityOptions, verityDigest } from "./image/verity.ts";
import { ioError, type SystemError } from "./source/files.node.ts";

export * from "./index.ts";

/** Size of one read: larger ones cost memory and are not faster. */
const READ_BYTES = 1 << 18;

/** Options of {@link buildImageFile}. */
export interface BuildFileOptions extends Omit<BuildOptions, "sink"> {
  /** Wait until the image is on the disk before it gets its name. Default false. */
  sync?: boolean;
}

/**
 * Writes the image of a dumpfile to a file. The file appears when it is complete; on failure nothing is left behind
 * and an older file of that name stays as it was. `-` is a file of that name.
 *
 * No handlers of process signals are set: a signal that ends the process may leave the temporary file beside the image,
 * `.composefs-*.tmp`. To remove it, let a handler abort `options.signal`.
 *
 * @param dumpPath path of a dumpfile
 * @param imagePath path of the image; replaced if it exists
 * @throws {ComposefsError} IO_OPEN, IO_READ, IO_WRITE and all that `buildImage` gives
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { buildImageFile } from 'composefs-wasm/node'
 * writeFileSync('root.dump', '/ 0 40755 2 0 0 0 0.0 - - -\n')
 * const { digests } = await buildImageFile('root.dump', 'root.cfs')
 * console.log(digests['sha256-12'])
 */
export async function buildImageFile(
  dumpPath: string | URL,
  imagePath: string | URL,
  options: BuildFileOptions = {},
): Promise<ImageResult> {
  const output = new OutputFile(pathOf(imagePath));
  try {
    let opened = false;
    const result = await buildImage(chunksOfFile(dumpPath), {
      ...options,
      sink(piece) {
        if (!opened) output.open();
        opened = true;
        output.write(piece);
      },
    });
    output.commit(options.sync);
    return result;
  } catch (error) {
    output.discard();
    throw error;
  }
}

/**
 * Computes the fs-verity digest of a file.
 *
 * @param path path of the file
 * @returns lower-case hex
 * @throws {TypeError | RangeError} when an option is not as described
 * @throws {ComposefsError} IO_OPEN, IO_READ
 * @example
 * import { verityDigestFile } from 'composefs-wasm/node'
 * console.log(await verityDigestFile(process.execPath, { hash: 'sha512' }))
 */
export async function verityDigestFile(path: string | URL, options: VerityOptions = {}): Promise<string> {
  return verityDigest(chunksOfFile(path), options);
}

function pathOf(file: string | URL): string {
  if (file instanceof URL) return fileURLToPath(file);
  if (typeof file !== "string") throw new TypeError(`path: expected a string or a URL, got ${typeof file}`);
  return file;
}

/** Reads a file. @throws {ComposefsError} IO_OPEN, IO_READ, when it is iterated over */
async function* chunksOfFile(file: string | URL): AsyncGenerator<Uint8Array, void, undefined> {
  const path = pathOf(file);
  const stream = createReadStream(path, { highWaterMark: READ_BYTES });
  try {
    yield* stream;
  } catch (cause) {
    throw ioError((cause as SystemError).syscall === "open" ? "IO_OPEN" : "IO_READ", path, cause);
  }
}
