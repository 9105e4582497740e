/**
 * The public API for Node: all of `composefs-wasm`, and files.
 */

import { createReadStream } from "node:fs";
import { type BuildOptions, buildImage, type ImageResult } from "./image/build.ts";
import { OutputFile } from "./image/files.node.ts";
import { type VerityOptions, verityDigest } from "./image/verity.ts";

export * from "./index.ts";

/** Size of one read: larger ones cost memory and are not faster. */
const READ_BYTES = 1 << 18;

/**
 * Writes the image of a dumpfile to a file. The file appears when it is complete; on failure nothing is left behind
 * and an older file of that name stays as it was.
 *
 * @param dumpPath path of a dumpfile
 * @param imagePath path of the image; replaced if it exists
 * @throws {ComposefsError} IO_OPEN, IO_WRITE and all that `buildImage` gives
 * @throws what node:fs throws when the dumpfile cannot be read
 * @example
 * import { writeFileSync } from 'node:fs'
 * import { buildImageFile } from 'composefs-wasm/node'
 * writeFileSync('root.dump', '/ 0 40755 2 0 0 0 0.0 - - -\n')
 * const { digests } = await buildImageFile('root.dump', 'root.cfs')
 * console.log(digests['sha256-12'])
 */
export async function buildImageFile(
  dumpPath: string | URL,
  imagePath: string,
  options: Omit<BuildOptions, "sink"> = {},
): Promise<ImageResult> {
  const output = new OutputFile(imagePath);
  try {
    let opened = false;
    const result = await buildImage(createReadStream(dumpPath, { highWaterMark: READ_BYTES }), {
      ...options,
      sink(piece) {
        if (!opened) output.open();
        opened = true;
        output.write(piece);
      },
    });
    output.commit();
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
 * @throws what node:fs throws when the file cannot be read
 * @example
 * import { verityDigestFile } from 'composefs-wasm/node'
 * console.log(await verityDigestFile(process.execPath, { hash: 'sha512' }))
 */
export async function verityDigestFile(path: string | URL, options: VerityOptions = {}): Promise<string> {
  return verityDigest(createReadStream(path, { highWaterMark: READ_BYTES }), options);
}
