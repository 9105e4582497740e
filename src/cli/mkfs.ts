/**
 * `composefs mkfs INPUT IMAGE`: the image, and its digest in the form `v1-sha256-12:<hex>`, which is that of the
 * kernel argument `composefs.digest=`.
 *
 * With IMAGE `-` the image goes to standard output, and the digest to standard error.
 * On a terminal a line about what was made goes to standard error. `--json` prints one object instead:
 *
 *   {"image": "root.cfs", "format": "v1", "size": 14888960, "inodes": 7024,
 *    "digests": {"v1-sha256-12": "…"}, "made": {"role": null, "transform": false, …}, "counts": {"entries": 6768, …}}
 */

import { formatCount } from "../explain/words.ts";
import { OutputFile } from "../image/output.node.ts";
import type { ImageFormat } from "../image/profile.ts";
import { quote } from "../source/files.node.ts";
import { pathOfOperand } from "../source/resolve.node.ts";
import { acceleratorFromEnvironment, EXIT_OK, usageError, writeImage } from "./common.ts";
import { type InputOptions, openTree } from "./input.ts";
import { isTerminal, startProgress } from "./progress.ts";
import { formatBytes, print, printable, printError } from "./text.ts";
import { describeTree, treeFacts } from "./view.ts";

export interface MkfsOptions extends InputOptions {
  format: string;
  sync?: boolean;
  json?: boolean;
  quiet?: boolean;
  progress: boolean;
  accelerator: boolean;
}

/** Runs the command. @returns the exit code @throws {ComposefsError} USAGE, EROFS_*, IO_WRITE, and all that reading gives */
export async function run(input: string, target: string, options: MkfsOptions): Promise<number> {
  if (!/^v[012]$/.test(options.format)) {
    throw usageError(`--format: expected v0, v1 or v2, got ${quote(options.format)}`);
  }
  const path = pathOfOperand(target);
  const toStdout = path === null;
  if (toStdout && isTerminal(1)) {
    throw usageError("standard output is a terminal; an image does not belong there");
  }
  const progress = startProgress(options.progress && !options.quiet);
  try {
    const accelerator = options.accelerator ? acceleratorFromEnvironment() : "off";
    const output = new OutputFile(path);
    const opened = await openTree(input, options, { progress, accelerator });
    await opened.close();
    const { tree, algorithm } = opened;
    const { counts } = tree;
    const image = tree.openImage(options.format as ImageFormat, [algorithm]);
    await writeImage(image, output, { progress, sync: options.sync ?? false });
    progress.clear();

    const profile = `${image.format}-${algorithm}`;
    const digest = image.digests()[algorithm]!;
    const { size, inodes } = image.layout;
    const say = toStdout ? printError : print;
    if (options.json) {
      say(
        `${JSON.stringify({ image: target, format: image.format, size, inodes, digests: { [profile]: digest }, made: treeFacts(opened.container), counts })}\n`,
      );
    } else if (!options.quiet) {
      say(`${profile}:${digest}\n`);
      if (isTerminal(2)) {
        const name = toStdout ? "standard output" : target;
        printError(
          `${printable(name)}: ${image.format} image of ${formatCount(counts.entries)} entries, ${formatBytes(size)}; ` +
            `the tree ${describeTree(opened.container)}\n`,
        );
      }
    }
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}
